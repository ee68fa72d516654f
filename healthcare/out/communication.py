"""What was told about an alarm, to whom, and what came back, as FHIR R4 Communications.

One for the nurse station when an alarm begins, worsens or comes again, one for each step of the escalation, one for
each person who accepts or acknowledges (https://hl7.org/fhir/R4/communication.html). They are copies for the record:
nobody is called by them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from healthcare.out.fhir import Resource, began, concept, linked, moment, person, subject
from healthcare.out.subject import About, Naming, alarm_identity, identity
from verticals.contract import Event

_CATEGORY = "http://terminology.hl7.org/CodeSystem/communication-category"
_ALARM_CODES = "urn:edgewise:alarm"
_STATION_TOLD = frozenset({"began", "worsened", "recurred"})
_ANSWERS = {"acknowledged": "acknowledged", "accepted": "accepted, on the way"}
_STARS = {"high": "***", "medium": "**", "low": "*"}


def communications(event: Event, about: About, naming: Naming) -> list[Resource]:
    """What follows from one change of an alarm; nothing from what told nobody anything."""
    data = event.data
    alarm: Mapping[str, Any] | None = data.get("alarm")
    if event.kind != "alarm" or alarm is None:
        return []
    made = _Made(event, alarm, about, naming)
    if data["act"] in _STATION_TOLD:
        station = {"type": "Device", "display": f"Nurse station, {about.ward}"}
        return [made.notification([station])]
    if data["act"] == "stepped" and data["told"]:
        return [made.notification([person(name) for name in data["told"]])]
    if data["act"] in _ANSWERS:
        return [made.answer(_ANSWERS[data["act"]])]
    return []


class _Made:
    """What one change of one alarm gives."""

    def __init__(self, event: Event, alarm: Mapping[str, Any], about: About, naming: Naming) -> None:
        self._event = event
        self._alarm = alarm
        self._about = about
        self._naming = naming
        self._first = identity("communication", alarm_identity(alarm))

    def notification(self, recipients: Sequence[dict[str, str]]) -> Resource:
        alarm, data = self._alarm, self._event.data
        begins = data["act"] == "began" or is_new(self._event, alarm)
        made = self._communication(self._first if begins else self._own_number(), "alert", "Alert")
        made["recipient"] = list(recipients)
        made["sender"] = self._box()
        finding = alarm["finding"]
        said = f"{_STARS[alarm['priority']]} {alarm['label']} {finding.get('text', '')}".strip()
        made["payload"] = [{"contentString": f"{said}, {self._about.place}"}]
        return made

    def answer(self, what: str) -> Resource:
        """A person's word; the box has it the moment that it is given."""
        who = str(self._event.data["who"] or self._event.who)
        made = self._communication(self._own_number(), "notification", "Notification")
        made["inResponseTo"] = [linked("Communication", self._first)]
        made["received"] = made["sent"]
        made["recipient"] = [self._box()]
        made["sender"] = person(who) if who else self._box()
        made["payload"] = [{"contentString": f"{self._alarm['label']} {what}, {self._about.place}"}]
        return made

    def _communication(self, number: str, category: str, display: str) -> Resource:
        made = began("Communication", number, "completed")
        made["category"] = [concept((_CATEGORY, category, display))]
        made["priority"] = urgency(self._alarm)
        if self._about.record_number:
            made["subject"] = subject(self._about, self._naming)
        made["reasonCode"] = [concept((_ALARM_CODES, str(self._alarm["code"]), str(self._alarm["label"])))]
        made["sent"] = moment(self._event.at_utc_s)
        return made

    def _own_number(self) -> str:
        return identity("communication", alarm_identity(self._alarm), self._event.data["number"])

    def _box(self) -> dict[str, str]:
        return {"type": "Device", "display": f"Edgewise, {self._about.ward}"}


def urgency(alarm: Mapping[str, Any]) -> str:
    """`stat` for high; a medium one that the first person did not answer is `asap`, not `urgent`; low is `routine`."""
    if alarm["priority"] == "high":
        return "stat"
    if alarm["priority"] == "low":
        return "routine"
    return "asap" if int(alarm["step"]) > 1 else "urgent"


def is_new(event: Event, alarm: Mapping[str, Any]) -> bool:
    """Whether this alarm took the place of an acknowledged one that worsened: it begins with this event."""
    return event.data["act"] == "worsened" and bool(alarm["parent"]) and alarm["began_utc_s"] == event.data["at_utc_s"]
