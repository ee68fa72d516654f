"""What each vital sign is called outside: LOINC, MDC (ISO/IEEE 11073-10101) and UCUM.

LOINC codes are those of the FHIR R4 vital-signs profiles (https://hl7.org/fhir/R4/observation-vitalsigns.html); the
first of a row is the profile's own. A sign without one is named by its MDC code alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from healthcare.hl7.nomenclature import METRICS

LOINC, MDC, UCUM = "http://loinc.org", "urn:iso:std:iso:11073:10101", "http://unitsofmeasure.org"


@dataclass(frozen=True, slots=True)
class Sign:
    """One vital sign; `loinc` are (code, display), `profile` the last part of the name of its R4 profile."""

    measure: str
    mdc: int
    loinc: tuple[tuple[str, str], ...] = ()
    profile: str = "vitalsigns"
    mdc_unit: tuple[str, str] = ("", "")

    @property
    def mdc_name(self) -> str:
        return METRICS[self.mdc].ref_ids[0]


_PER_MIN = ("264864", "MDC_DIM_BEAT_PER_MIN")
_BREATHS = ("264928", "MDC_DIM_RESP_PER_MIN")
_PERCENT, _MMHG, _CEL = ("262688", "MDC_DIM_PERCENT"), ("266016", "MDC_DIM_MMHG"), ("268192", "MDC_DIM_DEGC")
_HEART_RATE = ("8867-4", "Heart rate")
_SYS, _DIA = ("8480-6", "Systolic blood pressure"), ("8462-4", "Diastolic blood pressure")
_MAP = ("8478-0", "Mean blood pressure")
_SPO2 = (
    ("2708-6", "Oxygen saturation in Arterial blood"),
    ("59408-5", "Oxygen saturation in Arterial blood by Pulse oximetry"),
)

_ALL = (
    Sign("hr_per_min", 147842, (_HEART_RATE,), "heartrate", _PER_MIN),
    Sign("pr_per_min", 149530, (_HEART_RATE, ("8889-8", "Heart rate by Pulse oximetry")), "heartrate", _PER_MIN),
    Sign("spo2_pct", 150456, _SPO2, "oxygensat", _PERCENT),
    Sign("rr_per_min", 151562, (("9279-1", "Respiratory rate"),), "resprate", _BREATHS),
    Sign("temp_cel", 150344, (("8310-5", "Body temperature"),), "bodytemp", _CEL),
    Sign("nibp_sys_mmhg", 150021, (_SYS,), "bp", _MMHG),
    Sign("nibp_dia_mmhg", 150022, (_DIA,), "bp", _MMHG),
    Sign("nibp_map_mmhg", 150023, (_MAP,), "bp", _MMHG),
    Sign("abp_sys_mmhg", 150037, (_SYS,), "bp", _MMHG),
    Sign("abp_dia_mmhg", 150038, (_DIA,), "bp", _MMHG),
    Sign("abp_map_mmhg", 150039, (_MAP,), "bp", _MMHG),
    Sign("cvp_mmhg", 150087, mdc_unit=_MMHG),
    Sign("etco2_mmhg", 151708, (("19891-1", "Carbon dioxide [Partial pressure] in Exhaled gas --at end expiration"),),
         mdc_unit=_MMHG),
    Sign("perfusion_pct", 150488, mdc_unit=_PERCENT),
    Sign("pvc_per_min", 148066, mdc_unit=_PER_MIN),
)  # fmt: skip

SIGNS: Mapping[str, Sign] = MappingProxyType({sign.measure: sign for sign in _ALL})

#: A pressure is one panel of its parts: MDC code and name of the whole, and the parts.
PANELS: Mapping[str, tuple[int, str, tuple[str, str, str]]] = MappingProxyType(
    {
        "nibp": (150020, "MDC_PRESS_BLD_NONINV", ("nibp_sys_mmhg", "nibp_dia_mmhg", "nibp_map_mmhg")),
        "abp": (150036, "MDC_PRESS_BLD_ART_ABP", ("abp_sys_mmhg", "abp_dia_mmhg", "abp_map_mmhg")),
    }
)

#: Alarms that have an MDC event of their own (partition 3, 196608 + term); the others are told as a plain alarm.
_EVENTS: Mapping[str, tuple[int, str]] = MappingProxyType(
    {
        "apnoea": (199680, "MDC_EVT_APNEA"),
        "asystole": (199684, "MDC_EVT_ECG_ASYSTOLE"),
        "extreme-brady": (199694, "MDC_EVT_ECG_BRADY_EXTREME"),
        "pause": (199716, "MDC_EVT_ECG_PAUSE"),
        "extreme-tachy": (199730, "MDC_EVT_ECG_TACHY_EXTREME"),
        "af": (199736, "MDC_EVT_ECG_ATR_FIB"),
        "vt": (199832, "MDC_EVT_ECG_V_TACHY"),
        "spo2-desat": (199854, "MDC_EVT_DESAT"),
        "leads-off": (196680, "MDC_EVT_LEAD_OFF"),
    }
)
_LOW, _HIGH, _PLAIN = (196670, "MDC_EVT_LO"), (196648, "MDC_EVT_HI"), (196616, "MDC_EVT_ALARM")
_LIMITED = frozenset({"hr", "pr", "spo2", "rr", "nibp", "abp", "temp", "etco2"})


def event_of(code: str) -> tuple[int, str]:
    """The MDC event of one of our alarm codes, by number and name; a limit's is high or low, beside its source."""
    family, _, side = code.rpartition("-")
    if family in _LIMITED and side in ("low", "high"):
        return _LOW if side == "low" else _HIGH
    return _EVENTS.get(code, _PLAIN)
