"""From what an SDC device says to the readings, waves and alarms that the HL7 feed and the wave stream give.

Metrics are named and converted by the tables of the HL7 feed: the codes are the same (ISO/IEEE 11073-10101). Settings
of a device are never read as measurements. Validity: ISO/IEEE 11073-10207, 5.2.4.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from healthcare.alarms.finding import ACKNOWLEDGED_AT_BEDSIDE
from healthcare.hl7.nomenclature import Metric, WaveKind, named
from healthcare.hl7.units import Unit, unit_of
from healthcare.measures import MEASURES
from healthcare.sdc.facts import Coded, Condition, Numeric, SampleArray

#: Measured or computed from what was measured; not Set, Preset, Rcmm.
_MEASURED = frozenset({"Msrmt", "Clc", "Unspec"})
_VALID, _QUESTIONABLE = frozenset({"Vld", "Vldated"}), "Qst"
_ABSENT: Mapping[str, str] = MappingProxyType(
    {"Ong": "measuring", "Calib": "calibrating", "Inv": "invalid", "Oflw": "overflow", "Uflw": "underflow",
     "NA": "not available"}
)  # fmt: skip
_OFF: Mapping[str, str] = MappingProxyType(
    {"NotRdy": "not ready", "StndBy": "standby", "Off": "off", "Shtdn": "shut down", "Fail": "failed"}
)
_PRIORITIES: Mapping[str, str] = MappingProxyType({"Hi": "PH", "Me": "PM", "Lo": "PL", "None": "PN"})
_TYPES: Mapping[str, str] = MappingProxyType({"Phy": "SP", "Tec": "ST"})  # Oth: the event says what it is
_RATES_HZ = (1.0, 4000.0)
_LONGEST_S = 30.0
_LARGEST = 1e9


@dataclass(frozen=True, slots=True)
class SdcWave:
    """A piece of a wave in the channel's unit, NaN where there is none. `start_utc_s` by the device's clock."""

    channel: str
    rate_hz: float
    samples: NDArray[np.float32] = field(repr=False)
    start_utc_s: float | None


def is_measure(type_: Coded, unit: Coded, category: str = "Msrmt") -> tuple[Metric, Unit] | None:
    """The vital sign that a metric is, and its unit; None for what is none of ours or in a unit of something else."""
    metric = named(type_.code, type_.ref_id).metric if category in _MEASURED else None
    own = unit_of(unit.code, unit.ref_id)
    return (metric, own) if metric is not None and own is not None and own.family == metric.family else None


def reading_of(numeric: Numeric) -> dict[str, Any] | None:
    """One of `Sample.values["readings"]`, before JSON; None for a metric that is none of our vital signs."""
    known = is_measure(numeric.type, numeric.unit, numeric.category)
    if known is None:
        return None
    metric, unit = known
    absent = _absence(numeric.activation, numeric.validity)
    value = None if absent else _figure(numeric.value, unit)
    return {
        "measure": metric.measure,
        "instance": numeric.handle,
        "value": value,
        "unit": MEASURES[metric.measure].unit,
        "at_utc_s": _moment(numeric.at_utc_s),
        "absent": absent or ("" if value is not None else "no value"),
        "code": numeric.type.code,
        "ref_id": numeric.type.ref_id or metric.ref_ids[0],
        "site": numeric.site or metric.site,
        "zone_assumed": False,
        "questionable": numeric.validity == _QUESTIONABLE,
        "at_odds": False,
    }


def wave_kind(type_: Coded, unit: Coded, category: str = "Msrmt") -> tuple[WaveKind, Unit] | None:
    """The channel that a sample array is, and its unit; None for what is none of ours."""
    wave = named(type_.code, type_.ref_id).wave if category in _MEASURED else None
    own = unit_of(unit.code, unit.ref_id)
    return (wave, own) if wave is not None and own is not None and own.family in wave.families else None


def wave_of(array: SampleArray) -> SdcWave | None:
    """None for an array that is none of our channels, is empty, or has a rate or length that no wave has."""
    known = wave_kind(array.type, array.unit, array.category)
    rate_hz = 1.0 / array.period_s if array.period_s > 0 else 0.0
    if known is None or not array.samples or not _RATES_HZ[0] <= rate_hz <= _RATES_HZ[1]:
        return None
    if len(array.samples) > _LONGEST_S * rate_hz:
        return None
    kind, unit = known
    with np.errstate(over="ignore", invalid="ignore"):
        samples = (np.asarray(array.samples, np.float64) * unit.scale + unit.shift).astype(np.float32)
    if _absence(array.activation, array.validity):
        samples[:] = np.nan
    samples[~np.isfinite(samples)] = np.nan
    return SdcWave(kind.channel, rate_hz, samples, _moment(array.start_utc_s))


def alarm_of(condition: Condition, device: str) -> dict[str, Any]:
    """`alarm` of a `monitor-alarm` sample, in the words of PCD-04. The device's own priority stands."""
    latched = any(signal.presence == "Latch" for signal in condition.signals)
    value, unit, limits = _monitored(condition)
    source = condition.source.type if condition.source is not None else Coded()
    return {
        "id": f"{device}:{condition.handle}",
        "phase": "continue" if condition.present or latched else "end",
        "state": "active" if condition.present else "latched" if latched else "inactive",
        "inactivation": _inactivation(condition),
        "priority": _PRIORITIES.get(condition.priority, ""),
        "type": _TYPES.get(condition.kind, ""),
        "code": condition.type.code,
        "ref_id": condition.type.ref_id,
        "text": condition.type.text or condition.type.ref_id or condition.handle,
        "value": value,
        "unit": unit,
        "limits": limits,
        "abnormality": "",
        "source_code": source.code,
        "source_ref": source.ref_id,
        "at_utc_s": _moment(condition.at_utc_s),
    }


