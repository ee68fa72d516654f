"""What shoppers want, from what was sold: a day on which the shelf was empty for a while counts by the rest of it.

Sales of a day are counts with mean level x weekday x exposure, where exposure is the share of that day's demand that
found
the product. The level is discounted by a half-life, so that it follows; the weekday profile is shrunk to that of the
store or
category, of which more is known. One model for quick and slow movers: for sparse counts it is the discounted
gamma-Poisson, whose mean needs none of the corrections of Croston's method (Syntetos and Boylan 2001).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from retail.stock.pace import Pace

FLAT_WEEK = (1.0,) * 7
HALF_LIVES_DAYS = (10.0, 21.0, 42.0, 90.0)
#: Pieces that the weekday profile of the store is worth against a product's own.
WEEK_WORTH = 60.0
#: The plain mean is worth that many days to the level, a Poisson's spread that many to the spread. To the plain mean
#: what was sold, stock-outs and all, is worth some days: a camera that wrongly saw nothing makes no demand.
LEVEL_WORTH, SPREAD_WORTH, AS_SOLD_WORTH = 3.0, 10.0, 4.0
LEAST_EXPOSED, SOLD_EXPOSED = 0.1, 0.4
#: A shorter memory is taken only where it foretells clearly better: on few sales it is luck.
BETTER = 0.97


@dataclass(frozen=True, slots=True)
class DaySales:
    """`weekday` 0 is Monday.

    `exposure` 0 to 1: share of the day's demand that found the product; 0: not offered at all.
    """

    weekday: int
    sold: float
    exposure: float = 1.0

    @property
    def counts(self) -> float:
        """The exposure to reckon with: what was sold was there for a while, whatever a camera said."""
        return max(self.exposure, SOLD_EXPOSED) if self.sold > 0 else self.exposure


@dataclass(frozen=True, slots=True)
class Demand:
    """Pieces a day: `level` on an average day, `week` factors of mean 1, variance `spread` times the mean, from
    `days` of sales.
    """

    level: float
    week: tuple[float, ...]
    spread: float
    days: int
    half_life_days: float

    def mean(self, weekday: int) -> float:
        return self.level * self.week[weekday % 7]

    @property
    def sd_per_day(self) -> float:
        """Of an average day, for safety stock."""
        return float((self.spread * self.level) ** 0.5)


def week_profile(histories: Iterable[Sequence[DaySales]], prior: Sequence[float] = FLAT_WEEK) -> tuple[float, ...]:
    """Weekday factors of all these together; for one product, `prior` is that of the store."""
    sold, offered = [0.0] * 7, [0.0] * 7
    for history in histories:
        exposed = sum(day.counts for day in history)
        level = sum(day.sold for day in history) / exposed if exposed else 0.0
        for day in history:
            sold[day.weekday] += day.sold
            offered[day.weekday] += level * day.counts
    raw = [(s + WEEK_WORTH / 7 * p) / (o + WEEK_WORTH / 7) for s, o, p in zip(sold, offered, prior, strict=True)]
    mean = sum(raw) / 7
    return tuple(factor / mean for factor in raw)


def estimate(
    history: Sequence[DaySales], prior_week: Sequence[float] = FLAT_WEEK, half_life_days: float | None = None
) -> Demand:
    """From days in order, the newest last. Without a half-life that which foretold each next day best."""
    week = week_profile([history], prior_week)
    halves = HALF_LIVES_DAYS if half_life_days is None else (half_life_days,)
    followed = [(*_followed(history, week, each), each) for each in sorted(halves)]
    level, spread, half = followed[-1]
    for shorter in followed[:-1]:
        if shorter[1] < spread * BETTER:
            level, spread, half = shorter
    return Demand(level, week, max(1.0, spread), len(history), half)


def _followed(history: Sequence[DaySales], week: Sequence[float], half_life_days: float) -> tuple[float, float]:
    """The level after the last day, and the mean squared miss of each next day against its mean."""
    offered_in_all = sum(day.counts * week[day.weekday] for day in history)
    sold_in_all = sum(day.sold for day in history)
    as_sold = sold_in_all / len(history) if history else 0.0
    plain = (sold_in_all + AS_SOLD_WORTH * as_sold) / (offered_in_all + AS_SOLD_WORTH)
    keep = 0.5 ** (1.0 / half_life_days)
    sold = offered = missed = weight = 0.0
    for day in history:
        share = week[day.weekday] * day.counts
        expected = (sold + LEVEL_WORTH * plain) / (offered + LEVEL_WORTH) * share
        if share >= LEAST_EXPOSED and expected > 0:
            miss = day.sold - expected
            missed += miss * miss
            weight += expected
        sold, offered = keep * sold + day.sold, keep * offered + share
    level = (sold + LEVEL_WORTH * plain) / (offered + LEVEL_WORTH)
    return level, (missed + SPREAD_WORTH * plain) / (weight + SPREAD_WORTH * plain) if plain else 1.0


def hours_profile(sold_by_hour: Sequence[float], open_hours: Sequence[int]) -> tuple[float, ...]:
    """24 shares of a day, from pieces sold in each hour of the store's clock; an open hour is worth one piece more."""
    raw = [max(0.0, sold) + (hour in open_hours) for hour, sold in enumerate(sold_by_hour)]
    whole = sum(raw)
    return tuple(share / whole for share in raw) if whole else (1 / 24,) * 24


def pace_of(demand: Demand, hours: Sequence[float], lump: float = 1.0, utc_offset_s: float = 0.0) -> Pace:
    """For the belief, the phantom rule and lost sales. `lump`: pieces sold by pieces of a visit, on average."""
    return Pace(demand.level, lump, demand.week, hours, utc_offset_s)
