"""Events as the ward records them: of a real alarm board and a real chart."""

from __future__ import annotations

from typing import Any

from core.clock import Instant
from healthcare.alarms.board import AlarmBoard
from healthcare.alarms.change import Change
from healthcare.alarms.escalation import Roster
from healthcare.alarms.finding import Finding
from healthcare.alarms.policy import AlarmPolicy
from healthcare.bed_orders import obey
from healthcare.bedside import Bedside
from healthcare.out.subject import About, Naming
from healthcare.patients import Patient
from healthcare.settings import BedSettings, HealthcareSettings
from tests.support.clocks import START_UTC_S
from verticals.contract import Command, Event

BED = BedSettings("bed-7", "7", "W7^R3^B2")
WARD = HealthcareSettings("Ward 7", [BED])
ABOUT = About("Ward 7", "bed-7", "7", "W7^R3^B2", record_number="4711")
NAMING = Naming(key=b"k" * 32)
BY_NUMBER = Naming(record_system="https://hospital.example/mrn")
LOW_SPO2 = Finding("spo2-low", True, text="82 < 88 %", value=82.0, limit=88.0, measure="spo2_pct")


def moment(after_s: float = 0.0) -> Instant:
    return Instant(1000.0 + after_s, START_UTC_S + after_s)


def events_of(changes: list[Change]) -> list[Event]:
    return [
        Event("alarm", change.alarm.id, change.at.utc_s, change.event_data(), "bed-7", change.who)
        for change in changes
        if change.alarm is not None
    ]


class Alarmed:
    """A board that nurse, buddy and the nurse in charge stand behind."""

    def __init__(self) -> None:
        self.board = AlarmBoard("bed-7", AlarmPolicy())
        self.board.assign(Roster("Nurse 14", "Nurse 12", "Charge nurse 03", ("Nurse 12", "Nurse 14")))

    def finds(self, finding: Finding = LOW_SPO2, after_s: float = 0.0) -> list[Event]:
        return events_of(self.board.take([finding], moment(after_s)))

    def acknowledged(self, after_s: float, who: str = "Nurse 14") -> list[Event]:
        return events_of(self.board.acknowledge(None, who, moment(after_s)))

    def waits(self, until_s: float) -> list[Event]:
        return events_of(self.board.tick(moment(until_s)))


def entered(values: dict[str, Any], *, strike: bool = False) -> list[Event]:
    """What entering a set of observations puts on record, and striking it out."""
    bedside = Bedside(BED, WARD)
    bedside.admit(Patient("4711", birth_date="1958-03-02"), START_UTC_S, moment())
    outcome, reply = obey(bedside, Command("enter-observations", moment(60), {"values": values}, "Nurse 14", "nurse"))
    assert reply.accepted, reply.reason
    if strike:
        number = outcome.notes[0][2]["set"]
        args = {"set": number, "reason": "another patient's"}
        struck, reply = obey(bedside, Command("strike-observations", moment(120), args, "Nurse 14", "nurse"))
        assert reply.accepted, reply.reason
        outcome.notes += struck.notes
    return [Event(kind, subject, START_UTC_S + 60, data, "bed-7", who) for kind, subject, data, who in outcome.notes]
