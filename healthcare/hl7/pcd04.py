"""ORU^R40 of IHE PCD-04: a monitor's own alarm, told by facets below one place of the device, and heartbeats.

Facets are known by code, in both numberings (68480 to 68485, 68546; older 68164 to 68168), or by RefID. An alarm is
never taken for a heartbeat: a heartbeat has no priority and says by its event or a confirm time-out what it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from types import MappingProxyType
from typing import Any

from healthcare.hl7.faults import Condition, refused
from healthcare.hl7.message import Message, Segment
from healthcare.hl7.nomenclature import named
from healthcare.hl7.notes import Notes, Times
from healthcare.hl7.orders import Group, groups_of
from healthcare.hl7.persons import NOBODY, Person, device_of, location_of, person_of
from healthcare.hl7.units import unit_of
from healthcare.hl7.values import figure
from healthcare.measures import MEASURES

_SOURCE, _PHASE, _STATE, _INACTIVATION, _PRIORITY, _TYPE, _TEXT, _TIMEOUT = (
    "source", "phase", "state", "inactivation", "priority", "type", "text", "timeout"
)  # fmt: skip
_FACETS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("68480", "68164", "MDC_ATTR_ALERT_SOURCE"), _SOURCE),
        **dict.fromkeys(("68481", "68165", "MDC_ATTR_EVENT_PHASE", "MDC_ATTR_EVT_PHASE"), _PHASE),
        **dict.fromkeys(("68482", "68166", "MDC_ATTR_ALARM_STATE", "MDC_ATTR_ALERT_STATE"), _STATE),
        **dict.fromkeys(("68483", "68167", "MDC_ATTR_ALARM_INACTIVATION_STATE"), _INACTIVATION),
        **dict.fromkeys(("68484", "68168", "MDC_ATTR_ALARM_PRIORITY", "MDC_ATTR_ALERT_PRIORITY"), _PRIORITY),
        **dict.fromkeys(("68485", "MDC_ATTR_ALERT_TYPE"), _TYPE),
        **dict.fromkeys(("68546", "MDC_ATTR_ALERT_TEXT"), _TEXT),
        **dict.fromkeys(("67860", "MDC_ATTR_CONFIRM_TIMEOUT"), _TIMEOUT),
    }
)
_PRIORITY_LETTERS = ("PH", "PM", "PL", "PN", "PI", "PU")
_PRIORITIES: Mapping[str, str] = MappingProxyType(
    {letters: letters for letters in _PRIORITY_LETTERS} | {"HIGH": "PH", "MEDIUM": "PM", "LOW": "PL", "NONE": "PN"}
)
_NUMBERS = ("NM", "SN")
_TYPES = ("SP", "ST", "SA")
_ABNORMALITIES = ("L", "LL", "H", "HH", "A", "AA", "N")
_NO_PRIORITY = ("", "PN", "PU")
_ANY_ALARM = frozenset({"196616", "0", ""})  # MDC_EVT_ALARM: which one, OBX-5 says
_HEARTBEAT_CODES = frozenset({"258047"})
_HEARTBEAT_WORDS = ("HEARTBEAT", "WATCHDOG")
_LIMIT = re.compile(r"\d{1,9}(\.\d{1,9})?", re.ASCII)
_LEAST_UNIQUE = 16  # an identifier that long stands alone, a sequence number needs its namespace


@dataclass(frozen=True, slots=True)
class Alert:
    """One alarm as a monitor tells it; `alarm` as in `Sample.values["alarm"]`, before JSON. `heartbeat`: it is none."""

    person: Person
    location: str
    device: str
    alarm: dict[str, Any]
    heartbeat: bool


def read_alerts(message: Message, zone: tzinfo, notes: Notes) -> list[Alert]:
    """Every alarm of the message. Raises MessageError for one that names no event, or where there is none."""
    message.required("OBX")
    times = Times(zone, notes)
    found = [alert for group in groups_of(message) for alert in _alerts(group, message, times)]
    if not found:
        raise refused(message.required("OBX").place(3), Condition.MISSING, "names no alarm event in any row")
    return found


def _alerts(group: Group, message: Message, times: Times) -> Iterator[Alert]:
    person = person_of(group.pid) if group.pid is not None else NOBODY
    place = location_of(group.pv1)
    device = device_of(next((row for row in group.rows if row.raw(18)), None), message.header)
    cases = _cases(group.rows)
    for at, rows in cases.items():
        case = _Case(rows, group.obr)
        if case.event is None:
            if case.facets:
                text = "names no alarm event beside its facets"
                raise refused(rows[0].place(3), Condition.MISSING, text)
            continue
        alarm = case.alarm(times)
        if not alarm["id"]:
            alarm["id"] = f"{device}:{at}:{alarm['code']}"
        elif len(cases) > 1:
            alarm["id"] = f"{alarm['id']}#{at}"
        yield Alert(person, place, device, alarm, case.heartbeat(alarm))


def _cases(rows: Sequence[Segment]) -> dict[str, list[Segment]]:
    """The rows of each alarm: those whose OBX-4 is one place followed by a facet's number."""
    found: dict[str, list[Segment]] = {}
    for row in rows:
        if not row.raw(2) and not row.raw(5):
            continue  # of the device tree
        place = row.text(4)
        found.setdefault(place.rpartition(".")[0] or place, []).append(row)
    alarms = {at: group for at, group in found.items() if any(_is_facet(row) for row in group)}
    return alarms or ({"": [row for group in found.values() for row in group]} if found else {})


