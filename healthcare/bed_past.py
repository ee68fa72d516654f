"""What the record holds of a bed and the patient in it: alarms, sets, events, trends, and the waves before an alarm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import InputError
from healthcare.bed_log import KINDS
from healthcare.lookback import LOOK_BACK_S, WaveChunk, unpacked
from healthcare.tables import alarms_between, stays_of
from verticals.contract import Event
from verticals.web import Desk

DAY_S = 24 * 3600.0
_MOST_EVENTS = 400
_TRENDS = (
    "hr_per_min", "pr_per_min", "spo2_pct", "rr_per_min", "nibp_sys_mmhg", "nibp_dia_mmhg", "abp_sys_mmhg",
    "abp_dia_mmhg", "temp_cel",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Past:
    """Of the last 24 hours, and of the patient who is here alone: `since_utc_s` is when the stay began."""

    now_utc_s: float
    since_utc_s: float
    alarms: Sequence[Mapping[str, Any]]
    events: Sequence[Event]
    stays: Sequence[Mapping[str, Any]]

    def sets(self) -> list[dict[str, Any]]:
        """Sets of observations, the newest first, each with who struck it out and why."""
        struck = {one.subject: one for one in self.events if one.kind == "observations-struck"}
        found = []
        for event in self.events:
            if event.kind != "observations":
                continue
            why = struck.get(event.subject)
            gone = {"who": why.who, "reason": why.data["reason"]} if why is not None else None
            found.append({**event.data, "by": event.data.get("author") or event.who, "struck": gone})
        return sorted(found, key=lambda one: -float(one["taken_utc_s"]))

    def full_sets(self) -> list[dict[str, Any]]:
        return [one for one in self.sets() if one.get("full") and one["struck"] is None]


def past_of(desk: Desk, bed: str) -> Past:
    now_utc_s = desk.clock.now().utc_s
    with desk.read() as connection:
        stays = stays_of(connection, bed, most=10)
        since_utc_s = _since(stays)
        alarms = alarms_between(connection, max(now_utc_s - DAY_S, since_utc_s), now_utc_s + 60.0, bed)
    events = desk.events(station=bed, kinds=KINDS, newest_first=True, limit=_MOST_EVENTS)
    mine = [one for one in events if one.at_utc_s >= max(now_utc_s - 2 * DAY_S, since_utc_s)]
    return Past(now_utc_s, since_utc_s, alarms, mine, stays)


def _since(stays: Sequence[Mapping[str, Any]]) -> float:
    """What was measured of another patient is not shown with this one."""
    if not stays:
        return 0.0
    newest = stays[0]
    return float(newest["until_utc_s"] if newest["over"] else newest["since_utc_s"])


def day_trends(desk: Desk, bed: str, past: Past) -> dict[str, Any]:
    start = max(past.now_utc_s - DAY_S, past.since_utc_s)
    found = desk.series([f"{bed}/{name}" for name in _TRENDS], start, past.now_utc_s + 1.0)
    return _rated({channel.partition("/")[2]: trend for channel, trend in found.items()})


def trends_before(desk: Desk, alarm: Mapping[str, Any]) -> dict[str, Any]:
    """What the alarmed measure was in the two minutes before; a rhythm's is the heart rate."""
    began, bed = float(alarm["began_utc_s"]), str(alarm["bed"])
    names = tuple(dict.fromkeys((str(alarm["measure"] or "hr_per_min"), "hr_per_min", "pr_per_min")))
    found = desk.series([f"{bed}/{name}" for name in names], began - LOOK_BACK_S, began + 1.0)
    return _rated({channel.partition("/")[2]: trend for channel, trend in found.items()})


def _rated(trends: dict[str, Any]) -> dict[str, Any]:
    """The pulse stands for a heart rate that was never measured."""
    if not trends["hr_per_min"][0].size:
        trends["hr_per_min"] = trends["pr_per_min"]
    return trends


def waves_before(desk: Desk, alarm: Mapping[str, Any]) -> list[WaveChunk]:
    """Nothing where no waves came, or where they are kept no longer."""
    kept = desk.evidence(str(alarm["waves"])) if alarm["waves"] else None
    if kept is None:
        return []
    try:
        return unpacked(kept.content)
    except InputError:
        return []


def limit_of(desk: Desk, alarm: Mapping[str, Any]) -> float | None:
    """The limit that was passed when the alarm began, whatever holds now."""
    for event in desk.events(station=str(alarm["bed"]), kinds=("alarm",), subject=str(alarm["id"]), limit=1):
        recorded = event.data.get("alarm") or {}
        limit = (recorded.get("finding") or {}).get("limit")
        return None if limit is None else float(limit)
    return None
