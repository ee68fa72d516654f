"""What is believed of the stock: one belief per product and place, from ledger, counts, shelf cameras and tags
together.

A discrete Bayes filter over the number of pieces: a move shifts it (and a sale proves that there was something to
sell), time lets some go unseen, silence of the tills speaks for an empty shelf, readings weigh it by what they would
be for each number. How far each source is trusted is learnt from counts (`reliability`). Late messages are worked in
where they belong: the day's evidence is kept and gone through again from the snapshot before them, so that the order
of arrival within 24 hours does not matter; what is later still moves the number, and no more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from retail.stock.calibration import Own, learn, own
from retail.stock.evidence import BACKROOM, CUSTOMER, FLOOR, IMPORT, PLACES, Counted, Evidence, Move, Profile, Seen
from retail.stock.mass import Table
from retail.stock.pace import Pace
from retail.stock.phantom import Silence
from retail.stock.reliability import Reliability, Share
from retail.stock.saved import track_from_state, track_state
from retail.stock.senses import count, note_count, read_tags, see
from retail.stock.telling import Belief, belief_of, silence_of, total_of
from retail.stock.track import Knowledge, Track, begun, move, pass_time

_SNAPSHOT_S = 86_400.0
#: A count so long before a product was first heard of is still worth taking.
_JUST_BEFORE_S = 3600.0
#: Tables of opening figures up to so many cells are kept, for other products that begin alike.
_SHARED_CELLS = 60
#: A count holds what moved at its own moment, as in the ledger; readings of that moment see it all.
_ORDER = {Move: 0, Counted: 1}


def _rank(piece: Evidence) -> tuple[float, int]:
    return piece.at_utc_s, _ORDER.get(type(piece), 2)


@dataclass(slots=True)
class _Product:
    """`log` begins at the first of the snapshots, which are a day apart; each stands before its rank's evidence."""

    profile: Profile
    track: Track
    own: Own = field(default_factory=own)
    log: list[Evidence] = field(default_factory=list)
    snapshots: list[tuple[tuple[float, int], Track]] = field(default_factory=list)


