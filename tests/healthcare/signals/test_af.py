from __future__ import annotations

import numpy as np
import pytest

from healthcare.signals.af import BEATS, IN_A_ROW, STEP, AfWindow, AtrialFibrillation, sample_entropy, successive
from tests.healthcare.signals.synthesis import Floats


def fed(
    follower: AtrialFibrillation, intervals_s: Floats, start_s: float = 0.0, every_nth_ventricular: int = 0
) -> float:
    at_s = start_s
    for number, interval in enumerate(intervals_s.tolist()):
        at_s += interval
        ventricular = every_nth_ventricular > 0 and number % every_nth_ventricular == 0
        follower.add(at_s, interval, ventricular=ventricular)
    return at_s


def steady(count: int, rng: np.random.Generator) -> Floats:
    breath = 0.03 * np.sin(2 * np.pi * np.arange(count) / 5.0)
    intervals: Floats = 0.8 + breath + rng.normal(0.0, 0.008, count)
    return intervals


def irregular(count: int, rng: np.random.Generator) -> Floats:
    intervals: Floats = np.clip(rng.gamma(16.0, 0.62 / 16.0, count), 0.3, 1.6)
    return intervals


def test_irregular_beats_are_fibrillation_and_steady_ones_end_it() -> None:
    rng = np.random.default_rng(1)
    follower, at_s, states = AtrialFibrillation(), 0.0, []
    for intervals in (steady(200, rng), irregular(BEATS + IN_A_ROW * STEP, rng), steady(BEATS + IN_A_ROW * STEP, rng)):
        at_s = fed(follower, intervals, at_s)
        states.append((follower.present, follower.since_s is not None))
    assert states == [(False, False), (True, True), (False, False)]


@pytest.mark.parametrize("pattern", [(0.55, 1.05), (0.6, 0.6, 1.2)])
def test_beats_that_repeat_a_pattern_are_not_fibrillation(pattern: tuple[float, ...]) -> None:
    rng = np.random.default_rng(2)
    follower = AtrialFibrillation()
    fed(follower, np.tile(pattern, 80) + rng.normal(0.0, 0.01, 80 * len(pattern)))
    assert not follower.present
    assert follower.last is not None
    assert follower.last.successive > 0.1


def test_intervals_beside_ventricular_beats_do_not_count() -> None:
    rng = np.random.default_rng(3)
    intervals = steady(300, rng)
    intervals[::5], intervals[1::5] = 0.45, 1.15  # every fifth beat early, with its pause
    counted = AtrialFibrillation()
    fed(counted, intervals, every_nth_ventricular=5)
    assert counted.last is not None
    assert counted.last.successive < 0.06


def test_a_window_needs_others_like_it_and_a_long_gap_begins_anew() -> None:
    rng = np.random.default_rng(4)
    follower = AtrialFibrillation()
    at_s = fed(follower, irregular(BEATS, rng))
    assert follower.last is not None
    assert follower.last.irregular
    assert not follower.present
    fed(follower, irregular(STEP * 3, rng), at_s + 300.0)
    assert not follower.present


def test_what_is_no_interval_is_left_out() -> None:
    follower = AtrialFibrillation()
    for _ in range(200):
        assert follower.add(1.0, None, ventricular=False) is None
        assert follower.add(1.0, 4.0, ventricular=False) is None


def test_both_numbers_tell_random_intervals_from_like_ones() -> None:
    rng = np.random.default_rng(5)
    random, like = irregular(64, rng), steady(64, rng)
    assert sample_entropy(random) > -0.9 > -1.3 > sample_entropy(like)
    assert successive(random) > 0.15 > 0.08 > successive(like)
    assert not AfWindow(0.0, 1.0, -1.2, 0.3).irregular


def test_equal_intervals_have_an_entropy() -> None:
    assert np.isfinite(sample_entropy(np.full(64, 0.8)))
    assert successive(np.full(64, 0.8)) == 0.0
