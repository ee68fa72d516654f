"""Which values of a monitor cannot be the patient's: implausible, too sudden, or against each other.

A rejected value is no value: its state is invalid, with why in words. No rule looks at whether a value would alarm,
and each errs towards keeping it: the rules for pressures and breaths leave alone what a dying patient would show. The
figures are this product's, from general practice (`docs/healthcare/vital-signs.md`), except where a source is named.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from healthcare.measures import MEASURES

LOW_PERFUSION_PCT = 0.3
SPO2_STEP_PCT, SPO2_STEP_WITHIN_S = 10.0, 2.0
TEMP_PER_MIN_CEL = 0.5
TEMP_SETTLED_S = 300.0
FLUSH_ABOVE_MMHG = 200.0
FLAT_BELOW_MMHG = 10.0
ZERO_WITHIN_MMHG = 5.0
FLUSH_REST_S = 60.0
DAMPED_FROM_MAP_MMHG = 60.0  # a flat line below this may be a patient without a pulse
CARDIAC_WITHIN_PER_MIN = 2.0
CARDIAC_FROM_PER_MIN = 15.0  # below this a heart rate is no heart rate, and no breath an apnoea
_BESIDE_S = 10.0  # for how long a value may be held against one of another message
_TRIOS = (
    ("nibp_sys_mmhg", "nibp_map_mmhg", "nibp_dia_mmhg"),
    ("abp_sys_mmhg", "abp_map_mmhg", "abp_dia_mmhg"),
)
Values = Mapping[str, float]


class ArtefactRules:
    """Of one bed, and of one instance of each measure. Times are seconds of one monotonic clock."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Another patient, or another sensor."""
        self._last: dict[str, tuple[float, float]] = {}  # accepted: value, when
        self._temp_rejected: tuple[float, float] | None = None  # the level that was rejected, since when
        self._abp_rest_until_s: float | None = None
        self._abp_rest_why = ""

    def judge(self, values: Values, at_s: float) -> dict[str, str]:
        """Why, for each of these values of one message that is no value; the others are taken.

        NaN is implausible. Absent values are not given.
        """
        wrong: dict[str, str] = {}
        for measure, value in values.items():
            facts = MEASURES[measure]
            if not facts.plausible(value):
                wrong[measure] = f"outside {facts.lowest:g} to {facts.highest:g} {facts.unit}"
        whole = {measure: value for measure, value in values.items() if measure not in wrong}
        for trio in _TRIOS:
            wrong |= self._pressures(trio, whole, at_s)
        for rule in (self._saturation, self._temperature, self._breaths):
            wrong |= rule(whole, at_s)
        for measure, value in whole.items():
            if measure not in wrong:
                self._last[measure] = (value, at_s)
        return wrong

    def state(self, now_s: float) -> dict[str, Any]:
        """For JSON: what must not be forgotten over a restart is the rest after a flush."""
        rest_s = 0.0 if self._abp_rest_until_s is None else max(0.0, self._abp_rest_until_s - now_s)
        return {"abp_rest_s": rest_s, "abp_rest_why": self._abp_rest_why} if rest_s else {}

    def restore(self, kept: Mapping[str, Any], now_s: float, away_s: float) -> None:
        rest_s = float(kept.get("abp_rest_s", 0.0)) - away_s
        if rest_s > 0:
            self._abp_rest_until_s, self._abp_rest_why = now_s + rest_s, str(kept["abp_rest_why"])

    def _beside(self, measure: str, values: Values, at_s: float) -> float | None:
        """The value of another measure: of this message, else the last one while it is fresh."""
        if measure in values:
            return values[measure]
        last = self._last.get(measure)
        return last[0] if last is not None and at_s - last[1] <= _BESIDE_S else None

    def _saturation(self, values: Values, at_s: float) -> dict[str, str]:
        last, value = self._last.get("spo2_pct"), values.get("spo2_pct")
        perfusion_pct = self._beside("perfusion_pct", values, at_s)
        if last is None or value is None or perfusion_pct is None or perfusion_pct >= LOW_PERFUSION_PCT:
            return {}
        step_pct, within_s = abs(value - last[0]), at_s - last[1]
        if step_pct <= SPO2_STEP_PCT or within_s > SPO2_STEP_WITHIN_S:
            return {}
        return {
            "spo2_pct": f"moved {step_pct:.0f} % in {max(within_s, 1):.0f} s at a perfusion of {perfusion_pct:.1f} %"
        }

    def _temperature(self, values: Values, at_s: float) -> dict[str, str]:
        """A probe that was moved; a new level that stands for five minutes is the new one."""
        last, value = self._last.get("temp_cel"), values.get("temp_cel")
        if last is None or value is None:
            return {}
        minutes = max(1.0, (at_s - last[1]) / 60.0)
        if abs(value - last[0]) <= TEMP_PER_MIN_CEL * minutes + 1e-9:
            self._temp_rejected = None
            return {}
        level = self._temp_rejected
        if level is None or abs(value - level[0]) > TEMP_PER_MIN_CEL:
            self._temp_rejected = level = (value, at_s)
        if at_s - level[1] >= TEMP_SETTLED_S:
            self._temp_rejected = None
            return {}
        return {"temp_cel": f"moved {abs(value - last[0]):.1f} °C in {minutes:.0f} min: probe moved"}

    def _pressures(self, trio: tuple[str, str, str], values: Values, at_s: float) -> dict[str, str]:
        sys_mmhg, map_mmhg, dia_mmhg = (values.get(name) for name in trio)
        given = [name for name in trio if name in values]
        arterial = trio[0].startswith("abp")
        why = _out_of_order(sys_mmhg, map_mmhg, dia_mmhg, may_be_equal=arterial)
        if arterial:
            why = self._line(sys_mmhg, map_mmhg, dia_mmhg, at_s) or why
        return dict.fromkeys(given, why) if why else {}

    def _line(self, sys_mmhg: float | None, map_mmhg: float | None, dia_mmhg: float | None, at_s: float) -> str:
        """What was done to an arterial line: flushed, opened to air; and for a minute after that."""
        if sys_mmhg is None or dia_mmhg is None:
            return self._rest(at_s)
        mean_mmhg = dia_mmhg + (sys_mmhg - dia_mmhg) / 3 if map_mmhg is None else map_mmhg
        flat = sys_mmhg - dia_mmhg < FLAT_BELOW_MMHG
        if flat and mean_mmhg > FLUSH_ABOVE_MMHG:
            return self._rest_after("line flushed", at_s)
        if max(abs(sys_mmhg), abs(dia_mmhg)) <= ZERO_WITHIN_MMHG:
            return self._rest_after("line open to air", at_s)
        if rest := self._rest(at_s):
            return rest
        if flat and mean_mmhg >= DAMPED_FROM_MAP_MMHG:
            return f"line damped: pulse pressure {sys_mmhg - dia_mmhg:.0f} mmHg"
        return ""

    def _rest_after(self, why: str, at_s: float) -> str:
        self._abp_rest_until_s, self._abp_rest_why = at_s + FLUSH_REST_S, why
        return why

    def _rest(self, at_s: float) -> str:
        until_s = self._abp_rest_until_s
        if until_s is None or at_s >= until_s:
            self._abp_rest_until_s = None
            return ""
        return f"{self._abp_rest_why} {FLUSH_REST_S - (until_s - at_s):.0f} s ago"

    def _breaths(self, values: Values, at_s: float) -> dict[str, str]:
        """Impedance that counts heartbeats: as many breaths as beats."""
        rr_per_min, hr_per_min = values.get("rr_per_min"), self._beside("hr_per_min", values, at_s)
        if rr_per_min is None or hr_per_min is None:
            return {}
        if min(rr_per_min, hr_per_min) < CARDIAC_FROM_PER_MIN or abs(rr_per_min - hr_per_min) > CARDIAC_WITHIN_PER_MIN:
            return {}
        return {"rr_per_min": f"as many breaths as beats ({hr_per_min:.0f}): heart picked up as breathing"}


def _out_of_order(sys_mmhg: float | None, map_mmhg: float | None, dia_mmhg: float | None, *, may_be_equal: bool) -> str:
    """Systolic > mean > diastolic, as far as they are given; a line without pulse may show three equal ones."""
    given = [value for value in (sys_mmhg, map_mmhg, dia_mmhg) if value is not None]
    if all(upper > lower or (may_be_equal and upper == lower) for upper, lower in pairwise(given)):
        return ""
    return f"not in order: {'/'.join(f'{value:.0f}' for value in given)} mmHg"
