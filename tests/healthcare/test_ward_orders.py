"""Orders of the ward's desk: what it decides it tells the beds, and what it kept it knows again."""

from __future__ import annotations

import json
from typing import Any

from core.clock import Instant
from healthcare.settings import BedSettings, HealthcareSettings
from healthcare.ward import WardStation
from verticals.contract import Command, Decision


def at(seconds: float) -> Instant:
    return Instant(1000.0 + seconds, 1_796_000_000.0 + seconds)


def desk() -> WardStation:
    beds = [BedSettings(f"bed-{number}", str(number), nurse="Nurse 12", buddy="Nurse 14") for number in (1, 2)]
    return WardStation(HealthcareSettings("Ward 7 West", beds, charge="Charge nurse 03"))


def order(
    station: WardStation, name: str, *, who: str = "Charge nurse 03", role: str = "charge", when: float = 0, **args: Any
) -> Decision:
    return station.command(Command(name, at(when), args, who, role))


def accepted(decision: Decision) -> bool:
    assert decision.reply is not None
    return decision.reply.accepted


def rosters(decision: Decision) -> dict[str, Any]:
    return {bed: json.loads(str(sample.values["roster"])) for bed, sample in decision.tell}


def test_a_new_roster_is_recorded_and_every_bed_is_told() -> None:
    decision = order(desk(), "roster", beds={"bed-2": {"nurse": "Nurse 17", "buddy": "Nurse 21"}})
    assert accepted(decision) and decision.save
    assert [event.kind for event in decision.events] == ["roster"]
    told = rosters(decision)
    assert told["bed-2"]["nurse"] == "Nurse 17" and told["bed-1"]["nurse"] == "Nurse 12"


def test_the_roster_is_refused_from_who_is_not_in_charge() -> None:
    decision = order(desk(), "roster", who="Nurse 14", role="nurse", beds={"bed-2": {"nurse": "Nurse 14"}})
    assert not accepted(decision) and decision.events == () and not decision.tell


def test_a_nurse_comes_on_shift_by_herself_and_all_beds_may_call_her() -> None:
    decision = order(desk(), "shift", who="Nurse 21", role="nurse", on=True)
    assert accepted(decision) and rosters(decision)["bed-1"]["on_shift"] == ["Nurse 21"]


def test_a_nurse_whose_beds_are_still_hers_does_not_go() -> None:
    decision = order(desk(), "shift", who="Nurse 12", role="nurse", on=False)
    assert not accepted(decision) and decision.events == ()


def test_who_has_a_page_open_is_shown_until_it_falls_silent() -> None:
    station = desk()
    decision = order(station, "phone-here", who="Nurse 12", role="nurse", sounds=True)
    assert decision.live["phones"]["Nurse 12"]["here"] is True
    assert [event.kind for event in decision.events] == ["phone"]
    again = order(station, "phone-here", who="Nurse 12", role="nurse", when=5, sounds=True)
    assert again.events == () and "phones" not in again.live
    due = station.due()
    assert due is not None
    gone = station.tick(due)
    assert gone.live["phones"]["Nurse 12"]["here"] is False
    assert [(event.kind, event.subject) for event in gone.events] == [("phone", "Nurse 12")]


def test_a_page_of_nobody_is_refused() -> None:
    assert not accepted(order(desk(), "phone-here", who="", role="nurse", sounds=True))


def test_a_desk_that_was_killed_knows_patients_roster_and_screens_again() -> None:
    station = desk()
    order(station, "assign", bed="bed-1", patient={"id": "4711", "family": "Koch", "given": "Anna"})
    order(station, "roster", beds={"bed-1": {"nurse": "Nurse 21", "buddy": ""}})
    order(station, "commission-audio", screen="Wall 1", tones=["high", "medium", "low"])
    kept = json.loads(json.dumps(station.state(at(9))))
    again = desk()
    again.restore(kept, (), at(10))
    stay = again.stays.of("bed-1")
    assert stay is not None and stay.patient.id == "4711"
    assert json.loads(json.dumps(again.state(at(9)))) == kept


def test_transfer_to_an_empty_bed_moves_and_between_two_full_ones_swaps() -> None:
    station = desk()
    order(station, "assign", bed="bed-1", patient={"id": "A"})
    assert accepted(order(station, "transfer", bed="bed-1", to="bed-2"))
    assert station.stays.of("bed-1") is None and station.stays.bed_of("A") == "bed-2"
    order(station, "assign", bed="bed-1", patient={"id": "B"})
    decision = order(station, "transfer", bed="bed-1", to="bed-2")
    assert accepted(decision) and {bed for bed, _ in decision.tell} == {"bed-1", "bed-2"}
    assert (station.stays.bed_of("A"), station.stays.bed_of("B")) == ("bed-1", "bed-2")


def test_a_full_bed_takes_nobody_else_and_a_strike_needs_a_reason() -> None:
    station = desk()
    order(station, "assign", bed="bed-1", patient={"id": "A"})
    assert not accepted(order(station, "assign", bed="bed-1", patient={"id": "B"}))
    assert not accepted(order(station, "strike-out", bed="bed-1", reason=" "))
    struck = order(station, "strike-out", bed="bed-1", reason="wrong bed")
    assert accepted(struck) and struck.events[0].data["struck"] == "wrong bed"
    assert not accepted(order(station, "discharge", bed="bed-1"))


def test_an_order_that_the_desk_does_not_know_is_refused() -> None:
    assert not accepted(order(desk(), "make-coffee"))
