"""What becomes of a heat map: a picture, the place, its border."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from manufacturing.heat import THRESHOLD_LEVEL, grey_range, heat_picture, hottest, outline


def warm(*, peak: float = 8.0) -> NDArray[np.float32]:
    """1x1x32x32, a hot square at columns 16..23 of rows 8..15, and a less hot one elsewhere."""
    heat = np.full((1, 1, 32, 32), 0.2, np.float32)
    heat[0, 0, 8:16, 16:24] = peak
    heat[0, 0, 28:30, 2:4] = peak * 0.9
    return heat


def test_the_threshold_has_its_own_grey_level_and_far_above_it_there_are_more() -> None:
    levels = heat_picture(np.array([[0.0, 1.0, 2.0], [4.0, 8.0, 99.0]]), threshold=2.0)
    assert levels.tolist() == [[0, 64, THRESHOLD_LEVEL], [170, 212, 255]]


def test_what_is_no_number_is_shown_as_hot() -> None:
    assert heat_picture(np.array([[np.nan, -1.0, np.inf]]), threshold=1.0).tolist() == [[255, 0, 255]]


def test_the_place_is_the_region_of_the_peak_alone() -> None:
    assert hottest(warm()) == {"x": 0.5, "y": 0.25, "w": 0.25, "h": 0.25}


def test_the_outline_runs_around_that_region() -> None:
    points = np.array(outline(warm()))
    assert 8 <= len(points) <= 40
    assert points.min(axis=0) == pytest.approx([0.5, 0.25], abs=0.03)
    assert points.max(axis=0) == pytest.approx([0.75, 0.5], abs=0.03)


@pytest.mark.parametrize("rows, columns", [(1, 1), (2, 300), (300, 2)])
def test_maps_of_any_shape_have_a_place_and_an_outline(rows: int, columns: int) -> None:
    heat = np.zeros((rows, columns), np.float32)
    heat[rows // 2, columns // 2] = 3.0
    assert hottest(heat)["w"] > 0
    assert outline(heat)


def test_a_cold_map_has_no_place() -> None:
    assert hottest(np.zeros((4, 4)))["w"] == 0
    assert outline(np.zeros((4, 4))) == []


def test_what_is_coloured_ends_at_the_peak_and_leaves_out_what_is_not_hot() -> None:
    low, high = grey_range(warm(peak=8.0), threshold=1.0)
    assert high == heat_picture(warm(peak=8.0), 1.0).max()
    assert THRESHOLD_LEVEL < low < high
    assert grey_range(warm(peak=1.0), threshold=1.0)[0] < THRESHOLD_LEVEL + 1
    assert grey_range(np.zeros((2, 2)), threshold=1.0)[0] < grey_range(np.zeros((2, 2)), threshold=1.0)[1]
