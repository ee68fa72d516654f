"""Which of our alarms a monitor's own alarm is: MDC event code and source code, or their reference ids.

Codes of ISO/IEEE 11073-10101, partition 3 (196608 + term) and, from 61440, vendors' private terms. What is not here
stays the monitor's own alarm under the monitor's own name: it is shown beside ours, never dropped.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from healthcare.alarms.priority import AlarmClass
from healthcare.alarms.table import ALARM_KINDS, MONITOR_PREFIX

_EVENTS = 196608

#: Events that say the condition by themselves: term -> (reference id, our code).
_CONDITIONS = {
    136: ("MDC_EVT_BREATH_ABSENT", "apnoea"),
    3072: ("MDC_EVT_APNEA", "apnoea"),
    3076: ("MDC_EVT_ECG_ASYSTOLE", "asystole"),
    3084: ("MDC_EVT_ECG_SINUS_BRADY", "hr-low"),
    3086: ("MDC_EVT_ECG_BRADY_EXTREME", "extreme-brady"),
    3108: ("MDC_EVT_ECG_PAUSE", "pause"),
    3122: ("MDC_EVT_ECG_TACHY_EXTREME", "extreme-tachy"),
    3128: ("MDC_EVT_ECG_ATR_FIB", "af"),
    3224: ("MDC_EVT_ECG_V_TACHY", "vt"),
    3246: ("MDC_EVT_DESAT", "spo2-desat"),
    3262: ("MDC_EVT_ECG_SINUS_TACHY", "hr-high"),
    61444: ("MDC_EVT_ECG_V_FIB_TACHY", "vf"),
    61766: ("MDC_EVT_BRADY", "hr-low"),
    61768: ("MDC_EVT_TACHY", "hr-high"),
    72: ("MDC_EVT_LEAD_OFF", "leads-off"),
    268: ("MDC_EVT_LEAD_DISCONN", "leads-off"),
    274: ("MDC_EVT_LEADS_OFF", "leads-off"),
}
_BY_NAME = dict(_CONDITIONS.values()) | {"MDC_EVT_ECG_V_FIB": "vf"}
#: Events that need their source: a value above or below a limit, a sensor that is off.
_HIGH_TERMS, _HIGH_NAMES = {40, 42}, {"MDC_EVT_HI", "MDC_EVT_HI_GT_LIM", "MDC_EVT_HI_VAL_GT_LIM"}
_LOW_TERMS, _LOW_NAMES = {62, 64, 66}, {"MDC_EVT_LO", "MDC_EVT_LO_LT_LIM", "MDC_EVT_LO_VAL_LT_LIM"}
_SENSOR_OFF = {308: "MDC_EVT_SENSOR_DISCONN"}
_OXIMETER = {150456, 149530, 150452}

#: Metrics of partition 2: what the limit is a limit of. The first word of a measure names its limit alarms.
_MEASURES: Mapping[int, str] = MappingProxyType(
    {147842: "hr_per_min", 149530: "pr_per_min", 149546: "pr_per_min", 150456: "spo2_pct", 151708: "etco2_mmhg"}
    | dict.fromkeys((151562, 151570, 151594), "rr_per_min")
    | dict.fromkeys((150344, 150364, 188496), "temp_cel")
    | dict.fromkeys((150020, 150021, 150301), "nibp_sys_mmhg")
    | dict.fromkeys((150022, 150302), "nibp_dia_mmhg")
    | dict.fromkeys((150023, 150303), "nibp_map_mmhg")
    | dict.fromkeys((150032, 150033, 150036, 150037), "abp_sys_mmhg")
    | dict.fromkeys((150034, 150038), "abp_dia_mmhg")
    | dict.fromkeys((150035, 150039), "abp_map_mmhg")
)


def _number(text: str) -> int:
    return int(text) if len(text) <= 7 and text.isascii() and text.isdigit() else -1


def _side(term: int, ref_id: str) -> str:
    if term in _HIGH_TERMS or ref_id in _HIGH_NAMES:
        return "high"
    return "low" if term in _LOW_TERMS or ref_id in _LOW_NAMES else ""


def measure_of(source_code: str) -> str:
    """`spo2_pct` for `150456`; empty for a source that is none of our measures."""
    return _MEASURES.get(_number(source_code), "")


def monitor_code(event_code: str, source_code: str, ref_id: str = "", kind: AlarmClass | None = None) -> str:
    """Our code for a monitor's alarm, or `monitor:<event code>:<source code>` where we have none.

    `ref_id` (`MDC_EVT_LO`) counts where the number says nothing. `kind` is what the monitor calls it: its technical
    alarm is never taken for one about the patient, nor the other way round.
    """
    code = _meaning(_number(event_code) - _EVENTS, source_code, ref_id)
    if code and (kind is None or ALARM_KINDS[code].kind is kind):
        return code
    return f"{MONITOR_PREFIX}{event_code or ref_id}:{source_code}"


def _meaning(term: int, source_code: str, ref_id: str) -> str:
    if term in _CONDITIONS:
        return _CONDITIONS[term][1]
    if ref_id in _BY_NAME:
        return _BY_NAME[ref_id]
    side, measure = _side(term, ref_id), measure_of(source_code)
    if side and measure:
        return f"{measure.partition('_')[0]}-{side}"
    sensor_off = term in _SENSOR_OFF or ref_id in _SENSOR_OFF.values()
    return "probe-off" if sensor_off and _number(source_code) in _OXIMETER else ""


def our_code(code: str, kind: AlarmClass | None = None) -> str:
    """`spo2-low` for `monitor:196670:150456`; any other code as it is."""
    if not code.startswith(MONITOR_PREFIX):
        return code
    event_code, _, source_code = code.removeprefix(MONITOR_PREFIX).partition(":")
    ours = monitor_code(event_code, source_code, kind=kind)
    return code if ours.startswith(MONITOR_PREFIX) else ours
