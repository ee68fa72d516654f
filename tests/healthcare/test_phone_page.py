"""A person's own page: whom an alarm has called sees it there, hears it, and may take it or pass it on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from core.clock import Instant
from healthcare.alarms.board import AlarmBoard
from healthcare.alarms.escalation import Roster
from healthcare.alarms.finding import Finding
from healthcare.alarms.policy import AlarmPolicy
from healthcare.phone_page import phone_shown
from tests.support.screens import eventually
from tests.support.ward_json import NOW_UTC_S, alarm, bed, latched, ward
from tests.support.ward_rooms import RoomRig, desk, roster
from verticals.contract import Reply

PLACES = [("bed-6", "6"), ("bed-7", "7")]


def shown(who: str, *alarms: dict[str, Any], **desk_changed: Any) -> dict[str, Any]:
    return phone_shown(PLACES, {"bed-7": bed(*alarms), "bed-6": bed()}, desk(**desk_changed), who)


def test_who_was_called_sees_the_alarm_and_hears_it() -> None:
    page = shown("Nurse 14", alarm(told=["Nurse 14"], louder=True))
    (call,) = page["calls"]
    assert (call["bed"], call["who"], call["what"]) == ("7", "A.K.", "*** SpO₂ 82 < 88 %")
    assert (call["accept"], call["busy"], call["acknowledge"]) == (True, True, True)
    assert (call["next"], call["left_utc_s"]) == ("Charge nurse called in", NOW_UTC_S + 17)
    assert page["sounds"] == {"priority": "high", "louder": True, "ids": ["bed-7/1"]}


def test_who_was_not_called_hears_nothing_and_learns_that_there_is_something() -> None:
    page = shown("Nurse 17", alarm(told=["Nurse 14"]))
    assert (page["calls"], page["sounds"]["ids"], page["elsewhere"], page["beds"]) == ([], [], 1, [])


def test_nobody_is_called_where_nobody_is_signed_in() -> None:
    page = shown("", alarm(told=["Nurse 14", ""]), roster=roster({"bed-7": ("", "")}))
    assert (page["calls"], page["beds"], page["on_shift"]) == ([], [], False)


def test_what_another_has_accepted_is_silent_and_says_who_goes() -> None:
    taken = alarm(told=["Nurse 14", "Nurse 12"], owner="Nurse 12", accepted=True)
    (call,) = shown("Nurse 14", taken)["calls"]
    assert call["stand"] == "Nurse 12 goes" and call["accept"] and not call["busy"]
    assert shown("Nurse 14", taken)["sounds"]["ids"] == []


def test_who_goes_may_still_pass_it_on() -> None:
    (call,) = shown("Nurse 14", alarm(told=["Nurse 14"], owner="Nurse 14", accepted=True))["calls"]
    assert (call["stand"], call["accept"], call["busy"]) == ("you go", False, True)


def test_who_is_busy_hears_it_no_more_and_may_take_it_all_the_same() -> None:
    passed = alarm(told=["Nurse 14", "Nurse 12"], declined=["Nurse 14"])
    page = shown("Nurse 14", passed)
    assert page["calls"][0]["stand"] == "you passed it on"
    assert (page["calls"][0]["accept"], page["calls"][0]["busy"]) == (True, False)
    assert page["sounds"]["ids"] == [] and shown("Nurse 12", passed)["sounds"]["ids"] == ["bed-7/1"]


def test_a_pause_at_the_station_holds_on_the_phone() -> None:
    assert shown("Nurse 14", alarm(told=["Nurse 14"], sound="paused"))["sounds"]["ids"] == []


def test_an_acknowledged_one_has_no_keys() -> None:
    known = alarm(
        told=["Nurse 14"], state="acknowledged", acknowledged_by="Nurse 12", next_step="", next_step_at_utc_s=None
    )
    (call,) = shown("Nurse 14", known)["calls"]
    assert not (call["accept"] or call["busy"] or call["acknowledge"] or call["next"])
    assert call["stand"] == "acknowledged by Nurse 12"


def test_one_that_is_over_can_only_be_acknowledged() -> None:
    (call,) = shown("Nurse 14", latched(bed="bed-7", told=["Nurse 14"]))["calls"]
    assert call["what"].startswith("was HR") and call["acknowledge"] and not call["accept"] and not call["busy"]


def test_the_highest_priority_sounds_and_stands_first() -> None:
    page = shown("Nurse 14", alarm(1, priority="medium", told=["Nurse 14"]), alarm(2, told=["Nurse 14"]))
    assert [call["id"] for call in page["calls"]] == ["bed-7/2", "bed-7/1"]
    assert (page["sounds"]["priority"], page["sounds"]["ids"]) == ("high", ["bed-7/2"])


def test_own_beds_are_those_of_the_roster() -> None:
    own = shown("Nurse 14")["beds"]
    assert [(one["name"], one["second"], one["who"]) for one in own] == [("bed-7", False, "A.K.")]
    assert [one["second"] for one in shown("Nurse 12")["beds"]] == [True]
    assert shown("Charge nurse 03")["in_charge"] and shown("Nurse 12")["on_shift"]


def test_a_desk_that_has_told_nothing_yet_breaks_nothing() -> None:
    page = phone_shown(PLACES, {"bed-6": {}, "bed-7": {}}, ward(roster={}), "Nurse 14")
    assert (page["calls"], page["beds"], page["on_shift"]) == ([], [], False)


@pytest.mark.parametrize(
    ("seconds", "hear"),
    [(0, {"Nurse 14"}), (60, {"Nurse 14", "Nurse 12"}), (120, {"Nurse 14", "Nurse 12", "Charge nurse 03"})],
)
def test_the_ladder_of_an_alarm_reaches_one_page_after_another(seconds: float, hear: set[str]) -> None:
    board = AlarmBoard("bed-7", AlarmPolicy())
    everyone = ("Nurse 12", "Nurse 14", "Charge nurse 03", "Nurse 17")
    board.assign(Roster("Nurse 14", "Nurse 12", "Charge nurse 03", everyone))
    board.take([Finding("asystole", True)], Instant(0.0, NOW_UTC_S))
    at = Instant(seconds, NOW_UTC_S + seconds)
    board.tick(at)
    told = board.shown(at)
    assert {who for who in everyone if shown(who, *told)["sounds"]["ids"]} == hear


# Over the web process


@pytest.fixture(scope="module")
def station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RoomRig]:
    with RoomRig(tmp_path_factory.mktemp("phone")) as running:
        running.run_line({f"bed-{number}": bed() for number in range(1, 17)}, desk())
        yield running


def test_the_page_of_a_called_nurse_has_three_keys_and_initials_alone(station: RoomRig) -> None:
    station.tell(bed_7=bed(alarm(told=["Nurse 14"])))
    html = station.as_("Nurse 14").get("/phone").text
    assert "Bed 7" in html and "A.K." in html and "called in" in html
    assert [key in html for key in ('data-order="accept"', 'data-order="busy"', 'data-order="acknowledge"')] == [
        True,
        True,
        True,
    ]
    assert "&#34;ids&#34;: [&#34;bed-7/1&#34;]" in html
    assert "not a primary alarm" in html


def test_without_a_name_the_page_asks_for_one(station: RoomRig) -> None:
    html = station.client().get("/phone").text
    assert "Sign in with your own name" in html and "data-order" not in html


def test_a_key_goes_to_the_bed_in_the_name_of_who_pressed(station: RoomRig) -> None:
    station.orders.clear()
    answer = station.as_("Nurse 14").order("/order/accept", {"alarm": "bed-7/1"})
    assert answer.status_code == 200
    where, command = station.orders[-1]
    assert (where, command.name, command.who) == ("bed-7", "accept", "Nurse 14")


def test_the_page_says_that_it_is_here_without_filling_the_audit(station: RoomRig) -> None:
    station.orders.clear()
    nurse = station.as_("Nurse 14")
    before = len(list(station.audit.read()))
    assert nurse.order("/phone/here", {"sounds": True}).status_code == 200
    eventually(lambda: bool(station.orders))
    where, command = station.orders[-1]
    assert (where, command.name, dict(command.args), command.who) == (
        "ward",
        "phone-here",
        {"sounds": True},
        "Nurse 14",
    )
    assert len(list(station.audit.read())) == before


def test_leaving_the_shift_is_refused_in_words(station: RoomRig) -> None:
    station.answer = lambda where, command: Reply(False, "Bed 7 is still yours.")
    answer = station.as_("Nurse 14").order("/phone/shift", {"on": False})
    station.answer = lambda where, command: Reply(True)
    assert (answer.status_code, answer.json()["reason"]) == (409, "Bed 7 is still yours.")
