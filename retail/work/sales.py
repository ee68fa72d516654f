"""What was sold of each product on each day, and what of it follows: demand, pace, classes.

Days are the store's own, as ordinals (1 is 1 January of the year 1). Quantities are thousandths of the product's unit.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from retail.stock.demand import FLAT_WEEK, DaySales, Demand, estimate, week_profile
from retail.stock.demands import Demands, estimate_all
from retail.stock.pace import Pace

#: Eight weeks: long enough for a weekday profile, short enough to follow a season.
DAYS = 56
_HOURS = 24
#: The hours of a store of which nothing is known: open from 8 to 20, alike.
_FIRST_HOURS = tuple(1.0 if 8 <= hour < 20 else 0.0 for hour in range(_HOURS))
#: No zone changes its day or hour in between.
_QUARTER_S = 900
_HOURS_WORTH = 200.0  # lines of sale that the first profile is worth


class Sales:
    """Of all products. Only what customers bought and brought back counts."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._row: dict[str, int] = {}
        self._sold = np.zeros((0, DAYS), np.int64)
        self._cents = np.zeros((0, DAYS), np.int64)
        self._exposure = np.ones((0, DAYS), np.float32)
        self._lines = np.zeros(0, np.int64)
        self._totals = [0] * DAYS  # cents of all products by day
        self._hours = np.array(_FIRST_HOURS) * _HOURS_WORTH / sum(_FIRST_HOURS)
        self._today = 0
        self._estimated: Demands | None = None  # of all rows that there were when it was first asked
        self._late: set[int] = set()  # rows of which days before were told since
        self._demand: dict[str, Demand] = {}
        self._pace: dict[str, Pace] = {}
        self._week: tuple[float, ...] | None = None
        self.newest_utc_s = 0.0

    def day_of(self, utc_s: float) -> int:
        return _day_and_hour(self._zone, int(utc_s // _QUARTER_S))[0]

    def begin(self, today: int) -> None:
        """Another day: columns that are too old are free for the days to come."""
        if today <= self._today:
            return
        for day in range(max(self._today + 1, today - DAYS + 1), today + 1):
            self._sold[:, day % DAYS] = 0
            self._cents[:, day % DAYS] = 0
            self._exposure[:, day % DAYS] = 1.0
            self._totals[day % DAYS] = 0
        self._today = today
        self._estimated = None
        self._late.clear()
        self._demand.clear()
        self._pace.clear()
        self._week = None

    def take(self, gtin: str, day: int, thousandths: int, cents: int, lines: int = 1) -> None:
        """What was sold on a day; below 0: brought back. Days that are too old, or to come, are left out."""
        if not self._today - DAYS < day <= self._today:
            return
        row = self._row_of(gtin)
        self._sold[row, day % DAYS] += thousandths
        self._cents[row, day % DAYS] += cents
        self._lines[row] += lines
        self._totals[day % DAYS] += cents
        if day < self._today:
            self._late.add(row)
            self._demand.pop(gtin, None)
            self._pace.pop(gtin, None)

    def take_moved(self, moved: Mapping[str, Any], price_cents: int) -> None:
        """A line of the ledger as the tables tell it."""
        sign = (moved["to"] == "customer") - (moved["from"] == "customer")
        if not sign:
            return
        at_utc_s = float(moved["at_utc_s"])
        cents = moved.get("price_cents")
        if cents is None:
            cents = sign * round(moved["thousandths"] * price_cents / 1000)
        self.take(moved["gtin"], self.day_of(at_utc_s), sign * moved["thousandths"], abs(cents) * sign, sign)
        if sign > 0:
            self.newest_utc_s = max(self.newest_utc_s, at_utc_s)
            self._hours[_day_and_hour(self._zone, int(at_utc_s // _QUARTER_S))[1]] += 1

    def take_hours(self, lines: Mapping[int, int]) -> None:
        """How many lines were sold in each hour of the day, 0 to 23."""
        for hour, count in lines.items():
            self._hours[hour % _HOURS] += count

    def expose(self, gtin: str, day: int, share: float) -> None:
        """The share of a day's demand that found the product."""
        if self._today - DAYS < day <= self._today:
            row = self._row_of(gtin)
            self._exposure[row, day % DAYS] = share
            self._late.add(row)
            self._demand.pop(gtin, None)

    # What follows

    def history(self, gtin: str) -> list[DaySales]:
        """Whole days, the oldest first, from the first on which anything was sold."""
        row = self._row.get(gtin)
        if row is None:
            return []
        days = range(self._today - DAYS + 1, self._today)
        sold = [(day, int(self._sold[row, day % DAYS])) for day in days]
        first = next((index for index, (_, amount) in enumerate(sold) if amount > 0), len(sold))
        return [
            DaySales(weekday_of(day), max(0.0, float(amount)), float(self._exposure[row, day % DAYS]))
            for day, amount in sold[first:]
        ]

    def demand(self, gtin: str) -> Demand:
        """In thousandths a day. Of a product that was never sold: none."""
        known = self._demand.get(gtin)
        if known is None:
            known = self._demand[gtin] = self._estimate(gtin) or Demand(0.0, FLAT_WEEK, 1.0, 0, DAYS)
        return known

    def _estimate(self, gtin: str) -> Demand | None:
        row = self._row.get(gtin)
        if row is None:
            return None
        if self._estimated is None:
            self._late.clear()
            self._estimated = self._estimate_all()
        if row < len(self._estimated) and row not in self._late:
            return self._estimated.of(row) if self._estimated.days[row] else None
        history = self.history(gtin)
        return estimate(history, self._store_week()) if history else None

    def _estimate_all(self) -> Demands:
        """Once a day: of each alone it takes a thousand times as long."""
        days = range(self._today - DAYS + 1, self._today)
        columns, rows = [day % DAYS for day in days], len(self._row)
        sold, exposure = self._sold[:rows, columns], self._exposure[:rows, columns]
        return estimate_all(sold, exposure, [weekday_of(day) for day in days], self._store_week())

    def pace(self, gtin: str, now_utc_s: float, unit: int) -> Pace:
        """In units of `unit` thousandths: 1000 for pieces, 1 for thousandths of a kilogram."""
        known = self._pace.get(gtin)
        if known is None:
            demand, row = self.demand(gtin), self._row.get(gtin)
            lines = int(self._lines[row]) if row is not None else 0
            lump = float(self._sold[row].sum()) / lines / unit if row is not None and lines > 0 else 1.0
            offset = datetime.fromtimestamp(now_utc_s, self._zone).utcoffset()
            hours = tuple(float(share) for share in self._hours / self._hours.sum())
            seconds = offset.total_seconds() if offset else 0.0
            known = self._pace[gtin] = Pace(demand.level / unit, lump, demand.week, hours, seconds)
        return known

    def values(self) -> dict[str, float]:
        """Cents sold of each product in the span: what ABC classes are made of."""
        totals = self._cents.sum(axis=1)
        return {gtin: float(totals[row]) for gtin, row in self._row.items()}

    def cents_since(self, day: int) -> int:
        """Sold by all products from that day on."""
        return sum(self._totals[one % DAYS] for one in range(max(day, self._today - DAYS + 1), self._today + 1))

    def sold_on(self, day: int) -> int:
        """Cents of one day."""
        return self._totals[day % DAYS] if self._today - DAYS < day <= self._today else 0

    def _store_week(self) -> tuple[float, ...]:
        """The weekdays of the whole store, by value."""
        if self._week is None:
            days = range(self._today - DAYS + 1, self._today)
            totals = [(day, float(self._totals[day % DAYS])) for day in days]
            first = next((index for index, (_, cents) in enumerate(totals) if cents > 0), len(totals))
            mean = max(1.0, sum(cents for _, cents in totals) / DAYS)
            whole = [DaySales(weekday_of(day), max(0.0, cents) / mean * 100) for day, cents in totals[first:]]
            self._week = week_profile([whole]) if whole else FLAT_WEEK
        return self._week

    def _row_of(self, gtin: str) -> int:
        row = self._row.get(gtin)
        if row is None:
            row = self._row[gtin] = len(self._row)
            if row >= len(self._sold):
                self._grow(max(64, 2 * row))
        return row

    def _grow(self, rows: int) -> None:
        more = rows - len(self._sold)
        self._sold = np.vstack((self._sold, np.zeros((more, DAYS), np.int64)))
        self._cents = np.vstack((self._cents, np.zeros((more, DAYS), np.int64)))
        self._exposure = np.vstack((self._exposure, np.ones((more, DAYS), np.float32)))
        self._lines = np.concatenate((self._lines, np.zeros(more, np.int64)))


@lru_cache(maxsize=4096)
def _day_and_hour(zone: ZoneInfo, quarter: int) -> tuple[int, int]:
    """In the time of the zone; quarters of an hour since 1970."""
    then = datetime.fromtimestamp(quarter * _QUARTER_S, zone)
    return then.toordinal(), then.hour


def weekday_of(day: int) -> int:
    """0 is Monday."""
    return (day - 1) % 7
