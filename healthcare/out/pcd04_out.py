"""Our alarms as ORU^R40^ORU_R40 of IHE PCD-04, facets by the newer numbers (68480 to 68485, 68546).

One message for each change that a receiver must know of: phase `start`, `continue` or `end`. Every message of an
alarm but the first names it as its parent (OBR-29), so that it is one alarm to whoever receives it. What it says of
the bedside's silencing (facet 5) is what was done at our screens.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from healthcare.alarms.table import MONITOR_PREFIX
from healthcare.hl7.message import Field, Part, compose
from healthcare.hl7.timestamps import written
from healthcare.measures import MEASURES
from healthcare.out.codes import SIGNS, event_of
from healthcare.out.communication import is_new
from healthcare.out.subject import About, Naming, alarm_identity
from verticals.contract import Event

_CONTINUES = frozenset({"worsened", "eased", "latched", "recurred", "acknowledged", "paused", "resumed"})
_ENDS = frozenset({"ended", "reset", "cancelled"})
_PRIORITIES = {"high": "PH", "medium": "PM", "low": "PL"}
_TYPES = {"physiological": "SP", "technical": "ST", "advisory": "SA"}
_STARS = {"high": "***", "medium": "**", "low": "*"}
_DEVICE = ("69965", "MDC_DEV_MON_PHYSIO_MULTI_PARAM_MDS", "MDC")
_PROFILE = ("IHE_PCD_ACM_001", "IHE PCD", "1.3.6.1.4.1.19376.1.6.4.4", "ISO")
_SENDER = "EDGEWISE"
_PLACE = "1.1.1.1"
_CONTROL_ID_LETTERS = 20  # MSH-10 before v2.7 holds no more

_Row = tuple[str, tuple[str, str, str], Field, Field, str, Field]


@dataclass(frozen=True, slots=True)
class Receiver:
    """MSH-5 and MSH-6."""

    application: str
    facility: str = ""


def phase_of(event: Event) -> str:
    """`start`, `continue`, `end`; empty for what changes nothing that a receiver is told."""
    alarm = event.data.get("alarm")
    if event.kind != "alarm" or alarm is None:
        return ""
    act = event.data["act"]
    if act == "began" or is_new(event, alarm):
        return "start"
    return "end" if act in _ENDS else "continue" if act in _CONTINUES else ""


def alert_message(event: Event, about: About, naming: Naming, receiver: Receiver) -> bytes:
    """The message, without MLLP's own bytes; empty where none follows. The same event gives the same bytes."""
    phase = phase_of(event)
    if not phase:
        return b""
    alarm: Mapping[str, Any] = event.data["alarm"]
    number = alarm_identity(alarm)
    at = written(event.data["at_utc_s"])
    rows = _rows(event, alarm, phase)
    return compose(
        _header(event, about, receiver, number, at),
        _patient(about, naming),
        ("PV1", "", "I", tuple(about.location.split("^")) if about.location else ""),
        _order(event, number, phase, at),
        ("OBX", "1", "", _DEVICE, "1.0.0.0", "", "", "", "", "", "", "X"),
        *(_observed(place, row, at) for place, row in enumerate(rows, start=2)),
    )


def _header(event: Event, about: About, receiver: Receiver, number: str, at: str) -> tuple[Field, ...]:
    seed = f"{number}/{event.data['number']}".encode()
    control_id = hashlib.sha256(seed).hexdigest()[:_CONTROL_ID_LETTERS]
    return (
        "MSH", _SENDER, about.ward, receiver.application, receiver.facility, at, "", ("ORU", "R40", "ORU_R40"),
        control_id, "P", "2.6", "", "", "NE", "AL", "", "UNICODE UTF-8", "", "", _PROFILE,
    )  # fmt: skip


def _patient(about: About, naming: Naming) -> tuple[Field, ...]:
    """The number alone: PID-5 is for names, and none goes out."""
    if not about.record_number:
        return ("PID",)
    named = naming.identifier(about.record_number)
    kind = "PI" if naming.key else "MR"
    return ("PID", "", "", (named["value"], "", "", about.ward, kind))


