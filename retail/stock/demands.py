"""The demand of many products at once: what `demand.estimate` says of each, to the last bit, much sooner.

Sums are taken day by day in the same order, over all products together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retail.stock.demand import (
    AS_SOLD_WORTH,
    BETTER,
    HALF_LIVES_DAYS,
    LEAST_EXPOSED,
    LEVEL_WORTH,
    SOLD_EXPOSED,
    SPREAD_WORTH,
    WEEK_WORTH,
    Demand,
)

Figures = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Demands:
    """One row for each product; `week` has seven columns. `days`: how many of its days are known, 0: never sold."""

    level: Figures
    week: Figures
    spread: Figures
    days: NDArray[np.int64]
    half_life_days: Figures

    def __len__(self) -> int:
        return len(self.level)

    def of(self, row: int) -> Demand:
        """Only of a product that was sold on some day."""
        week = tuple(self.week[row].tolist())
        return Demand(
            float(self.level[row]), week, float(self.spread[row]), int(self.days[row]), float(self.half_life_days[row])
        )


def estimate_all(
    sold: NDArray[np.int64], exposure: NDArray[np.float32], weekdays: Sequence[int], prior_week: Sequence[float]
) -> Demands:
    """`sold` and `exposure`: a row for each product, a column for each day, the newest last; `weekdays` of the columns.

    The history of a product begins with the first day on which anything was sold.
    """
    pieces = np.maximum(0.0, sold.astype(np.float64))
    known = np.logical_or.accumulate(pieces > 0, axis=1)
    shown = exposure.astype(np.float64)
    counts = np.where(pieces > 0, np.maximum(shown, SOLD_EXPOSED), shown) * known
    days: NDArray[np.int64] = known.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):  # of products that were never sold: left out by `days`
        week = _weeks(pieces, counts, weekdays, prior_week)
        level, spread, half = _best(pieces, counts, week[:, list(weekdays)], days)
    return Demands(level, week, np.maximum(1.0, spread), days, half)


def _weeks(pieces: Figures, counts: Figures, weekdays: Sequence[int], prior_week: Sequence[float]) -> Figures:
    """As `demand.week_profile` of each product alone."""
    exposed = _summed(counts)
    level = np.where(exposed > 0, _summed(pieces) / exposed, 0.0)
    sold, offered = np.zeros((2, len(pieces), 7))
    for column, weekday in enumerate(weekdays):
        sold[:, weekday] += pieces[:, column]
        offered[:, weekday] += level * counts[:, column]
    raw = (sold + WEEK_WORTH / 7 * np.array(prior_week)) / (offered + WEEK_WORTH / 7)
    found: Figures = raw / (_summed(raw) / 7)[:, None]
    return found


def _summed(columns: Figures) -> Figures:
    """From the first column to the last, as a loop would."""
    total = np.zeros(len(columns))
    for column in columns.T:
        total += column
    return total


def _best(
    pieces: Figures, counts: Figures, factors: Figures, days: NDArray[np.int64]
) -> tuple[Figures, Figures, Figures]:
    """Level, spread and half-life: a shorter one only where it foretold clearly better."""
    shares = factors * counts
    sold = _summed(pieces)
    plain = (sold + AS_SOLD_WORTH * (sold / days)) / (_summed(counts * factors) + AS_SOLD_WORTH)
    *shorter, longest = sorted(HALF_LIVES_DAYS)
    level, spread = _followed(pieces, shares, plain, longest)
    half = np.full(len(pieces), longest)
    for each in shorter:
        its_level, its_spread = _followed(pieces, shares, plain, each)
        better = its_spread < spread * BETTER
        level, spread = np.where(better, its_level, level), np.where(better, its_spread, spread)
        half[better] = each
    return level, spread, half


def _followed(pieces: Figures, shares: Figures, plain: Figures, half_life_days: float) -> tuple[Figures, Figures]:
    """As `demand.estimate` follows the level from day to day."""
    keep = 0.5 ** (1.0 / half_life_days)
    sold, offered, missed, weight = np.zeros((4, len(pieces)))
    prior = LEVEL_WORTH * plain
    for today, share in zip(pieces.T, shares.T, strict=True):
        expected = (sold + prior) / (offered + LEVEL_WORTH) * share
        fits = (share >= LEAST_EXPOSED) & (expected > 0)
        miss = today - expected
        missed = np.where(fits, missed + miss * miss, missed)
        weight = np.where(fits, weight + expected, weight)
        sold, offered = keep * sold + today, keep * offered + share
    level = (sold + prior) / (offered + LEVEL_WORTH)
    worth = SPREAD_WORTH * plain
    return level, np.where(plain > 0, (missed + worth) / (weight + worth), 1.0)
