"""One bed of the simulated ward: who lies in it, the monitor beside it, and what that sends from moment to moment."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from simulators.physiology import CHANNELS, Numerics, Patient, Wave
from simulators.scenarios import MOVES, Baseline, Condition, condition_at
from simulators.ward_alarms import MonitorAlarms, Rule
from simulators.ward_messages import (
    ABP_DIA,
    ABP_MEAN,
    ABP_SYS,
    HR,
    NIBP_DIA,
    NIBP_MEAN,
    NIBP_SYS,
    PERFUSION,
    PR,
    PVC,
    RR,
    SPO2,
    TEMP,
    AlarmNote,
    Metric,
    Person,
    Value,
)
from simulators.ward_records import RecordedWaves
from simulators.ward_script import BedScript, device_of, location_of

_TEMP_EVERY_S = 60.0
_CUFF_MOST_MMHG, _CUFF_LEAST_MMHG = 260, 45
_SECOND_TEMP = Metric(TEMP.code, TEMP.ref_id, "1.26.2.1", TEMP.unit, TEMP.digits)


class Bed:
    """`person` and `baseline` None: it is empty. Times are seconds since the ward began, and never go back."""

    def __init__(self, script: BedScript, unit: str, seed: int, person: Person | None) -> None:
        self.number = script.bed
        self.script = script
        self.location = location_of(unit, script.bed)
        self.device = device_of(script.bed)
        self.person = person
        self.baseline: Baseline | None = script.baseline
        self.alarms = MonitorAlarms(f"{script.bed:03d}", script.limits)
        self.record: RecordedWaves | None = None
        self._rng = np.random.default_rng([seed, script.bed])
        self._sway = tuple(float(number) for number in self._rng.random(3))
        self._episodes = [episode for episode in script.episodes if episode.kind not in MOVES]
        self._body = Patient(self._rng)
        self._next_cuff_s = 12.0 + 3.0 * (script.bed % 16)
        self._next_temp_s = 2.0

    def lay(self, person: Person, baseline: Baseline) -> None:
        """Somebody comes into the empty bed."""
        self.person, self.baseline = person, baseline
        self._body = Patient(self._rng)

    def leave(self) -> tuple[Person, Baseline] | None:
        """Whoever lay here is gone; None where nobody did."""
        if self.person is None or self.baseline is None:
            return None
        left, self.person, self.baseline = (self.person, self.baseline), None, None
        return left

    def condition(self, t_s: float) -> Condition | None:
        """None: the bed is empty."""
        return None if self.baseline is None else condition_at(self.baseline, self._episodes, t_s, self._sway)

    def waves(self, start_s: float, end_s: float, condition: Condition) -> dict[str, Wave]:
        """What the monitor measures in that time; the body goes on even while it sends nothing."""
        made = self._body.chunk(start_s, end_s, condition, abp=self.script.abp)
        if self.record is None:
            return made
        return self.record.chunk(start_s, end_s) | {"resp_ohm": made["resp_ohm"]}

    def numerics(self, now_s: float, condition: Condition) -> Numerics:
        """With the heart of the record, where one is played."""
        made = self._body.numerics(now_s, condition)
        if self.record is None:
            return made
        rate = self.record.heart_rate(now_s)
        return replace(made, hr_per_min=rate, pr_per_min=rate, pvc_per_min=None)

    def values(self, now_s: float, now_utc_s: float, condition: Condition, numerics: Numerics) -> list[Value]:
        """The rows of the next PCD-01 message."""
        leads, probe = (
            {HR: numerics.hr_per_min, PVC: numerics.pvc_per_min, RR: numerics.rr_per_min},
            {SPO2: numerics.spo2_pct, PR: numerics.pr_per_min, PERFUSION: numerics.perfusion_pct},
        )
        rows = [Value(metric, value, sentinel=self.script.sentinel) for metric, value in (leads | probe).items()]
        if self.script.abp and condition.has_pulse:
            rows += self._pressures(condition, (ABP_SYS, ABP_DIA, ABP_MEAN), None)
        if now_s >= self._next_cuff_s:
            self._next_cuff_s = now_s + 60 * self.script.cuff_every_min
            if condition.has_pulse:
                rows += self._pressures(condition, (NIBP_SYS, NIBP_DIA, NIBP_MEAN), now_utc_s - 4)
        if now_s >= self._next_temp_s and condition.temp_cel is not None:
            self._next_temp_s = now_s + _TEMP_EVERY_S
            rows.append(Value(TEMP, condition.temp_cel))
            if self.script.second_probe:
                rows.append(Value(_SECOND_TEMP, condition.temp_cel - 0.6))
        return rows

    def watch(self, now_s: float, numerics: Numerics, condition: Condition) -> list[tuple[Rule, AlarmNote]]:
        return self.alarms.check(now_s, numerics, condition)

    def _pressures(
        self, condition: Condition, metrics: tuple[Metric, Metric, Metric], taken_utc_s: float | None
    ) -> list[Value]:
        systolic = min(_CUFF_MOST_MMHG, max(_CUFF_LEAST_MMHG, condition.sys_mmhg + float(self._rng.normal(0, 1.5))))
        diastolic = min(systolic - 12, condition.dia_mmhg + float(self._rng.normal(0, 1.5)))
        mean = diastolic + (systolic - diastolic) / 3
        numbers = zip(metrics, (systolic, diastolic, mean), strict=True)
        return [Value(metric, number, taken_utc_s) for metric, number in numbers]


def first_sample(channel: str, start_s: float) -> int:
    """The number of a channel's first sample at or after `start_s`, counted since the ward began."""
    return math.ceil(round(start_s * CHANNELS[channel], 6))


def is_sending(condition: Condition | None) -> bool:
    """Whether the monitor sends waves and numerics."""
    return condition is not None and not condition.spells & {"monitor-off", "standby"}
