"""Who lies where, what people change of it, and who may read a name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from healthcare.patients_page import day_time, stay_shown
from tests.support.ward_json import NOW_UTC_S, bed, placed
from tests.support.ward_rooms import RoomRig, desk, stay
from verticals.contract import Reply

BERLIN = ZoneInfo("Europe/Berlin")


def row(**changed: Any) -> dict[str, Any]:
    return {
        "number": 1, "bed": "bed-7", "patient_id": "4711", "family": "Koch", "given": "Anna",
        "birth_date": "1958-03-02", "since_utc_s": NOW_UTC_S - 3600, "until_utc_s": None, "how": "A01", "who": "",
        "struck": "", "over": False,
    } | changed  # fmt: skip


def test_a_name_is_shown_only_to_who_may_see_it() -> None:
    seen = stay_shown(row(), BERLIN, named=True)
    assert (seen["who"], seen["id"], seen["born"]) == ("Koch, Anna", "4711", "1958-03-02")
    hidden = stay_shown(row(), BERLIN, named=False)
    assert (hidden["who"], hidden["id"], hidden["born"]) == ("A.K.", "", "")
    assert "Koch" not in str(hidden)


def test_moments_are_of_the_ward() -> None:
    assert day_time(NOW_UTC_S, BERLIN) == "23 Nov 14:05" and day_time(None, BERLIN) == ""


@pytest.fixture(scope="module")
def station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RoomRig]:
    with RoomRig(tmp_path_factory.mktemp("patients"), beds=8) as running:
        beds = {f"bed-{number}": bed() for number in range(1, 9)} | {"bed-8": placed("empty", patient=None)}
        running.run_line(beds, desk())
        running.record(
            stay(1, "bed-7", "4700", hours=90, until_utc_s=NOW_UTC_S - 80 * 3600, struck="wrong bed", how="person"),
            stay(2, "bed-7", "4711", hours=24),
        )
        yield running


@pytest.fixture(autouse=True)
def accepting(station: RoomRig) -> None:
    station.orders.clear()
    station.answer = lambda where, command: Reply(True)


def test_the_list_shows_every_bed_by_initials(station: RoomRig) -> None:
    html = station.as_("Nurse 14").get("/patients").text
    assert html.count("data-bed=") == 8 and "7 of 8 beds are taken" in html
    assert "A.K." in html and "Koch" not in html


def test_the_history_of_a_bed_is_named_for_who_is_signed_in_and_audited(station: RoomRig) -> None:
    html = station.as_("Nurse 14").get("/patients/bed-7").text
    assert "Koch, Anna" in html and "struck out: wrong bed" in html and "still here" in html
    assert [entry.act for entry in station.audit.read()][-1] == "stays-seen"


def test_at_the_stations_own_screen_it_is_initials(station: RoomRig) -> None:
    html = station.client().get("/patients/bed-7").text
    assert "A.K." in html and "Koch" not in html and "still here" in html


@pytest.mark.parametrize(
    ("where", "deed", "fields", "args"),
    [
        (
            "bed-8",
            "assign",
            {"id": "4712", "family": "Ng", "given": "Bo", "birth_date": "1971-05-06"},
            {
                "bed": "bed-8",
                "patient": {"id": "4712", "family": "Ng", "given": "Bo", "birth_date": "1971-05-06", "sex": ""},
            },
        ),
        ("bed-7", "transfer", {"to": "bed-8"}, {"bed": "bed-7", "to": "bed-8"}),
        ("bed-7", "discharge", {}, {"bed": "bed-7"}),
        (
            "bed-7",
            "strike-out",
            {"pick": "Wrong bed", "words": "lay in 8"},
            {"bed": "bed-7", "reason": "lay in 8"},
        ),
    ],
)
def test_what_a_person_changes_goes_to_the_desk(
    station: RoomRig, where: str, deed: str, fields: dict[str, str], args: dict[str, Any]
) -> None:
    nurse = station.as_("Nurse 14")
    answer = nurse.post(f"/patients/{where}/{deed}", data={"csrf": nurse.csrf(), **fields})
    assert answer.headers["location"].endswith(f"/patients/{where}?done={deed}")
    station_name, command = station.orders[-1]
    assert (station_name, command.name, dict(command.args), command.who) == ("ward", deed, args, "Nurse 14")


def test_the_audit_names_who_was_put_into_a_bed_by_record_number_alone(station: RoomRig) -> None:
    nurse = station.as_("Nurse 14")
    nurse.post("/patients/bed-8/assign", data={"csrf": nurse.csrf(), "id": "4712", "family": "Ng", "given": "Bo"})
    entry = [entry for entry in station.audit.read() if entry.act == "assign"][-1]
    assert entry.values["args"] == {"bed": "bed-8", "patient": {"id": "4712"}} and "Ng" not in entry.detail


def test_a_refusal_is_said_and_keeps_what_was_typed(station: RoomRig) -> None:
    station.answer = lambda where, command: Reply(False, "bed-8 holds another patient.")
    nurse = station.as_("Nurse 14")
    answer = nurse.post("/patients/bed-8/assign", data={"csrf": nurse.csrf(), "id": "4712", "family": "Ng"})
    assert answer.status_code == 409 and "holds another patient" in answer.text and 'value="4712"' in answer.text


def test_a_strike_without_a_reason_does_not_reach_the_desk(station: RoomRig) -> None:
    nurse = station.as_("Nurse 14")
    answer = nurse.post("/patients/bed-7/strike-out", data={"csrf": nurse.csrf(), "pick": "", "words": " "})
    assert answer.status_code == 409 and "Say why" in answer.text and station.orders == []


@pytest.mark.parametrize("path", ["/patients/bed-99", "/patients/ward"])
def test_there_is_no_such_bed(station: RoomRig, path: str) -> None:
    assert station.as_("Nurse 14").get(path).status_code == 404


def test_a_deed_that_is_none_is_not_found(station: RoomRig) -> None:
    nurse = station.as_("Nurse 14")
    assert nurse.post("/patients/bed-7/roster", data={"csrf": nurse.csrf()}).status_code == 404
    assert station.orders == []
