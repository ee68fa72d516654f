"""A monitor's own alarm, as its feed tells it, to a finding."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from healthcare.alarms.finding import MONITOR, Finding
from healthcare.alarms.monitor_codes import measure_of, monitor_code
from healthcare.alarms.priority import AlarmClass, Priority
from healthcare.alarms.table import MONITOR_PREFIX

_PRIORITIES = {"PH": Priority.HIGH, "PM": Priority.MEDIUM, "PL": Priority.LOW}
_KINDS = {"SP": AlarmClass.PHYSIOLOGICAL, "ST": AlarmClass.TECHNICAL, "SA": AlarmClass.ADVISORY}
_OVER_PHASES, _OVER_STATES, _LATCHED = {"end", "reset"}, {"off", "inactive"}, "latched"
#: MDC_EVT_ALARM and nothing: the event says only that there is an alarm, its text says which.
_ANY_EVENT = {"196616", "0", ""}
_LONGEST_TEXT = 60
_LARGEST = 1e9  # of any figure; none of a monitor's is near it


def finding_of(alarm: Mapping[str, Any]) -> Finding:
    """From `alarm` of a `monitor-alarm` sample, by facet words of PCD-04: phase, state, priority `PH`, type `SP`.

    What the monitor has latched it still signals, so it is present. Alarms that have nothing but a text of their own
    are told apart by it.
    """
    event, source = str(alarm.get("code") or ""), str(alarm.get("source_code") or "")
    text, ref_id = str(alarm.get("text") or ""), str(alarm.get("ref_id") or "")
    kind = _KINDS.get(str(alarm.get("type") or ""))
    code = monitor_code(event, source, ref_id, kind)
    if code.startswith(MONITOR_PREFIX) and event in _ANY_EVENT:
        code = f"{code}:{text[:_LONGEST_TEXT]}"
    return Finding(
        code,
        _present(str(alarm.get("phase") or ""), str(alarm.get("state") or "")),
        text or ref_id,
        value=_figure(alarm.get("value")),
        measure=measure_of(source),
        priority=_PRIORITIES.get(str(alarm.get("priority") or "")),
        source=MONITOR,
        kind=kind,
        instance=str(alarm.get("id") or ""),
        inactivation=str(alarm.get("inactivation") or ""),
    )


def _figure(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and abs(value) < _LARGEST else None


def _present(phase: str, state: str) -> bool:
    return state == _LATCHED or not (phase in _OVER_PHASES or state in _OVER_STATES)
