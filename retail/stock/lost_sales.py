"""What an empty or low slot costs an hour: by this the tasks are ranked."""

from __future__ import annotations

from dataclasses import dataclass

from retail.stock.pace import Pace
from retail.stock.quantiles import unmet


@dataclass(frozen=True, slots=True)
class Loss:
    """Of a slot over the coming hours: pieces not sold, and cents an hour that go with them."""

    pieces: float
    cents_per_hour: float


def lost_per_hour(pace: Pace, pieces: int, worth_cents: int, now_utc_s: float, hours: float = 4.0) -> Loss:
    """Demand of the next hours beyond the pieces that are there: all of it when there are none.

    `worth_cents` of one piece: the margin where the cost is known, else the price. Hours in which nothing is wanted
    (closed)
    cost nothing. Raises ValueError unless `hours` is above 0.
    """
    if not hours > 0:
        raise ValueError(f"loss is told over some hours, not {hours}")
    mean = pace.expected(now_utc_s, now_utc_s + hours * 3600)
    lost = unmet(mean, mean * pace.lump, pieces)
    return Loss(lost, lost * worth_cents / hours)


def worth_cents(price_cents: int, cost_cents: int | None) -> int:
    """The margin of a piece, never below 0; the price where the cost is not known."""
    return price_cents if cost_cents is None else max(0, price_cents - cost_cents)
