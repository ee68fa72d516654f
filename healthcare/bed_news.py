"""The NEWS2 table of a bed: each parameter with its points in the last full set, and beside it what the monitor says
now. Colours and bands are those of the chart of the Royal College of Physicians (2017)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from healthcare.moments import coarse
from healthcare.vitals.news2 import PARAMETERS, RESPONSES, Risk, risk_of

_ROWS = {
    "rr_per_min": ("Respiration", "/min", "{:.0f}"),
    "spo2_pct": ("SpO₂", "%", "{:.0f}"),
    "oxygen": ("Air or oxygen", "", ""),
    "sys_mmhg": ("Systolic BP", "mmHg", "{:.0f}"),
    "pulse_per_min": ("Pulse", "/min", "{:.0f}"),
    "consciousness": ("Consciousness", "ACVPU", ""),
    "temp_cel": ("Temperature", "°C", "{:.1f}"),
}
ACVPU = {"A": "Alert", "C": "Confusion", "V": "Voice", "P": "Pain", "U": "Unresponsive"}
_ASKED = ("oxygen", "consciousness")
_SHORT = {
    Risk.LOW: "ward care",
    Risk.LOW_MEDIUM: "urgent ward-based review",
    Risk.MEDIUM: "urgent assessment within 1 h",
    Risk.HIGH: "emergency assessment, continuous monitoring",
}


def table(
    last: Mapping[str, Any] | None, now: Sequence[Mapping[str, Any]], now_utc_s: float, scale: int
) -> dict[str, Any]:
    """`last` is the record of the last full set, `now` what the bed tells of the monitor alone."""
    set_lines = {line["parameter"]: line for line in (last or {}).get("breakdown") or ()}
    now_lines = {line["parameter"]: line for line in now}
    rows = [_row(name, set_lines.get(name, {}), now_lines.get(name, {}), scale) for name in PARAMETERS]
    return {
        "rows": rows,
        "set_at_utc_s": None if last is None else last["taken_utc_s"],
        "set_age": "none yet" if last is None else f"{coarse(now_utc_s - last['taken_utc_s'])} ago",
        "set_points": "– –" if last is None else str(last["news2"]["text"]),
        **_total(now_lines),
    }


def head(news2: Mapping[str, Any] | None) -> tuple[str, str]:
    """`("NEWS2 7, high", "emergency assessment, continuous monitoring")`"""
    if not news2:
        return "NEWS2", "no score without a patient who is watched"
    if news2["text"] == "n/a":
        return "NEWS2", str(news2.get("words") or "not applicable")
    risk = Risk(news2["risk"])
    least = "" if news2["complete"] else "at least "
    missing = ", ".join(news2.get("missing") or ())
    note = _SHORT[risk] if news2["complete"] else f"{_SHORT[risk]}; missing: {missing}"
    return f"NEWS2 {least}{str(news2['text']).lstrip('≥ ')}, {risk}", note


def response(risk: str) -> str:
    """What the Royal College's table asks the ward to do; empty for no score."""
    return RESPONSES[Risk(risk)] if risk else ""


def value_text(name: str, value: Any) -> str:
    if value is None:
        return ""
    if name == "oxygen":
        return "Oxygen" if value else "Air"
    if name == "consciousness":
        return ACVPU.get(str(value), str(value))
    return _ROWS[name][2].format(value)


def _row(name: str, of_set: Mapping[str, Any], of_now: Mapping[str, Any], scale: int) -> dict[str, Any]:
    label, unit, _ = _ROWS[name]
    label = f"{label} scale {scale}" if name == "spo2_pct" else label
    live = of_now.get("points") is not None
    return {
        "label": label,
        "unit": unit,
        "set": value_text(name, of_set.get("value")) or "– –",
        "set_points": of_set.get("points"),
        "now": value_text(name, of_now.get("value")) if live else "ask" if name in _ASKED else "– –",
        "now_points": of_now.get("points"),
        "now_at_utc_s": of_now.get("at_utc_s") if live else None,
    }


def _total(lines: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The least that it can be: what only a person can say is not there."""
    points = [line["points"] for line in lines.values() if line.get("points") is not None]
    whole = len(points) == len(PARAMETERS)
    risk = risk_of(sum(points), 3 in points)
    return {
        "now_word": "complete" if whole else "not complete" if points else "no values",
        "now_points": f"{'' if whole else '≥ '}{sum(points)}" if points else "– –",
        "now_risk": str(risk) if points else "",
    }
