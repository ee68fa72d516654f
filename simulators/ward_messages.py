"""The HL7 v2 messages of the simulated ward, as text: IHE PCD-01 (numerics), PCD-04 (alarms), ADT.

Written out by hand, with nothing of the product's own HL7 code, so that each side proves the other. Codes are those of
ISO/IEEE 11073-10101; containment stands in OBX-4 as MDS.VMD.CHAN.METRIC.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

#: What the sender wants acknowledged, as MSH-15 and MSH-16 (HL7 v2.6, 2.9.3): nothing said is the original mode.
Acknowledge = Literal["original", "application", "commit"]
_WANTED: dict[Acknowledge, tuple[str, str]] = {
    "original": ("", ""),
    "application": ("NE", "AL"),
    "commit": ("AL", "NE"),
}

_RATE, _BREATHS = "264864^MDC_DIM_BEAT_PER_MIN^MDC", "264928^MDC_DIM_RESP_PER_MIN^MDC"
_PERCENT, _CELSIUS, _PRESSURE = "262688^MDC_DIM_PERCENT^MDC", "268192^MDC_DIM_DEGC^MDC", "266016^MDC_DIM_MMHG^MDC"
_MDS = "69965^MDC_DEV_MON_PHYSIO_MULTI_PARAM_MDS^MDC"


@dataclass(frozen=True, slots=True)
class Metric:
    """A measured value in a monitor: its code, where it is in the containment tree, its unit, decimals."""

    code: int
    ref_id: str
    path: str
    unit: str
    digits: int = 0

    @property
    def coded(self) -> str:
        return f"{self.code}^{self.ref_id}^MDC"


HR = Metric(147842, "MDC_ECG_HEART_RATE", "1.5.1.1", _RATE)
PVC = Metric(148066, "MDC_ECG_V_P_C_RATE", "1.5.1.2", _RATE)
SPO2 = Metric(150456, "MDC_PULS_OXIM_SAT_O2", "1.3.1.1", _PERCENT)
PR = Metric(149530, "MDC_PULS_OXIM_PULS_RATE", "1.3.1.2", _RATE)
PERFUSION = Metric(150488, "MDC_PULS_OXIM_PERF_REL", "1.3.1.3", _PERCENT, 1)
RR = Metric(151562, "MDC_RESP_RATE", "1.8.1.1", _BREATHS)
TEMP = Metric(150344, "MDC_TEMP", "1.26.1.1", _CELSIUS, 1)
NIBP_SYS = Metric(150021, "MDC_PRESS_BLD_NONINV_SYS", "1.7.1.1", _PRESSURE)
NIBP_DIA = Metric(150022, "MDC_PRESS_BLD_NONINV_DIA", "1.7.1.2", _PRESSURE)
NIBP_MEAN = Metric(150023, "MDC_PRESS_BLD_NONINV_MEAN", "1.7.1.3", _PRESSURE)
ABP_SYS = Metric(150037, "MDC_PRESS_BLD_ART_ABP_SYS", "1.6.1.1", _PRESSURE)
ABP_DIA = Metric(150038, "MDC_PRESS_BLD_ART_ABP_DIA", "1.6.1.2", _PRESSURE)
ABP_MEAN = Metric(150039, "MDC_PRESS_BLD_ART_ABP_MEAN", "1.6.1.3", _PRESSURE)

#: Events of alarms: number and name.
_EVT_ALARM = "196616^MDC_EVT_ALARM^MDC"
EVT_HIGH, EVT_LOW = (196648, "MDC_EVT_HI"), (196670, "MDC_EVT_LO")
EVT_LEAD_OFF, EVT_PROBE_OFF = (196680, "MDC_EVT_LEAD_OFF"), (196916, "MDC_EVT_SENSOR_DISCONN")
EVT_ASYSTOLE, EVT_V_FIB = (199684, "MDC_EVT_ECG_ASYSTOLE"), (258052, "MDC_EVT_ECG_V_FIB_TACHY")
EVT_V_TACHY, EVT_AF = (199832, "MDC_EVT_ECG_V_TACHY"), (199736, "MDC_EVT_ECG_ATR_FIB")
EVT_APNOEA, EVT_DESAT = (199680, "MDC_EVT_APNEA"), (199854, "MDC_EVT_DESAT")


@dataclass(frozen=True, slots=True)
class Person:
    """Nobody: an invented patient. `birth_date` is YYYYMMDD, `sex` F or M."""

    id: str
    family: str
    given: str
    birth_date: str
    sex: str

    @property
    def pid(self) -> str:
        return f"PID|||{self.id}^^^Ward^MR||{self.family}^{self.given}^^^^^L||{self.birth_date}|{self.sex}"


@dataclass(frozen=True, slots=True)
class Sender:
    """MSH-3 of a gateway or hospital system, MSH-4 of the ward, and what it wants acknowledged."""

    application: str
    facility: str
    acknowledge: Acknowledge = "application"

    def msh(self, kind: str, control_id: str, at_utc_s: float, profile: str = "") -> str:
        accept, application = _WANTED[self.acknowledge]
        return (
            f"MSH|^~\\&|{self.application}|{self.facility}|EDGEWISE|WARD|{timestamp(at_utc_s)}||{kind}|{control_id}|P|2.6"
            f"|||{accept}|{application}||UNICODE UTF-8|||{profile}"
        )


@dataclass(frozen=True, slots=True)
class Value:
    """`value` None is no value: an empty OBX-5 and X, or the number in `sentinel`, which some monitors send instead.

    `taken_utc_s`: when a cuff or thermometer took it; None for what is measured all the time.
    """

    metric: Metric
    value: float | None
    taken_utc_s: float | None = None
    sentinel: str = ""


@dataclass(frozen=True, slots=True)
class AlarmNote:
    """One message's worth of an alarm. `limits` as in OBX-7: `88-100`; `sequence` counts its messages from 0."""

    id: str
    sequence: int
    phase: str
    state: str
    priority: str
    kind: str
    event: tuple[int, str]
    text: str
    metric: Metric | None = None
    value: float | None = None
    limits: str = ""
    abnormality: str = ""


