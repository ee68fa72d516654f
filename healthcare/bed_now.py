"""The row of numbers over a bed's page: each with its limits, or with when it was measured.

Texts and looks are those of the bed's sector on the wall, so that both say the same at every moment.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from healthcare.measures import MEASURES
from healthcare.moments import NO_MOMENT, Moment
from healthcare.sector_shown import PRIORITIES, sector_shown

Sides = tuple[float | None, float | None]
_UNITS = {"hr": "/min", "spo2": "%", "rr": "/min", "bp": "mmHg", "t": "°C"}
_NAMES = {"spo2": "SpO₂", "rr": "RR", "t": "T"}
_MEASURES = {"hr": "hr_per_min", "spo2": "spo2_pct", "rr": "rr_per_min", "t": "temp_cel"}


def cells(bed: Mapping[str, Any], label: str) -> list[dict[str, Any]]:
    """`look` holds `none`, `old`, `hit-high` and so on, as in a sector."""
    shown = sector_shown(bed, label)
    numerics = bed.get("numerics") or {}
    bounds = limits_of(bed)
    found = []
    for name in ("hr", "spo2", "rr", "bp", "t"):
        value = shown[name]
        hits = [look.removeprefix("hit-") for look in value["look"].split() if look.startswith("hit-")]
        found.append(
            {
                "name": name,
                "label": _label(name, value, numerics),
                "text": value["text"],
                "look": value["look"],
                "unit": _UNITS[name],
                "hit": min(hits, key=PRIORITIES.index) if hits else "",
                "limits": limits_text(bounds.get(_MEASURES.get(name, ""), (None, None))),
                "at": _at(name, value, numerics),
            }
        )
    return found


def limits_of(bed: Mapping[str, Any]) -> dict[str, Sides]:
    return {one["measure"]: (one["low"], one["high"]) for one in bed.get("limits") or ()}


def limits_text(sides: Sides, digits: str = "g") -> str:
    """`50 to 140`, `from 88`, `to 39`; empty where nothing is alarmed."""
    low, high = sides
    if low is not None and high is not None:
        return f"{low:{digits}} to {high:{digits}}"
    if low is not None:
        return f"from {low:{digits}}"
    return "" if high is None else f"to {high:{digits}}"


def _label(name: str, value: Mapping[str, Any], numerics: Mapping[str, Any]) -> str:
    if name == "bp":
        return "NIBP" if value["name"] == "BP" else str(value["name"])
    if name != "hr":
        return _NAMES[name]
    measure = "pr_per_min" if value["name"].startswith("PR") else "hr_per_min"
    source, comma, _ = str((numerics.get(measure) or {}).get("source") or "").partition(", ")
    if measure == "pr_per_min" or not source:
        return MEASURES[measure].label
    return f"HR, own {source}" if comma else f"HR, {source}"  # the box's own, from the waves, or the monitor's


def _at(name: str, value: Mapping[str, Any], numerics: Mapping[str, Any]) -> Moment:
    """When it was measured, of what is measured now and then."""
    at = value.get("at_utc_s") if name == "bp" else None
    if name == "t" and "none" not in value["look"].split():
        at = (numerics.get("temp_cel") or {}).get("at_utc_s")
    return NO_MOMENT if at is None else {"kind": "clock", "utc_s": at}
