from __future__ import annotations

import pytest

from manufacturing.charts import reject_chart


def test_the_upper_limit_is_the_textbook_one() -> None:
    chart = reject_chart([(4, 200)] * 29 + [(8, 200)], 250)
    assert chart.limit is not None
    assert reject_chart([(20, 1000)] * 10, 1000).limit == pytest.approx(0.02 + 3 * (0.02 * 0.98 / 1000) ** 0.5)


def test_too_few_expected_rejects_give_no_limit() -> None:
    assert reject_chart([(1, 100)] * 10, 100).limit is None


def test_a_sample_over_the_limit_is_out_of_control() -> None:
    chart = reject_chart([(20, 1000)] * 20 + [(60, 1000)], 1000)
    assert not chart.in_control
    assert reject_chart([], 1000).in_control
