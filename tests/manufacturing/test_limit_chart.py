from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manufacturing.limit_chart import HEIGHT, WIDTH, limit_chart

SCORES = [1.0, 1.1, 1.1, 1.2, 1.3, 1.6, 2.4]


def test_bars_beyond_the_limit_and_in_the_band_are_told_apart() -> None:
    chart = limit_chart(SCORES, [], 2.0, review_from=1.5)
    kinds = [bar.kind for bar in sorted(chart.bars, key=lambda bar: bar.x)]
    assert kinds == ["", "", "", "", "review", "over"]
    assert chart.review_x is not None and chart.review_x < chart.limit_x


def test_one_part_is_seen_beside_a_thousand() -> None:
    chart = limit_chart([1.0] * 1000 + [2.0], [], 3.0)
    low, high = sorted(bar.height for bar in chart.bars)
    assert low > 0.08 * high
    assert [text for _, text in chart.grid] == ["10 parts", "100 parts", "1000 parts"]


def test_defects_far_out_are_counted_not_drawn_at_a_wrong_place() -> None:
    chart = limit_chart(SCORES, [2.6, 2.8, 3.0, 90.0], 2.0)
    assert (len(chart.crosses), chart.crosses_beyond) == (3, 1)
    assert chart.high < 10


@given(
    st.lists(st.floats(-50, 500), max_size=40),
    st.lists(st.floats(-50, 5000), max_size=10),
    st.floats(-50, 500),
)
def test_whatever_the_scores_nothing_leaves_the_drawing(
    scores: list[float], defects: list[float], limit: float
) -> None:
    chart = limit_chart(scores, defects, limit)
    assert 0 <= chart.limit_x <= WIDTH and 66 <= chart.grip_x <= WIDTH - 66
    for bar in chart.bars:
        assert bar.x >= 0 and bar.x + bar.width <= WIDTH and bar.y >= 0 and bar.y + bar.height <= HEIGHT
        assert math.isfinite(bar.height)
    assert all(0 <= x <= WIDTH for x in chart.crosses)
    assert len(chart.crosses) + chart.crosses_beyond == len(defects)
    assert 1 <= len(chart.ticks) <= 12


@pytest.mark.parametrize("limit", [0.0, 5.0])
def test_there_is_a_drawing_before_there_are_scores(limit: float) -> None:
    assert limit_chart([], [], limit).bars == []
