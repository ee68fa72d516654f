"""MDC codes to the vital signs and wave channels that they are, by number and by RefID.

ISO/IEEE 11073-10101: context-free code = partition * 65536 + term; the number is what counts, the RefID says it in
words. Where the two are at odds the number wins, and it is told: one sender labels 150021, a cuff's, "ART_SYS".
Not here, so that they are never taken for something else: pressures of an unnamed vessel (150017 to 150019) and
temperatures of the skin, of blood and of the air.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from healthcare.hl7.units import PER_MIN, PERCENT, PLAIN, PRESSURE, RESISTANCE, TEMPERATURE, VOLTAGE


@dataclass(frozen=True, slots=True)
class Metric:
    """A vital sign as it is sent: `measure` is its name in `healthcare.measures`, `site` where it was taken."""

    code: int
    ref_ids: tuple[str, ...]
    measure: str
    family: str
    site: str = ""


@dataclass(frozen=True, slots=True)
class WaveKind:
    """A wave as it is sent. `families` are the units it may come in; the first is that of the channel."""

    code: int
    ref_ids: tuple[str, ...]
    channel: str
    families: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Named:
    """What code and RefID together name; `at_odds`: they name two things, or a label that is not the code's."""

    metric: Metric | None = None
    wave: WaveKind | None = None
    at_odds: bool = False


#: code, RefIDs, measure, family, site
_METRICS = (
    (147842, "MDC_ECG_HEART_RATE MDC_ECG_CARD_BEAT_RATE", "hr_per_min", PER_MIN, "ECG"),
    (148066, "MDC_ECG_V_P_C_RATE", "pvc_per_min", PER_MIN, "ECG"),
    (149530, "MDC_PULS_OXIM_PULS_RATE", "pr_per_min", PER_MIN, "SpO2"),
    (149546, "MDC_PULS_RATE_NON_INV", "pr_per_min", PER_MIN, "NIBP"),
    (149522, "MDC_BLD_PULS_RATE_INV", "pr_per_min", PER_MIN, "ABP"),
    (150456, "MDC_PULS_OXIM_SAT_O2", "spo2_pct", PERCENT, ""),
    (150488, "MDC_PULS_OXIM_PERF_REL", "perfusion_pct", PERCENT, ""),
    (151562, "MDC_RESP_RATE", "rr_per_min", PER_MIN, ""),
    (151570, "MDC_AWAY_RESP_RATE MDC_TTHOR_RESP_RATE", "rr_per_min", PER_MIN, ""),
    (151578, "MDC_TTHOR_RESP_RATE", "rr_per_min", PER_MIN, "impedance"),
    (151594, "MDC_CO2_RESP_RATE", "rr_per_min", PER_MIN, "CO2"),
    (151708, "MDC_CONC_AWAY_CO2_ET", "etco2_mmhg", PRESSURE, ""),
    (151712, "MDC_CONC_AWAY_CO2_EXP", "etco2_mmhg", PRESSURE, ""),
    (150344, "MDC_TEMP", "temp_cel", TEMPERATURE, ""),
    (150364, "MDC_TEMP_BODY", "temp_cel", TEMPERATURE, "body"),
    (150372, "MDC_TEMP_ESOPH", "temp_cel", TEMPERATURE, "oesophagus"),
    (150380, "MDC_TEMP_NASOPH", "temp_cel", TEMPERATURE, "nasopharynx"),
    (150392, "MDC_TEMP_TYMP", "temp_cel", TEMPERATURE, "ear drum"),
    (188420, "MDC_TEMP_RECT", "temp_cel", TEMPERATURE, "rectum"),
    (188424, "MDC_TEMP_ORAL", "temp_cel", TEMPERATURE, "mouth"),
    (188428, "MDC_TEMP_EAR", "temp_cel", TEMPERATURE, "ear"),
    (188452, "MDC_TEMP_AXILLA", "temp_cel", TEMPERATURE, "axilla"),
    (188496, "MDC_TEMP_AXIL", "temp_cel", TEMPERATURE, "axilla"),
    (150021, "MDC_PRESS_BLD_NONINV_SYS", "nibp_sys_mmhg", PRESSURE, "cuff"),
    (150022, "MDC_PRESS_BLD_NONINV_DIA", "nibp_dia_mmhg", PRESSURE, "cuff"),
    (150023, "MDC_PRESS_BLD_NONINV_MEAN", "nibp_map_mmhg", PRESSURE, "cuff"),
    (150301, "MDC_PRESS_CUFF_SYS", "nibp_sys_mmhg", PRESSURE, "cuff"),
    (150302, "MDC_PRESS_CUFF_DIA", "nibp_dia_mmhg", PRESSURE, "cuff"),
    (150303, "MDC_PRESS_CUFF_MEAN", "nibp_map_mmhg", PRESSURE, "cuff"),
    (150037, "MDC_PRESS_BLD_ART_ABP_SYS", "abp_sys_mmhg", PRESSURE, "ABP"),
    (150038, "MDC_PRESS_BLD_ART_ABP_DIA", "abp_dia_mmhg", PRESSURE, "ABP"),
    (150039, "MDC_PRESS_BLD_ART_ABP_MEAN", "abp_map_mmhg", PRESSURE, "ABP"),
    (150033, "MDC_PRESS_BLD_ART_SYS", "abp_sys_mmhg", PRESSURE, "ART"),
    (150034, "MDC_PRESS_BLD_ART_DIA", "abp_dia_mmhg", PRESSURE, "ART"),
    (150035, "MDC_PRESS_BLD_ART_MEAN", "abp_map_mmhg", PRESSURE, "ART"),
    (150087, "MDC_PRESS_BLD_VEN_CENT_MEAN", "cvp_mmhg", PRESSURE, ""),
)

