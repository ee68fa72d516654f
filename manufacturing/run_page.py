"""The run page: the newest part, the reject chart, and what people may order from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from manufacturing import review_tables, tables
from manufacturing.charts import RejectChart, reject_chart
from manufacturing.kiosk import bar, give_order, heard, line_of, no_line
from manufacturing.labelling import about
from manufacturing.recipe_orders import KINDS as RECIPE_KINDS
from manufacturing.shown import LIMIT_SHARE, counts_shown, gate_shown, number, part_shown, undelivered_shown
from manufacturing.standing import not_live, waiting_tile
from verticals.contract import Event, Json
from verticals.web import Answered, Asked, Data, Desk, Page, Shown

_RESULTS_SHOWN = 12
_PARTS_LOOKED_THROUGH = 100
_CHART_FEWEST = 2
_CHART_SAMPLES = 30
_CHART_SAMPLE_SIZES = (2000, 500, 100, 25)

_OPERATOR_ORDERS = ("label", "bypass", "end-bypass", "stop", "start", "reset")
_ENGINEER_ORDERS = ("activate",)
_SHOWN_KINDS = ("part", "gate", "label", "delivery", "fault", "bypass", "bypass-ended", "unrecorded")
_OF_RECIPES = ("version", "how", "why", "in_force")


def run_page(desk: Desk, asked: Asked) -> Answered:
    line = line_of(desk, asked.path.get("line", ""))
    if line is None:
        return no_line(asked)
    parts = _last_parts(desk, line.name)
    last = parts[-1] if parts else None
    live, standing = heard(desk, line)
    state: dict[str, Any] = {
        "results": parts[-_RESULTS_SHOWN:],
        "last_good": next((shown for shown in reversed(parts) if shown["kind"] == "ok"), None),
        "last_bad": next((shown for shown in reversed(parts) if shown["kind"] == "ng"), None),
        "standing": standing,
        "not_live": not_live(),
        "waiting_tile": waiting_tile(),
        "live": live,
    }
    return Shown(
        "manufacturing/run.html",
        {
            **bar(desk, asked, line),
            "state": state,
            "results": [*[None] * (_RESULTS_SHOWN - len(state["results"])), *state["results"]],
            "last": last,
            "standing": standing,
            "tile": standing["tile"] or (last["tile"] if last else waiting_tile()),
            "limit_share": LIMIT_SHARE,
            "counts": live.get("counts_shown") or (last["counts"] if last else counts_shown({})),
            "chart": _chart_shown(_chart(desk, line.name), simulated=desk.settings.simulated),
            "window_ms": round(line.inspect_window * 1000),
            "waiting": _waiting(desk, line.name),
        },
    )


def _waiting(desk: Desk, line: str) -> int:
    with desk.read() as connection:
        return review_tables.count_waiting(connection, line)


def _last_parts(desk: Desk, line: str) -> list[dict[str, Any]]:
    """As many as are looked through for the last good and the last bad one, oldest first."""
    events = desk.events(station=line, kinds=("part",), limit=_PARTS_LOOKED_THROUGH, newest_first=True)
    with desk.read() as connection:
        rows = {row["sequence"]: row for row in tables.last_parts(connection, line, _PARTS_LOOKED_THROUGH)}
    return [_with_row(event, rows.get(event.sequence) or {}) for event in reversed(events)]


def _with_row(event: Event, row: Mapping[str, Any]) -> dict[str, Any]:
    return part_shown(
        event.subject,
        event.data,
        label=row.get("label") or "",
        gate_rejected=row.get("gate_rejected"),
        delivery=row.get("delivery") or "",
    )


def part(desk: Desk, asked: Asked) -> Answered:
    """One part as the page shows it, for a tap on a result."""
    line = line_of(desk, asked.path["line"])
    found = desk.events(station=asked.path["line"], kinds=("part",), subject=asked.path["part"], newest_first=True)
    if line is None or not found:
        return Data({"error": f"part {asked.path['part']} is not on record here"}, status=404)
    with desk.read() as connection:
        row = tables.find_part(connection, line.name, asked.path["part"]) or {}
    return Data(_with_row(found[0], row))


def chart(desk: Desk, asked: Asked) -> Answered:
    """The chart alone, as a piece of the page, which asks for it now and then."""
    shown = _chart_shown(_chart(desk, asked.path["line"]), simulated=desk.settings.simulated)
    return Shown("manufacturing/chart.html", {"chart": shown})


def operator_order(desk: Desk, asked: Asked) -> Answered:
    return _order(desk, asked, _OPERATOR_ORDERS)


def engineer_order(desk: Desk, asked: Asked) -> Answered:
    return _order(desk, asked, _ENGINEER_ORDERS)


def _order(desk: Desk, asked: Asked, allowed: Sequence[str]) -> Answered:
    """An order of a person to the line, with the line's own answer; every one is audited."""
    line = line_of(desk, asked.path["line"])
    name = asked.path["order"]
    if line is None or name not in allowed:
        return Data({"accepted": False, "reason": f"no order '{name}' for line '{asked.path['line']}'"}, status=404)
    args: Json = asked.body if isinstance(asked.body, dict) else asked.form
    if name == "label":
        args = _known_of(desk, line.name, args)
    reply = give_order(desk, asked, line, name, args)
    return Data({"accepted": reply.accepted, "reason": reply.reason}, status=200 if reply.accepted else 409)


