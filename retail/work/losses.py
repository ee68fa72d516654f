"""Shrink of the last four weeks: what counts found missing, and what was written off as shrink, in cents at retail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: The span of the figure.
DAYS = 28


class Losses:
    """Variances are told again when something older arrives: the newest word counts."""

    def __init__(self) -> None:
        self._found: dict[tuple[int, int], tuple[int, int]] = {}  # (document, line): day, cents missing
        self._by_day: dict[int, int] = {}

    def found(self, row: Mapping[str, Any], day: int, price_cents: int) -> bool:
        """A count's variance; whether it is a count not heard of before. The `opening` of a record is nobody's loss."""
        key = row["document"], row["line"]
        before = self._found.get(key)
        if before is not None:
            self._by_day[before[0]] = self._by_day.get(before[0], 0) - before[1]
        cents = 0 if row.get("opening") else -round(row["variance"] * price_cents / 1000)
        self._found[key] = day, cents
        self._by_day[day] = self._by_day.get(day, 0) + cents
        return before is None

    def lost(self, row: Mapping[str, Any], day: int, price_cents: int) -> None:
        """A line of the ledger to or from `shrink`."""
        sign = (row["to"] == "shrink") - (row["from"] == "shrink")
        if sign:
            self._by_day[day] = self._by_day.get(day, 0) + sign * round(row["thousandths"] * price_cents / 1000)

    def begin(self, today: int) -> None:
        """What is older than the span is forgotten."""
        first = today - DAYS + 1
        self._by_day = {day: cents for day, cents in self._by_day.items() if day >= first}
        self._found = {key: one for key, one in self._found.items() if one[0] >= first}

    def cents(self) -> int:
        return sum(self._by_day.values())

    def on(self, day: int) -> int:
        return self._by_day.get(day, 0)

    def share(self, sales_cents: int) -> float | None:
        """Of net sales; None without sales."""
        return self.cents() / sales_cents if sales_cents > 0 else None
