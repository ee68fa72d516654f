from __future__ import annotations

import pytest

from manufacturing.charts import pareto, reject_chart, sample_size


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


def test_the_lower_limit_is_floored_at_zero_and_below_it_is_a_signal() -> None:
    low = reject_chart([(20, 1000)] * 10, 1000)
    assert low.lower == pytest.approx(0.02 - 3 * (0.02 * 0.98 / 1000) ** 0.5)
    assert reject_chart([(5, 1000)] * 10, 1000).lower == 0.0
    chart = reject_chart([(20, 1000)] * 20 + [(1, 1000)], 1000)
    assert chart.signals()[-1] == (1,)


def test_eight_in_a_row_on_one_side_are_a_signal_and_seven_are_none() -> None:
    def last(run: int) -> tuple[int, ...]:
        calm = [(19, 1000), (21, 1000)] * 20
        return reject_chart([*calm, (19, 1000), *[(22, 1000)] * run], 1000).signals()[-1]

    assert last(7) == ()
    assert last(8) == (4,)


@pytest.mark.parametrize(
    ("rejected", "inspected", "size"),
    [(20, 1000, 500), (0, 1000, 50), (500, 1000, 50), (7, 1203, 1000), (1, 1_200_000, 10_000_000)],
)
def test_the_sample_is_round_and_large_enough(rejected: int, inspected: int, size: int) -> None:
    assert sample_size(rejected, inspected, 30) == size


def test_pareto_puts_the_most_frequent_first_and_the_rest_together() -> None:
    bars = pareto({"dent": 2, "pin": 6, "none": 0, "scratch": 1, "crack": 1}, most=3)
    assert [(bar.name, bar.count) for bar in bars] == [("pin", 6), ("dent", 2), ("others", 2)]
    assert bars[-1].reached == 1.0
    assert pareto({}) == []
