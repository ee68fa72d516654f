"""ADT: who lies where. Admission A01, transfer A02, discharge A03, update A08, and A11, A12, A13 that take one back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo

from healthcare.hl7.faults import Condition, refused
from healthcare.hl7.header import Header
from healthcare.hl7.message import Message
from healthcare.hl7.notes import Notes, Times
from healthcare.hl7.persons import Person, location_of, person_of

#: After these a patient lies at PV1-3, which must be named.
_NEEDS_LOCATION = frozenset({"A01", "A02", "A12", "A13"})


@dataclass(frozen=True, slots=True)
class Movement:
    """`location` is where the patient lies now (A01, A02, A08, A12, A13) or lay last (A03, A11)."""

    event: str
    person: Person
    location: str
    prior_location: str
    at_utc_s: float | None


def read_movement(message: Message, header: Header, zone: tzinfo, notes: Notes) -> Movement:
    """Raises MessageError where it names no patient, or no bed for an event that has one."""
    pid = message.required("PID")
    person = person_of(pid)
    if not person.id:
        raise refused(pid.place(3), Condition.MISSING, "names no patient")
    visit = message.required("PV1") if header.trigger in _NEEDS_LOCATION else message.first("PV1")
    location = location_of(visit)
    if header.trigger in _NEEDS_LOCATION and not location and visit is not None:
        raise refused(visit.place(3), Condition.MISSING, "names no bed")
    return Movement(header.trigger, person, location, location_of(visit, 6), _at_utc_s(message, Times(zone, notes)))


def _at_utc_s(message: Message, times: Times) -> float | None:
    """When it happened, else when it was entered, else when it was sent."""
    event = message.first("EVN")
    places = [(event, 6), (event, 2)] if event is not None else []
    for segment, field in [*places, (message.header, 7)]:
        stamp = times(segment, field)
        if stamp is not None:
            return stamp.utc_s
    return None
