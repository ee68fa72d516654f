"""What will be wanted on each coming day, with its interval; how good such forecasts have been, by rolling origin.

MASE: Hyndman and Koehler 2006, the mean absolute error by that of the seasonal naive (the same weekday a week before)
within
the days known at the origin.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from retail.stock.demand import FLAT_WEEK, DaySales, Demand, estimate
from retail.stock.quantiles import quantile

WEEK_DAYS = 7
#: The interval is meant to hold that share of days.
INTERVAL = 0.9
_LEVEL_DAYS = 1.44  # a half-life of h days knows the level as h x 1.44 days would


@dataclass(frozen=True, slots=True)
class DayForecast:
    """Pieces wanted `ahead` days after the last known one; `low` to `high` 90 %."""

    ahead: int
    mean: float
    low: int
    high: int


def forecast(demand: Demand, next_weekday: int, days: int) -> list[DayForecast]:
    """From the day after the last known one, which is a `next_weekday`."""
    found = []
    for ahead in range(1, days + 1):
        mean = demand.mean(next_weekday + ahead - 1)
        known = max(1.0, min(demand.days, demand.half_life_days * _LEVEL_DAYS))
        variance = demand.spread * mean + mean * mean / max(1.0, known * demand.level / demand.spread)
        low, high = quantile(mean, variance, (1 - INTERVAL) / 2), quantile(mean, variance, (1 + INTERVAL) / 2)
        found.append(DayForecast(ahead, mean, low, high))
    return found


def seasonal_naive(history: Sequence[DaySales], days: int) -> list[float]:
    """Each coming day as the same weekday of the last known week was sold."""
    week = [day.sold for day in history[-WEEK_DAYS:]]
    return [week[ahead % len(week)] for ahead in range(days)]


def tsb(history: Sequence[DaySales], days: int, alpha: float = 0.1, beta: float = 0.1) -> list[float]:
    """Teunter, Syntetos and Babai 2011: smoothed probability of a demand times its smoothed size, for sparse sales."""
    first = [day.sold for day in history if day.sold > 0]
    size, chance = (first[0] if first else 0.0), len(first) / max(1, len(history))
    for day in history:
        chance += beta * ((day.sold > 0) - chance)
        if day.sold > 0:
            size += alpha * (day.sold - size)
    return [chance * size] * days


@dataclass(frozen=True, slots=True)
class BackTest:
    """Over all origins and days ahead: MASE of the model, the seasonal naive and TSB, and how often the interval
    held.
    """

    mase: float
    mase_naive: float
    mase_tsb: float
    held: float
    bias: float
    days: int


@dataclass(slots=True)
class _Sums:
    model: float = 0.0
    naive: float = 0.0
    tsb: float = 0.0
    held: int = 0
    bias: float = 0.0
    days: int = 0


def back_test(
    history: Sequence[DaySales],
    wanted: Sequence[float | None] | None = None,
    *,
    prior_week: Sequence[float] | Callable[[int], Sequence[float]] = FLAT_WEEK,
    first_origin: int = 28,
    every_days: int = 7,
    ahead_days: int = 7,
) -> BackTest | None:
    """At each origin only the days before it are known. None where no origin has something to compare with.

    `wanted`: what was truly wanted each day, None where unknown; without it the sold pieces of days fully exposed.
    `prior_week`
    may be a function of the origin, so that the store's profile too is of days before it.
    """
    sums = _Sums()
    truth = wanted if wanted is not None else [day.sold if day.exposure > 0.99 else None for day in history]
    for origin in range(first_origin, len(history), every_days):
        known = history[:origin]
        scale = _scale(known)
        week = prior_week(origin) if callable(prior_week) else prior_week
        coming = min(ahead_days, len(history) - origin)
        if scale > 0:
            _compare(sums, known, truth[origin : origin + coming], scale, week)
    if not sums.days:
        return None
    n = sums.days
    return BackTest(sums.model / n, sums.naive / n, sums.tsb / n, sums.held / n, sums.bias / n, n)


def _compare(
    sums: _Sums, known: Sequence[DaySales], truth: Sequence[float | None], scale: float, week: Sequence[float]
) -> None:
    said = forecast(estimate(known, week), known[-1].weekday + 1, len(truth))
    for true, model, naive, sparse in zip(
        truth, said, seasonal_naive(known, len(truth)), tsb(known, len(truth)), strict=True
    ):
        if true is not None:
            sums.model += abs(true - model.mean) / scale
            sums.naive += abs(true - naive) / scale
            sums.tsb += abs(true - sparse) / scale
            sums.held += model.low <= true <= model.high
            sums.bias += (model.mean - true) / scale
            sums.days += 1


def _scale(known: Sequence[DaySales]) -> float:
    """Mean absolute error of the seasonal naive within the known days; 0 where there is nothing to scale by."""
    steps = [abs(now.sold - then.sold) for now, then in zip(known[WEEK_DAYS:], known, strict=False)]
    return sum(steps) / len(steps) if steps else 0.0
