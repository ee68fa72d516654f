"""How fast a product is wanted over the week: what silence of the tills means, and how much may have gone unseen."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import lru_cache

_HOURS = 168
_DAY_S = 86_400.0
_MONDAY = 4 * _DAY_S  # 1 January 1970 was a Thursday: the first Monday
_ALIKE = (1 / 24,) * 24


class Pace:
    """`per_day` pieces on an average day, `lump` of them at once; `week`: 7 factors, Monday first; `hours`: 24 shares
    of a day.

    `utc_offset_s`: how far the store's clock is ahead of UTC. Small: a store has one for each product.
    """

    __slots__ = ("_before_day", "_before_hour", "_whole", "hours", "lump", "per_day", "utc_offset_s", "week")

    def __init__(
        self, per_day: float, lump: float, week: Sequence[float], hours: Sequence[float], utc_offset_s: float = 0.0
    ) -> None:
        self.per_day, self.lump = per_day, max(1.0, lump)
        self.week, self.hours, self.utc_offset_s = tuple(week), tuple(hours), utc_offset_s
        if not sum(self.week) * sum(self.hours):
            self.week, self.hours = (1.0,) * 7, _ALIKE  # nobody said when: alike at all hours
        self._before_hour, of_day = _summed(self.hours)
        self._before_day, of_week = _summed(self.week)
        self._whole = of_day * of_week / 7

    def expected(self, from_utc_s: float, to_utc_s: float) -> float:
        """Pieces wanted in between."""
        return self.per_day * (self._until(to_utc_s) - self._until(from_utc_s))

    def per_hour(self, at_utc_s: float) -> float:
        """Pieces wanted an hour at that moment."""
        day, hour = divmod(int((at_utc_s + self.utc_offset_s - _MONDAY) // 3600) % _HOURS, 24)
        return self.per_day * self.week[day] * self.hours[hour] / self._whole

    def _until(self, utc_s: float) -> float:
        weeks, hours = divmod((utc_s + self.utc_offset_s - _MONDAY) / 3600, _HOURS)
        whole = min(int(hours), _HOURS - 1)
        day, hour = divmod(whole, 24)
        today = self._before_hour[hour] + self.hours[hour] * (hours - whole)
        return 7 * weeks + (self._before_day[day] * self._before_hour[24] + self.week[day] * today) / self._whole


@lru_cache(maxsize=256)
def _summed(shares: tuple[float, ...]) -> tuple[tuple[float, ...], float]:
    """Sums of what comes before each, and of all: the hours of a store are those of all its products."""
    sums = (0.0, *itertools.accumulate(shares))
    return sums, sums[-1]


def steady(per_day: float) -> Pace:
    """Of a product of which nothing more is known: alike at all hours."""
    return Pace(per_day, 1.0, (1.0,) * 7, _ALIKE)
