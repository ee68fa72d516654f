from __future__ import annotations

import numpy as np
import pytest

from simulators.scenarios import Baseline, Condition, Rhythm, condition_at, make_episode
from simulators.ward_heart import AHEAD_S, BeatKind, Heart


def condition(rhythm: str = "", **changes: float) -> Condition:
    episodes = [make_episode(rhythm, 1, 0)] if rhythm else []
    return condition_at(Baseline(**changes), episodes, 1.0, (0, 0, 0))


def make_heart() -> Heart:
    return Heart(np.random.default_rng(3))


def test_beats_are_known_some_way_ahead_and_old_ones_are_let_go() -> None:
    heart = make_heart()
    for step in range(200):
        heart.advance(step * 0.25, condition(), 0.0)
    assert heart.beats[-1].r_s > 199 * 0.25 + AHEAD_S - 1.5
    assert heart.beats[0].r_s > 199 * 0.25 - 15
    assert all(
        later.r_s - earlier.r_s == pytest.approx(later.rr_s)
        for earlier, later in zip(heart.beats, heart.beats[1:], strict=False)
    )


def test_beats_that_were_only_planned_do_not_come_after_the_heart_has_stopped() -> None:
    heart = make_heart()
    heart.advance(5.0, condition(), 0.0)
    heart.advance(5.25, condition("asystole"), 0.0)
    assert max(beat.r_s for beat in heart.beats) <= 5.5


def test_a_heart_that_stood_begins_again_soon() -> None:
    heart = make_heart()
    for step in range(80):
        heart.advance(step * 0.25, condition("asystole"), 0.0)
    heart.advance(20.0, condition(), 0.0)
    assert 20.0 < heart.beats[0].r_s < 20.6


def test_an_extrasystole_is_early_and_a_pause_follows() -> None:
    heart = make_heart()
    for step in range(40):
        heart.advance(step * 0.25, condition(pvc_share=0.15), 0.0)
    beats = heart.beats
    found = [place for place in range(1, len(beats) - 1) if beats[place].kind is BeatKind.VENTRICULAR]
    assert found
    for place in found:
        assert beats[place].rr_s < 0.75 * beats[place + 1].rr_s
        assert beats[place].pulse < 0.5


def test_a_run_is_made_of_ventricular_beats_alone() -> None:
    heart = make_heart()
    heart.advance(0.0, condition("vt"), 0.0)
    assert {beat.kind for beat in heart.beats} == {BeatKind.VENTRICULAR}
    assert condition("vt").rhythm is Rhythm.VT
