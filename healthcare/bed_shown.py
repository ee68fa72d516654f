"""What a bed tells its screens, from what it knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from core.clock import Instant
from healthcare.bedside import Bedside
from healthcare.vitals.news2 import PARAMETERS, points_of

_RANK = {"high": 3, "medium": 2, "low": 1}


def bed_shown(
    bedside: Bedside, alarms: Sequence[Mapping[str, Any]], now: Instant, zone: ZoneInfo, *, named: bool = False
) -> dict[str, Any]:
    """Everything but the `alarms`, which the board has shown already, by the names that pages read.

    `named`: with the patient's name, for a ward whose screens need not hide it.
    """
    choice = bedside.chart.scale
    return {
        "patient": _patient(bedside, now, zone, named=named),
        "place": _place(bedside, zone),
        "nurse": _short(bedside.roster.nurse),
        "numerics": {} if bedside.standby is not None else bedside.numerics.shown(now, _alarmed(alarms)),
        "news2": _score(bedside, now),
        "advice": list(bedside.advice),
        "due": _due(bedside, now),
        "scale2": bedside.chart.scale.scale == 2,
        "scale": {"scale": choice.scale, "who": choice.who, "reason": choice.reason},
        "breakdown": _breakdown(bedside, now),
        "limits": bedside.limits.shown(),
        "sets": _sets(bedside),
    }


def changed(shown: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in shown.items() if name not in before or before[name] != value}


def _alarmed(alarms: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """The highest priority of each measure that is in alarm now."""
    found: dict[str, str] = {}
    for alarm in alarms:
        measure, priority = alarm["measure"], alarm["priority"]
        if measure and alarm["state"] != "latched" and _RANK[priority] > _RANK.get(found.get(measure, ""), 0):
            found[measure] = priority
    return found


def _patient(bedside: Bedside, now: Instant, zone: ZoneInfo, *, named: bool) -> dict[str, Any] | None:
    patient = bedside.patient
    if patient is None:
        return None
    since = bedside.admitted_utc_s
    admitted = _day(since, zone) if since else ""
    return patient.shown(now.utc_s, admitted, named=named)


@lru_cache(maxsize=256)
def _day(utc_s: float, zone: ZoneInfo) -> str:
    return f"{datetime.fromtimestamp(utc_s, UTC).astimezone(zone):%d %b}".lstrip("0")


def _place(bedside: Bedside, zone: ZoneInfo) -> dict[str, str]:
    if bedside.standby is not None:
        since = datetime.fromtimestamp(bedside.standby.since.utc_s, UTC).astimezone(zone)
        return {"state": "standby", "since": f"{since:%H:%M}", "why": bedside.standby.why}
    if not bedside.ever_heard:
        return {"state": "empty" if bedside.patient is None else "never-heard", "since": "", "why": ""}
    return {"state": "no-data" if bedside.silent else "monitoring", "since": "", "why": ""}


def _score(bedside: Bedside, now: Instant) -> dict[str, Any] | None:
    scored = bedside.score(now)
    return None if scored is None else scored.shown()


def _breakdown(bedside: Bedside, now: Instant) -> list[dict[str, Any]]:
    """What NEWS2 would make of the monitor alone, in the chart's order; `points` None: a person is needed for it."""
    if bedside.patient is None or bedside.standby is not None:
        return []
    scale = bedside.chart.scale.scale
    found = {item.parameter: item for item in bedside.monitored(now)}
    lines = []
    for name in PARAMETERS:
        item = found.get(name)
        line: dict[str, Any] = {"parameter": name, "points": None}
        if item is not None:
            line["points"] = points_of(name, item.value, scale=scale)
            line["value"] = float(item.value)
            line["at_utc_s"] = None if item.monitored else item.at.utc_s
        lines.append(line)
    return lines


def _sets(bedside: Bedside) -> list[str]:
    """The sets of the patient who is here that are not struck out: numbers begin anew with each patient."""
    return [known.id for known in bedside.chart.sets if known.struck is None]


def _due(bedside: Bedside, now: Instant) -> dict[str, Any] | None:
    due = bedside.chart.due()
    return None if due is None or bedside.standby is not None else due.shown(now)


def _short(nurse: str) -> str:
    """`N14` for "Nurse 14": a sector has no room for more."""
    word, _, number = nurse.partition(" ")
    return f"{word[0]}{number}" if number.isdigit() and word else nurse[:6]
