from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from healthcare.signals.beat_training import (
    NO_CLASS,
    BeatSet,
    Recipe,
    beat_set,
    cross_validated,
    probabilities,
    teach,
    told_classes,
)
from healthcare.signals.beats import BeatClass
from tests.healthcare.signals.beat_cases import patient

#: Enough to tell what looks very different.
_SHORT = Recipe(steps=120, batch=48, networks=1, odds=(0.0, 0.0, 0.0))
_BRIEF = replace(_SHORT, steps=4)
_NORMAL, _VENTRICULAR = 0, 2


@cache
def _set(seed: int) -> BeatSet:
    one = patient(60.0, seed, rr_s=0.7 + 0.1 * seed, wide_each=5 + seed)
    classes = {beat.sample: _VENTRICULAR if wide else _NORMAL for beat, wide in zip(one.beats, one.wide, strict=True)}
    return beat_set(f"patient {seed}", one.leads, one.beats, classes)


def test_a_set_holds_every_beat_after_the_first_eight() -> None:
    one = patient(60.0, 1)
    found = beat_set("p", one.leads, one.beats, {one.beats[20].sample: _NORMAL})
    assert [beat.sample for beat in found.beats] == [beat.sample for beat in one.beats[8 : 8 + len(found.beats)]]
    assert len(found.beats) >= len(one.beats) - 12
    assert found.classes.tolist().count(NO_CLASS) == len(found.beats) - 1
    assert found.classes[12] == _NORMAL


def test_the_same_seed_teaches_the_same_network_and_another_one_another() -> None:
    first, again, other = (teach([_set(1)], seed, _BRIEF)[0] for seed in (0, 0, 1))
    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert not np.array_equal(first["score.w"], other["score.w"])


@pytest.mark.slow
def test_what_is_taught_by_two_patients_is_told_in_a_third() -> None:
    found = cross_validated([_set(number) for number in range(3)], 0, _SHORT, folds=3)
    assert sorted(found) == ["patient 0", "patient 1", "patient 2"]
    for number in range(3):
        truth, told = _set(number).classes, found[f"patient {number}"].argmax(axis=1)
        assert (truth == _VENTRICULAR).sum() > 5
        assert (told == truth).mean() > 0.95


def test_a_record_is_judged_by_networks_that_never_saw_it(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[str]] = []

    def note(sets: list[BeatSet], seed: int, recipe: Recipe, progress: object) -> list[object]:
        seen.append([one.record for one in sets])
        return list(teach(sets[:1], seed, Recipe(steps=2, batch=16, networks=1)))

    monkeypatch.setattr("healthcare.signals.beat_training.teach", note)
    cross_validated([_set(number) for number in range(4)], 0, folds=2)
    assert seen == [["patient 1", "patient 3"], ["patient 0", "patient 2"]]


def test_lowered_odds_lower_the_score_of_a_class_and_nothing_else() -> None:
    plain, lowered = (teach([_set(1)], 0, replace(_BRIEF, odds=(0.0, 0.0, by)))[0] for by in (0.0, 2.0))
    np.testing.assert_allclose(plain["score.b"] - lowered["score.b"], (0.0, 0.0, 2.0), atol=1e-5)
    assert all(np.array_equal(plain[name], lowered[name]) for name in plain if name != "score.b")
    chances = [probabilities([one], _set(2))[:, _VENTRICULAR].mean() for one in (plain, lowered)]
    assert chances[1] < chances[0]


def test_the_classes_told_are_the_likeliest_by_sample_of_the_beat() -> None:
    one = _set(1)
    found = np.tile(np.array([[0.7, 0.1, 0.2]], np.float32), (len(one.beats), 1))
    found[3] = (0.1, 0.1, 0.8)
    told = told_classes(one, found)
    assert told[one.beats[3].sample] is BeatClass.VENTRICULAR
    assert set(told) == {beat.sample for beat in one.beats}
    assert list(told.values()).count(BeatClass.NORMAL) == len(one.beats) - 1


def test_progress_goes_from_nothing_to_nearly_all() -> None:
    told: list[float] = []
    teach([_set(1)], 0, Recipe(steps=42, batch=8, networks=2), told.append)
    assert told == sorted(told)
    assert told[0] == 0.0
    assert told[-1] > 0.9