def ended(alarm: Mapping[str, Any]) -> dict[str, Any]:
    """The same alarm when its condition is no longer described: it is over."""
    return {**alarm, "phase": "end", "state": "inactive"}


def _absence(activation: str, validity: str) -> str:
    """Why there is no value; empty where there is one. A word that is not known stands for no value."""
    if activation != "On":
        return _OFF.get(activation, "off")
    if validity in _VALID or validity == _QUESTIONABLE:
        return ""
    return _ABSENT.get(validity, "no value")


def _figure(value: float | None, unit: Unit) -> float | None:
    if value is None or not math.isfinite(value) or abs(value) > _LARGEST:
        return None
    return value if unit.scale == 1 and not unit.shift else round(unit.own(value), 3)


def _moment(utc_s: float | None) -> float | None:
    return utc_s if utc_s is not None and math.isfinite(utc_s) and abs(utc_s) < 1e11 else None


def _monitored(condition: Condition) -> tuple[float | None, str, str]:
    """Value, unit and limits of what is monitored, in the unit of the vital sign."""
    source = condition.source
    known = is_measure(source.type, source.unit, source.category) if source is not None else None
    if source is None or known is None:
        return None, "", ""
    metric, unit = known
    value = None if _absence(source.activation, source.validity) else _figure(source.value, unit)
    low, high = (_figure(limit, unit) for limit in condition.limits)
    return value, MEASURES[metric.measure].unit, _range(low, high)


def _range(low: float | None, high: float | None) -> str:
    """As OBX-7 has it: `90-100`, `>90`, `<130`."""
    if low is not None and high is not None:
        return f"{low:g}-{high:g}"
    return f">{low:g}" if low is not None else f"<{high:g}" if high is not None else ""


def _inactivation(condition: Condition) -> str:
    """The word of PCD-04 for what people have silenced at the device: whole alarms before their sound."""
    sounds = [signal for signal in condition.signals if signal.manifestation == "Aud"]
    heard = {signal.presence for signal in sounds or condition.signals}
    if "Ack" in heard and not heard & {"On", "Latch"}:
        return ACKNOWLEDGED_AT_BEDSIDE
    states = {condition.activation, condition.system}
    if states & {"Off", "Psd"}:
        return "alarm-off" if "Off" in states else "alarm-paused"
    if sounds and all(signal.activation in ("Off", "Psd") for signal in sounds):
        return "audio-off" if all(signal.activation == "Off" for signal in sounds) else "audio-paused"
    return "enabled"
