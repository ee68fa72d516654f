"""A simulated store followed for some days: what each source alone would say, what the belief says, and the truth."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from retail.stock.belief import Beliefs
from retail.stock.evidence import PLACES, Counted, Evidence, Move, Profile, Seen, Tagged
from retail.stock.likelihood import facings_table
from retail.stock.pace import Pace
from simulators.store_facts import FLOOR, Count, Document, Fact, ShelfRead
from simulators.store_settings import DAY_S, HOUR_S
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

    def note(self, source: str, error: float) -> None:
        self.errors[source] += abs(error)
        self.looks[source] += 1

    def mean(self, source: str) -> float:
        return self.errors[source] / max(1, self.looks[source])


def true_pace(world: World, number: int) -> Pace:
    product = world.products[number]
    return Pace(product.per_day, product.lump, product.week, product.hours)


def follow(world: World, days: int, hours: Sequence[float] = (7.1, 12.0, 16.0, 20.0)) -> Followed:
    """Every product and place at those hours of each day, after all that was heard by then."""
    alone, followed, beliefs = Alone(), Followed(), Beliefs(profiles_of(world))
    products = {each.gtin: each for each in world.products}
    for day in range(days):
        for hour in hours:
            now_utc_s = world.settings.begin_utc_s + day * DAY_S + hour * HOUR_S
            for fact in world.advance(now_utc_s):
                for piece in evidence_of(fact):
                    alone.take(piece, products[piece.gtin].depth, products[piece.gtin].facings)
                    beliefs.take(piece)
            if day == 0 and hour == hours[0]:
                for number, product in enumerate(world.products):
                    beliefs.set_pace(product.gtin, true_pace(world, number))
            _compare(world, alone, beliefs, followed, now_utc_s)
    return followed


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
