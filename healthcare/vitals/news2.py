"""NEWS2, the National Early Warning Score: what a set of observations adds up to, and what follows from it.

Source: Royal College of Physicians, National Early Warning Score (NEWS) 2, London 2017: the scoring table, the two
SpO₂ scales, the thresholds and triggers, the clinical response. Values are rounded to the chart's step before they
are banded, halves upwards. Not for people under 16, nor in pregnancy.

A score is whole only while every one of its seven parameters is valid. Otherwise it is `at_least`: a true lower
bound, with what is missing. No value is carried past its validity.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from functools import lru_cache
from typing import Any

from core.clock import Instant
from core.errors import InputError, SettingsError

#: In the order of the chart. `pulse_per_min` is the ECG's heart rate or the pulse: the item's source says which.
PARAMETERS = ("rr_per_min", "spo2_pct", "oxygen", "sys_mmhg", "pulse_per_min", "consciousness", "temp_cel")
LABELS: Mapping[str, str] = {
    "rr_per_min": "RR",
    "spo2_pct": "SpO₂",
    "oxygen": "Air or oxygen",
    "sys_mmhg": "Systolic BP",
    "pulse_per_min": "Pulse",
    "consciousness": "ACVPU",
    "temp_cel": "Temp",
}
YOUNGEST_YEARS = 16
_FUTURE_TOLERANCE_S = 60.0
_END = math.inf


class Acvpu(StrEnum):
    """Alert, new Confusion, responds to Voice, to Pain, Unresponsive."""

    ALERT = "A"
    CONFUSION = "C"
    VOICE = "V"
    PAIN = "P"
    UNRESPONSIVE = "U"


class Risk(StrEnum):
    LOW = "low"
    LOW_MEDIUM = "low-medium"
    MEDIUM = "medium"
    HIGH = "high"


Bands = tuple[tuple[float, int], ...]  # (up to and including, points), rising

_RR: Bands = ((8, 3), (11, 1), (20, 0), (24, 2), (_END, 3))
_SPO2_SCALE_1: Bands = ((91, 3), (93, 2), (95, 1), (_END, 0))
_SPO2_SCALE_2_ON_AIR: Bands = ((83, 3), (85, 2), (87, 1), (_END, 0))
_SPO2_SCALE_2_ON_OXYGEN: Bands = ((83, 3), (85, 2), (87, 1), (92, 0), (94, 1), (96, 2), (_END, 3))
_SYS: Bands = ((90, 3), (100, 2), (110, 1), (219, 0), (_END, 3))
_PULSE: Bands = ((40, 3), (50, 1), (90, 0), (110, 1), (130, 2), (_END, 3))
_TEMP: Bands = ((35.0, 3), (36.0, 1), (38.0, 0), (39.0, 1), (_END, 2))
_BANDS: Mapping[str, Bands] = {"rr_per_min": _RR, "sys_mmhg": _SYS, "pulse_per_min": _PULSE, "temp_cel": _TEMP}
_OXYGEN_POINTS = 2
_NOT_ALERT_POINTS = 3
_DIGITS: Mapping[str, int] = {"temp_cel": 1}


@dataclass(frozen=True, slots=True)
class Item:
    """One value for the score. `value`: a number, for `oxygen` True on oxygen, for `consciousness` a letter of ACVPU.

    `source` is who entered it or what measured it ("Nurse 14", "ECG"); `monitored` values are valid for minutes only.
    """

    parameter: str
    value: float | bool | str
    at: Instant
    source: str
    monitored: bool = False


@dataclass(frozen=True, slots=True)
class Scored:
    """One line of the breakdown: the value as scored, its points, where from and when."""

    parameter: str
    value: float | bool | str
    points: int
    source: str
    at: Instant


@dataclass(frozen=True, slots=True)
class Policy:
    """What a site may set: validity in seconds, and the longest time to the next full set."""

    valid_s: Mapping[str, float] = field(default_factory=dict)  # per parameter, else `entered_valid_s`
    entered_valid_s: float = 3600.0
    monitored_valid_s: float = 300.0
    interval_zero_s: float = 12 * 3600.0
    interval_low_s: float = 4 * 3600.0
    interval_hourly_s: float = 3600.0
    interval_continuous_s: float = 1800.0  # monitored continuously; ACVPU and oxygen still need a person

    def __post_init__(self) -> None:
        unknown = sorted(set(self.valid_s) - set(PARAMETERS))
        if unknown:
            raise SettingsError(
                f"news2 valid: {unknown[0]} is no parameter of NEWS2", hint=f"One of {list(PARAMETERS)}."
            )
        for name, seconds in {**self.valid_s, **{name: getattr(self, name) for name in _POLICY_TIMES}}.items():
            if not 0 < seconds < _END:
                raise SettingsError(f"news2 {name}: {seconds} s is not a time above 0 s")

    def validity_s(self, item: Item) -> float:
        entered_s = self.valid_s.get(item.parameter, self.entered_valid_s)
        return min(entered_s, self.monitored_valid_s) if item.monitored else entered_s

    def interval_s(self, points: int, any3: bool) -> float:
        """The longest time until the next full set."""
        if points >= 7:
            return self.interval_continuous_s
        if points >= 5 or any3:
            return self.interval_hourly_s
        return self.interval_low_s if points else self.interval_zero_s


_POLICY_TIMES = (
    "entered_valid_s", "monitored_valid_s", "interval_zero_s",
    "interval_low_s", "interval_hourly_s", "interval_continuous_s",
)  # fmt: skip
USUAL = Policy()

#: The ward's response of the published table; a site may print its own.
RESPONSES: Mapping[Risk, str] = {
    Risk.LOW: "Ward care: the registered nurse decides on monitoring and escalation",
    Risk.LOW_MEDIUM: "The registered nurse informs the medical team, who review and decide on escalation",
    Risk.MEDIUM: "Urgent: the registered nurse informs the medical team at once; urgent assessment within 1 h",
    Risk.HIGH: "Emergency: the registered nurse informs the registrar or above; emergency assessment within 30 min",
}


@dataclass(frozen=True, slots=True)
class Score:
    """What a set adds up to at `now`. `points` is the total when `complete`, else the least it can be.

    `why_not` says why NEWS2 does not apply to this patient; then there is no score. `delta` is the change since the
    previous full set, None unless both are whole and on the same scale. `risk` of an incomplete score is the least.
    """

    points: int
    complete: bool
    any3: bool
    risk: Risk
    scale: int
    lines: tuple[Scored, ...]
    missing: tuple[str, ...]
    stale: tuple[str, ...]  # those of `missing` that have only a value past its validity
    delta: int | None
    interval_s: float
    why_not: str = ""

    @property
    def oldest(self) -> Instant | None:
        """A score is as old as its oldest value."""
        return min((line.at for line in self.lines), default=None)

    @property
    def newest(self) -> Instant | None:
        return max((line.at for line in self.lines), default=None)

    @property
    def response(self) -> str:
        return RESPONSES[self.risk]

    def text(self) -> str:
        """`7`, `incomplete, at least 5 (missing: Temp, ACVPU)`, `not applicable: under 16`."""
        if self.why_not:
            return f"not applicable: {self.why_not}"
        if self.complete:
            return str(self.points)
        return f"incomplete, at least {self.points} (missing: {', '.join(LABELS[name] for name in self.missing)})"

    def shown(self) -> dict[str, Any]:
        """What screens get of it."""
        short = "n/a" if self.why_not else str(self.points) if self.complete else f"≥ {self.points}"
        oldest = self.oldest
        return {
            "text": short,
            "complete": self.complete,
            "risk": "" if self.why_not else str(self.risk),
            "delta": "" if self.delta is None else f"{self.delta:+d}",
            "at_utc_s": oldest.utc_s if oldest else None,
            "scale": self.scale,
            "missing": [LABELS[name] for name in self.missing],
            "any3": self.any3,
            "words": self.text(),
        }

    def breakdown(self) -> list[dict[str, Any]]:
        """One entry per parameter in the chart's order; `points` is None where a valid value is missing."""
        by_name = {line.parameter: line for line in self.lines}
        table: list[dict[str, Any]] = []
        for name in PARAMETERS:
            line = by_name.get(name)
            entry: dict[str, Any] = {
                "parameter": name,
                "label": LABELS[name],
                "points": None,
                "stale": name in self.stale,
            }
            if line is not None:
                entry |= {"value": line.value, "source": line.source, "at_utc_s": line.at.utc_s, "points": line.points}
            table.append(entry)
        return table