def timestamp(utc_s: float) -> str:
    """`20261129203512.250+0000`"""
    moment = datetime.fromtimestamp(utc_s, UTC)
    return f"{moment:%Y%m%d%H%M%S}.{moment.microsecond // 1000:03d}+0000"


def numerics_message(
    sender: Sender, control_id: str, at_utc_s: float, person: Person | None, location: str, device: str,
    values: Iterable[Value],
) -> str:  # fmt: skip
    """ORU^R01 of PCD-01: the MDS row, then one row per value."""
    rows = [f"OBX|1||{_MDS}|1.0.0.0|||||||X|||||||{device}^^{device}^EUI-64"]
    channels: set[str] = set()
    for value in values:
        if value.metric is TEMP and not channels:
            rows += [
                f"OBX|{len(rows) + 1}||69902^MDC_DEV_METER_TEMP_VMD^MDC|1.26.0.0|||||||X",
                f"OBX|{len(rows) + 2}||69903^MDC_DEV_METER_TEMP_CHAN^MDC|1.26.1.0|||||||X",
            ]
            channels.add("temperature")
        rows.append(_obx(len(rows) + 1, value, at_utc_s))
    return _joined(
        sender.msh("ORU^R01^ORU_R01", control_id, at_utc_s, "IHE_PCD_001^IHE PCD^1.3.6.1.4.1.19376.1.6.1.1.1^ISO"),
        *_whose(person, location),
        f"OBR|1|{control_id}^{sender.application}|{control_id}^{sender.application}|182777000^monitoring of patient^SCT"
        f"|||{timestamp(at_utc_s)}",
        *rows,
    )


