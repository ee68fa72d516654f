"""What a message says of a bed's vital signs: the `readings` of a sample of kind `numerics`, checked."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import InputError
from healthcare.measures import MEASURES

CLOCK_OFF_S = 300.0
_MOST = 1000


@dataclass(frozen=True, slots=True)
class Told:
    """One reading. `value` None: the monitor has none, and `absent` says why as far as it did.

    `instance` is the place in the device (OBX-4): it tells several of one measure apart.
    """

    measure: str
    value: float | None
    instance: str = ""
    at_utc_s: float | None = None
    absent: str = ""
    site: str = ""
    questionable: bool = False


def parse_readings(text: str) -> list[Told]:
    """The readings of known measures, in the order sent. Raises InputError for what is no list of readings."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"numerics: the readings are no JSON: {error}") from error
    if not isinstance(found, list) or len(found) > _MOST or not all(isinstance(one, dict) for one in found):
        raise InputError(f"numerics: the readings are no list of up to {_MOST} readings")
    return [_told(one) for one in found if str(one.get("measure")) in MEASURES]


def own_readings(values: Mapping[str, float | None]) -> list[Told]:
    """In the same form, what was computed here; None: not at this moment."""
    return [
        Told(measure, value, absent="" if value is not None else "not computed") for measure, value in values.items()
    ]


def newest_utc_s(told: Sequence[Told], at_utc_s: float) -> float | None:
    """The device's own clock when it sent this: the newest of its times, received at `at_utc_s`.

    Where some are within five minutes of ours, a time that is not is no clock: it would make all others old.
    """
    times = [one.at_utc_s for one in told if one.at_utc_s is not None]
    near = [utc_s for utc_s in times if abs(utc_s - at_utc_s) < CLOCK_OFF_S]
    return max(near or times, default=None)


def _told(one: Mapping[str, Any]) -> Told:
    measure = str(one["measure"])
    value = _number(one.get("value"), measure, "value")
    return Told(
        measure=measure,
        value=value,
        instance=str(one.get("instance") or ""),
        at_utc_s=_number(one.get("at_utc_s"), measure, "at_utc_s"),
        absent=str(one.get("absent") or ("" if value is not None else "no value")),
        site=str(one.get("site") or ""),
        questionable=one.get("questionable") is True,
    )


def _number(given: Any, measure: str, name: str) -> float | None:
    if given is None:
        return None
    if isinstance(given, bool) or not isinstance(given, int | float):
        raise InputError(f"numerics: {name} of {measure} is {given!r:.40}, not a number")
    try:
        number = float(given)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None
