"""What happened at a bed, the newest first: its alarms with what became of them, and what people and the box did."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from healthcare.moments import minutes
from healthcare.sector_shown import look_of, shape_of, stars_of, what_of
from verticals.contract import Event

#: Kinds of events that stand in the log beside the alarms.
KINDS = (
    "observations",
    "observations-struck",
    "limits",
    "advice",
    "standby",
    "standby-ended",
    "news2-scale",
)
_MOST = 120


def log(alarms: Iterable[Mapping[str, Any]], events: Iterable[Event], stays: Iterable[Mapping[str, Any]],
        from_utc_s: float) -> list[dict[str, Any]]:  # fmt: skip
    """Rows of `{at_utc_s, shape, text, note, to, strong}`; `to` opens what was before that alarm."""
    rows = [_alarm(alarm) for alarm in alarms]
    rows += [row for event in events for row in _event(event)]
    rows += [row for stay in stays for row in _stay(stay)]
    return sorted((row for row in rows if row["at_utc_s"] >= from_utc_s), key=lambda row: -row["at_utc_s"])[:_MOST]


def marks(alarms: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The patient's alarms of medium and high priority, to be marked in the trends."""
    found = []
    for alarm in alarms:
        if alarm["kind"] == "physiological" and alarm["priority"] in ("high", "medium"):
            row = {"at_utc_s": alarm["began_utc_s"], "look": alarm["priority"]}
            found.append({**row, "says": said(alarm), "to": path_of(alarm["id"])})
    return found


def path_of(alarm_id: str) -> str:
    """`bed-7/12`: `/bed/bed-7/alarm/12`."""
    bed, _, number = alarm_id.partition("/")
    return f"/bed/{bed}/alarm/{number}"


def said(alarm: Mapping[str, Any]) -> str:
    """`*** SpO₂ 82 < 88 %`: of an alarm of the record."""
    return stars_of(alarm) + what_of(alarm)


def became(alarm: Mapping[str, Any]) -> str:
    """`active, Nurse 14 called`, `0:18, acknowledged by Nurse 14`"""
    owner, by = str(alarm["owner"]), str(alarm["acknowledged_by"])
    seen = f"acknowledged by {by}" if by else ""
    if alarm["state"] in ("active", "acknowledged"):
        return seen or ("active" + (f", {owner} called" if owner else ""))
    ended = alarm["ended_utc_s"] or alarm["began_utc_s"]
    lasted = minutes(ended - alarm["began_utc_s"])
    rest = "not yet seen" if alarm["state"] == "latched" else seen or (owner and f"{owner} called") or "ended"
    return f"{lasted}, {rest}"


def _alarm(alarm: Mapping[str, Any]) -> dict[str, Any]:
    plain = {**alarm, "state": "active"}  # the record shows what it was, whatever became of it
    return {
        "at_utc_s": alarm["began_utc_s"],
        "shape": shape_of(plain),
        "look": look_of(plain),
        "text": said(alarm),
        "note": became(alarm),
        "to": path_of(alarm["id"]) if alarm["kind"] == "physiological" else "",
        "strong": alarm["kind"] != "advisory",
    }


def _plain(at_utc_s: float, text: str, note: str) -> dict[str, Any]:
    return {"at_utc_s": at_utc_s, "shape": "", "look": "", "text": text, "note": note, "to": "", "strong": False}


def _event(event: Event) -> Sequence[dict[str, Any]]:
    data, at, who = event.data, event.at_utc_s, event.who
    match event.kind:
        case "observations":
            late = ", entered later" if data.get("late") else ""
            what = "Full set" if data.get("full") else "Observations"
            return [_plain(at, f"{what} entered{late}, NEWS2 {data['news2']['text']}", str(data.get("author") or who))]
        case "observations-struck":
            return [_plain(at, f"Set struck out: {data['reason']}", who)]
        case "limits":
            return [_plain(at, str(data["text"]), who or "the station")]
        case "advice":
            return [_plain(at, f"Advice: {data['text']}", "not an alarm")]
        case "standby":
            return [_plain(at, f"Standby: {data['why']}" if data["why"] else "Standby", who)]
        case "standby-ended":
            by = "the monitor measures again" if data["by"] == "monitor" else who
            return [_plain(at, "Standby ended", by)]
        case "news2-scale":
            return [_plain(at, f"SpO₂ scale {data['scale']}: {data['reason']}".removesuffix(": "), who)]
    return []


def _stay(stay: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Without a name: the log is on a screen that others see."""
    if stay["struck"]:
        return [_plain(stay["until_utc_s"], f"Stay struck out: {stay['struck']}", stay["who"])]
    rows = [_plain(stay["since_utc_s"], "Patient admitted to this bed", stay["who"] or "by the hospital's system")]
    if stay["until_utc_s"] is not None:
        rows.append(_plain(stay["until_utc_s"], "Patient left this bed", stay["who"]))
    return rows
