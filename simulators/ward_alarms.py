"""The monitor's own alarms: limits and rhythms watched second by second, told as PCD-04 start, continue and end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from simulators.physiology import Numerics
from simulators.scenarios import Condition, Rhythm
from simulators.ward_messages import (
    EVT_AF,
    EVT_APNOEA,
    EVT_ASYSTOLE,
    EVT_DESAT,
    EVT_HIGH,
    EVT_LEAD_OFF,
    EVT_LOW,
    EVT_PROBE_OFF,
    EVT_V_FIB,
    EVT_V_TACHY,
    HR,
    RR,
    SPO2,
    AlarmNote,
    Metric,
)

HIGH, MEDIUM, LOW = "PH", "PM", "PL"
PHYSIOLOGICAL, TECHNICAL = "SP", "ST"
CONTINUE_EVERY_S = 10.0


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one patient, as set at the monitor. `desat_pct` is the alarm of high priority."""

    hr_low: float = 50.0
    hr_high: float = 130.0
    rr_low: float = 8.0
    rr_high: float = 24.0
    spo2_low: float = 88.0
    desat_pct: float = 80.0


@dataclass(frozen=True, slots=True)
class Rule:
    """When an alarm of this name arises: after `delay_s` of its condition."""

    name: str
    event: tuple[int, str]
    text: str
    priority: str
    kind: str
    delay_s: float
    metric: Metric | None = None
    abnormality: str = ""


RULES: Mapping[str, Rule] = {
    rule.name: rule
    for rule in (
        Rule("hr-high", EVT_HIGH, "HR high", MEDIUM, PHYSIOLOGICAL, 5, HR, "H"),
        Rule("hr-low", EVT_LOW, "HR low", MEDIUM, PHYSIOLOGICAL, 5, HR, "L"),
        Rule("rr-high", EVT_HIGH, "RR high", MEDIUM, PHYSIOLOGICAL, 15, RR, "H"),
        Rule("rr-low", EVT_LOW, "RR low", MEDIUM, PHYSIOLOGICAL, 15, RR, "L"),
        Rule("spo2-low", EVT_LOW, "SpO2 low", MEDIUM, PHYSIOLOGICAL, 10, SPO2, "L"),
        Rule("desat", EVT_DESAT, "Desaturation", HIGH, PHYSIOLOGICAL, 5, SPO2, "L"),
        Rule("apnoea", EVT_APNOEA, "Apnoea", HIGH, PHYSIOLOGICAL, 20, RR),
        Rule("asystole", EVT_ASYSTOLE, "Asystole", HIGH, PHYSIOLOGICAL, 4, HR),
        Rule("vf", EVT_V_FIB, "Ventricular fibrillation", HIGH, PHYSIOLOGICAL, 4, HR),
        Rule("vt", EVT_V_TACHY, "Ventricular tachycardia", HIGH, PHYSIOLOGICAL, 3, HR),
        Rule("af", EVT_AF, "Atrial fibrillation", LOW, PHYSIOLOGICAL, 60, HR),
        Rule("leads-off", EVT_LEAD_OFF, "ECG leads off", LOW, TECHNICAL, 2, HR),
        Rule("probe-off", EVT_PROBE_OFF, "SpO2 sensor off", LOW, TECHNICAL, 2, SPO2),
    )
}


@dataclass(slots=True)
class _Running:
    since_s: float
    id: str = ""
    sequence: int = 0
    told_s: float = 0.0


class MonitorAlarms:
    """Of one monitor. `check` once a second; what it returns is to be sent, in order."""

    def __init__(self, prefix: str, limits: Limits) -> None:
        self.limits = limits
        self._prefix = prefix
        self._count = 0
        self._running: dict[str, _Running] = {}

    def check(self, now_s: float, numerics: Numerics, condition: Condition) -> list[tuple[Rule, AlarmNote]]:
        holding = self._holding(numerics, condition)
        notes: list[tuple[Rule, AlarmNote]] = []
        for name in [name for name in self._running if name not in holding]:
            running = self._running.pop(name)
            if running.id:
                notes.append(self._note(RULES[name], running, "end", None))
        for name, value in holding.items():
            rule, running = RULES[name], self._running.setdefault(name, _Running(now_s))
            if not running.id and now_s - running.since_s >= rule.delay_s:
                self._count += 1
                running.id, running.told_s = f"{self._prefix}-{self._count:04d}", now_s
                notes.append(self._note(rule, running, "start", value))
            elif running.id and now_s - running.told_s >= CONTINUE_EVERY_S:
                running.told_s = now_s
                notes.append(self._note(rule, running, "continue", value))
        return notes

    def end_all(self) -> list[tuple[Rule, AlarmNote]]:
        """The patient leaves: what was running is over."""
        ended = [(name, running) for name, running in self._running.items() if running.id]
        self._running.clear()
        return [self._note(RULES[name], running, "end", None) for name, running in ended]

    def _holding(self, numerics: Numerics, condition: Condition) -> dict[str, float | None]:
        """Names of the conditions that hold now, with the value that says so; in standby there are none."""
        if "standby" in condition.spells:
            return {}
        found: dict[str, float | None] = {name: None for name in ("leads-off", "probe-off") if name in condition.spells}
        if "leads-off" not in condition.spells:
            found |= _rhythm(numerics, condition)
            found |= self._outside("hr", numerics.hr_per_min, self.limits.hr_low, self.limits.hr_high)
            if condition.rr_per_min <= 0:
                found["apnoea"] = 0.0
            else:
                found |= self._outside("rr", numerics.rr_per_min, self.limits.rr_low, self.limits.rr_high)
        spo2 = None if numerics.spo2_pct is None else round(numerics.spo2_pct)
        if spo2 is not None and spo2 < self.limits.spo2_low:
            found["desat" if spo2 <= self.limits.desat_pct else "spo2-low"] = spo2
        return found

    @staticmethod
    def _outside(what: str, value: float | None, low: float, high: float) -> dict[str, float | None]:
        if value is None or value == 0:  # no heart rate is the business of asystole
            return {}
        shown = round(value)
        return {f"{what}-high": float(shown)} if shown > high else {f"{what}-low": float(shown)} if shown < low else {}

    def _note(self, rule: Rule, running: _Running, phase: str, value: float | None) -> tuple[Rule, AlarmNote]:
        limits = {HR: (self.limits.hr_low, self.limits.hr_high), RR: (self.limits.rr_low, self.limits.rr_high),
                  SPO2: (self.limits.spo2_low, 100.0)}  # fmt: skip
        low, high = limits[rule.metric] if rule.metric is not None and rule.abnormality else (None, None)
        note = AlarmNote(
            id=running.id,
            sequence=running.sequence,
            phase=phase,
            state="inactive" if phase == "end" else "active",
            priority=rule.priority,
            kind=rule.kind,
            event=rule.event,
            text=rule.text,
            metric=rule.metric,
            value=value,
            limits="" if low is None else f"{low:g}-{high:g}",
            abnormality=rule.abnormality,
        )
        running.sequence += 1
        return rule, note


def _rhythm(numerics: Numerics, condition: Condition) -> dict[str, float | None]:
    if condition.rhythm is Rhythm.SINUS:
        return {}
    hr = numerics.hr_per_min
    return {condition.rhythm.value: None if hr is None else float(round(hr))}
