"""What admissions said and the ward could not follow, and what a person does about it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.ward_json import NOW_UTC_S, bed
from tests.support.ward_rooms import RoomRig, desk
from verticals.contract import Reply

ASIDE = [
    {"number": 3, "at_utc_s": NOW_UTC_S - 600, "event": "A01", "location": "elsewhere", "prior_location": "",
     "initials": "B.N.", "why": "bed-7 holds another patient."}
]  # fmt: skip


@pytest.fixture(scope="module")
def station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RoomRig]:
    with RoomRig(tmp_path_factory.mktemp("movements"), beds=8) as running:
        running.run_line({f"bed-{number}": bed() for number in range(1, 9)}, desk(set_aside=ASIDE))
        yield running


def test_each_says_what_it_was_and_why_it_did_not_fit(station: RoomRig) -> None:
    html = station.as_("Nurse 14").get("/movements").text
    assert "Admission" in html and "holds another patient" in html and "B.N." in html


def test_the_list_of_patients_leads_there(station: RoomRig) -> None:
    assert "1 message of admissions set aside" in station.as_("Nurse 14").get("/patients").text


def test_handing_in_and_dismissing_go_to_the_desk_and_are_audited(station: RoomRig) -> None:
    nurse = station.as_("Nurse 14")
    answer = nurse.post("/movements/3/hand-in", data={"csrf": nurse.csrf()})
    assert answer.headers["location"].endswith("/movements?done=hand-in")
    where, command = station.orders[-1]
    assert (where, command.name, dict(command.args)) == ("ward", "hand-in-movement", {"number": "3"})
    nurse.post("/movements/3/dismiss", data={"csrf": nurse.csrf(), "words": "a test"})
    assert dict(station.orders[-1][1].args) == {"number": "3", "reason": "a test"}
    assert [entry.act for entry in station.audit.read()][-1] == "dismiss-movement"


def test_a_refusal_is_said(station: RoomRig) -> None:
    station.answer = lambda where, command: Reply(False, "bed-7 holds another patient.")
    nurse = station.as_("Nurse 14")
    answer = nurse.post("/movements/3/hand-in", data={"csrf": nurse.csrf()})
    assert answer.status_code == 409 and "holds another patient" in answer.text


def test_a_dismissal_without_a_reason_does_not_reach_the_desk(station: RoomRig) -> None:
    nurse, before = station.as_("Nurse 14"), len(station.orders)
    answer = nurse.post("/movements/3/dismiss", data={"csrf": nurse.csrf(), "words": " "})
    assert answer.status_code == 409 and len(station.orders) == before