def not_applicable(age_years: int | None, pregnant: bool) -> str:
    """Why NEWS2 may not be used here, empty where it may. An unknown age is taken as an adult's."""
    if age_years is not None and age_years < YOUNGEST_YEARS:
        return f"under {YOUNGEST_YEARS}"
    return "pregnancy" if pregnant else ""


@lru_cache(maxsize=4096)
def rounded(parameter: str, value: float) -> float:
    """To the chart's step, halves upwards: whole numbers, temperature to 0.1 °C."""
    if not math.isfinite(value):
        raise InputError(f"NEWS2 {LABELS[parameter]}: {value} is no number")
    step = Decimal(1).scaleb(-_DIGITS.get(parameter, 0))
    return float(Decimal(repr(float(value))).quantize(step, rounding=ROUND_HALF_UP))


def points_of(parameter: str, value: float | bool | str, *, scale: int = 1, on_oxygen: bool | None = None) -> int:
    """The points of one value by the table.

    SpO₂ of 93 % and more on scale 2 depends on oxygen: where that is not known (None), the least it can be.
    Raises InputError for a value that the parameter cannot have.
    """
    if parameter == "oxygen":
        return _OXYGEN_POINTS if value else 0
    if parameter == "consciousness":
        return 0 if _acvpu(value) is Acvpu.ALERT else _NOT_ALERT_POINTS
    if isinstance(value, str):
        raise InputError(f"NEWS2 {LABELS[parameter]}: {value!r} is no number")
    bands = _spo2_bands(scale, on_oxygen) if parameter == "spo2_pct" else _BANDS[parameter]
    step = rounded(parameter, value)
    for upto, points in bands:
        if step <= upto:
            return points
    raise AssertionError("the last band has no end")


