from __future__ import annotations

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from healthcare.bed_lines import Frame, path_of, scale_of, thinned, wave_path

FRAME = Frame(0.0, 100.0, 0.0, 50.0, 0.0, 100.0, 0.0, 50.0)


def test_a_missing_value_and_a_long_silence_break_the_line() -> None:
    times, values = np.array([0.0, 1.0, 2.0, 3.0, 40.0]), np.array([10.0, math.nan, 12.0, 12.0, 12.0])
    assert path_of(times, values, FRAME, gap_s=5.0).count("M") == 3


def test_a_number_on_a_monitor_stands_until_the_next_one() -> None:
    path = path_of(np.array([0.0, 50.0]), np.array([10.0, 20.0]), FRAME, gap_s=60.0, held=True)
    assert path == "M0.0 40.0h0.8H50.0V30.0"


def test_what_is_beyond_the_drawing_stands_at_its_edge() -> None:
    assert (FRAME.y(-5.0), FRAME.y(500.0)) == (50.0, 0.0)


def test_a_scale_holds_values_and_limits_and_is_never_too_narrow() -> None:
    low, high = scale_of(np.array([90.0, math.nan, 99.0]), [88.0, None], 8.0)
    assert low < 88 and high > 99
    assert scale_of(np.array([37.0]), [], 2.0) == (36.0, 38.0)
    assert scale_of(np.empty(0), [None, None], 2.0) == (0.0, 2.0)


def test_a_dip_of_a_second_is_kept_in_a_day_and_an_hour_without_a_monitor_stays_empty() -> None:
    times = np.concatenate([np.arange(0, 40_000.0, 1.0), np.arange(43_600.0, 86_400.0, 1.0)])
    values = np.full(times.size, 97.0)
    values[1234] = 81.0
    thin_times, thin_values = thinned(times, values, 0.0, 86_400.0, 1000)
    assert thin_times.size < 2100 and np.nanmin(thin_values) == 81.0
    frame = Frame(0, 1000, 0, 50, 0, 86_400, 80, 100)
    assert path_of(thin_times, thin_values, frame, gap_s=200.0).count("M") == 2


@given(some.lists(some.tuples(some.floats(0, 1000), some.floats(0, 200) | some.just(math.nan)), max_size=60))
def test_thinning_keeps_the_extremes_and_the_order_of_time(points: list[tuple[float, float]]) -> None:
    points = sorted(points)
    times, values = np.array([at for at, _ in points]), np.array([value for _, value in points])
    thin_times, thin_values = thinned(times, values, 0.0, 1000.0, 10)
    assert (np.diff(thin_times) >= 0).all() and np.isfinite(thin_values).sum() <= 20
    inside = values[(times < 1000.0) & np.isfinite(values)]
    if inside.size:
        assert np.nanmax(thin_values) == inside.max() and np.nanmin(thin_values) == inside.min()


@pytest.mark.parametrize("rate_hz", [62.5, 500.0])
def test_a_wave_keeps_its_peak_and_its_gap(rate_hz: float) -> None:
    samples = np.zeros(int(30 * rate_hz), np.float32)
    samples[samples.size // 2] = 50.0
    samples[int(5 * rate_hz) : int(6 * rate_hz)] = np.nan
    path = wave_path(samples, rate_hz, 0.0, Frame(0, 1000, 0, 50, 0.0, 30.0, 0.0, 50.0))
    assert path.count("M") == 2 and re.search(r"L\d+\.\d 0\.0", path)


def test_a_wave_of_another_time_draws_nothing() -> None:
    assert wave_path(np.zeros(100, np.float32), 10.0, 1000.0, FRAME) == ""
