"""The alarm table: every condition this box can alarm. `docs/healthcare/alarm-table.md` shows it, held to it by a test.

Priorities follow the matrix of IEC 60601-1-8 (harm by onset); they and the delays are this product's choice and a
site's to confirm. A monitor's own alarms come with their own code and priority: see `kind_of`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from healthcare.alarms.finding import Finding
from healthcare.alarms.priority import AlarmClass, Priority
from healthcare.measures import MEASURES

_LOW, _MEDIUM, _HIGH = Priority.LOW, Priority.MEDIUM, Priority.HIGH
_BODY, _KIT, _ADVICE = AlarmClass.PHYSIOLOGICAL, AlarmClass.TECHNICAL, AlarmClass.ADVISORY
MONITOR_PREFIX = "monitor:"


@dataclass(frozen=True, slots=True)
class AlarmKind:
    """One row of the table.

    `latching`: once ended without a person it stays, until one has seen it. `delay_s`: how long the condition holds
    before a rule reports it (0: the rule confirms by itself, within 10 s). `vetoed_by`: what may contradict it, `lead`
    or `pulse`. `rises`: unacknowledged it becomes medium after a minute (high on a telemetry-critical bed).
    `audible`: False shows it without a sound, while it is low.
    """

    code: str
    kind: AlarmClass
    priority: Priority
    label: str
    measure: str = ""
    latching: bool = False
    delay_s: float = 0.0
    vetoed_by: tuple[str, ...] = ()
    rises: bool = False
    audible: bool = True


def _limits(family: str, measure: str, low: Priority, high: Priority, delay_s: float) -> tuple[AlarmKind, ...]:
    label = MEASURES[measure].label
    return (
        AlarmKind(f"{family}-low", _BODY, low, label, measure, delay_s=delay_s),
        AlarmKind(f"{family}-high", _BODY, high, label, measure, delay_s=delay_s),
    )


def _rhythm(code: str, label: str, priority: Priority, *vetoed_by: str) -> AlarmKind:
    return AlarmKind(code, _BODY, priority, label, "hr_per_min", latching=priority is _HIGH, vetoed_by=vetoed_by)


def _technical(
    code: str, label: str, *, priority: Priority = _LOW, measure: str = "", delay_s: float = 0.0, rises: bool = False
) -> AlarmKind:
    return AlarmKind(code, _KIT, priority, label, measure, delay_s=delay_s, rises=rises)


_ALL = (
    *_limits("hr", "hr_per_min", _MEDIUM, _MEDIUM, 10.0),
    *_limits("pr", "pr_per_min", _MEDIUM, _MEDIUM, 10.0),
    *_limits("spo2", "spo2_pct", _MEDIUM, _LOW, 15.0),
    *_limits("rr", "rr_per_min", _MEDIUM, _MEDIUM, 20.0),
    *_limits("nibp", "nibp_sys_mmhg", _MEDIUM, _MEDIUM, 0.0),
    *_limits("abp", "abp_sys_mmhg", _MEDIUM, _MEDIUM, 10.0),
    *_limits("temp", "temp_cel", _LOW, _LOW, 60.0),
    *_limits("etco2", "etco2_mmhg", _MEDIUM, _MEDIUM, 20.0),
    AlarmKind("spo2-desat", _BODY, _HIGH, "Desaturation", "spo2_pct", latching=True, delay_s=5.0),
    AlarmKind("apnoea", _BODY, _HIGH, "Apnoea", "rr_per_min", latching=True, delay_s=20.0),
    _rhythm("asystole", "Asystole", _HIGH, "lead", "pulse"),
    _rhythm("vf", "Ventricular fibrillation", _HIGH, "lead"),
    _rhythm("vt", "Ventricular tachycardia", _HIGH, "lead", "pulse"),
    _rhythm("extreme-brady", "Extreme bradycardia", _HIGH, "lead", "pulse"),
    _rhythm("extreme-tachy", "Extreme tachycardia", _HIGH, "lead", "pulse"),
    _rhythm("pause", "Pause", _MEDIUM, "lead", "pulse"),
    _rhythm("af", "Atrial fibrillation, onset", _MEDIUM, "lead"),
    _technical("leads-off", "ECG leads off", rises=True),
    _technical("probe-off", "SpO₂ probe off", measure="spo2_pct", rises=True),
    _technical("other-patient", "Monitor names another patient", priority=_MEDIUM, rises=True),
    _technical("no-data", "No data from monitor", delay_s=10.0, rises=True),
    _technical("signal-poor", "Poor signal", delay_s=10.0, rises=True),
    _technical("wave-lost", "Waves lost", delay_s=5.0, rises=True),
    _technical("feed-lost", "Monitor feed lost", priority=_MEDIUM, delay_s=10.0, rises=True),
    _technical("store-lost", "Nothing can be recorded", priority=_MEDIUM),
    _technical("pager-lost", "Pager system not reached", priority=_MEDIUM),
    _technical("out-waiting", "Messages wait to be sent"),
    _technical("hr-mismatch", "HR and pulse differ", measure="hr_per_min", delay_s=30.0),
    _technical("clock-skew", "Monitor clock differs"),
    _technical("model-lost", "Beat classes not available"),
    AlarmKind("news2-high", _ADVICE, _MEDIUM, "NEWS2, emergency response"),
    AlarmKind("news2-medium", _ADVICE, _MEDIUM, "NEWS2, urgent response"),
    AlarmKind("news2-rise", _ADVICE, _LOW, "NEWS2 risen"),
    AlarmKind("trend", _ADVICE, _LOW, "Trend", audible=False),
    AlarmKind("obs-overdue", _ADVICE, _LOW, "Observations overdue", audible=False),
)

ALARM_KINDS: Mapping[str, AlarmKind] = MappingProxyType({kind.code: kind for kind in _ALL})


def kind_of(code: str, finding: Finding) -> AlarmKind:
    """The row of `code`; for a monitor's own alarm that no row covers, a row made of what the monitor said.

    A code that is in no table is alarmed all the same, at medium: a condition is never lost over a name.
    """
    known = ALARM_KINDS.get(code)
    if known is not None:
        return known
    priority = _MEDIUM if finding.priority is None else finding.priority
    kind = finding.kind or _BODY
    measure = MEASURES.get(finding.measure)
    label = measure.label if measure else "Monitor" if code.startswith(MONITOR_PREFIX) else code
    latching = kind is _BODY and priority is _HIGH
    return AlarmKind(code, kind, priority, label, finding.measure, latching=latching)
