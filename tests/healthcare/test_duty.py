"""The roster of a ward, and whose own page is open."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import Instant
from core.errors import RefusedError
from healthcare.alarms.escalation import Roster, Whom
from healthcare.duty import MOST_ON_SHIFT, PHONE_SILENT_AFTER_S, Duty
from healthcare.settings import BedSettings, HealthcareSettings

_NAMES = st.sampled_from(["Nurse 12", "Nurse 14", "Charge nurse 03", "", "  "])


def at(seconds: float) -> Instant:
    return Instant(1000.0 + seconds, 1_796_000_000.0 + seconds)


def ward(beds: int = 3, **more: Any) -> HealthcareSettings:
    numbered = [
        BedSettings(f"bed-{number}", str(number), nurse="Nurse 12", buddy="Nurse 14") for number in range(1, beds + 1)
    ]
    return HealthcareSettings(
        "Ward 7 West", numbered, **({"charge": "Charge nurse 03", "on_shift": ["Nurse 12", "Nurse 14"]} | more)
    )


def test_until_a_shift_names_others_the_settings_hold() -> None:
    assert Duty(ward()).roster_of("bed-2") == Roster(
        "Nurse 12", "Nurse 14", "Charge nurse 03", ("Nurse 12", "Nurse 14")
    )


def test_what_is_not_given_of_a_roster_stays() -> None:
    duty = Duty(ward())
    data = duty.set({"beds": {"bed-2": {"nurse": "Nurse 17", "buddy": "Nurse 21"}}})
    assert data["beds"] == {"bed-2": {"nurse": "Nurse 17", "buddy": "Nurse 21"}}
    assert duty.roster_of("bed-2").nurse == "Nurse 17"
    assert duty.roster_of("bed-1").nurse == "Nurse 12"
    assert duty.roster_of("bed-1").charge == "Charge nurse 03"


@pytest.mark.parametrize(
    "beds",
    [
        {"bed-1": {"nurse": "Nurse 17", "buddy": ""}, "bed-2": {"nurse": "Nurse 17", "buddy": "Nurse 17"}},
        {"bed-1": {"nurse": "Nurse 17", "buddy": ""}, "bed-99": {"nurse": "Nurse 17", "buddy": ""}},
        {"bed-1": {"nurse": "Nurse 17", "buddy": ""}, "bed-2": "Nurse 17"},
    ],
)
def test_a_roster_with_a_fault_is_refused_as_a_whole(beds: dict[str, Any]) -> None:
    duty = Duty(ward())
    before = duty.shown()
    with pytest.raises(RefusedError):
        duty.set({"beds": beds, "charge": "Nurse 21"})
    assert duty.shown() == before


@given(
    beds=st.dictionaries(
        st.sampled_from(["bed-1", "bed-2", "bed-3"]), st.fixed_dictionaries({"nurse": _NAMES, "buddy": _NAMES})
    ),
    charge=_NAMES,
    on_shift=st.lists(_NAMES, max_size=80),
)
def test_whatever_is_asked_nobody_is_their_own_buddy_and_everyone_is_called_once(
    beds: dict[str, Any], charge: str, on_shift: list[str]
) -> None:
    duty = Duty(ward())
    try:
        duty.set({"beds": beds, "charge": charge, "on_shift": on_shift})
    except RefusedError:
        assert duty.shown() == Duty(ward()).shown()
    for bed in ("bed-1", "bed-2", "bed-3"):
        roster = duty.roster_of(bed)
        assert not roster.nurse or roster.nurse != roster.buddy
        everyone = roster.people(Whom.EVERYONE)
        assert len(set(everyone)) == len(everyone) and "" not in everyone
    assert len(duty.shown()["on_shift"]) <= MOST_ON_SHIFT


def test_a_person_comes_on_shift_and_goes() -> None:
    duty = Duty(ward())
    assert duty.shift("Nurse 21", on=True)["on_shift"] == ["Nurse 12", "Nurse 14", "Nurse 21"]
    assert duty.shift("Nurse 21", on=True)["on_shift"].count("Nurse 21") == 1
    assert duty.shift("Nurse 21", on=False)["on_shift"] == ["Nurse 12", "Nurse 14"]


@pytest.mark.parametrize(
    ("who", "says"),
    [("Nurse 12", "Bed 1, 2, 3 are"), ("Nurse 14", "second place of bed 1, 2, 3"), ("Charge nurse 03", "The ward is")],
)
def test_nobody_goes_whose_beds_are_still_theirs(who: str, says: str) -> None:
    duty = Duty(ward())
    before = duty.shown()
    with pytest.raises(RefusedError, match=says):
        duty.shift(who, on=False)
    assert duty.shown() == before


def test_nobody_is_not_on_shift() -> None:
    with pytest.raises(RefusedError):
        Duty(ward()).shift("", on=True)
    with pytest.raises(RefusedError):
        Duty(ward()).phone("", at(0), sounds=True)


def test_a_page_that_is_open_is_said_once_and_again_when_it_cannot_sound() -> None:
    duty = Duty(ward())
    assert duty.phone("Nurse 12", at(0), sounds=True) == {"name": "Nurse 12", "here": True, "sounds": True}
    assert duty.phone("Nurse 12", at(5), sounds=True) is None
    assert duty.phone("Nurse 12", at(10), sounds=False) == {"name": "Nurse 12", "here": True, "sounds": False}
    assert duty.phones() == {"Nurse 12": {"here": True, "sounds": False, "since_utc_s": at(10).utc_s}}


def test_a_page_that_has_closed_is_missed_once_and_may_come_back() -> None:
    duty = Duty(ward())
    duty.phone("Nurse 12", at(0), sounds=True)
    duty.phone("Nurse 12", at(5), sounds=True)
    assert duty.tick(at(5 + PHONE_SILENT_AFTER_S)) == []
    due = duty.due()
    assert due is not None
    assert duty.tick(due) == [{"name": "Nurse 12", "here": False, "sounds": False}]
    assert (duty.tick(due.plus(60)), duty.due()) == ([], None)
    assert duty.phones()["Nurse 12"]["here"] is False
    assert duty.phone("Nurse 12", due.plus(90), sounds=True) is not None
    assert duty.phones()["Nurse 12"]["here"] is True


def test_the_roster_outlives_a_restart_and_open_pages_do_not() -> None:
    duty = Duty(ward())
    duty.set({"beds": {"bed-2": {"nurse": "Nurse 17", "buddy": ""}}, "charge": "Nurse 21", "on_shift": ["Nurse 17"]})
    duty.phone("Nurse 17", at(0), sounds=True)
    kept = json.loads(json.dumps(duty.state()))
    again = Duty(ward(beds=4))
    again.restore(kept)
    assert again.roster_of("bed-2") == Roster("Nurse 17", "", "Nurse 21", ("Nurse 17",))
    assert again.roster_of("bed-4").nurse == "Nurse 12"  # new in the settings
    assert again.phones() == {}