class _Case:
    """One alarm's rows: the event first, then what is monitored, then facets."""

    def __init__(self, rows: Sequence[Segment], obr: Segment | None) -> None:
        self._obr = obr
        self.facets = {kind: row for row in reversed(rows) if (kind := _facet(row))}
        others = [row for row in rows if not _facet(row)]
        self.event = next((row for row in others if row.raw(3)), None)
        self._metric = next((row for row in others if row is not self.event and row.raw(3)), None)

    def alarm(self, times: Times) -> dict[str, Any]:
        assert self.event is not None
        code, ref_id, text = _event(self.event)
        flags = {self.event.part(flag).upper() for flag in self.event.repetitions(8)}
        source_code, source_ref = self._source()
        value, unit, limits = self._value()
        return {
            "id": _identity(self._obr),
            "phase": self._said(_PHASE).lower(),
            "state": self._said(_STATE).lower(),
            "inactivation": self._said(_INACTIVATION).lower(),
            "priority": _PRIORITIES.get(self._said(_PRIORITY).upper(), "") or _one(flags, _PRIORITY_LETTERS),
            "type": _one({self._said(_TYPE).upper()}, _TYPES) or _one(flags, _TYPES),
            "code": code,
            "ref_id": ref_id,
            "text": self._said(_TEXT) or text,
            "value": value,
            "unit": unit,
            "limits": limits,
            "abnormality": _one(flags, _ABNORMALITIES),
            "source_code": source_code,
            "source_ref": source_ref,
            "at_utc_s": self._at_utc_s(times),
        }

    def heartbeat(self, alarm: Mapping[str, Any]) -> bool:
        if alarm["priority"] not in _NO_PRIORITY:
            return False
        ref_id, text = alarm["ref_id"].upper(), alarm["text"].upper()
        by_event = alarm["code"] in _HEARTBEAT_CODES or any(word in ref_id for word in _HEARTBEAT_WORDS)
        by_text = alarm["priority"] == "PN" and text.startswith(_HEARTBEAT_WORDS)
        return by_event or by_text or _TIMEOUT in self.facets

    def _said(self, kind: str) -> str:
        row = self.facets.get(kind)
        return row.text(5) if row is not None else ""

    def _source(self) -> tuple[str, str]:
        if self._metric is not None:
            return self._metric.text(3), self._metric.text(3, 2)
        row = self.facets.get(_SOURCE)
        if row is not None and row.text(5) and row.text(2).upper() not in _NUMBERS:
            code, ref_id = row.text(5), row.text(5, 2)
            return (code, ref_id) if ref_id or code.isdigit() else ("", code)
        event = self.event
        if event is not None and event.text(3) not in _ANY_ALARM and event.text(5).isdigit() and event.text(5, 2):
            return event.text(5), event.text(5, 2)  # 196670^MDC_EVT_LO of 150456^MDC_PULS_OXIM_SAT_O2
        return "", ""

    def _value(self) -> tuple[float | None, str, str]:
        """The value, its unit and the limits: in the unit of the vital sign that is monitored, else as they came."""
        row = self._metric or self.facets.get(_SOURCE)
        limited = self._metric or self.event
        limits = limited.text(7) if limited is not None else ""
        if row is None or row.text(2).upper() not in _NUMBERS:
            return None, "", limits
        value, unit = figure(row).value, unit_of(row.text(6), row.text(6, 2))
        metric = named(*self._source()).metric
        if metric is None or unit is None or unit.family != metric.family:
            return value, row.text(6, 2) or row.text(6), limits
        if unit.scale != 1 or unit.shift:
            limits = _LIMIT.sub(lambda found: f"{unit.own(float(found[0])):.4g}", limits)
            value = round(unit.own(value), 3) if value is not None else None
        return value, MEASURES[metric.measure].unit, limits

    def _at_utc_s(self, times: Times) -> float | None:
        rows = [row for row in (self.event, self._metric) if row is not None]
        stamp = next((stamp for row in rows if (stamp := times(row, 14)) is not None), None)
        if stamp is None and self._obr is not None:
            stamp = times(self._obr, 7)
        return stamp.utc_s if stamp is not None else None


def _event(row: Segment) -> tuple[str, str, str]:
    """Code, RefID and text: of OBX-3, or of OBX-5 where OBX-3 only says that it is an alarm."""
    code, ref_id = row.text(3), row.text(3, 2)
    coded = row.text(5, 2) != ""
    text = row.text(5, 9) or (row.text(5, 2) if coded else row.text(5))
    if code in _ANY_ALARM and coded and row.text(5).isdigit():
        return row.text(5), row.text(5, 2), text
    return code, ref_id, text


def _identity(obr: Segment | None) -> str:
    """What an alarm keeps through its life: the parent of OBR-29, the alarm's first OBR-3, else its own OBR-3."""
    if obr is None:
        return ""
    parent = tuple(obr.text(29, 2, part) for part in (1, 2, 3))
    own = tuple(obr.text(3, part) for part in (1, 2, 3))
    entity, *space = parent if any(parent) else own
    return entity if len(entity) >= _LEAST_UNIQUE else "^".join((entity, *space)).rstrip("^")


def _facet(row: Segment) -> str:
    return _FACETS.get(row.text(3)) or _FACETS.get(row.text(3, 2).upper(), "")


def _is_facet(row: Segment) -> bool:
    return bool(_facet(row))


def _one(flags: set[str], known: Sequence[str]) -> str:
    return next((name for name in known if name in flags), "")
