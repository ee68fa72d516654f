from __future__ import annotations

from datetime import UTC
from typing import Any

import pytest

from healthcare.alarms.finding import Finding
from healthcare.alarms.priority import Priority
from healthcare.hl7.message import parse
from healthcare.hl7.notes import Notes
from healthcare.hl7.pcd04 import Alert, read_alerts
from healthcare.out.pcd04_out import Receiver, alert_message, phase_of
from healthcare.out.subject import About
from tests.healthcare.out.records import ABOUT, BY_NUMBER, LOW_SPO2, NAMING, Alarmed
from verticals.contract import Event

TO = Receiver("ALARMS", "HOSP")


def told(events: list[Event], about: About = ABOUT, **how: Any) -> list[Alert]:
    """What a receiver reads of them, by this product's own reader."""
    sent = [alert_message(event, about, how.get("naming", NAMING), TO) for event in events]
    return [alert for message in sent if message for alert in read_alerts(parse(message), UTC, Notes())]


def test_a_limit_alarm_is_read_back_with_its_value_and_its_limit() -> None:
    [start] = told(Alarmed().finds())
    assert (start.location, start.person.family, start.heartbeat) == ("W7^R3^B2", "", False)
    alarm = start.alarm
    assert {name: alarm[name] for name in ("phase", "state", "inactivation", "priority", "type")} == {
        "phase": "start", "state": "active", "inactivation": "enabled", "priority": "PM", "type": "SP"
    }  # fmt: skip
    assert (alarm["code"], alarm["ref_id"], alarm["abnormality"]) == ("196670", "MDC_EVT_LO", "L")
    assert (alarm["source_code"], alarm["source_ref"]) == ("150456", "MDC_PULS_OXIM_SAT_O2")
    assert (alarm["value"], alarm["unit"], alarm["limits"]) == (82.0, "%", "88-")
    assert alarm["text"] == "** SpO₂ 82 < 88 %"


def test_start_continue_and_end_are_one_alarm_to_the_receiver() -> None:
    ward = Alarmed()
    events = ward.finds() + ward.acknowledged(20.0) + ward.finds(Finding("spo2-low", False, measure="spo2_pct"), 60.0)
    alerts = told(events)
    assert [alert.alarm["phase"] for alert in alerts] == ["start", "continue", "end"]
    assert len({alert.alarm["id"] for alert in alerts}) == 1
    assert [alert.alarm["inactivation"] for alert in alerts] == ["enabled", "alert-acknowledged", "enabled"]
    assert [alert.alarm["state"] for alert in alerts] == ["active", "active", "inactive"]


def test_a_latched_alarm_says_so_and_a_paused_one_too() -> None:
    ward = Alarmed()
    began = ward.finds(Finding("asystole", True, measure="hr_per_min"))
    paused = [
        Event("alarm", "", change.at.utc_s, change.event_data(), "bed-7")
        for change in ward.board.pause(began_at(began, 5.0), "Nurse 14")
    ]
    over = ward.finds(Finding("asystole", False, measure="hr_per_min"), 10.0)
    start, pause, latched = told(began + paused + over)
    assert (start.alarm["code"], start.alarm["priority"]) == ("199684", "PH")
    assert pause.alarm["inactivation"] == "audio-paused"
    assert (latched.alarm["phase"], latched.alarm["state"]) == ("continue", "latched")


def began_at(events: list[Event], after_s: float) -> Any:
    from core.clock import Instant

    return Instant(1000.0 + after_s, events[0].at_utc_s + after_s)


def test_what_took_the_place_of_an_acknowledged_alarm_starts_and_that_one_ends() -> None:
    ward = Alarmed()
    first = ward.finds() + ward.acknowledged(20.0)
    worse = ward.finds(Finding("spo2-low", True, measure="spo2_pct", value=70.0, priority=Priority.HIGH), 30.0)
    alerts = told(first + worse)
    assert [alert.alarm["phase"] for alert in alerts] == ["start", "continue", "start", "end"]
    assert alerts[2].alarm["id"] != alerts[0].alarm["id"] == alerts[3].alarm["id"]


@pytest.mark.parametrize(("code", "kind"), [("leads-off", "ST"), ("news2-high", "SA"), ("vf", "SP")])
def test_conditions_without_a_number_name_the_monitor_as_their_source(code: str, kind: str) -> None:
    [start] = told(Alarmed().finds(Finding(code, True, text="lead II")))
    assert start.alarm["type"] == kind
    assert start.alarm["source_code"] == "69965"
    assert start.alarm["value"] is None


def test_a_monitors_own_alarm_goes_on_under_its_own_code() -> None:
    finding = Finding("monitor:196802:150456", True, text="Probe", source="monitor", measure="spo2_pct")
    [start] = told(Alarmed().finds(finding))
    assert start.alarm["code"] == "196802"


def test_patients_go_by_pseudonym_or_record_number_and_never_by_name() -> None:
    [hidden] = told(Alarmed().finds())
    [open_] = told(Alarmed().finds(), naming=BY_NUMBER)
    assert hidden.person.id not in ("", "4711")
    assert open_.person.id == "4711"
    [nobody] = told(Alarmed().finds(), About("Ward 7"))
    assert (nobody.person.id, nobody.location) == ("", "")


def test_the_same_event_gives_the_same_bytes_and_two_events_two_control_ids() -> None:
    ward = Alarmed()
    events = [event for event in ward.finds() + ward.acknowledged(20.0) if phase_of(event)]
    once, again = ([alert_message(event, ABOUT, NAMING, TO) for event in events] for _ in range(2))
    assert once == again
    ids = [parse(message).header.text(10) for message in once]
    assert len(set(ids)) == len(ids) and all(len(each) == 20 for each in ids)


def test_steps_and_reminders_change_nothing_for_a_receiver() -> None:
    ward = Alarmed()
    ward.finds(LOW_SPO2)
    assert told(ward.waits(125.0)) == []


def test_text_with_separators_arrives_as_it_was() -> None:
    [start] = told(Alarmed().finds(Finding("leads-off", True, text="I|II ^ V & \\ ~")))
    assert start.alarm["text"].endswith("I|II ^ V & \\ ~")
