"""What stands in the form of a set of observations, and what is made of what comes back from it. Plain."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from core.clock import Instant
from core.errors import InputError, RefusedError
from healthcare.bed_news import response
from healthcare.vitals.news2 import LABELS, PARAMETERS, score
from healthcare.vitals.observations import FIELDS, observation_set, problems

#: Fields of numbers in the order of the chart, with the measures of the monitor that may fill them.
NUMBERS: Mapping[str, tuple[str, ...]] = {
    "rr_per_min": ("rr_per_min",),
    "spo2_pct": ("spo2_pct",),
    "nibp_sys_mmhg": ("nibp_sys_mmhg",),
    "nibp_dia_mmhg": ("nibp_dia_mmhg",),
    "pulse_per_min": ("hr_per_min", "pr_per_min"),
    "temp_cel": ("temp_cel",),
}
NAMES = (*NUMBERS, "oxygen_device", "oxygen_l_per_min", "fio2_pct", "consciousness", "note")
_PARTS = {"nibp_sys_mmhg": "BP systolic", "nibp_dia_mmhg": "BP diastolic", "temp_cel": "Temperature"}
#: A cuff or a thermometer that measured longer ago is measured again, or entered by hand.
FRESH_S = 900.0


def fields(numerics: Mapping[str, Any], typed: Mapping[str, Any] | None, now_utc_s: float) -> list[dict[str, Any]]:
    """`typed`: what a person entered already; None: a new form, filled from the monitor where that is fresh."""
    found = []
    for name, measures in NUMBERS.items():
        facts = FIELDS[name]
        reading = _fresh(numerics, measures, now_utc_s) if typed is None else None
        found.append(
            {
                "name": name,
                "label": _PARTS.get(name, facts.label),
                "unit": facts.unit,
                "value": str((typed or {}).get(name, "")) if reading is None else reading["text"],
                "from_utc_s": None if reading is None else reading["at_utc_s"],
                "monitor": reading is not None,
            }
        )
    return found


def _fresh(numerics: Mapping[str, Any], measures: tuple[str, ...], now_utc_s: float) -> Mapping[str, Any] | None:
    for measure in measures:
        reading = numerics.get(measure) or {}
        at = reading.get("at_utc_s")
        if reading.get("state") == "ok" and reading.get("text") and at is not None and now_utc_s - at <= FRESH_S:
            return dict(reading)
    return None


def values_of(form: Mapping[str, Any]) -> dict[str, str]:
    """What was entered, without what was left empty."""
    return {name: str(form[name]).strip() for name in NAMES if str(form.get(name) or "").strip()}


def taken_of(form: Mapping[str, Any], now_utc_s: float, zone: ZoneInfo) -> float | None:
    """When it was taken: `13:40` is the last time that the ward's clock said so; None for now. Raises InputError."""
    typed = str(form.get("taken") or "").strip()
    if not typed:
        return None
    now = datetime.fromtimestamp(now_utc_s, UTC).astimezone(zone)
    try:
        clock = datetime.strptime(typed, "%H:%M").time()
    except ValueError:
        raise InputError(f"{typed[:10]} is no time", hint="Hours and minutes, such as 13:40.") from None
    taken = now.replace(hour=clock.hour, minute=clock.minute, second=0, microsecond=0)
    if taken > now + timedelta(minutes=1):
        taken = (now - timedelta(days=1)).replace(hour=clock.hour, minute=clock.minute, second=0, microsecond=0)
    return taken.timestamp()


def judged(form: Mapping[str, Any], now: Instant, *, scale: int) -> dict[str, Any]:
    """What these values alone come to, before anything is recorded: `problems` by field, or the score of it."""
    values = values_of(form)
    wrong = problems(values)
    if wrong:
        return {"problems": wrong, "text": "– –", "risk": "", "response": "", "missing": [], "points": {}}
    try:
        entered = observation_set("preview", values, author="preview", now=now)
    except RefusedError as error:
        return {"problems": {"": error.message}, "text": "– –", "risk": "", "response": "", "missing": [], "points": {}}
    scored = score(entered.items(), now, scale=scale)
    return {
        "problems": {},
        "text": str(scored.points) if scored.complete else f"≥ {scored.points}",
        "risk": str(scored.risk) if scored.lines else "",
        "response": response(str(scored.risk)) if scored.lines else "",
        "missing": [LABELS[name] for name in PARAMETERS if name in scored.missing],
        "points": {line.parameter: line.points for line in scored.lines},
    }