def _order(event: Event, number: str, phase: str, at: str) -> tuple[Field, ...]:
    alarm_event = ("196616", "MDC_EVT_ALARM", "MDC")
    if phase == "start":
        return ("OBR", "1", "", (number, _SENDER), alarm_event, "", "", at)
    own = (f"{event.data['number']}", f"{number}/{event.data['number']}", _SENDER)
    fields: list[Field] = ["OBR", "1", "", own, alarm_event, "", "", at]
    return (*fields, *[""] * (29 - len(fields)), ("", (number, _SENDER)))


def _rows(event: Event, alarm: Mapping[str, Any], phase: str) -> list[_Row]:
    """The facets in their order; row n stands at the alarm's place, facet n."""
    finding = alarm["finding"]
    priority, kind = _PRIORITIES[alarm["priority"]], _TYPES[alarm["kind"]]
    text = f"{alarm['label']} {finding.get('text', '')}".strip()
    side = {"low": "L", "high": "H"}.get(str(alarm["code"]).rpartition("-")[2], "")
    flags: list[Part] = [flag for flag in (side if _metric(alarm) else "", priority, kind) if flag]
    return [
        ("ST", _event_code(alarm), text, "", "", flags),
        _source(alarm),
        ("ST", ("68481", "MDC_ATTR_EVENT_PHASE", "MDC"), phase, "", "", ""),
        ("ST", ("68482", "MDC_ATTR_ALARM_STATE", "MDC"), _state(alarm, phase), "", "", ""),
        ("ST", ("68483", "MDC_ATTR_ALARM_INACTIVATION_STATE", "MDC"), _inactivation(alarm, phase), "", "", ""),
        ("ST", ("68484", "MDC_ATTR_ALARM_PRIORITY", "MDC"), priority, "", "", ""),
        ("ST", ("68485", "MDC_ATTR_ALERT_TYPE", "MDC"), kind, "", "", ""),
        ("ST", ("68546", "MDC_ATTR_ALERT_TEXT", "MDC"), f"{_STARS[alarm['priority']]} {text}", "", "", ""),
    ]


def _observed(number: int, row: _Row, at: str) -> tuple[Field, ...]:
    kind, code, value, unit, limits, flags = row
    place = f"{_PLACE}.{number - 1}"
    return ("OBX", str(number), kind, code, place, value, unit, limits, flags, "", "", "R", "", "", at)


def _event_code(alarm: Mapping[str, Any]) -> tuple[str, str, str]:
    code = str(alarm["code"])
    if code.startswith(MONITOR_PREFIX):
        number = code.removeprefix(MONITOR_PREFIX).partition(":")[0]
        return (number, "", "MDC") if number.isdigit() else ("196616", "MDC_EVT_ALARM", "MDC")
    term, ref_id = event_of(code)
    return (str(term), ref_id, "MDC")


def _metric(alarm: Mapping[str, Any]) -> str:
    """The vital sign whose value the alarm is about; empty for a condition that is not one of a number."""
    measure = str(alarm["finding"].get("measure", ""))
    return measure if measure in SIGNS and alarm["finding"].get("value") is not None else ""


def _source(alarm: Mapping[str, Any]) -> _Row:
    measure = _metric(alarm)
    if not measure:
        return ("CWE", ("68480", "MDC_ATTR_ALERT_SOURCE", "MDC"), _DEVICE, "", "", "")
    sign, finding = SIGNS[measure], alarm["finding"]
    limit = finding.get("limit")
    side = str(alarm["code"]).rpartition("-")[2]
    text = "" if limit is None else MEASURES[measure].text(limit)
    limits = f"{text}-" if text and side == "low" else f"-{text}" if text and side == "high" else ""
    value = MEASURES[measure].text(finding["value"])
    return ("NM", (str(sign.mdc), sign.mdc_name, "MDC"), value, (*sign.mdc_unit, "MDC"), limits, "")


def _state(alarm: Mapping[str, Any], phase: str) -> str:
    if phase == "end":
        return "inactive"
    return "latched" if alarm["state"] == "latched" else "active"


def _inactivation(alarm: Mapping[str, Any], phase: str) -> str:
    if phase == "end":
        return "enabled"
    if alarm["state"] == "acknowledged":
        return "alert-acknowledged"
    return "audio-paused" if alarm["timers"].get("pause_ends", 0.0) > 0 else "enabled"