class Beliefs:
    """All products of one store."""

    def __init__(self, profiles: Iterable[Profile], reliability: Reliability | None = None) -> None:
        self.reliability = reliability or Reliability()
        self._profiles = {profile.gtin: profile for profile in profiles}
        self._products: dict[str, _Product] = {}
        self._later: dict[str, Callable[[], _Product]] = {}
        self._paces: dict[str, Pace] = {}
        self._sold_utc_s = 0.0

    def __contains__(self, gtin: str) -> bool:
        return gtin in self._products or gtin in self._later

    def set_profile(self, profile: Profile) -> None:
        """A changed planogram; what is believed of the number stays."""
        self._profiles[profile.gtin] = profile
        known = self._made(profile.gtin)
        if known is not None:
            known.profile = profile

    def set_pace(self, gtin: str, pace: Pace) -> None:
        """How fast it sells, from `demand`, anew each night and at the start; without one silence says nothing."""
        self._paces[gtin] = pace

    def take(self, piece: Evidence) -> None:
        """One more piece of evidence, early or late, of any product."""
        self._hear(piece)
        product = self._product(piece)
        if _rank(piece) < self._last(product):
            self._take_late(product, (piece,))
        else:
            self._take_next(product, piece)

    def take_all(self, pieces: Iterable[Evidence]) -> None:
        """Several at once, in any order: a late batch costs one pass over each product's day, not one a line."""
        by_product: dict[str, list[Evidence]] = {}
        for piece in pieces:
            by_product.setdefault(piece.gtin, []).append(piece)
            self._hear(piece)
        for mine in by_product.values():
            mine.sort(key=_rank)
            product = self._product(mine[0])
            last = self._last(product)
            late = [piece for piece in mine if _rank(piece) < last]
            if late:
                self._take_late(product, late)
            for piece in mine[len(late) :]:
                self._take_next(product, piece)

    def _hear(self, piece: Evidence) -> None:
        if isinstance(piece, Move) and piece.to_account == CUSTOMER:
            self._sold_utc_s = max(self._sold_utc_s, piece.at_utc_s)

    @staticmethod
    def _last(product: _Product) -> tuple[float, int]:
        return _rank(product.log[-1]) if product.log else (product.track.at_utc_s, -1)

    def _take_next(self, product: _Product, piece: Evidence) -> None:
        self._snapshot_by(product, _rank(piece))
        if isinstance(piece, Counted):
            learn(piece, product.track, product.profile, self.reliability, product.own)
        self._apply(product, piece)
        product.log.append(piece)

    def belief(self, gtin: str, place: str, now_utc_s: float) -> Belief | None:
        """What is believed now; None of a product of which nothing was ever heard."""
        product = self._look(gtin)
        return belief_of(*self._now(product, now_utc_s), place) if product else None

    def both(self, gtin: str, now_utc_s: float) -> tuple[Belief, Belief] | None:
        """Of the floor and of the back room, at the cost of one."""
        product = self._look(gtin)
        if product is None:
            return None
        track, knowledge = self._now(product, now_utc_s)
        return belief_of(track, knowledge, FLOOR), belief_of(track, knowledge, BACKROOM)

    def in_store(self, gtin: str, now_utc_s: float) -> Belief | None:
        """Floor and back room together."""
        product = self._look(gtin)
        return total_of(*self._now(product, now_utc_s)) if product else None

    def silence(self, gtin: str, now_utc_s: float) -> Silence | None:
        """What the phantom rule asks of a product; None of one never heard of."""
        product = self._look(gtin)
        return silence_of(*self._now(product, now_utc_s), now_utc_s) if product else None

    def state(self) -> dict[str, Any]:
        """To save as JSON.

        The day's evidence is not saved: what arrives late after a restart is worked in as of now.
        """
        for gtin in list(self._later):
            self._made(gtin)
        return {
            "reliability": self.reliability.state(),
            "sold_utc_s": self._sold_utc_s,
            "products": {
                gtin: [track_state(each.track), [each.own.lost.events, each.own.lost.of], [each.own.read.events,
                each.own.read.of]]
                for gtin, each in self._products.items()
            },
        }  # fmt: skip

    @classmethod
    def from_state(cls, state: Mapping[str, Any], profiles: Iterable[Profile]) -> Beliefs:
        """As saved; raises LookupError, TypeError or ValueError for what `state` never gave."""
        made = cls(profiles, Reliability.from_state(state["reliability"]))
        made._sold_utc_s = float(state["sold_utc_s"])
        for gtin, (track, lost, read) in state["products"].items():
            profile = made._profiles.get(gtin, Profile(gtin))
            made._products[gtin] = _Product(profile, track_from_state(track), Own(Share(*lost), Share(*read)))
        return made

    def begin_later(self, gtin: str, make: Callable[[], Track]) -> None:
        """A track that is made when it is needed, the same each time: of most products nothing is heard for long."""
        profile = self._profiles.get(gtin, Profile(gtin))
        self._later[gtin] = lambda: _Product(profile, make())

    def open_later(self, gtin: str, pieces: Mapping[str, int], at_utc_s: float) -> None:
        """Opening figures of each place, which nobody vouches for; the rest as for `begin_later`."""
        profile = self._profiles.get(gtin, Profile(gtin))
        self._later[gtin] = lambda: _opened(profile, pieces, at_utc_s)

    def _look(self, gtin: str) -> _Product | None:
        """To be looked at and not changed."""
        later = self._later.get(gtin)
        return self._products.get(gtin) if later is None else later()

    def _made(self, gtin: str) -> _Product | None:
        """To be changed."""
        later = self._later.pop(gtin, None)
        if later is not None:
            self._products[gtin] = later()
        return self._products.get(gtin)

    def _product(self, piece: Evidence) -> _Product:
        known = self._made(piece.gtin)
        if known is None:
            profile = self._profiles.get(piece.gtin, Profile(piece.gtin))
            known = _Product(profile, begun(profile, piece.at_utc_s))
            self._products[piece.gtin] = known
        return known

    def _knowledge(self, product: _Product) -> Knowledge:
        return Knowledge(
            product.profile, self._paces.get(product.profile.gtin), self.reliability, product.own.lost, product.own.read
        )

    def _now(self, product: _Product, now_utc_s: float) -> tuple[Track, Knowledge]:
        track, knowledge = product.track.aside(), self._knowledge(product)
        pass_time(track, knowledge, now_utc_s, self._sold_utc_s)
        return track, knowledge

    def _apply(self, product: _Product, piece: Evidence) -> None:
        track, knowledge = product.track, self._knowledge(product)
        pass_time(track, knowledge, piece.at_utc_s, self._sold_utc_s)
        if isinstance(piece, Move):
            move(track, knowledge, piece)
        elif isinstance(piece, Counted):
            count(track, knowledge, piece)
        elif isinstance(piece, Seen):
            see(track, knowledge, piece)
        else:
            read_tags(track, knowledge, piece)

    def _snapshot_by(self, product: _Product, rank: tuple[float, int]) -> None:
        """A new one a day after the last; the one before the last goes, and its evidence."""
        if product.snapshots and rank[0] - product.snapshots[-1][0][0] < _SNAPSHOT_S:
            return
        if product.log and _rank(product.log[-1]) == rank:
            return
        product.snapshots = [*product.snapshots[-1:], (rank, product.track.snapshot())]
        product.log = [piece for piece in product.log if _rank(piece) >= product.snapshots[0][0]]

    def _take_late(self, product: _Product, late: Iterable[Evidence]) -> None:
        """All of them worked in where they belong, by going once through what came after the first."""
        fitting = []
        for piece in late:
            if product.snapshots and _rank(piece) >= product.snapshots[0][0]:
                fitting.append(piece)
            else:
                self._take_too_late(product, piece)
        if not fitting:
            return
        earliest = min(map(_rank, fitting))
        del product.snapshots[sum(1 for taken, _ in product.snapshots if taken <= earliest) :]
        since, snapshot = product.snapshots[-1]
        product.log = sorted([*product.log, *fitting], key=_rank)
        product.track = snapshot.snapshot()
        for each in product.log:
            if _rank(each) >= since:
                self._apply(product, each)

    def _take_too_late(self, product: _Product, piece: Evidence) -> None:
        """Counts from now, unless a newer count has covered it; an old reading says nothing any more."""
        track, knowledge = product.track, self._knowledge(product)
        covered = {
            place for place, since in track.since.items() if since.at_utc_s >= piece.at_utc_s and since.source != IMPORT
        }
        if isinstance(piece, Move):
            left, came = ("" if end in covered else end for end in (piece.from_account, piece.to_account))
            move(track, knowledge, replace(piece, from_account=left, to_account=came))
        elif isinstance(piece, Counted) and piece.place not in covered:
            first_utc_s = product.log[0].at_utc_s if product.log else track.at_utc_s
            if first_utc_s - piece.at_utc_s <= _JUST_BEFORE_S:
                moved = sum(_came(each, piece.place) for each in product.log if each.at_utc_s > piece.at_utc_s)
                count(track, knowledge, replace(piece, quantity=max(0, piece.quantity + moved)))


