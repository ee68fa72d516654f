"""The desk's copy of the balances: what the ledger's tables hold of each product, as they told it after each commit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Holding:
    """On-hand of one product at one place, in thousandths of its unit; `lots` add up to it."""

    gtin: str
    place: str
    thousandths: int
    lots: Mapping[str, int] = field(default_factory=dict)
    counted_at_utc_s: float | None = None


class Holdings:
    """Never changed by rules: only `take` does, with what the tables told."""

    def __init__(self) -> None:
        self._held: dict[str, dict[str, Holding]] = {}

    def take(self, balances: Iterable[Any]) -> set[str]:
        """Rows as `balance.on_hand` gives them; the GTINs whose stock they tell."""
        changed = set()
        for row in balances:
            holding = Holding(row["gtin"], row["place"], row["thousandths"], row["lots"], row["counted_at_utc_s"])
            self._held.setdefault(holding.gtin, {})[holding.place] = holding
            changed.add(holding.gtin)
        return changed

    def at(self, gtin: str, place: str) -> Holding:
        """An empty one where nothing ever was."""
        return self._held.get(gtin, {}).get(place) or Holding(gtin, place, 0)

    def of(self, gtin: str) -> Mapping[str, Holding]:
        """By place."""
        return self._held.get(gtin, {})

    def __iter__(self) -> Iterator[Holding]:
        return (holding for places in self._held.values() for holding in places.values())

    def __len__(self) -> int:
        return sum(len(places) for places in self._held.values())
