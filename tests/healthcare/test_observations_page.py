"""Entering observations, standby and the SpO₂ scale over a real web process."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.bed_screens import SET, BedRig, observed, told
from tests.support.screens import PIN, Visitor
from tests.support.ward_json import NOW_UTC_S, placed, ward
from verticals.contract import Event, Reply

AT = "/bed/bed-7/observations"


@pytest.fixture(scope="module")
def station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BedRig]:
    with BedRig(tmp_path_factory.mktemp("ward")) as running:
        running.run_line()
        running.stay("bed-7", "Kern", "Anna", since_utc_s=NOW_UTC_S - 7200.0)
        for name, role in (("Nurse 14", "nurse"), ("Clinician 08", "clinician")):
            running.accounts.add(name, PIN, {"healthcare": role}, by="the test")
        running.happened(observed(4, NOW_UTC_S - 720.0, SET))
        yield running


@pytest.fixture(autouse=True)
def calm(station: BedRig) -> None:
    station.orders.clear()
    station.answer = lambda where, command: Reply(True, data={"set": "set-4"})
    station.screen = station.client()
    own = {"charge": "Charge nurse 03", "on_shift": ["Nurse 12"], "beds": {"bed-7": {"nurse": "Nurse 14", "buddy": ""}}}
    station.tell(bed_7=told(), ward=ward(roster=own))


def send(visitor: Visitor, path: str, **values: str) -> Any:
    return visitor.post(path, data={"csrf": visitor.csrf(), **values})


def test_the_form_is_filled_from_the_monitor_and_asks_for_the_rest(station: BedRig) -> None:
    html = station.screen.get(AT).text
    assert 'name="rr_per_min" value="28"' in html and html.count("from monitor 14:05") == 3
    assert 'name="pulse_per_min" value="132"' in html and "from monitor 14:01" in html
    assert " checked" not in html and '<option value="Nurse 14">' in html


def test_a_set_goes_to_the_bed_with_who_took_it_and_shows_what_it_came_to(station: BedRig) -> None:
    answer = send(station.screen, AT, rr_per_min="22", consciousness="A", spo2_pct="", author="Nurse 14", taken="13:53")
    assert answer.status_code == 303 and answer.headers["location"] == f"{AT}?set=set-4"
    [(where, command)] = station.orders
    assert (where, command.name, command.args["author"]) == ("bed-7", "enter-observations", "Nurse 14")
    assert command.args["values"] == {"rr_per_min": "22", "consciousness": "A"}
    assert command.args["taken_utc_s"] == NOW_UTC_S - 12 * 60 - 7
    shown = station.screen.get(answer.headers["location"]).text
    assert "Recorded 13:53" in shown and "<b>7</b> high" in shown and "Emergency: the registered nurse" in shown


def test_who_is_signed_in_is_the_author_whatever_was_chosen(station: BedRig) -> None:
    nurse = station.client()
    nurse.sign_in("Nurse 14")
    send(nurse, AT, rr_per_min="22", author="Nurse 99")
    [(_, command)] = station.orders
    assert command.args["author"] == "Nurse 14" and command.who == "Nurse 14"


def test_a_refusal_keeps_what_was_entered_and_says_why(station: BedRig) -> None:
    station.answer = lambda where, command: Reply(False, "RR: 300 is outside 0 to 120 /min.")
    answer = send(station.screen, AT, rr_per_min="300", consciousness="V", author="Nurse 14")
    assert answer.status_code == 409 and "RR: 300 is outside" in answer.text
    assert 'name="rr_per_min" value="300"' in answer.text and 'value="V" checked' in answer.text


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"rr_per_min": "18"}, "Say who took these values."),
        ({"rr_per_min": "18", "author": "Nurse 14", "taken": "late"}, "late is no time"),
        ({"rr_per_min": "18", "author": "Nurse 14", "opened": str(NOW_UTC_S - 900)}, "opened a while ago"),
    ],
)
def test_what_is_not_clear_reaches_no_bed(station: BedRig, values: dict[str, str], says: str) -> None:
    answer = send(station.screen, AT, **values)
    assert answer.status_code == 409 and says in answer.text and station.orders == []


def test_values_are_scored_while_they_are_entered_and_nothing_is_recorded(station: BedRig) -> None:
    told_of = station.screen.order(f"{AT}/score", {"rr_per_min": "28", "spo2_pct": "82"}).json()
    assert told_of["text"] == "≥ 6" and told_of["points"] == {"rr_per_min": 3, "spo2_pct": 3} and station.orders == []
    station.tell(bed_7=told(news2={"text": "n/a", "complete": False, "risk": "", "words": "not applicable: under 16"}))
    assert station.screen.order(f"{AT}/score", {"rr_per_min": "28"}).json()["text"] == "n/a"


def test_a_set_is_struck_out_with_a_reason_and_stays_on_the_page(station: BedRig) -> None:
    assert send(station.screen, f"{AT}/strike", set="set-4").status_code == 409 and station.orders == []
    assert send(station.screen, f"{AT}/strike", set="set-4", pick="Wrong patient").status_code == 303
    [(_, command)] = station.orders
    assert (command.name, command.args) == ("strike-observations", {"set": "set-4", "reason": "Wrong patient"})
    station.happened(observed(5, NOW_UTC_S - 60.0, SET))
    struck = {"set": "set-5", "reason": "Wrong patient"}
    station.happened(Event("observations-struck", "set-5", NOW_UTC_S - 30.0, struck, "bed-7", "Nurse 14"))
    html = station.screen.get(AT).text
    assert "Struck out by Nurse 14: Wrong patient" in html and 'name="set" value="set-5"' not in html


def test_standby_has_a_reason_and_an_end(station: BedRig) -> None:
    assert send(station.screen, "/bed/bed-7/standby").status_code == 409
    assert send(station.screen, "/bed/bed-7/standby", pick="In imaging", words="MRI").status_code == 303
    assert station.orders[-1][1].args == {"why": "MRI"}
    station.tell(bed_7=placed("standby", why="in imaging"))
    assert "End standby: watch again" in station.screen.get(AT).text
    send(station.screen, "/bed/bed-7/standby", act="end")
    assert station.orders[-1][1].name == "end-standby"


def test_scale_2_is_a_clinicians(station: BedRig) -> None:
    values = {"scale": "2", "pick": "Hypercapnic respiratory failure, target 88 to 92 %"}
    nurse, clinician = station.client(), station.client()
    nurse.sign_in("Nurse 14")
    clinician.sign_in("Clinician 08")
    assert send(nurse, "/bed/bed-7/scale", **values).status_code == 403 and station.orders == []
    assert send(clinician, "/bed/bed-7/scale", **values).status_code == 303
    assert station.orders[-1][1].args["scale"] == "2"


def test_there_are_no_observations_of_a_bed_that_is_not_here(station: BedRig) -> None:
    assert station.screen.get("/bed/bed-99/observations").status_code == 404
    assert send(station.screen, "/bed/bed-99/observations", author="x").status_code == 404
    assert station.screen.order("/bed/bed-99/observations/score", {}).status_code == 404
