"""Demand out of sales: stock-outs count by what they left open, weekdays by their own."""

import numpy as np
import pytest

from retail.stock.demand import DaySales, estimate, hours_profile, pace_of, week_profile


def days(sold: list[float], exposures: list[float] | None = None) -> list[DaySales]:
    return [DaySales(number % 7, each, (exposures or [1.0] * len(sold))[number]) for number, each in enumerate(sold)]


def test_days_without_stock_say_nothing_of_demand() -> None:
    whole = estimate(days([6.0] * 28))
    holes = estimate(
        days([0.0 if day % 3 == 0 else 6.0 for day in range(28)], [float(day % 3 != 0) for day in range(28)])
    )
    assert whole.level == pytest.approx(6.0)
    assert holes.level == pytest.approx(6.0, rel=0.03)
    assert estimate(days([0.0 if day % 3 == 0 else 6.0 for day in range(28)])).level < 4.5


def test_half_a_day_on_the_shelf_counts_half() -> None:
    assert estimate(days([3.0] * 28, [0.5] * 28)).level == pytest.approx(6.0, rel=0.03)


def test_a_sale_outweighs_a_camera_that_saw_nothing() -> None:
    assert estimate(days([2.0] * 28, [0.0] * 28)).level <= 2.0 / 0.4 + 0.01


def test_the_level_follows_a_change() -> None:
    draw = np.random.default_rng(3)
    sold = [float(x) for x in np.concatenate((draw.poisson(4, 60), draw.poisson(12, 40)))]
    found = estimate(days(sold))
    assert found.half_life_days < 40
    assert found.level == pytest.approx(12.0, rel=0.15)


def test_a_steady_product_keeps_a_long_memory() -> None:
    draw = np.random.default_rng(4)
    found = estimate(days([float(x) for x in draw.poisson(0.3, 120)]))
    assert found.half_life_days >= 40
    assert found.level == pytest.approx(0.3, abs=0.12)


def test_weekdays_are_learnt_from_the_store_where_the_product_sells_little() -> None:
    busy = [days([14.0 if day % 7 == 5 else 7.0 for day in range(70)]) for _ in range(3)]
    profile = week_profile(busy)
    assert profile[5] == pytest.approx(2 * profile[0], rel=0.06)
    few = estimate(days([0.0] * 27 + [1.0]), profile)
    assert few.mean(5) > 1.6 * few.mean(0)


def test_lumpy_sales_are_spread_wider_than_poisson() -> None:
    assert estimate(days([0.0, 0.0, 0.0, 8.0] * 20)).spread > 4
    assert estimate(days([2.0] * 80)).spread == 1.0


def test_no_sales_at_all_is_no_demand_and_no_error() -> None:
    assert estimate([]).level == 0.0
    assert estimate(days([0.0] * 10)).level == 0.0


def test_a_pace_takes_level_week_and_hours() -> None:
    hours = hours_profile([0.0] * 9 + [30.0] + [0.0] * 14, range(8, 20))
    assert sum(hours) == pytest.approx(1.0)
    assert hours[9] > 10 * hours[10] > 0 == hours[3]
    pace = pace_of(estimate(days([6.0] * 28)), hours, 1.5)
    assert pace.expected(1_767_571_200.0, 1_767_571_200.0 + 7 * 86400) == pytest.approx(42.0, rel=0.01)
