"""When to order and how much: reorder point, safety stock, order-up-to level, whole cases, and the reason in words.

ROP = d x L + SS, SS = z x sqrt(L x sd^2 + d^2 x sL^2), order up to S = d x (L + R) + SS; under review every R days
the safety covers L + R (Silver, Pyke, Thomas: Inventory and Production Management, ch. 6 and 7). Where less than five
pieces are wanted over the lead time the normal is no use: then the quantile of the counts themselves.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from retail.stock.quantiles import quantile, z_of

_SLOW = 5.0
_CASE_OF_ONE = 1


@dataclass(frozen=True, slots=True)
class Supply:
    """How a product is ordered. `service`: share of order cycles without a stock-out (not the fill rate)."""

    supplier: str
    lead_days: float
    lead_sd_days: float = 0.0
    review_days: float = 0.0
    case: int = 1
    service: float = 0.95
    cost_cents: int = 0


@dataclass(frozen=True, slots=True)
class Levels:
    """Pieces: order when the position is at or below `point`, up to `target`."""

    point: int
    target: int
    safety: float


@dataclass(frozen=True, slots=True)
class Position:
    """Pieces: what is there (as believed), ordered, and promised. `confidence`: high, medium or low, of the on-hand."""

    on_hand: int
    on_order: int = 0
    reserved: int = 0
    confidence: str = "high"
    book: int | None = None

    @property
    def pieces(self) -> int:
        return self.on_hand + self.on_order - self.reserved


@dataclass(frozen=True, slots=True)
class Suggestion:
    """`quantity` in whole cases. `days_left`: how long the position lasts.

    `count_first`: the on-hand is not sure enough.
    """

    gtin: str
    supplier: str
    quantity: int
    cases: int
    cost_cents: int
    levels: Levels
    position: int
    days_left: float
    count_first: bool
    reason: str


@dataclass(frozen=True, slots=True)
class OrderDraft:
    """A purchase order to be approved: of one supplier, the most pressing line first."""

    supplier: str
    lines: tuple[Suggestion, ...]

    @property
    def cost_cents(self) -> int:
        return sum(line.cost_cents for line in self.lines)


@lru_cache(maxsize=4096)
def levels(per_day: float, sd_per_day: float, supply: Supply) -> Levels:
    """From demand a day and its standard deviation, both un-censored. Nothing wanted: 0, 0."""
    if per_day <= 0:
        return Levels(0, 0, 0.0)
    covered = supply.lead_days + supply.review_days
    variance = covered * sd_per_day**2 + (per_day * supply.lead_sd_days) ** 2
    if per_day * supply.lead_days < _SLOW:
        mean = per_day * covered
        safety = max(0.0, quantile(mean, variance, supply.service) - mean)
    else:
        safety = z_of(supply.service) * math.sqrt(variance)
    point = math.ceil(round(per_day * supply.lead_days + safety, 6))
    return Levels(point, max(point, round(per_day * covered + safety)), safety)


def suggest(gtin: str, per_day: float, sd_per_day: float, supply: Supply, position: Position) -> Suggestion | None:
    """What to order now; None while the position is above the reorder point, or nothing is wanted.

    Raises ValueError for a case of less than one piece.
    """
    if supply.case < _CASE_OF_ONE:
        raise ValueError(f"product {gtin}: a case holds {supply.case} pieces; give at least 1")
    at = levels(per_day, sd_per_day, supply)
    if at.point <= 0 or position.pieces > at.point:
        return None
    cases = max(1, math.ceil((at.target - position.pieces) / supply.case))
    quantity = cases * supply.case
    count_first = position.confidence == "low"
    return Suggestion(
        gtin, supply.supplier, quantity, cases, quantity * supply.cost_cents, at, position.pieces,
        max(0.0, position.pieces / per_day), count_first, _reason(per_day, supply, position, at),
    )  # fmt: skip


def drafts(suggestions: Iterable[Suggestion]) -> list[OrderDraft]:
    """One order for each supplier, by name."""
    by_supplier: dict[str, list[Suggestion]] = defaultdict(list)
    for each in suggestions:
        by_supplier[each.supplier].append(each)
    return [
        OrderDraft(supplier, tuple(sorted(lines, key=lambda line: (line.days_left, line.gtin))))
        for supplier, lines in sorted(by_supplier.items())
    ]


def _reason(per_day: float, supply: Supply, position: Position, at: Levels) -> str:
    days = f"{supply.lead_days:g} day{'' if supply.lead_days == 1 else 's'} lead"
    words = [f"Sells {per_day:.2g} a day" if per_day < 1 else f"Sells {per_day:.1f} a day"]
    text = f"{words[0]}, {days}, safety {at.safety:.1f}. Reorder at {at.point}, fill to {at.target}."
    if position.on_order or position.reserved:
        text += f" {position.on_hand} there, {position.on_order} on order, {position.reserved} reserved."
    if position.confidence == "low":
        book = "" if position.book is None else f", the book says {position.book}"
        text += f" On-hand {position.on_hand} is uncertain{book}: count first."
    return text
