"""Which products need no look at each sale: there is plenty, nothing is open, and nothing is seen amiss."""

from __future__ import annotations

from dataclasses import dataclass

from retail.work.sight import FULL
from retail.work.stand import Stand

#: For so long a look is good where only sales followed.
LASTS_S = 1800.0
_EMPTY = 0.02
_LEAST = 2000


@dataclass(frozen=True, slots=True)
class Calm:
    """While sales leave so many thousandths on the floor and in the whole store, no rule could want anything."""

    until_utc_s: float
    floor: int
    whole: int


def calm_of(stand: Stand, on_order: int, *, busy: bool) -> Calm | None:
    """None where the next sale may matter; `busy`: tasks, suggestions or drafts of the product are open."""
    sure = stand.on_floor
    amiss = any(look.state != FULL or look.label not in ("", "ok") for look in stand.looks)
    if busy or amiss or stand.lots or stand.negative or stand.counting or sure is None:
        return None
    if sure.disagree or sure.empty > _EMPTY:
        return None
    low = min(stand.floor, sure.low * stand.unit)
    spare = low - stand.least - _LEAST
    whole = stand.floor + stand.behind
    over = whole + on_order - (stand.point or 0) * 1000 - _LEAST
    margin = min(spare, over) // 2
    if margin <= 0:
        return None
    return Calm(stand.now_utc_s + LASTS_S, stand.floor - margin, whole - margin)
