from __future__ import annotations

import numpy as np

from healthcare.signals.finder import BeatFinder

RATE_HZ = 100.0


def _envelope(tops: list[tuple[float, float]], length_s: float) -> np.ndarray:
    """Bumps of these moments and heights on a little noise."""
    at_s = np.arange(round(length_s * RATE_HZ)) / RATE_HZ
    heights = 0.2 + 0.1 * np.random.default_rng(2).random(at_s.size)
    for moment_s, height in tops:
        heights += height * np.exp(-0.5 * ((at_s - moment_s) / 0.04) ** 2)
    return heights


def _found(tops: list[tuple[float, float]], length_s: float, slopes: np.ndarray | None = None) -> list[float]:
    heights = _envelope(tops, length_s)
    finder = BeatFinder(RATE_HZ)
    found = finder.feed(heights, heights if slopes is None else slopes, heights > 0.5) + finder.finish()
    return [round(top.sample / RATE_HZ, 1) for top in found]


def _beats(count: int, height: float = 10.0, every_s: float = 0.8) -> list[tuple[float, float]]:
    return [(0.5 + every_s * number, height) for number in range(count)]


def test_each_bump_is_a_beat_once() -> None:
    assert _found(_beats(15), 13.0) == [round(at_s, 1) for at_s, _ in _beats(15)]


def test_a_small_early_bump_with_a_flat_slope_is_a_t_wave() -> None:
    waves = [(at_s + 0.3, 4.5) for at_s, _ in _beats(15)]
    assert len(_found(_beats(15) + waves, 13.0)) == 15


def test_a_larger_top_soon_after_takes_the_place_of_a_p_wave() -> None:
    found = _found([*_beats(15), (12.5 - 0.25, 5.0), (12.5, 10.0)], 14.0)
    assert found[-1] == 12.5
    assert 12.2 not in found


def test_small_beats_between_large_ones_are_not_hidden() -> None:
    tops = [(0.5 + 0.8 * number, 10.0 if number % 3 else 3.0) for number in range(30)]
    assert len(_found(tops, 25.0)) == 30


def test_a_beat_passed_over_is_looked_at_again() -> None:
    tops = _beats(20)
    tops[12] = (tops[12][0], 2.6)
    assert len(_found(tops, 17.0)) == 20


def test_noise_that_is_all_of_one_height_is_not_learnt_as_beats() -> None:
    noise = [(17.0 + 0.22 * number, 0.8) for number in range(60)]
    assert len(_found(_beats(20) + noise, 31.0)) == 20


def test_beats_at_a_tenth_of_the_height_are_learnt_after_three_seconds() -> None:
    low = [(17.0 + 0.8 * number, 1.0) for number in range(20)]
    found = _found(_beats(20) + low, 34.0)
    assert sum(at_s > 22 for at_s in found) == 13
