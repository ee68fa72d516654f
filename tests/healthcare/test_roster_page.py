"""The roster: who is called for which bed, set by the nurse in charge."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from healthcare.roster_page import NO_PAGE, NO_SOUND, REACHED, people_of, reached_by
from tests.support.ward_json import bed
from tests.support.ward_rooms import RoomRig, desk, roster
from verticals.contract import Reply


def test_everybody_whom_an_alarm_may_call_is_listed_once_with_how_they_are_reached() -> None:
    told = roster({"bed-7": ("Nurse 14", "Nurse 12"), "bed-8": ("Nurse 14", "")}, on_shift=["Nurse 12", "Nurse 17"])
    people = people_of(told, {"Nurse 14": {"here": True, "sounds": True}})
    assert [(one["name"], one["reached"], one["on_shift"]) for one in people] == [
        ("Charge nurse 03", NO_PAGE, False),
        ("Nurse 14", REACHED, False),
        ("Nurse 12", NO_PAGE, True),
        ("Nurse 17", NO_PAGE, True),
    ]


@pytest.mark.parametrize(
    ("phone", "says"),
    [
        ({}, NO_PAGE),
        ({"here": False, "sounds": True}, NO_PAGE),
        ({"here": True, "sounds": False}, NO_SOUND),
        ({"here": True, "sounds": True}, REACHED),
    ],
)
def test_a_page_that_cannot_sound_reaches_only_who_looks(phone: dict[str, bool], says: str) -> None:
    assert reached_by(phone) == says


@pytest.fixture(scope="module")
def station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RoomRig]:
    with RoomRig(tmp_path_factory.mktemp("roster")) as running:
        running.run_line({f"bed-{number}": bed() for number in range(1, 17)}, desk())
        yield running


def test_the_nurse_in_charge_sets_it(station: RoomRig) -> None:
    charge = station.as_("Charge nurse 03", "charge")
    html = charge.get("/roster").text
    assert 'name="nurse-bed-7" value="Nurse 14"' in html and 'name="buddy-bed-7" value="Nurse 12"' in html
    station.orders.clear()
    form = {"csrf": charge.csrf(), "nurse-bed-7": " Nurse 17 ", "buddy-bed-7": "", "charge": "Charge nurse 03"}
    answer = charge.post("/roster", data=form | {"on_shift": "Nurse 17\n\nNurse 12\n"})
    assert answer.status_code in (302, 303) and answer.headers["location"].endswith("/roster?saved=1")
    where, command = station.orders[-1]
    assert (where, command.name, command.role) == ("ward", "roster", "charge")
    assert command.args["beds"] == {"bed-7": {"nurse": "Nurse 17", "buddy": ""}}
    assert command.args["on_shift"] == ["Nurse 17", "Nurse 12"]


def test_what_was_refused_is_said_and_nothing_typed_is_lost(station: RoomRig) -> None:
    charge = station.as_("Charge nurse 03", "charge")
    station.answer = lambda where, command: Reply(False, "Bed 7: nurse and buddy are the same person.")
    form = {"csrf": charge.csrf(), "nurse-bed-7": "Nurse 17", "buddy-bed-7": "Nurse 17", "charge": "", "on_shift": ""}
    answer = charge.post("/roster", data=form)
    station.answer = lambda where, command: Reply(True)
    assert answer.status_code == 409 and "same person" in answer.text
    assert 'name="buddy-bed-7" value="Nurse 17"' in answer.text


def test_a_nurse_sees_it_and_cannot_change_it(station: RoomRig) -> None:
    nurse = station.as_("Nurse 12")
    html = nurse.get("/roster").text
    assert "Nurse 14" in html and 'name="nurse-bed-7"' not in html
    station.orders.clear()
    assert nurse.post("/roster", data={"csrf": nurse.csrf(), "nurse-bed-7": "Nurse 12"}).status_code in (302, 303, 403)
    assert station.orders == []


def test_who_has_a_page_open_is_shown(station: RoomRig) -> None:
    station.tell(ward=desk(phones={"Nurse 12": {"here": True, "sounds": True, "since_utc_s": 0.0}}))
    html = station.as_("Nurse 12").get("/roster").text
    assert '<b>Nurse 12</b><span class="roster__reach">page open</span>' in html
    assert '<b>Nurse 14</b><span class="roster__reach roster__reach--not">no page open</span>' in html
