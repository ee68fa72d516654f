"""How fast a product is wanted over the week: what silence of the tills means, and how much may have gone unseen."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

_HOURS = 168
_DAY_S = 86_400.0
_MONDAY = 4 * _DAY_S  # 1 January 1970 was a Thursday: the first Monday


class Pace:
    """`per_day` pieces on an average day, `lump` of them at once; `week`: 7 factors, Monday first; `hours`: 24 shares
    of a day.

    `utc_offset_s`: how far the store's clock is ahead of UTC.
    """

    def __init__(
        self, per_day: float, lump: float, week: Sequence[float], hours: Sequence[float], utc_offset_s: float = 0.0
    ) -> None:
        self.per_day, self.lump = per_day, max(1.0, lump)
        self.week, self.hours, self.utc_offset_s = tuple(week), tuple(hours), utc_offset_s
        whole = sum(self.week) * sum(self.hours)
        shares = [7 * day * hour / whole if whole else 7 / _HOURS for day in self.week for hour in self.hours]
        self._shares = shares
        self._before = [0.0, *itertools.accumulate(shares)]

    def expected(self, from_utc_s: float, to_utc_s: float) -> float:
        """Pieces wanted in between."""
        return self.per_day * (self._until(to_utc_s) - self._until(from_utc_s))

    def per_hour(self, at_utc_s: float) -> float:
        """Pieces wanted an hour at that moment."""
        return self.per_day * self._shares[int((at_utc_s + self.utc_offset_s - _MONDAY) // 3600) % _HOURS]

    def _until(self, utc_s: float) -> float:
        weeks, hours = divmod((utc_s + self.utc_offset_s - _MONDAY) / 3600, _HOURS)
        hour = min(int(hours), _HOURS - 1)
        return 7 * weeks + self._before[hour] + self._shares[hour] * (hours - hour)


def steady(per_day: float) -> Pace:
    """Of a product of which nothing more is known: alike at all hours."""
    return Pace(per_day, 1.0, (1.0,) * 7, (1 / 24,) * 24)
