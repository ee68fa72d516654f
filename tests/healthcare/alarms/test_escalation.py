from __future__ import annotations

import pytest

from core.errors import SettingsError
from healthcare.alarms.escalation import LADDERS, Ladder, Roster, Step, Whom
from healthcare.alarms.priority import Priority


def _steps(priority: Priority) -> list[tuple[float, Whom]]:
    return [(step.after_s, step.whom) for step in LADDERS[priority].steps]


def test_high_is_louder_at_30_s_and_with_everyone_at_180_s() -> None:
    assert _steps(Priority.HIGH) == [(0, Whom.NURSE), (60, Whom.BUDDY), (120, Whom.CHARGE), (180, Whom.EVERYONE)]
    assert LADDERS[Priority.HIGH].louder_after_s == 30


def test_medium_takes_ten_minutes_to_reach_everyone() -> None:
    assert _steps(Priority.MEDIUM) == [(0, Whom.NURSE), (120, Whom.BUDDY), (300, Whom.CHARGE), (600, Whom.EVERYONE)]
    assert LADDERS[Priority.MEDIUM].louder_after_s is None


def test_low_stays_at_the_station() -> None:
    assert _steps(Priority.LOW) == []


@pytest.mark.parametrize("times", [(10.0,), (0.0, 60.0, 30.0), (-1.0,)])
def test_a_ladder_whose_steps_go_back_in_time_is_refused(times: tuple[float, ...]) -> None:
    with pytest.raises(SettingsError, match="ladder"):
        Ladder(tuple(Step(after_s, Whom.NURSE) for after_s in times))


def test_a_ladder_that_would_repeat_without_end_is_refused() -> None:
    with pytest.raises(SettingsError):
        Ladder((Step(0, Whom.NURSE),), again_s=0)


def test_everyone_is_each_person_once() -> None:
    roster = Roster("N1", "N2", "N1", ("N3", "N2", ""))
    assert roster.people(Whom.EVERYONE) == ("N1", "N2", "N3")


def test_a_place_that_is_not_filled_reaches_nobody() -> None:
    assert Roster().people(Whom.BUDDY) == Roster().people(Whom.EVERYONE) == ()


def test_a_roster_is_the_same_after_json() -> None:
    roster = Roster("N1", "N2", "C1", ("N1", "N2", "N3"))
    assert Roster.from_json(roster.to_json()) == roster