def _came(piece: Evidence, place: str) -> int:
    if not isinstance(piece, Move):
        return 0
    return piece.quantity * ((piece.to_account == place) - (piece.from_account == place))


def _opened(profile: Profile, pieces: Mapping[str, int], at_utc_s: float) -> _Product:
    """As two counts of the moment would leave it, the table shared by all products that stand alike."""
    log: list[Evidence] = [Counted(profile.gtin, place, pieces[place], at_utc_s, IMPORT) for place in PLACES]
    before = begun(profile, at_utc_s)
    track = before.snapshot()
    for piece in log:
        assert isinstance(piece, Counted)
        note_count(track, piece)
    small = max(pieces.values()) <= _SHARED_CELLS * profile.step
    table_of = _shared_table if small else _opening_table
    track.table = table_of(profile.capacity, profile.step, pieces[FLOOR], pieces[BACKROOM])
    return _Product(profile, track, log=log, snapshots=[(_rank(log[0]), before)])


def _opening_table(capacity: int, step: int, floor: int, behind: int) -> Table:
    """Whatever the store has learnt: an opening figure is before all that."""
    profile = Profile("", capacity, 1, 1, step)
    track, knowledge = begun(profile, 0.0), Knowledge(profile, None, Reliability())
    for place, quantity in ((FLOOR, floor), (BACKROOM, behind)):
        count(track, knowledge, Counted("", place, quantity, 0.0, IMPORT))
    return track.table


_shared_table = lru_cache(maxsize=256)(_opening_table)
