"""Forecasts against a demand that is known, and a back-test that cannot look ahead."""

import csv
import datetime
import functools
import gzip
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pytest

from retail.stock.demand import DaySales, estimate, week_profile
from retail.stock.forecast import back_test, forecast, seasonal_naive, tsb

WEEK = (0.8, 0.8, 0.9, 1.0, 1.3, 1.5, 0.7)


def sales(level: float, days: int, seed: int) -> list[DaySales]:
    draw = np.random.default_rng(seed)
    return [DaySales(day % 7, float(draw.poisson(level * WEEK[day % 7]))) for day in range(days)]


@pytest.mark.parametrize(("level", "most"), [(0.3, 1.0), (2.0, 0.85), (12.0, 0.8)])
def test_a_forecast_beats_the_seasonal_naive_and_its_interval_holds(level: float, most: float) -> None:
    """Of sparse sales even the true mean hardly beats it in absolute error: most days are 0."""
    found = [back_test(sales(level, 140, seed)) for seed in range(8)]
    tests = [each for each in found if each]
    assert sum(each.mase for each in tests) < most * sum(each.mase_naive for each in tests)
    assert 0.86 <= sum(each.held for each in tests) / len(tests) <= 1.0
    assert abs(sum(each.bias for each in tests) / len(tests)) < 0.15


def test_a_back_test_knows_nothing_of_the_days_after_its_origin() -> None:
    """Days after the only origin changed: the forecast's error changes by exactly the change of the truth."""
    history = sales(6.0, 35, 1)
    changed = history[:28] + [DaySales(day.weekday, day.sold + 100) for day in history[28:]]
    first, second = back_test(history), back_test(changed)
    assert first is not None
    assert second is not None
    scale = sum(abs(a.sold - b.sold) for a, b in zip(history[7:28], history[:21], strict=True)) / 21
    assert first.bias - second.bias == pytest.approx(100 / scale)


def test_days_of_unknown_demand_are_not_judged() -> None:
    history = [
        DaySales(day.weekday, day.sold, 0.3 if number > 30 else 1.0) for number, day in enumerate(sales(6, 42, 2))
    ]
    found = back_test(history)
    assert found is not None
    assert found.days == 3


def test_nothing_to_compare_is_none() -> None:
    assert back_test(sales(3.0, 20, 1)) is None
    assert back_test([DaySales(day % 7, 0.0) for day in range(60)]) is None


def test_the_naive_repeats_the_last_week() -> None:
    history = [DaySales(day % 7, float(day)) for day in range(14)]
    assert seasonal_naive(history, 9) == [7.0, 8.0, 9.0, 10.0, 11.0, 12.0, 13.0, 7.0, 8.0]


def test_tsb_forgets_a_product_that_died() -> None:
    alive = [DaySales(day % 7, 3.0 if day % 3 == 0 else 0.0) for day in range(60)]
    assert tsb(alive, 1)[0] == pytest.approx(1.0, abs=0.3)
    assert tsb(alive + [DaySales(day % 7, 0.0) for day in range(60)], 1)[0] < 0.01


def test_the_interval_widens_with_little_history() -> None:
    short = forecast(estimate(sales(8.0, 7, 5)), 0, 1)[0]
    long = forecast(estimate(sales(8.0, 200, 5)), 4, 1)[0]
    assert (short.high - short.low) / short.mean > (long.high - long.low) / long.mean


@pytest.mark.samples
def test_real_transactions_are_foretold_better_than_by_the_week_before(samples: Path) -> None:
    """A sample of households in many stores: only product types with at least a line a day, all stores together."""
    folder = samples / "retail" / "transactions"
    with gzip.open(folder / "products.csv.gz", "rt") as stream:
        types = {row["product_id"]: row["product_type"] for row in csv.DictReader(stream)}
    lines: dict[str, Counter[int]] = defaultdict(Counter)
    first = datetime.date(2017, 1, 1)
    with gzip.open(folder / "transactions_sample.csv.gz", "rt") as stream:
        for row in csv.DictReader(stream):
            day = (datetime.date.fromisoformat(row["transaction_timestamp"][:10]) - first).days
            lines[types.get(row["product_id"], "")][day] += 1
    dense = {kind: found for kind, found in lines.items() if kind and found.total() >= 365}
    histories = {
        kind: [DaySales((first.weekday() + day) % 7, float(found[day])) for day in range(365)]
        for kind, found in dense.items()
    }

    @functools.cache
    def week(origin: int) -> tuple[float, ...]:
        return week_profile(history[:origin] for history in histories.values())

    found = [back_test(history, prior_week=week, first_origin=84) for history in histories.values()]
    tests = [each for each in found if each]
    mase, naive = (sum(getattr(each, name) for each in tests) / len(tests) for name in ("mase", "mase_naive"))
    assert len(tests) >= 20
    assert mase < 0.85 * naive