def _spo2_bands(scale: int, on_oxygen: bool | None) -> Bands:
    if scale == 1:
        return _SPO2_SCALE_1
    return _SPO2_SCALE_2_ON_OXYGEN if on_oxygen else _SPO2_SCALE_2_ON_AIR


def _acvpu(value: float | bool | str) -> Acvpu:
    try:
        return Acvpu(str(value))
    except ValueError as error:
        raise InputError(f"NEWS2 ACVPU: {value!r} is not one of A, C, V, P, U") from error


def risk_of(points: int, any3: bool) -> Risk:
    """The clinical risk of a total and of whether any one parameter scores 3."""
    if points >= 7:
        return Risk.HIGH
    if points >= 5:
        return Risk.MEDIUM
    return Risk.LOW_MEDIUM if any3 else Risk.LOW


def score(
    items: Iterable[Item],
    now: Instant,
    *,
    scale: int = 1,
    policy: Policy = USUAL,
    previous: Score | None = None,
    age_years: int | None = None,
    pregnant: bool = False,
) -> Score:
    """The score at `now` from the newest valid value of each parameter.

    `scale` 2 only where a clinician has recorded a target of 88-92 %. `previous` is the last full set's score.
    """
    if scale not in (1, 2):
        raise InputError(f"NEWS2 has SpO₂ scales 1 and 2, not {scale}")
    why_not = not_applicable(age_years, pregnant)
    if why_not:
        return Score(0, False, False, Risk.LOW, scale, (), (), (), None, policy.interval_zero_s, why_not)
    valid, stale = _valid(items, now, policy)
    oxygen = valid.get("oxygen")
    on_oxygen = None if oxygen is None else bool(oxygen.value)
    lines = tuple(_line(valid[name], scale, on_oxygen) for name in PARAMETERS if name in valid)
    missing = tuple(name for name in PARAMETERS if name not in valid)
    points = sum(line.points for line in lines)
    any3 = any(line.points == 3 for line in lines)
    same = previous is not None and previous.complete and previous.scale == scale
    delta = points - previous.points if previous is not None and same and not missing else None
    return Score(
        points=points,
        complete=not missing,
        any3=any3,
        risk=risk_of(points, any3),
        scale=scale,
        lines=lines,
        missing=missing,
        stale=tuple(name for name in missing if name in stale),
        delta=delta,
        interval_s=policy.interval_s(points, any3),
    )


def _valid(items: Iterable[Item], now: Instant, policy: Policy) -> tuple[dict[str, Item], set[str]]:
    """The newest valid item of each parameter, and the parameters of which some item is past its validity."""
    valid: dict[str, Item] = {}
    stale: set[str] = set()
    for item in items:
        if item.parameter not in LABELS:
            raise InputError(f"{item.parameter} is no parameter of NEWS2")
        age_s = now.since(item.at)
        if age_s > policy.validity_s(item):
            stale.add(item.parameter)
        elif age_s >= -_FUTURE_TOLERANCE_S and (item.parameter not in valid or item.at >= valid[item.parameter].at):
            valid[item.parameter] = item
    return valid, stale


def _line(item: Item, scale: int, on_oxygen: bool | None) -> Scored:
    value = item.value
    if item.parameter == "oxygen":
        value = bool(value)
    elif item.parameter == "consciousness":
        value = str(_acvpu(value))
    points = points_of(item.parameter, value, scale=scale, on_oxygen=on_oxygen)
    if item.parameter not in ("oxygen", "consciousness"):
        value = rounded(item.parameter, float(value))
    return Scored(item.parameter, value, points, item.source, item.at)
