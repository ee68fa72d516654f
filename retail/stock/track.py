"""What is believed of one product, and how moves and time change it.

Tables are never changed in place: a copy is cheap.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from retail.stock.evidence import BACKROOM, CUSTOMER, FLOOR, PLACES, SUPPLIER, Move, Profile
from retail.stock.mass import (
    BACK_AXIS,
    FLOOR_AXIS,
    Table,
    added,
    blurred,
    carried,
    filled,
    flat,
    mixed,
    removed,
    scaled,
)  # fmt: skip
from retail.stock.pace import Pace
from retail.stock.reliability import Reliability, Share

#: A sale on record was of another product that often (siblings scanned for one another).
_OTHER_ITEM = 0.02
#: How sure the pace is: the silence of a time in which v visits were expected counts (s / (s + v)) ** s, s this.
_PACE_SURE = 3.0
_SETTLE = 0.15  # cells expected to sell before time is worked in
_REFILLED = 0.5  # of its capacity a shelf is refilled with on average
_WORKED_IN = 0.02
#: An empty shelf with stock behind it is refilled at least that often a day: one that stays empty has none behind.
_REFILLS_EMPTY_PER_DAY = 0.7
#: A whole shelf is gone at once (thieves, a fall, a clearing that nobody recorded) that often.
_SWEPT_PER_DAY = 0.002
_SURPRISING = 0.2
_REFILL_MISCOUNTED, _SHORT = 0.04, 0.02


AXES = {FLOOR: FLOOR_AXIS, BACKROOM: BACK_AXIS}


@dataclass(slots=True)
class Reading:
    """The last word of a sensor; `moved`: pieces recorded to or from the place since, `repeats` without any."""

    value: int
    at_utc_s: float
    moved: int = 0
    repeats: int = 0

    def copy(self) -> Reading:
        return Reading(self.value, self.at_utc_s, self.moved, self.repeats)


@dataclass(slots=True)
class Since:
    """What the ledger recorded at a place since its last count."""

    counted: int
    at_utc_s: float
    source: str
    out: int = 0
    received: int = 0
    carried: int = 0

    def copy(self) -> Since:
        return Since(self.counted, self.at_utc_s, self.source, self.out, self.received, self.carried)


@dataclass(slots=True)
class Track:
    """`at_utc_s`: up to when time is worked in. `quiet`: visits expected since the last sale or
    count of the floor, at `quiet_utc_s`. `book`: count and moves.

    `unrefilled`: probability of a refill without a record that is not worked in yet.
    """

    at_utc_s: float
    table: Table
    quiet: float = 0.0
    quiet_utc_s: float = 0.0
    unrefilled: float = 0.0
    book: dict[str, int] = field(default_factory=dict)
    sight: Reading | None = None
    tags: dict[str, Reading] = field(default_factory=dict)
    since: dict[str, Since] = field(default_factory=dict)

    def snapshot(self) -> Track:
        """As it is now: what changes the track later changes nothing of this."""
        tags = {place: reading.copy() for place, reading in self.tags.items()}
        since = {place: each.copy() for place, each in self.since.items()}
        sight = self.sight.copy() if self.sight else None
        return Track(
            self.at_utc_s, self.table, self.quiet, self.quiet_utc_s, self.unrefilled, dict(self.book), sight, tags,
            since,
        )  # fmt: skip

    def aside(self) -> Track:
        """For `pass_time` alone, which replaces what it changes: the rest is shared."""
        return Track(
            self.at_utc_s, self.table, self.quiet, self.quiet_utc_s, self.unrefilled, self.book, self.sight, self.tags,
            self.since,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What holds for a product beside its track: profile, pace, reliability of the store, and its own where it
    differs.
    """

    profile: Profile
    pace: Pace | None
    reliability: Reliability
    lost: Share | None = None
    read: Share | None = None

    @property
    def lost_share(self) -> float:
        return self.reliability.lost.shrunk(self.lost, 60.0)


