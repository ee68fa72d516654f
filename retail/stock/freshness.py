"""Lots by expiry: which to face first, what is blocked, what to mark down, how much will be thrown away."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from retail.stock.quantiles import unmet

#: GS1 application identifiers: 17 is a use-by date, 15 a best-before date.
USE_BY, BEST_BEFORE = "17", "15"


@dataclass(frozen=True, slots=True)
class Lot:
    """`ai`: what the date means. `date` None: it keeps, or nobody recorded one."""

    lot: str
    pieces: int
    date: datetime.date | None = None
    ai: str = USE_BY


@dataclass(frozen=True, slots=True)
class Step:
    """From so many days before the date on, so many percent off."""

    days_left: int
    percent: int


#: A site sets its own.
LADDER = (Step(3, 30), Step(1, 50))


@dataclass(frozen=True, slots=True)
class Advice:
    """Of a lot: `state` ok, soon, past (best-before over: warn) or blocked; `percent` off; pieces that will probably
    be wasted.
    """

    lot: Lot
    state: str
    days_left: int | None
    percent: int
    waste_pieces: float
    reason: str


def fefo(lots: Iterable[Lot]) -> list[Lot]:
    """First expired, first out; lots without a date last."""
    return sorted(lots, key=lambda lot: (lot.date is None, lot.date or datetime.date.max, lot.lot))


def state_of(lot: Lot, today: datetime.date, ladder: Sequence[Step] = LADDER) -> str:
    """The date itself is the last good day. A use-by date over blocks the sale; a best-before date over warns."""
    if lot.date is None:
        return "ok"
    if today > lot.date:
        return "blocked" if lot.ai == USE_BY else "past"
    soonest = max((step.days_left for step in ladder), default=-1)
    return "soon" if (lot.date - today).days <= soonest else "ok"


def advise(
    lots: Iterable[Lot], demand: Callable[[int], float], today: datetime.date, ladder: Sequence[Step] = LADDER
) -> list[Advice]:
    """For each lot in FEFO order. `demand(n)`: pieces wanted in all over the next n days, today among them.

    Waste is what a lot keeps beyond its last day when earlier lots sell first, expected over a Poisson demand.
    """
    found, ahead = [], 0
    for lot in fefo(lots):
        state = state_of(lot, today, ladder)
        days_left = None if lot.date is None else (lot.date - today).days
        if state == "blocked":
            found.append(
                Advice(lot, state, days_left, 0, float(lot.pieces), f"Use-by {lot.date}: take it off the shelf.")
            )
            continue
        waste = 0.0
        if days_left is not None and days_left >= 0:
            wanted = demand(days_left + 1)
            waste = _left(wanted, ahead + lot.pieces) - _left(wanted, ahead)
        ahead += lot.pieces
        percent = _percent(days_left, ladder) if state == "soon" and waste >= 0.5 else 0
        found.append(Advice(lot, state, days_left, percent, waste, _words(lot, state, days_left, percent, waste)))
    return found


def _left(wanted: float, pieces: int) -> float:
    """Expected pieces left over: E[max(0, n - D)] = n - E[D] + E[max(0, D - n)]."""
    return max(0.0, pieces - wanted + unmet(wanted, wanted, pieces))


def _percent(days_left: int | None, ladder: Sequence[Step]) -> int:
    return max((step.percent for step in ladder if days_left is not None and days_left <= step.days_left), default=0)


def _words(lot: Lot, state: str, days_left: int | None, percent: int, waste: float) -> str:
    if state == "past":
        return f"Best before {lot.date} is over: check it, sell only if it is sound."
    if days_left is None:
        return "No date."
    days = f"{days_left} day{'' if days_left == 1 else 's'} left"
    text = f"{days}, {lot.pieces} pieces, about {waste:.0f} will not sell in time."
    return f"{text} Mark down {percent} %." if percent else text
