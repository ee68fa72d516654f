"""The table of a bed's alarm limits: what holds, how long a value must be outside, and who set it until when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from healthcare.bed_now import limits_text
from healthcare.measures import MEASURES
from healthcare.vitals.onset import RULES, Delays

#: Rows that stand without the signal being measured; the others only where it is.
_ALWAYS = ("hr_per_min", "spo2_pct", "rr_per_min", "nibp_sys_mmhg", "temp_cel")
_LABELS = {"nibp_sys_mmhg": "Systolic BP", "nibp_map_mmhg": "Mean BP", "abp_sys_mmhg": "ABP systolic",
           "abp_map_mmhg": "ABP mean"}  # fmt: skip


def label_of(measure: str) -> str:
    return _LABELS.get(measure, MEASURES[measure].label)


def rows(told: Sequence[Mapping[str, Any]], measured: Mapping[str, Any], delays: Delays) -> list[dict[str, Any]]:
    found = []
    for one in told:
        measure = str(one["measure"])
        if measure not in _ALWAYS and measure not in measured and not one["who"]:
            continue
        facts = MEASURES[measure]
        text = limits_text((one["low"], one["high"]), f".{facts.digits}f")
        found.append(
            {
                "measure": measure,
                "label": label_of(measure),
                "limits": f"{text} {facts.unit}" if text else "off",
                "delay": _delay(measure, one, delays),
                "own": bool(one["who"]),
                "by": f"{one['who']}: {one['reason']}" if one["who"] else "ward default",
                "until_utc_s": one["until_utc_s"],
            }
        )
    return found


def delay_s_of(code: str, delays: Delays) -> float:
    """How long a value must be outside for an alarm of this code; 0 for one that has no such delay."""
    return delays.of(code) if any(rule.code == code for rule in RULES) else 0.0


def _delay(measure: str, one: Mapping[str, Any], delays: Delays) -> str:
    """`15 s`, `15 / 60 s` where the two sides differ, `none`."""
    codes = [rule.code for rule in RULES if rule.stream == measure and rule.code.endswith(("-low", "-high"))]
    sides = {"low": one["low"], "high": one["high"]}
    waits = [delays.of(code) for code in codes if sides[code.rpartition("-")[2]] is not None]
    texts = list(dict.fromkeys(f"{wait:.0f}" for wait in waits if wait))
    return " / ".join(texts) + " s" if texts else "none"
