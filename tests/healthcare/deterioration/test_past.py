from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pytest

from core.clock import Instant
from healthcare.deterioration.past import OwnScore
from healthcare.deterioration.score import LearntScore, learnt
from healthcare.deterioration.trial import tried
from healthcare.vitals.news2 import PARAMETERS, Item, Score, score
from tests.healthcare.deterioration.wards_past import stays

NOON = Instant(1000.0, 1_795_000_000.0)


@pytest.fixture(scope="module")
def learnt_score() -> LearntScore:
    past = stays(60, 40, 0, hidden=True)
    return learnt(past, tried(past, 1.0, seed=0))


def scored(now: Instant, systolic: float) -> Score:
    values: tuple[float | bool | str, ...] = (16.0, 97.0, False, systolic, 76.0, "A", 36.9)
    items = [Item(name, value, now, "Nurse 14") for name, value in zip(PARAMETERS, values, strict=True)]
    return score(items, now)


def heard(own: OwnScore, systolic: list[float], begin_h: int = 0) -> list[int]:
    """The hours at whose end something was told; a look every ten minutes."""
    told = []
    for hour, value in enumerate(systolic, begin_h):
        for sixth in range(6):
            now = NOON.plus(3600.0 * hour + 600.0 * sixth)
            if own.take(scored(now, value), now) is not None:
                told.append(hour)
    return told


FALLING = [125.0] * 24 + [120.0, 116.0, 112.0, 108.0, 104.0, 102.0, 102.0, 102.0, 102.0, 102.0, 102.0, 102.0]


def test_a_patient_who_goes_down_is_told_once_in_six_hours(learnt_score: LearntScore) -> None:
    told = heard(OwnScore(learnt_score), FALLING)
    assert told and told[0] >= 25
    assert all(later - earlier >= 6 for earlier, later in pairwise(told))


def test_a_patient_who_is_well_is_not_told_of(learnt_score: LearntScore) -> None:
    assert heard(OwnScore(learnt_score), [125.0] * 40) == []


def test_the_bed_judges_as_the_trial_did(learnt_score: LearntScore) -> None:
    own, last = OwnScore(learnt_score), None
    for hour in range(31):
        now = NOON.plus(3600.0 * hour)
        notice = own.take(scored(now, FALLING[hour]), now)
        last = notice or last
    rows = np.array([[16.0, 97.0, 0.0, value, 76.0, 0.0, 36.9] for value in FALLING])
    judged = [learnt_score.judge(rows[: hour + 1]) for hour in range(30)]
    first = next(one for one in judged if one is not None and one.high)
    assert last is not None and last.text == first.words()


def test_a_restart_changes_nothing(learnt_score: LearntScore) -> None:
    straight, stopped = OwnScore(learnt_score), OwnScore(learnt_score)
    told = heard(straight, FALLING)
    half = heard(stopped, FALLING[:26])
    kept = json.loads(json.dumps(stopped.state(NOON.plus(26 * 3600.0))))
    again = OwnScore(learnt_score)
    again.restore(kept, NOON.plus(26 * 3600.0))
    assert half + heard(again, FALLING[26:], 26) == told


def test_hours_in_which_nothing_was_known_stay_empty_and_another_patient_begins_anew(learnt_score: LearntScore) -> None:
    own = OwnScore(learnt_score)
    heard(own, FALLING[:30])
    later = NOON.plus(3600.0 * 80)
    assert own.take(scored(later, 125.0), later) is None
    assert own.state(later)["hours"][-1] == [None] * len(PARAMETERS)
    own.forget()
    assert own.state(later)["hours"] == [] and own.state(later)["began"] is None
