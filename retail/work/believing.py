"""The beliefs that the desk keeps: ledger, counts, cameras and tags go in, what is told sparingly comes out.

Beliefs are in units of `unit_of` thousandths. After a restart a belief goes on from what was told last (its middle and
its width), and from the ledger's stock; what a sensor said before is heard anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from retail.catalogue.product import KILOGRAM
from retail.known import Known
from retail.stock.belief import Beliefs
from retail.stock.evidence import BACKROOM, FLOOR, PLACES, Counted, Move, Profile, Seen, Tagged
from retail.stock.mass import MOST_CELLS, Mass, step_for
from retail.stock.pace import Pace
from retail.stock.reliability import Reliability
from retail.stock.telling import Belief
from retail.stock.track import Track
from retail.work.news import News
from retail.work.sight import EMPTY, FULL, LOW, Look
from verticals.contract import Event

#: A look at an unchanged shelf is evidence at most so often.
LOOKED_EVERY_S = 900.0
_MOST_TOLD = 25
#: How long an evaluation is good where nothing happened; a sale says nothing new of the back room.
_KEPT_S, _KEPT_BEHIND_S = 20.0, 600.0
#: So long, and with so many left for certain, a sale only takes one off what was believed.
_SHIFTED_S, _SHIFTED_LEAST = 900.0, 3
#: 90 % lie within so many standard deviations; an empty shelf of more than that probability stands alone.
_HALF, _LUMP = 1.645, 0.05
_LEAST_MOST = 40


class Believing:
    """Owned by the desk. `known` is the desk's; pure."""

    def __init__(self, known: Known) -> None:
        self._known = known
        self._beliefs = Beliefs(())
        self._before: dict[str, list[Mapping[str, Any]]] = {}  # rows of the last run, until the product is needed
        self._told: dict[tuple[str, str], tuple[Any, ...]] = {}
        self._news = News()
        self._floor: dict[str, tuple[float, Belief | None]] = {}
        self._behind: dict[str, tuple[float, Belief | None]] = {}
        self._sold: dict[str, int] = {}  # units sold since the floor was evaluated, where nothing else happened
        self._looked: dict[str, tuple[int, float]] = {}
        self.tags: dict[str, int] = {}
        self.disagrees: dict[str, float] = {}
        self.sold_utc_s: dict[str, float] = {}

    @property
    def reliability(self) -> Reliability:
        return self._beliefs.reliability

    def unit_of(self, gtin: str) -> int:
        """Thousandths that one unit of the belief holds: a piece, or a thousandth of a kilogram."""
        product = self._known.products.get(gtin)
        return 1 if product is not None and product.unit == KILOGRAM else 1000

    # Evidence

    def moved(self, rows: Sequence[Mapping[str, Any]], now_utc_s: float) -> set[str]:
        """Lines as the tables tell them, after their balances were taken; the products."""
        adopted: set[str] = set()
        for row in rows:
            gtin = row["gtin"]
            if row["to"] == "customer":
                self.sold_utc_s[gtin] = max(self.sold_utc_s.get(gtin, 0.0), row["at_utc_s"])
            if gtin not in self._beliefs and gtin not in adopted:
                self._begin(gtin, now_utc_s)
                adopted.add(gtin)
            if gtin not in adopted:
                self._move(row)
            if row["to"] == "customer" and row["from"] in self._known.settings.sales_places:
                self._news.add(gtin)
                self._sold[gtin] = self._sold.get(gtin, 0) + round(row["thousandths"] / self.unit_of(gtin))
            else:
                self._touch(gtin)
        return {row["gtin"] for row in rows}

    def _move(self, row: Mapping[str, Any]) -> None:
        gtin, unit = row["gtin"], self.unit_of(row["gtin"])
        ends = self._account(row["from"]), self._account(row["to"])
        quantity = round(row["thousandths"] / unit)
        if quantity > 0 and ends[0] != ends[1]:
            self._beliefs.take(Move(gtin, quantity, *ends, row["at_utc_s"]))

    def counted(self, rows: Iterable[Mapping[str, Any]], now_utc_s: float) -> None:
        """Counts of a whole product at a place, as the tables tell them, each once."""
        for row in rows:
            place = self._account(row["place"])
            if row["lot"] or place not in PLACES or self._several(place):
                continue
            gtin = row["gtin"]
            if gtin not in self._beliefs:
                self._begin(gtin, now_utc_s)
            quantity = round(row["thousandths"] / self.unit_of(gtin))
            self._beliefs.take(Counted(gtin, place, max(0, quantity), row["at_utc_s"]))
            self.disagrees.pop(gtin, None)
            self._touch(gtin)

    def look(self, gtin: str, looks: Sequence[Look], now_utc_s: float) -> None:
        """All slots of a product as its cameras see them; nothing is said where one of them is not seen."""
        facings = _facings(looks)
        if facings is None or not self._known.slots_of.get(gtin):
            return
        before, at = self._looked.get(gtin, (-1, 0.0))
        if facings == before and now_utc_s - at < LOOKED_EVERY_S:
            return
        if not self._ensure(gtin, now_utc_s):
            return
        self._looked[gtin] = facings, now_utc_s
        self._beliefs.take(Seen(gtin, facings, now_utc_s))
        self._touch(gtin)

    def tagged(self, gtin: str, place: str, tags: int, now_utc_s: float) -> None:
        at = self._account(place)
        if at not in PLACES:
            return
        if at == FLOOR:
            self.tags[gtin] = tags
        if self._ensure(gtin, now_utc_s):
            self._beliefs.take(Tagged(gtin, at, tags, now_utc_s))
            self._touch(gtin)

    def set_pace(self, gtin: str, pace: Pace) -> None:
        self._beliefs.set_pace(gtin, pace)

    def learn(self, gtins: Iterable[str]) -> None:
        """A changed catalogue or planogram."""
        for gtin in gtins:
            if gtin in self._beliefs:
                self._beliefs.set_profile(self._profile(gtin))
                self._touch(gtin)

    # What is believed

    def of(self, gtin: str, now_utc_s: float) -> tuple[Belief | None, Belief | None]:
        """Of the floor and of the back room; None where nothing ever was."""
        if not self._ensure(gtin, now_utc_s):
            return None, None
        at, floor = self._floor.get(gtin, (0.0, None))
        behind_at, behind = self._behind.get(gtin, (0.0, None))
        floor_is_old = now_utc_s - at >= _KEPT_S or gtin in self._sold
        behind_is_old = now_utc_s - behind_at >= _KEPT_BEHIND_S
        if floor_is_old and behind_is_old:
            floor, behind = self._beliefs.both(gtin, now_utc_s) or (None, None)
        elif floor_is_old:
            floor = self._beliefs.belief(gtin, FLOOR, now_utc_s)
        elif behind_is_old:
            behind = self._beliefs.belief(gtin, BACKROOM, now_utc_s)
        if floor_is_old:
            self._floor[gtin] = now_utc_s, floor
            self._sold.pop(gtin, None)
            if floor is not None and floor.disagree:
                self.disagrees.setdefault(gtin, now_utc_s)
            else:
                self.disagrees.pop(gtin, None)
        if behind_is_old:
            self._behind[gtin] = now_utc_s, behind
        return floor, behind

    # What is told

    def flush(self, now_utc_s: float) -> Event | None:
        """What changed of the products that may be told again; None when that is nothing."""
        rows: list[dict[str, Any]] = []
        for gtin in self._news.due(now_utc_s, lambda: len(rows) < _MOST_TOLD):
            for one in self._shifted(gtin, now_utc_s) or self.of(gtin, now_utc_s):
                if one is not None:
                    shown = one.on_hand, one.low, one.high, one.book, one.disagree
                    if shown != self._told.get((gtin, one.place)):
                        self._told[gtin, one.place] = shown
                        rows.append(self._row(one))
        return Event("beliefs", "store", now_utc_s, {"beliefs": rows}) if rows else None

    def _shifted(self, gtin: str, now_utc_s: float) -> tuple[Belief] | None:
        """What was believed of the floor less what was sold, where that is all that happened and plenty is left."""
        at, floor = self._floor.get(gtin, (0.0, None))
        sold = self._sold.get(gtin, 0)
        if floor is None or not sold or now_utc_s - at > _SHIFTED_S or gtin in self._looked or gtin in self.tags:
            return None
        if floor.disagree or floor.low - sold < _SHIFTED_LEAST:
            return None
        on_hand, low, high, book = (each - sold for each in (floor.on_hand, floor.low, floor.high, floor.book))
        words = f"Probably {on_hand} ({low} to {high}): book says {book}."
        return (replace(floor, on_hand=on_hand, low=low, high=high, book=book, reason=words),)

    def due_utc_s(self) -> float | None:
        return self._news.next_utc_s()

    def _row(self, one: Belief) -> dict[str, Any]:
        unit = self.unit_of(one.gtin)
        return {
            "gtin": one.gtin,
            "place": one.place,
            "on_hand": one.on_hand * unit,
            "low": one.low * unit,
            "high": one.high * unit,
            "confidence": round(one.confidence, 3),
            "empty": round(one.empty, 4),
            "book": one.book * unit,
            "disagree": list(one.disagree),
            "reason": one.reason[:300],
        }

    # From run to run

    def state(self) -> dict[str, Any]:
        """What is learnt of the sources; the beliefs themselves are in the table."""
        return {"reliability": self.reliability.state(), "disagrees": dict(self.disagrees)}

    def restore(self, state: Mapping[str, Any]) -> None:
        self._beliefs.reliability = Reliability.from_state(state["reliability"])
        self.disagrees = {str(gtin): float(since) for gtin, since in state["disagrees"].items()}

    def recall(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Rows of the table `beliefs`."""
        for row in rows:
            self._before.setdefault(row["gtin"], []).append(row)

    # Beginning

    def _ensure(self, gtin: str, now_utc_s: float) -> bool:
        """Whether anything is believed of it."""
        if gtin not in self._beliefs:
            if not self._known.holdings.of(gtin):
                return False
            self._begin(gtin, now_utc_s)
        return True

    def _begin(self, gtin: str, now_utc_s: float) -> None:
        """From the last run, else from the ledger's figure, which nobody vouches for yet."""
        self._beliefs.set_profile(self._profile(gtin))
        unit = self.unit_of(gtin)
        book = {
            FLOOR: round(self._known.on_floor(gtin) / unit),
            BACKROOM: round(self._known.behind(gtin) / unit),
        }
        rows = self._before.pop(gtin, [])
        if rows:
            step = self._profile(gtin).step
            self._beliefs.begin_later(gtin, lambda: _resumed(rows, book, unit, step, now_utc_s))
            return
        self._beliefs.open_later(gtin, {place: max(0, book[place]) for place in PLACES}, now_utc_s)

    def _profile(self, gtin: str) -> Profile:
        product = self._known.products.get(gtin)
        slots = self._known.slots_of.get(gtin, ())
        facings = sum(max(1, slot.facings_wide) * max(1, slot.facings_high) for slot in slots)
        unit = self.unit_of(gtin)
        capacity = sum(slot.capacity for slot in slots) * 1000 // unit
        depth = max((slot.facings_deep for slot in slots), default=0)
        if facings and capacity:
            depth = max(1, capacity // facings)
        most = max(_LEAST_MOST, 2 * capacity, round(1.5 * self._known.everywhere(gtin) / unit))
        case = (product.case_units if product else 0) * 1000 // unit
        return Profile(gtin, facings, depth, max(1, case), step_for(most))

    def _account(self, name: str) -> str:
        settings = self._known.settings
        if name in settings.sales_places:
            return FLOOR
        return BACKROOM if name in settings.back_places else name

    def _several(self, place: str) -> bool:
        """A count of one of several places says nothing of them together."""
        settings = self._known.settings
        return len(settings.sales_places if place == FLOOR else settings.back_places) > 1

    def _touch(self, gtin: str) -> None:
        self._news.add(gtin)
        for kept in (self._floor, self._behind, self._sold):
            kept.pop(gtin, None)


def _facings(looks: Sequence[Look]) -> int | None:
    found = 0
    for look in looks:
        if look.state not in (FULL, LOW, EMPTY):
            return None
        found += look.facings if look.facings or look.state == EMPTY else look.of
    return found if looks else None


def _resumed(
    rows: Sequence[Mapping[str, Any]], book: Mapping[str, int], unit: int, step: int, now_utc_s: float
) -> Track:
    """A track with the middle and the width of what was believed, moved by what the ledger did since."""
    masses = {place: np.array([1.0]) for place in PLACES}
    for row in rows:
        place = row["place"]
        if place in masses:
            since = book[place] - round(row["book"] / unit)
            middle, low, high = (row[name] / unit + since for name in ("on_hand", "low", "high"))
            masses[place] = _mass(middle / step, low / step, high / step, row["empty"])
    table = np.outer(masses[FLOOR], masses[BACKROOM])
    return Track(now_utc_s, table / table.sum(), quiet_utc_s=now_utc_s, book=dict(book))


def _mass(middle: float, low: float, high: float, empty: float) -> Mass:
    """Cells around the middle, 45 % of them up to `high` and down to `low`; none at all with probability `empty`."""
    above = max(0.3, (high - middle) / _HALF)
    below = max(0.3, (middle - low) / _HALF) if empty < _LUMP else above  # else `low` tells of the empty ones alone
    cells = min(MOST_CELLS, max(1, int(max(middle, 0.0) + 4 * above) + 2))
    away = np.arange(cells) - max(middle, 0.0)
    mass = np.exp(-0.5 * (away / np.where(away < 0, below, above)) ** 2)
    mass[0] = 0.0 if cells > 1 else 1.0
    rest = mass.sum()
    whole: Mass = mass * ((1 - empty) / rest) if rest > 0 else mass
    whole[0] += empty if rest > 0 else 1.0
    scaled: Mass = whole / whole.sum()
    return scaled
