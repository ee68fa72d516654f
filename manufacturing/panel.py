"""The kiosk's pages: the run page, a part, the reject chart, and what an operator may order."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from manufacturing import tables
from manufacturing.charts import RejectChart, reject_chart
from manufacturing.settings import LineSettings
from manufacturing.shifts import clock_text
from manufacturing.shown import counts_shown, gate_shown, part_shown, tile_shown
from verticals.contract import Event, Json
from verticals.web import Answered, Asked, Data, Desk, Page, Panel, Shown

_HERE = Path(__file__).parent
_RESULTS_SHOWN = 12
_CHART_SAMPLES = 30
_CHART_SAMPLE_SIZES = (2000, 500, 100, 25)


def panel() -> Panel:
    return Panel(
        pages=(
            Page("/", run_page, "operator", title="Run"),
            Page("/line/<line>", run_page, "operator", title="Run"),
            Page("/line/<line>/chart", chart, "operator"),
            Page("/line/<line>/part/<part>", part, "operator"),
            Page("/line/<line>/order/<order>", operator_order, "operator", methods=("POST",)),
            Page("/line/<line>/engineer/<order>", engineer_order, "engineer", methods=("POST",)),
        ),
        templates=_HERE / "templates",
        static=_HERE / "static",
        theme="plant",
        not_updating_after_s=3.0,
        stream_role="operator",
        tell=tell,
    )


_OPERATOR_ORDERS = ("label", "bypass", "end-bypass", "stop", "start", "reset")
_ENGINEER_ORDERS = ("activate",)


def run_page(desk: Desk, asked: Asked) -> Answered:
    line = _line(desk, asked.path.get("line", ""))
    if line is None:
        return Shown("manufacturing/no-line.html", {"line": asked.path.get("line", "")}, status=404)
    events = desk.events(station=line.name, kinds=("part",), limit=_RESULTS_SHOWN, newest_first=True)
    results = [part_shown(event.subject, event.data) for event in reversed(events)]
    last = results[-1] if results else None
    live = desk.live().get("stations", {}).get(line.name, {})
    standing = live.get("standing")
    return Shown(
        "manufacturing/run.html",
        {
            "line": line,
            "simulated": desk.settings.simulated,
            "results": results,
            "last": last,
            "last_good": next((shown for shown in reversed(results) if shown["kind"] == "ok"), None),
            "last_bad": next((shown for shown in reversed(results) if shown["kind"] == "ng"), None),
            "live": live,
            "standing": standing,
            "banner": standing["banner"] if standing else {"kind": "idle", "word": "WAITING", "text": "for the line"},
            "tile": tile_shown(standing, last),
            "counts": last["counts"] if last else counts_shown({}),
            "window_ms": round(line.inspect_window * 1000),
            "now": clock_text(desk.clock.now().utc_s, ZoneInfo(desk.settings.time_zone))[:8],
            "disk": live.get("disk", "– –"),
            "who": asked.who,
        },
    )


def part(desk: Desk, asked: Asked) -> Answered:
    """One part as the page shows it, for a tap on a result."""
    line = _line(desk, asked.path["line"])
    found = desk.events(station=asked.path["line"], kinds=("part",), subject=asked.path["part"], newest_first=True)
    if line is None or not found:
        return Data({"error": f"part {asked.path['part']} is not on record here"}, status=404)
    shown = part_shown(found[0].subject, found[0].data)
    with desk.read() as connection:
        row = tables.find_part(connection, line.name, asked.path["part"]) or {}
    if row.get("gate_rejected") is not None:
        shown["outcome_small"] = gate_shown({"rejected": row["gate_rejected"]})
    shown["label"] = row.get("label") or ""
    return Data(shown)


def chart(desk: Desk, asked: Asked) -> Answered:
    return Data(_chart_values(_chart(desk, asked.path["line"])))


def operator_order(desk: Desk, asked: Asked) -> Answered:
    return _order(desk, asked, _OPERATOR_ORDERS)


def engineer_order(desk: Desk, asked: Asked) -> Answered:
    return _order(desk, asked, _ENGINEER_ORDERS)


def _order(desk: Desk, asked: Asked, allowed: Sequence[str]) -> Answered:
    """An order of a person to the line, with the line's own answer; every one is audited."""
    line = _line(desk, asked.path["line"])
    name = asked.path["order"]
    if line is None or name not in allowed:
        return Data({"accepted": False, "reason": f"no order '{name}' for line '{asked.path['line']}'"}, status=404)
    args: Json = asked.body if isinstance(asked.body, dict) else asked.form
    reply = desk.ask(line.name, name, args, who=asked.who, role=asked.role)
    detail = {"line": line.name, "args": dict(args), "accepted": reply.accepted, "reason": reply.reason}
    desk.audit(name, detail, who=asked.who, role=asked.role)
    return Data({"accepted": reply.accepted, "reason": reply.reason}, status=200 if reply.accepted else 409)


def tell(event: Event) -> Json | None:
    """What open screens get of an event; the page asks for the rest. None for what no screen shows."""
    if event.kind in ("part", "gate", "label", "delivery", "fault", "bypass", "bypass-ended", "unrecorded"):
        return {"kind": event.kind, "station": event.station, "subject": event.subject, **_told(event)}
    return None


def _told(event: Event) -> dict[str, Any]:
    if event.kind == "part":
        return {"part": part_shown(event.subject, event.data)}
    if event.kind == "gate":
        return {"text": gate_shown(event.data), "rejected": event.data["rejected"]}
    return {"data": dict(event.data), "who": event.who}


def _line(desk: Desk, name: str) -> LineSettings | None:
    lines: list[LineSettings] = list(desk.settings.lines)
    return next((line for line in lines if not name or line.name == name), None)


def _chart(desk: Desk, line: str) -> RejectChart:
    """Of the largest sample size that gives at least eight points; the smallest one before that."""
    with desk.read() as connection:
        for size in _CHART_SAMPLE_SIZES:
            samples = tables.reject_shares(connection, line, size, _CHART_SAMPLES)
            if len(samples) >= 8 or size == _CHART_SAMPLE_SIZES[-1]:
                return reject_chart(samples, size)
    raise AssertionError("unreachable: the last size always returns")


def _chart_values(chart: RejectChart) -> dict[str, Any]:
    return {"shares": list(chart.shares), "mean": chart.mean, "limit": chart.limit, "size": chart.size,
            "in_control": chart.in_control}  # fmt: skip
