"""Changing a limit over a real web process: who may, what must be said, and the bed's own words when it refuses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.bed_screens import BedRig, told
from tests.support.screens import PIN, Visitor
from verticals.contract import Reply

AT = "/bed/bed-7/limits/hr_per_min"
GOOD = {"low": "50", "high": "150", "hours": "8", "pick": "Fever", "act": "set"}


@pytest.fixture(scope="module")
def station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BedRig]:
    with BedRig(tmp_path_factory.mktemp("ward")) as running:
        running.run_line()
        running.accounts.add("Nurse 14", PIN, {"healthcare": "nurse"}, by="the test")
        running.accounts.add("Charge nurse 03", PIN, {"healthcare": "charge"}, by="the test")
        running.screen = running.client()
        running.screen.sign_in("Charge nurse 03")
        yield running


@pytest.fixture(autouse=True)
def calm(station: BedRig) -> None:
    station.orders.clear()
    station.answer = lambda where, command: Reply(True)
    station.tell(bed_7=told())


def send(visitor: Visitor, **values: str) -> Any:
    return visitor.post(AT, data={"csrf": visitor.csrf(), **values})


def test_the_form_says_what_holds_by_whom_and_what_the_wards_is(station: BedRig) -> None:
    html = station.screen.get(AT).text
    assert "now 50 to 140 /min, by Clinician 08: fever; the ward's 50 to 120; the value is 132" in html.replace(
        "&#39;", "'"
    )
    assert 'name="low" value="50"' in html and 'name="high" value="140"' in html and "Back to the ward" in html


def test_limits_go_to_the_bed_with_reason_and_duration(station: BedRig) -> None:
    answer = send(station.screen, **GOOD)
    assert answer.status_code == 303 and answer.headers["location"] == "/bed/bed-7"
    [(where, command)] = station.orders
    assert (where, command.name, command.who, command.role) == ("bed-7", "set-limits", "Charge nurse 03", "charge")
    assert command.args == {"measure": "hr_per_min", "reason": "Fever", "low": 50.0, "high": 150.0, "lasts_s": 28_800.0}


def test_an_empty_side_is_no_alarm_on_that_side(station: BedRig) -> None:
    send(station.screen, **{**GOOD, "high": "", "low": "37,5"})
    assert (station.orders[0][1].args["low"], station.orders[0][1].args["high"]) == (37.5, None)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [({"pick": ""}, "say why"), ({"hours": ""}, "for how long"), ({"low": "low"}, "low is no number")],
)
def test_reason_duration_and_numbers_are_asked_for(station: BedRig, wrong: dict[str, str], says: str) -> None:
    answer = send(station.screen, **{**GOOD, **wrong})
    assert answer.status_code == 409 and says in answer.text and station.orders == []
    assert 'name="high" value="150"' in answer.text


def test_a_refusal_is_in_the_beds_own_words(station: BedRig) -> None:
    words = "HR: high 250 is outside 90 to 170 /min; only charge or clinician may set that."
    station.answer = lambda where, command: Reply(False, words)
    answer = send(station.screen, **{**GOOD, "high": "250"})
    assert answer.status_code == 409 and words in answer.text and 'name="high" value="250"' in answer.text


def test_the_wards_limits_come_back_with_a_reason(station: BedRig) -> None:
    send(station.screen, **{**GOOD, "act": "clear"})
    [(_, command)] = station.orders
    assert (command.name, command.args) == ("clear-limits", {"measure": "hr_per_min", "reason": "Fever"})


def test_a_nurse_changes_no_limits(station: BedRig) -> None:
    nurse = station.client()
    nurse.sign_in("Nurse 14")
    assert nurse.get(AT).status_code == 403 and send(nurse, **GOOD).status_code == 403 and station.orders == []


@pytest.mark.parametrize(
    "path", ["/bed/bed-99/limits/hr_per_min", "/bed/bed-7/limits/mood", "/bed/bed-2/limits/hr_per_min"]
)
def test_a_limit_that_is_not_there_is_not_changed(station: BedRig, path: str) -> None:
    assert station.screen.get(path).status_code == 404