def alarm_message(
    sender: Sender, control_id: str, at_utc_s: float, person: Person | None, location: str, device: str, note: AlarmNote
) -> str:
    """ORU^R40 of PCD-04: the event with its facets 1 to 8 around one containment path."""
    path = note.metric.path if note.metric is not None else "1.0.0.0"
    when = timestamp(at_utc_s)
    parent = f"{'|' * 22}^0&{note.id}&{device}" if note.sequence else ""
    reason = "~".join(part for part in (note.abnormality, note.priority, note.kind) if part)
    facets = [
        f"ST|{note.event[0]}^{note.event[1]}^MDC|{path}.1|{note.text}|||{reason}|||F|||{when}||||{device}^^{device}^EUI-64",
        _source_facet(note, path, when),
        f"ST|68481^MDC_ATTR_EVENT_PHASE^MDC|{path}.3|{note.phase}||||||F",
        f"ST|68482^MDC_ATTR_ALARM_STATE^MDC|{path}.4|{note.state}||||||F",
        f"ST|68483^MDC_ATTR_ALARM_INACTIVATION_STATE^MDC|{path}.5|enabled||||||F",
        f"ST|68484^MDC_ATTR_ALARM_PRIORITY^MDC|{path}.6|{note.priority}||||||F",
        f"ST|68485^MDC_ATTR_ALERT_TYPE^MDC|{path}.7|{note.kind}||||||F",
        f"ST|68546^MDC_ATTR_ALERT_TEXT^MDC|{path}.8|{note.text}||||||F",
    ]
    return _joined(
        sender.msh("ORU^R40^ORU_R40", control_id, at_utc_s, "IHE_PCD_ACM_001^IHE PCD^1.3.6.1.4.1.19376.1.6.4.4^ISO"),
        *_whose(person, location),
        f"OBR|1||{note.sequence}^{note.id}^{device}^EUI-64|{_EVT_ALARM}|||{when}{parent}",
        *(f"OBX|{number}|{facet}" for number, facet in enumerate(facets, 1)),
    )


def patient_message(
    sender: Sender, control_id: str, at_utc_s: float, event: str, person: Person, location: str, prior: str = "",
    admitted_utc_s: float | None = None,
) -> str:  # fmt: skip
    """ADT^`event`: A01 admit, A02 transfer (from `prior`), A03 discharge, A08 update."""
    structure = {"A08": "ADT_A01"}.get(event, f"ADT_{event}")
    when = timestamp(at_utc_s)
    admitted = timestamp(admitted_utc_s if admitted_utc_s is not None else at_utc_s)
    # PV1-6 is the prior location, PV1-44 the admission.
    visit = f"PV1||I|{location}|||{prior}" + "|" * 38 + admitted
    return _joined(
        sender.msh(f"ADT^{event}^{structure}", control_id, at_utc_s), f"EVN|{event}|{when}", person.pid, visit
    )


def _whose(person: Person | None, location: str) -> Sequence[str]:
    return (person.pid if person is not None else "PID|||", f"PV1||I|{location}")


def _obx(number: int, value: Value, at_utc_s: float) -> str:
    metric = value.metric
    if value.value is None:
        shown, status = (value.sentinel, "R") if value.sentinel else ("", "X")
    else:
        shown, status = f"{value.value:.{metric.digits}f}", "R"
    when = timestamp(at_utc_s if value.taken_utc_s is None else value.taken_utc_s)
    aperiodic = "|||APERIODIC" if value.taken_utc_s is not None else ""
    return f"OBX|{number}|NM|{metric.coded}|{metric.path}|{shown}|{metric.unit}|||||{status}|||{when}{aperiodic}"


def _source_facet(note: AlarmNote, path: str, when: str) -> str:
    if note.metric is None:
        return f"ST|68480^MDC_ATTR_ALERT_SOURCE^MDC|{path}.2|||||||F"
    shown = "" if note.value is None else f"{note.value:.{note.metric.digits}f}"
    return f"NM|{note.metric.coded}|{path}.2|{shown}|{note.metric.unit}|{note.limits}||||F|||{when}"


def _joined(*segments: str) -> str:
    return "\r".join(segments) + "\r"