def _known_of(desk: Desk, line: str, args: Json) -> Json:
    """The label with what is on record of its part, so that a changed word is counted once."""
    with desk.read() as connection:
        row = tables.find_part(connection, line, str(args.get("part", "")))
    said = {"label": str(args.get("label", "")), "part": str(args.get("part", ""))}
    said["defect"] = str(args.get("defect", ""))
    return about(row, said["label"], said["defect"]) if row else said


def tell(event: Event) -> Json | None:
    """What open screens get of an event; the page asks for the rest. None for what no screen shows."""
    if event.kind in _SHOWN_KINDS or event.kind in RECIPE_KINDS:
        return {"kind": event.kind, "station": event.station, "subject": event.subject, **_told(event)}
    return None


def _told(event: Event) -> dict[str, Any]:
    if event.kind == "part":
        return {"part": part_shown(event.subject, event.data) | {"review": bool(event.data.get("review"))}}
    if event.kind == "gate":
        return {"text": gate_shown(event.data), "rejected": event.data["rejected"]}
    if event.kind == "delivery":
        result = str(event.data.get("target", "")).endswith(".result") and event.data["delivery"] != "sent"
        return {"undelivered": {kind: undelivered_shown(kind) for kind in ("ok", "ng", "none")} if result else None}
    if event.kind in RECIPE_KINDS:
        return {name: event.data[name] for name in _OF_RECIPES if name in event.data}
    return {"data": dict(event.data), "who": event.who}


def _chart(desk: Desk, line: str) -> RejectChart:
    """Of the largest sample size that gives at least eight points; the smallest one before that."""
    with desk.read() as connection:
        for size in _CHART_SAMPLE_SIZES:
            samples = tables.reject_shares(connection, line, size, _CHART_SAMPLES)
            if len(samples) >= 8 or size == _CHART_SAMPLE_SIZES[-1]:
                return reject_chart(samples, size)
    raise AssertionError("unreachable: the last size always returns")


def _chart_shown(chart: RejectChart, *, simulated: bool) -> dict[str, Any]:
    """Title, note, `slim` (the note where there is no room for a drawing), and what is drawn."""
    title = "Simulated reject rate" if simulated else "Reject rate"
    shares = list(chart.shares)
    shown = {"title": title, "shares": shares, "mean": chart.mean, "limit": chart.limit}
    if len(shares) < _CHART_FEWEST:
        return shown | {"shares": [], "note": "not enough parts yet", "slim": "not enough parts yet"}
    note = f"{len(shares)} samples of {number(chart.size)}"
    if chart.limit is None:
        return shown | {"note": note, "slim": f"{100 * chart.mean:.2f} %, {note}"}
    word = "in control" if chart.in_control else "OUT OF CONTROL"
    slim = f"{100 * chart.mean:.2f} %, limit {100 * chart.limit:.2f} %"
    return shown | {"title": f"{title}, {word}", "note": note, "slim": slim}


PAGES = (
    Page("/", run_page, "operator", title="Run"),
    Page("/line/<line>", run_page, "operator", title="Run"),
    Page("/line/<line>/chart", chart, "operator"),
    Page("/line/<line>/part/<part>", part, "operator"),
    Page("/line/<line>/order/<order>", operator_order, "operator", methods=("POST",)),
    Page("/line/<line>/engineer/<order>", engineer_order, "engineer", methods=("POST",)),
)
