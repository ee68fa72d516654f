"""The record of one part, by its id: typed, tapped or scanned; everything that was ever recorded of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, func, select

from manufacturing import review_tables
from manufacturing.kiosk import bar, line_of, no_line, zone_of
from manufacturing.labelling import label_text
from manufacturing.part_record import part_view
from manufacturing.settings import LineSettings
from manufacturing.shifts import moment_text
from manufacturing.shown import gate_shown, number
from manufacturing.tables import parts
from verticals.contract import Event
from verticals.web import Answered, Asked, Desk, Page, Shown

_MOST_USES = 20
_MOST_EVENTS = 200
_LONGEST_ID = 60


def serial(desk: Desk, asked: Asked) -> Answered:
    """`id` is the part's; `of` the number on record of one use of an id that came more than once."""
    line = line_of(desk, asked.path["line"])
    if line is None:
        return no_line(asked)
    wanted = asked.query.get("id", "").strip()[:_LONGEST_ID]
    values: dict[str, Any] = {**bar(desk, asked, line), "wanted": wanted, "part": None, "uses": [], "reach": ""}
    with desk.read() as connection:
        values["waiting"] = review_tables.count_waiting(connection, line.name)
        uses = _uses(connection, line.name, wanted) if wanted else []
        if not uses:
            values["reach"] = _reach(connection, desk, line.name)
            return Shown("manufacturing/serial.html", values, 404 if wanted else 200)
    of = asked.query.get("of", "")
    at = next((n for n, row in enumerate(uses) if str(row["sequence"]) == of), 0)
    return Shown("manufacturing/serial.html", values | _record(desk, line, uses, at))


def _uses(connection: Connection, line: str, part_id: str) -> list[dict[str, Any]]:
    """Rows of every part that had the id, newest first: a PLC's counter may begin anew."""
    query = select(parts).where(parts.c.station == line, parts.c.part_id == part_id)
    return [
        dict(row) for row in connection.execute(query.order_by(parts.c.sequence.desc()).limit(_MOST_USES)).mappings()
    ]


def _reach(connection: Connection, desk: Desk, line: str) -> str:
    """How long back records go."""
    first, last = connection.execute(
        select(func.min(parts.c.at_utc_s), func.max(parts.c.at_utc_s)).where(parts.c.station == line)
    ).one()
    if first is None:
        return "No part is on record yet."
    oldest, newest = (moment_text(at, zone_of(desk))[:17] for at in (first, last))
    return f"Records of this line go back to {oldest}; the newest part is of {newest}."


def _record(desk: Desk, line: LineSettings, uses: list[dict[str, Any]], at: int) -> dict[str, Any]:
    row, zone = uses[at], zone_of(desk)
    newer = uses[at - 1]["sequence"] if at else 0
    events = desk.events(after=row["sequence"] - 1, station=line.name, subject=row["part_id"], limit=_MOST_EVENTS)
    told = [event for event in events if not newer or event.sequence < newer]
    part = part_view(desk, row, zone)
    said = [(moment_text(it.at_utc_s, zone)[12:], *_said(it, row)) for it in told]
    others = [
        (
            moment_text(use["at_utc_s"], zone)[:17],
            f"/line/{line.name}/serial?id={use['part_id']}&of={use['sequence']}",
            n == at,
        )
        for n, use in enumerate(uses)
    ]
    return {"part": part, "events": said, "uses": others if len(uses) > 1 else [], "more": _more(row, part, told)}


def _more(row: Mapping[str, Any], part: Mapping[str, Any], told: list[Event]) -> list[tuple[str, str]]:
    """What the record holds beside the facts of the picture."""
    data = told[0].data if told else {}
    times = f"picture {data.get('grab_ms', '–')} ms, inference {data.get('infer_ms', '–')} ms"
    return [
        ("Verdict", f"{row['verdict']}, code {row['code']}: {part['why'] or 'no reason on record'}"),
        ("Shift", str(row["shift"])),
        ("Decided in", times if "infer_ms" in data else "not judged"),
        ("Result to the PLC", row["delivery"] or "not known"),
        ("Label", f"{part['label_text']}{', ' + part['defect'] if part['defect'] else ''}, by {part['label_who']}"
         if part["label"] else "nobody has looked"),
        ("Number on record", number(row["sequence"])),
    ]  # fmt: skip


def _said(event: Event, row: Mapping[str, Any]) -> tuple[str, str]:
    """What happened, and who did it."""
    data, who = event.data, event.who
    if event.kind == "part":
        return f"Judged: {data.get('why', data.get('verdict'))}", "the box"
    if event.kind == "gate":
        return gate_shown(data), "the PLC"
    if event.kind == "delivery":
        return f"{data.get('target', 'signal')}: {data.get('delivery', '')}", "the box"
    if event.kind == "label":
        label, defect = str(data.get("label", "")), str(data.get("defect") or "")
        text = "Label taken back" if label == "none" else f"Labelled: {label_text(label, row['code'])}"
        return text + (f", {defect}" if defect else ""), who or "the kiosk"
    return event.kind, who or "the box"


PAGES = (Page("/line/<line>/serial", serial, "operator", title="Record"),)
