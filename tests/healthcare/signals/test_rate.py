from __future__ import annotations

import pytest

from healthcare.signals.beat import Beat
from healthcare.signals.rate import HeartRate


def _beats(intervals_s: list[float], start_s: float = 0.0, quality: float = 1.0) -> list[Beat]:
    beats = [Beat(start_s, 0, "ecg_ii_mv", None, quality)]
    for interval_s in intervals_s:
        at_s = beats[-1].at_s + interval_s
        beats.append(Beat(at_s, round(at_s * 250), "ecg_ii_mv", interval_s, quality))
    return beats


def test_the_rate_is_the_mean_without_the_longest_and_the_shortest_interval() -> None:
    rate = HeartRate()
    rate.take(_beats([0.8] * 10 + [0.3, 1.15]))
    assert rate.rate_per_min(10.0) == pytest.approx(75.0)


def test_a_slow_heart_is_told_from_four_intervals() -> None:
    rate = HeartRate()
    beats = _beats([0.8] * 12 + [1.5, 1.5, 1.5])
    rate.take(beats)
    assert rate.rate_per_min(beats[-1].at_s) == pytest.approx(60 * 4 / 5.3)


@pytest.mark.parametrize(("before_per_min", "after_per_min", "within_per_min"), [(80, 120, 118), (80, 40, 42)])
def test_a_step_is_followed_within_eleven_seconds(
    before_per_min: float, after_per_min: float, within_per_min: float
) -> None:
    rate = HeartRate()
    beats = _beats([60 / before_per_min] * 20)
    rate.take(beats)
    step_s = beats[-1].at_s
    for beat in _beats([60 / after_per_min] * 30, step_s)[1:]:
        rate.take([beat])
        told = rate.rate_per_min(beat.at_s)
        assert told is not None
        if abs(told - after_per_min) <= abs(within_per_min - after_per_min):
            break
    assert beat.at_s - step_s < 11.0


def test_there_is_no_rate_before_three_intervals_nor_long_after_the_last_beat() -> None:
    rate = HeartRate()
    assert rate.rate_per_min(0.0) is None
    rate.take(_beats([0.8, 0.8]))
    assert rate.rate_per_min(1.7) is None
    rate.take(_beats([0.8], 1.6)[1:])
    assert rate.rate_per_min(2.5) == pytest.approx(75.0)
    assert rate.rate_per_min(6.5) is None


def test_muted_beats_and_the_interval_after_one_do_not_count() -> None:
    rate = HeartRate()
    rate.take(_beats([0.8] * 12))
    rate.take([Beat(9.9, 0, "ecg_ii_mv", 0.3, 0.1), Beat(10.4, 0, "ecg_ii_mv", 0.5, 1.0)])
    assert rate.rate_per_min(10.5) == pytest.approx(75.0)


def test_after_a_long_silence_old_intervals_are_forgotten() -> None:
    rate = HeartRate()
    rate.take(_beats([0.8] * 12))
    rate.take(_beats([0.5] * 4, 30.0))
    assert rate.rate_per_min(32.0) == pytest.approx(120.0)
