"""Where each tag is: reads of antennas become arrived, moved, departed. Pure; one call for each cycle of a reader.

1. Reads of one cycle are one read per tag and zone: the strongest.
2. A new tag must be as loud as the gate; then it has arrived.
3. Per tag and zone a level follows the reads, and sinks in cycles without one. Another zone whose level is louder by
   the margin, cycle after cycle, has it: it has moved.
4. Absence is counted in time that its zone was listened to: a reader that is off, or an antenna that is dead, sends
   no tag away.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from core.clock import Instant

_FOLLOWS = 0.2  # share of the difference that a level takes on from one read
_SINKS_DB = 3.0  # in a cycle without a read,
_SPARED_CYCLES = 2  # but not in the first two in a row: reads are missed
_LOST_DBM = -120.0
_MOST_CYCLES_AT_ONCE = 3  # what lies between two calls counts as listened to up to this


class Movement(StrEnum):
    ARRIVED = "arrived"
    MOVED = "moved"
    DEPARTED = "departed"


@dataclass(frozen=True, slots=True)
class ZoneRules:
    """`zones`: antenna to zone. See `ReaderSettings` for the rest."""

    zones: Mapping[int, str]
    gate_dbm: float = -70.0
    stay_db: float = 6.0
    margin_db: float = 6.0
    hold_cycles: int = 2
    gone_after_s: float = 30.0
    missed_cycles: int = 3
    cycle_s: float = 1.0

    @property
    def patience_s(self) -> float:
        """How long a zone is listened to without a read before the tag is gone."""
        return max(self.gone_after_s, self.missed_cycles * self.cycle_s)


@dataclass(frozen=True, slots=True)
class TagRead:
    """One tag at one antenna in one cycle. `rssi_dbm` None: the reader does not say how loud; it is at the gate."""

    epc: str
    antenna: int
    rssi_dbm: float | None
    at: Instant


@dataclass(frozen=True, slots=True)
class Move:
    """`before` is the zone it was in, empty for one that arrived; `zone` is empty for one that departed.

    `at` is the moment of the read that showed it; of a departed tag that of its last read.
    """

    movement: Movement
    epc: str
    zone: str
    before: str
    at: Instant


@dataclass(slots=True)
class _Tag:
    zone: str
    seen: Instant
    listened_s: float  # what its zone's clock said at its last read
    levels: dict[str, float] = field(default_factory=dict)
    missed: dict[str, int] = field(default_factory=dict)  # cycles in a row without a read, by zone
    rival: str = ""
    rival_cycles: int = 0


class Zones:
    """The tags of one reader. Time is what `cycle` is told."""

    def __init__(self, rules: ZoneRules) -> None:
        self.rules = rules
        names = dict.fromkeys(rules.zones.values())
        self._tags: dict[str, _Tag] = {}
        self._by_zone: dict[str, dict[str, _Tag]] = {zone: {} for zone in names}  # the longest unheard first
        self._listened_s: dict[str, float] = dict.fromkeys(names, 0.0)
        self._last: Instant | None = None
        self.ignored = 0  # reads below the gate, or of antennas without a zone

    @property
    def zones(self) -> tuple[str, ...]:
        return tuple(self._by_zone)

    def present(self, zone: str) -> Collection[str]:
        """The EPCs there now."""
        return self._by_zone[zone].keys()

    def zone_of(self, epc: str) -> str:
        """Empty for a tag that is nowhere."""
        tag = self._tags.get(epc)
        return tag.zone if tag else ""

    def listened_s(self, zone: str) -> float:
        """How long the zone was listened to, in all."""
        return self._listened_s[zone]

    def cycle(self, reads: Iterable[TagRead], working: Collection[int], at: Instant) -> list[Move]:
        """What the reads since the last call change. `working`: the antennas that listened meanwhile."""
        self._listen(working, at)
        moves: list[Move] = []
        for epc, heard in self._strongest(reads).items():
            tag = self._tags.get(epc)
            if tag is None:
                moves.extend(self._new(epc, heard))
            else:
                moves.extend(self._known(epc, tag, heard))
        moves.extend(self._gone())
        return moves

    def put(self, epc: str, zone: str, at: Instant) -> None:
        """A tag known from before a restart: it has the whole patience before it is gone."""
        self.drop(epc)
        if zone in self._by_zone:
            self._place(epc, _Tag(zone, at, self._listened_s[zone], {zone: self.rules.gate_dbm}))

    def drop(self, epc: str) -> None:
        tag = self._tags.pop(epc, None)
        if tag is not None:
            self._by_zone[tag.zone].pop(epc, None)

    def _listen(self, working: Collection[int], at: Instant) -> None:
        """Moves the clocks of the zones that are heard."""
        if self._last is not None:
            passed_s = min(max(0.0, at.since(self._last)), _MOST_CYCLES_AT_ONCE * self.rules.cycle_s)
            for zone in {self.rules.zones[antenna] for antenna in working if antenna in self.rules.zones}:
                self._listened_s[zone] += passed_s
        self._last = at

    def _strongest(self, reads: Iterable[TagRead]) -> dict[str, dict[str, TagRead]]:
        """EPC to zone to its loudest read."""
        found: defaultdict[str, dict[str, TagRead]] = defaultdict(dict)
        for read in reads:
            zone = self.rules.zones.get(read.antenna)
            if zone is None:
                self.ignored += 1
                continue
            best = found[read.epc].get(zone)
            if best is None or self._loud(read) > self._loud(best):
                found[read.epc][zone] = read
        return found

    def _loud(self, read: TagRead) -> float:
        return self.rules.gate_dbm if read.rssi_dbm is None else read.rssi_dbm

    def _new(self, epc: str, heard: Mapping[str, TagRead]) -> Iterator[Move]:
        zone, read = max(heard.items(), key=lambda pair: self._loud(pair[1]))
        if self._loud(read) < self.rules.gate_dbm:
            self.ignored += 1
            return
        levels = {name: self._loud(each) for name, each in heard.items()}
        self._place(epc, _Tag(zone, read.at, self._listened_s[zone], levels))
        yield Move(Movement.ARRIVED, epc, zone, "", read.at)

    def _known(self, epc: str, tag: _Tag, heard: Mapping[str, TagRead]) -> Iterator[Move]:
        least = self.rules.gate_dbm - self.rules.stay_db
        counted = {zone: read for zone, read in heard.items() if self._loud(read) >= least}
        self.ignored += len(heard) - len(counted)
        if not counted:
            return
        for zone in {*tag.levels, *counted}:
            self._follow(tag, zone, counted.get(zone))
        tag.seen = max(read.at for read in counted.values())
        yield from self._settle(epc, tag, counted)

    def _follow(self, tag: _Tag, zone: str, read: TagRead | None) -> None:
        level = tag.levels.get(zone)
        tag.missed[zone] = 0 if read is not None else tag.missed.get(zone, 0) + 1
        if read is not None:
            loud = self._loud(read)
            tag.levels[zone] = loud if level is None else level + _FOLLOWS * (loud - level)
        elif level is not None and tag.missed[zone] > _SPARED_CYCLES:
            tag.levels[zone] = level - _SINKS_DB
            if tag.levels[zone] < _LOST_DBM and zone != tag.zone:
                del tag.levels[zone], tag.missed[zone]

    def _settle(self, epc: str, tag: _Tag, heard: Collection[str]) -> Iterator[Move]:
        """Keeps it, or lets another zone have it after it was louder often enough."""
        best = max(tag.levels, key=tag.levels.__getitem__)
        least = tag.levels.get(tag.zone, _LOST_DBM) + self.rules.margin_db
        ahead = best != tag.zone and best in heard and tag.levels[best] >= least
        tag.rival_cycles = tag.rival_cycles + 1 if ahead and best == tag.rival else int(ahead)
        tag.rival = best if ahead else ""
        before = tag.zone
        self._by_zone[before].pop(epc, None)
        if tag.rival_cycles >= self.rules.hold_cycles:
            tag.zone, tag.rival, tag.rival_cycles = best, "", 0
            yield Move(Movement.MOVED, epc, best, before, tag.seen)
        tag.listened_s = self._listened_s[tag.zone]
        self._by_zone[tag.zone][epc] = tag

    def _place(self, epc: str, tag: _Tag) -> None:
        self._tags[epc] = tag
        self._by_zone[tag.zone][epc] = tag

    def _gone(self) -> Iterator[Move]:
        """The longest unheard stand first: who is not gone ends the search of a zone."""
        for zone, tags in self._by_zone.items():
            limit_s = self._listened_s[zone] - self.rules.patience_s
            while tags:
                epc, tag = next(iter(tags.items()))
                if tag.listened_s > limit_s:
                    break
                self.drop(epc)
                yield Move(Movement.DEPARTED, epc, "", zone, tag.seen)
