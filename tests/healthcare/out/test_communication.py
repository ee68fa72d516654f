from __future__ import annotations

from typing import Any

import pytest

from healthcare.alarms.finding import Finding
from healthcare.alarms.priority import Priority
from healthcare.out.communication import communications
from healthcare.out.subject import About
from tests.healthcare.out.records import ABOUT, NAMING, Alarmed
from tests.healthcare.out.structure import faults
from verticals.contract import Event


def told(events: list[Event], about: About = ABOUT) -> list[dict[str, Any]]:
    return [each for event in events for each in communications(event, about, NAMING)]


def test_an_alarm_is_told_to_the_station_and_to_the_first_person() -> None:
    station, nurse = told(Alarmed().finds())
    assert faults(station) == faults(nurse) == []
    assert station["recipient"] == [{"type": "Device", "display": "Nurse station, Ward 7"}]
    assert nurse["recipient"] == [{"type": "Practitioner", "display": "Nurse 14"}]
    assert (station["status"], station["priority"]) == ("completed", "urgent")
    assert station["payload"] == [{"contentString": "** SpO₂ 82 < 88 %, Ward 7, bed 7"}]
    assert station["sent"].endswith("Z")
    assert "received" not in station  # that a screen shows it is not that somebody has seen it
    assert station["id"] != nurse["id"]


def test_an_acknowledgement_answers_the_first_notification() -> None:
    ward = Alarmed()
    [station, _] = told(ward.finds())
    [answer] = told(ward.acknowledged(20.0))
    assert faults(answer) == []
    assert answer["inResponseTo"] == [{"reference": f"Communication/{station['id']}"}]
    assert answer["sender"] == {"type": "Practitioner", "display": "Nurse 14"}
    assert answer["sent"] == answer["received"]
    assert answer["payload"] == [{"contentString": "SpO₂ acknowledged, Ward 7, bed 7"}]


@pytest.mark.parametrize(("code", "priority"), [("asystole", "stat"), ("spo2-low", "urgent"), ("spo2-high", "routine")])
def test_priorities_are_those_of_requests(code: str, priority: str) -> None:
    assert told(Alarmed().finds(Finding(code, True)))[0]["priority"] == priority


def test_what_the_first_person_did_not_answer_is_asap() -> None:
    ward = Alarmed()
    ward.finds()
    later = [each for each in told(ward.waits(125.0)) if each["recipient"][0]["display"] == "Nurse 12"]
    assert [each["priority"] for each in later] == ["asap"]


def test_an_alarm_that_took_anothers_place_is_told_and_answered_as_its_own() -> None:
    ward = Alarmed()
    [first, _] = told(ward.finds())
    ward.acknowledged(20.0)
    worse = told(ward.finds(Finding("spo2-low", True, measure="spo2_pct", priority=Priority.HIGH), 30.0))
    [answer] = told(ward.acknowledged(40.0))
    assert worse[0]["id"] != first["id"]
    assert answer["inResponseTo"] == [{"reference": f"Communication/{worse[0]['id']}"}]


def test_every_communication_has_an_id_of_its_own() -> None:
    ward = Alarmed()
    events = ward.finds() + ward.waits(125.0) + ward.acknowledged(130.0)
    ids = [each["id"] for each in told(events)]
    assert len(ids) >= 4
    assert len(ids) == len(set(ids))


def test_where_nobody_lies_it_is_about_nobody() -> None:
    [station, *_] = told(Alarmed().finds(), About("Ward 7", "bed-7", "7"))
    assert faults(station) == []
    assert "subject" not in station


def test_other_events_and_changes_tell_nobody() -> None:
    ward = Alarmed()
    ward.finds()
    ward.acknowledged(20.0)
    assert told(ward.finds(Finding("spo2-low", False, measure="spo2_pct"), 60.0)) == []
    assert told([Event("stay", "bed-7", 1.0, {})]) == []