#: A container whose NA value holds systolic, diastolic and mean, in this order.
CUFF_CODE = 150020
CUFF_REF_ID = "MDC_PRESS_BLD_NONINV"
CUFF_PARTS = (150021, 150022, 150023)

_ECG = (VOLTAGE,)
#: code, RefIDs, channel, families; of the chest leads V and V1 only: there is one channel for them
_WAVES = (
    (131329, "MDC_ECG_ELEC_POTL_I MDC_ECG_LEAD_I", "ecg_i_mv", _ECG),
    (131330, "MDC_ECG_ELEC_POTL_II MDC_ECG_LEAD_II", "ecg_ii_mv", _ECG),
    (131395, "MDC_ECG_ELEC_POTL_V MDC_ECG_LEAD_V", "ecg_v_mv", _ECG),
    (131331, "MDC_ECG_ELEC_POTL_V1 MDC_ECG_LEAD_V1", "ecg_v_mv", _ECG),
    (150452, "MDC_PULS_OXIM_PLETH", "pleth", (PLAIN, PERCENT)),
    (150036, "MDC_PRESS_BLD_ART_ABP", "abp_mmhg", (PRESSURE,)),
    (150032, "MDC_PRESS_BLD_ART", "abp_mmhg", (PRESSURE,)),
    (151780, "MDC_IMPED_TTHOR", "resp_ohm", (RESISTANCE, PLAIN)),
    (151700, "MDC_CONC_AWAY_CO2", "co2_mmhg", (PRESSURE,)),
)

METRICS: Mapping[int, Metric] = MappingProxyType(
    {code: Metric(code, tuple(ids.split()), measure, family, site) for code, ids, measure, family, site in _METRICS}
)
WAVES: Mapping[int, WaveKind] = MappingProxyType(
    {code: WaveKind(code, tuple(ids.split()), channel, families) for code, ids, channel, families in _WAVES}
)


def _by_ref_id() -> dict[str, Metric | WaveKind]:
    found: dict[str, Metric | WaveKind] = {}
    kinds: list[Metric | WaveKind] = [*METRICS.values(), *WAVES.values()]
    for kind in kinds:
        for ref_id in kind.ref_ids:
            found.setdefault(ref_id, kind)
    return found


#: What plain senders without MDC codes use; a LOINC code does not say how a pressure was taken: as by a cuff.
_LOINC: Mapping[str, int] = MappingProxyType(
    {"8867-4": 147842, "8889-8": 149530, "2708-6": 150456, "59408-5": 150456, "9279-1": 151562, "8310-5": 150344,
     "8480-6": 150021, "8462-4": 150022, "8478-0": 150023, "19891-1": 151708}
)  # fmt: skip
_REF_IDS: Mapping[str, Metric | WaveKind] = MappingProxyType(_by_ref_id())
_NOTHING = Named()


@lru_cache(maxsize=1024)
def named(code: str, ref_id: str) -> Named:
    """What OBX-3 names by its number and RefID. A RefID counts alone where the number is 0 or left out.

    A number that is not known to us beside a RefID that is: at odds, and nothing is named.
    """
    ref_id = ref_id.upper()
    by_word = _REF_IDS.get(ref_id)
    if code in ("", "0"):
        return _as_named(by_word) if by_word is not None else _NOTHING
    if code in _LOINC:
        return _as_named(METRICS[_LOINC[code]])
    if not (code.isascii() and code.isdigit() and len(code) <= 9):
        return _as_named(_REF_IDS[code.upper()]) if code.upper() in _REF_IDS else _NOTHING
    number = int(code)
    by_number = METRICS.get(number) or WAVES.get(number)
    if by_number is None:
        return Named(at_odds=True) if by_word is not None else _NOTHING
    return _as_named(by_number, at_odds=bool(ref_id) and ref_id not in by_number.ref_ids)


def _as_named(kind: Metric | WaveKind, *, at_odds: bool = False) -> Named:
    return Named(kind, None, at_odds) if isinstance(kind, Metric) else Named(None, kind, at_odds)
