"""A simulated store followed for some days: what each source alone would say, what the belief says, and the truth."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from retail.stock.belief import Beliefs
from retail.stock.demand import DaySales, estimate, hours_profile, pace_of, week_profile
from retail.stock.evidence import CUSTOMER, PLACES, Counted, Evidence, Move, Profile, Seen, Tagged
from retail.stock.likelihood import facings_table
from retail.stock.pace import Pace
from retail.stock.phantom import suspect
from simulators.store_facts import FLOOR, Count, Document, Fact, ShelfRead
from simulators.store_products import Product
from simulators.store_settings import CLOSES_H, DAY_S, HOUR_S, OPENS_H
from simulators.store_world import World

Key = tuple[str, str]


def evidence_of(fact: Fact) -> Iterator[Evidence]:
    """As the store station hands it on; a blocked view is nothing to see."""
    if isinstance(fact, Document):
        for line in fact.lines:
            yield Move(line.gtin, line.quantity, line.from_account, line.to_account, fact.at_utc_s)
    elif isinstance(fact, Count):
        yield Counted(fact.gtin, fact.place, fact.quantity, fact.at_utc_s, fact.source)
    elif isinstance(fact, ShelfRead):
        if fact.state != "blocked":
            yield Seen(fact.gtin, fact.facings, fact.at_utc_s)
    else:
        yield Tagged(fact.gtin, fact.zone, fact.tags, fact.at_utc_s)


def profiles_of(world: World) -> list[Profile]:
    return [Profile(each.gtin, each.facings, each.depth, each.case) for each in world.products]


@dataclass
class Alone:
    """What each source says by itself; `flow` from the opening figure, never counted."""

    flow: dict[Key, int] = field(default_factory=lambda: defaultdict(int))
    counted: dict[Key, int] = field(default_factory=lambda: defaultdict(int))
    camera: dict[Key, float] = field(default_factory=dict)
    tags: dict[Key, float] = field(default_factory=dict)

    def take(self, piece: Evidence, depth: int, facings: int) -> None:
        if isinstance(piece, Move):
            for account, pieces in ((piece.from_account, -piece.quantity), (piece.to_account, piece.quantity)):
                if account in PLACES:
                    self.flow[piece.gtin, account] += pieces
        elif isinstance(piece, Counted):
            key = piece.gtin, piece.place
            self.counted[key] = piece.quantity
            if piece.source == "import":
                self.flow[key] = piece.quantity
        elif isinstance(piece, Seen):
            self.camera[piece.gtin, FLOOR] = _pieces_behind(facings, depth, piece.facings)
        else:
            self.tags[piece.gtin, piece.place] = piece.tags / 0.95


def _pieces_behind(facings: int, depth: int, seen: int) -> float:
    """The mean number behind so many facings, any number alike before."""
    likely = facings_table(facings, depth, (0.5, 0.5, 0.0), 0.05)[:, seen]
    return float(sum(pieces * p for pieces, p in enumerate(likely)) / likely.sum())


@dataclass
class Followed:
    """Summed absolute errors by source over all looks, and how many looks; `held`: the interval held the truth."""

    errors: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    looks: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    held: int = 0
    sure: float = 0.0
    right: int = 0
    belief_s: float = 0.0
    suspects: Suspects = field(default_factory=lambda: Suspects())
    beliefs: Beliefs | None = None

    def note(self, source: str, error: float) -> None:
        self.errors[source] += abs(error)
        self.looks[source] += 1

    def mean(self, source: str) -> float:
        return self.errors[source] / max(1, self.looks[source])


@dataclass
class Sales:
    """What the tills told, by product and day and by hour of the day: what a store knows of demand.

    `past`: four weeks of sales before the first day, as a store has them.
    """

    past: Mapping[str, Sequence[float]]
    by_day: dict[tuple[str, int], int] = field(default_factory=lambda: defaultdict(int))
    visits: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    by_hour: list[int] = field(default_factory=lambda: [0] * 24)

    def take(self, move: Move, begin_utc_s: float) -> None:
        if move.to_account == CUSTOMER:
            self.by_day[move.gtin, int((move.at_utc_s - begin_utc_s) // DAY_S)] += move.quantity
            self.visits[move.gtin] += 1
            self.by_hour[int(move.at_utc_s % DAY_S // 3600)] += move.quantity

    def paces(self, gtins: Sequence[str], days: int) -> dict[str, Pace]:
        """From the days before this one."""
        histories = {
            gtin: [
                *(DaySales(day % 7, sold) for day, sold in enumerate(self.past[gtin])),
                *(DaySales(day % 7, float(self.by_day[gtin, day])) for day in range(days)),
            ]
            for gtin in gtins
        }
        hours, week = hours_profile(self.by_hour, range(OPENS_H, CLOSES_H)), week_profile(histories.values())
        found = {}
        for gtin, history in histories.items():
            sold = sum(day.sold for day in history)
            found[gtin] = pace_of(estimate(history, week), hours, _lump(self.visits[gtin], sold - sum(self.past[gtin])))
        return found


@dataclass
class Suspects:
    """Checks raised by the phantom rule, episode by episode, against what was true.

    A phantom is worth finding once six visits came for nothing and a camera looks at its slot.
    """

    raised: int = 0
    right: int = 0
    true: int = 0
    found: int = 0
    _flagged: set[str] = field(default_factory=set)
    _visits: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    _caught: set[str] = field(default_factory=set)

    def look(self, world: World, beliefs: Beliefs, now_utc_s: float, days: float) -> None:
        for product in world.products:
            there = sum(world.on_hand(product.gtin, place) for place in PLACES)
            phantom = not there and sum(world.book(product.gtin, place) for place in PLACES) > 0
            silence = beliefs.silence(product.gtin, now_utc_s)
            suspicion = suspect(silence) if silence else None
            flagged = suspicion is not None and suspicion.task == "check"
            if flagged and product.gtin not in self._flagged:
                self.raised += 1
                self.right += phantom
            (self._flagged.add if flagged else self._flagged.discard)(product.gtin)
            self._follow(
                product.gtin, phantom, flagged, days * product.per_day / product.lump if product.camera else 0.0
            )

    def _follow(self, gtin: str, phantom: bool, flagged: bool, visits: float) -> None:
        if not phantom:
            self._close(gtin)
            return
        self._visits[gtin] += visits
        if flagged:
            self._caught.add(gtin)

    def _close(self, gtin: str) -> None:
        if self._visits.pop(gtin, 0.0) >= 6:
            self.true += 1
            self.found += gtin in self._caught
        self._caught.discard(gtin)

    def close(self) -> None:
        for gtin in list(self._visits):
            self._close(gtin)


def _lump(visits: int, pieces: float) -> float:
    return max(1.0, (pieces + 2.4) / (visits + 2.0))


def past_of(world: World) -> dict[str, list[float]]:
    draw = np.random.default_rng(len(world.products))
    return {
        each.gtin: [float(draw.poisson(each.per_day * each.week[day % 7])) for day in range(28)]
        for each in world.products
    }


def follow(
    world: World, days: int, hours: Sequence[float] = (7.1, 12.0, 16.0, 20.0), compared: bool = True
) -> Followed:
    """Every product and place at those hours of each day, after all that was heard by then."""
    alone, followed, beliefs, sales = Alone(), Followed(), Beliefs(profiles_of(world)), Sales(past_of(world))
    products = {each.gtin: each for each in world.products}
    for day in range(days):
        paces = sales.paces(list(products), day)
        if not day:
            for piece in _hear(world.advance(world.now_utc_s), alone, products):
                beliefs.take(piece)
        for gtin, pace in paces.items():
            beliefs.set_pace(gtin, pace)
        for hour in hours:
            now_utc_s = world.settings.begin_utc_s + day * DAY_S + hour * HOUR_S
            pieces = _hear(world.advance(now_utc_s), alone, products)
            for piece in pieces:
                if isinstance(piece, Move):
                    sales.take(piece, world.settings.begin_utc_s)
            began_s = time.process_time()
            for piece in pieces:
                beliefs.take(piece)
            followed.belief_s += time.process_time() - began_s
            if compared:
                _compare(world, alone, beliefs, followed, now_utc_s)
            followed.suspects.look(world, beliefs, now_utc_s, 1 / len(hours))
    followed.suspects.close()
    followed.beliefs = beliefs
    return followed


def _hear(facts: Iterable[Fact], alone: Alone, products: Mapping[str, Product]) -> list[Evidence]:
    pieces = [piece for fact in facts for piece in evidence_of(fact)]
    for piece in pieces:
        alone.take(piece, products[piece.gtin].depth, products[piece.gtin].facings)
    return pieces


def _compare(world: World, alone: Alone, beliefs: Beliefs, followed: Followed, now_utc_s: float) -> None:
    for product in world.products:
        for place in PLACES:
            key, true = (product.gtin, place), world.on_hand(product.gtin, place)
            believed = beliefs.belief(product.gtin, place, now_utc_s)
            assert believed is not None
            of = {"flow": alone.flow[key], "counts": alone.counted[key], "book": world.book(*key)}
            of["belief"] = believed.on_hand
            for source, says in of.items():
                followed.note(source, says - true)
            for source, said in (("camera", alone.camera), ("tags", alone.tags)):
                if key in said:
                    followed.note(source, said[key] - true)
                    for other in ("belief", "book", "flow"):
                        followed.note(f"{other} where {source}", of[other] - true)
            followed.held += believed.low <= true <= believed.high
            followed.sure += believed.confidence
            followed.right += abs(believed.on_hand - true) <= max(1, round(believed.on_hand / 10))