def begun(profile: Profile, at_utc_s: float) -> Track:
    """Of a product never heard of: anything from none to somewhat more than its shelf holds; a back room mostly
    empty.
    """
    cells = max(12, profile.capacity // profile.step)
    behind = 0.5 * flat(cells)
    behind[0] += 0.5
    return Track(at_utc_s, np.outer(flat(cells), behind), quiet_utc_s=at_utc_s, book=dict.fromkeys(PLACES, 0))


def pass_time(track: Track, knowledge: Knowledge, until_utc_s: float, heard_utc_s: float) -> None:
    """What may have gone unseen, and what it means that nothing was sold; tills were last heard at `heard_utc_s`."""
    pace = knowledge.pace
    if until_utc_s <= track.at_utc_s:
        return
    if pace is None:
        track.at_utc_s = until_utc_s
        return
    expected = pace.expected(track.at_utc_s, until_utc_s)
    if expected < _SETTLE * knowledge.profile.step:
        return
    heard = min(expected, max(0.0, pace.expected(track.at_utc_s, min(until_utc_s, heard_utc_s))))
    track.at_utc_s = until_utc_s
    visits = track.quiet + heard / pace.lump
    table = _drifted(track.table, knowledge, min(expected, 20.0))
    table[1:] *= ((_PACE_SURE + track.quiet) / (_PACE_SURE + visits)) ** _PACE_SURE
    track.quiet = visits
    days = min(5.0, expected / pace.per_day)
    swept = min(0.1, _SWEPT_PER_DAY * days)
    table = (1 - swept) * table
    table[0] += swept / (1 - swept) * table.sum(axis=0)
    table[0, 1:] *= math.exp(-_REFILLS_EMPTY_PER_DAY * days)
    track.table = scaled(table)
    if knowledge.profile.capacity:
        refills = expected / (_REFILLED * knowledge.profile.capacity)
        track.unrefilled += min(0.5, knowledge.reliability.unrecorded.value * refills)
        if track.unrefilled > _WORKED_IN:
            suppose_refill(track, knowledge, 0.0)


def _drifted(table: Table, knowledge: Knowledge, pieces: float) -> Table:
    """Thefts take one piece or several; records of other products hide or add some."""
    cells = pieces / knowledge.profile.step
    lost = min(0.4, knowledge.lost_share * cells)
    found = min(0.2, knowledge.reliability.found.value * cells)
    ups = ((-1, 0.5 * lost), (-2, 0.1 * lost), (-4, 0.075 * lost), (1, 0.8 * found), (2, 0.1 * found))
    return blurred(table, FLOOR_AXIS, ups)


def move(track: Track, knowledge: Knowledge, line: Move) -> None:
    """A line of the ledger, as one end or both of it lie in the store."""
    if line.quantity < 0:
        line = Move(line.gtin, -line.quantity, line.to_account, line.from_account, line.at_utc_s)
    leaves, comes = line.from_account in PLACES, line.to_account in PLACES
    if leaves and comes:
        _carry(track, knowledge, line)
    elif leaves:
        _leave(track, knowledge, line)
    elif comes:
        _come(track, knowledge, line)
    if leaves:
        _note(track, line.from_account, -line.quantity, line)
    if comes:
        _note(track, line.to_account, line.quantity, line)


def _cells(quantity: int, step: int) -> list[tuple[int, float]]:
    """Whole cells that the quantity may be, with probability: the mean is right."""
    whole, part = divmod(quantity, step)
    return [(whole, 1.0)] if not part else [(whole, 1 - part / step), (whole + 1, part / step)]


def _leave(track: Track, knowledge: Knowledge, line: Move) -> None:
    axis = AXES[line.from_account]
    cells = _cells(line.quantity, knowledge.profile.step)
    if line.to_account == CUSTOMER:
        if axis == FLOOR_AXIS and track.table[cells[0][0] :].sum() < _SURPRISING:
            suppose_refill(track, knowledge, 0.05)
        track.quiet, track.quiet_utc_s = 0.0, line.at_utc_s
        if knowledge.pace is None:
            track.table = _drifted(track.table, knowledge, line.quantity)
    if len(cells) == 1:
        track.table = scaled(removed(track.table, axis, cells[0][0], _OTHER_ITEM))
        return
    tables = [(removed(track.table, axis, whole, _OTHER_ITEM), p) for whole, p in cells]
    track.table = scaled(sum((p * table for table, p in tables), np.zeros_like(track.table)))


def _come(track: Track, knowledge: Knowledge, line: Move) -> None:
    axis, step = AXES[line.to_account], knowledge.profile.step
    (whole, _), *more = _cells(line.quantity, step)
    table = added(track.table, axis, whole)
    if more:
        table = blurred(table, axis, ((1, more[0][1]),))
    if line.from_account == SUPPLIER:
        lost, case = knowledge.reliability.back_lost.value, max(1, knowledge.profile.case // step)
        off = min(0.2, max(_SHORT, lost * whole / case))
        table = blurred(table, axis, ((-case, 0.5 * off), (-1, 0.2 * off), (-2, 0.3 * off), (case, 0.1 * off)))
    track.table = scaled(table)


def _carry(track: Track, knowledge: Knowledge, line: Move) -> None:
    """A recorded refill; the number on record may be off a little, and both places with it."""
    sign = 1 if line.to_account == FLOOR else -1
    off = _REFILL_MISCOUNTED / 4
    said = _cells(line.quantity, knowledge.profile.step)
    moves = [(sign * whole, p * (1 - 4 * off)) for whole, p in said]
    moves += [(sign * (said[0][0] + extra), off) for extra in (-2, -1, 1, 2) if said[0][0] + extra > 0]
    track.table = scaled(carried(track.table, moves, _OTHER_ITEM))


def suppose_refill(track: Track, knowledge: Knowledge, share: float) -> None:
    """With that probability, and what time has gathered, the shelf was filled from the back room without a record."""
    capacity = knowledge.profile.capacity // knowledge.profile.step
    share = 1 - (1 - share) * (1 - min(0.5, track.unrefilled))
    track.unrefilled = 0.0
    if capacity and share > 0:
        track.table = scaled(mixed(track.table, filled(track.table, capacity), share))


def _note(track: Track, place: str, quantity: int, line: Move) -> None:
    track.book[place] = track.book.get(place, 0) + quantity
    if place == FLOOR and track.sight:
        track.sight.moved += abs(quantity)
    if place in track.tags:
        track.tags[place].moved += abs(quantity)
    since = track.since.get(place)
    if since is None:
        return
    if line.from_account in PLACES and line.to_account in PLACES:
        since.carried += abs(quantity)
    elif quantity < 0:
        since.out -= quantity
    elif line.from_account == SUPPLIER:
        since.received += quantity
