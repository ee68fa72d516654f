"""The station of one RFID reader: tells the store's desk which tags are where. Evidence of presence, never stock.

Reads come in samples of the kind `rfid`, one each cycle. Out go, to the desk, samples of the kinds `tags` (how many of
each product are in a place) and `tag-moves` (what arrived, moved, departed), and an event for what moved.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from core.clock import Instant
from core.errors import InputError
from core.inference.request import Answer, Ask
from retail.codes.sgtin import Sgtin, from_hex
from retail.reading import kind_of, listed, number, text
from retail.rfid.health import ReaderHealth
from retail.rfid.settings import ReaderSettings
from retail.rfid.zones import Move, Movement, TagRead, ZoneRules, Zones
from retail.settings import STORE
from verticals.contract import (
    NOTHING,
    Acted,
    Command,
    Decision,
    DeviceNews,
    Event,
    Health,
    Level,
    Reply,
    Sample,
    State,
    StationSpec,
)

RFID, TAGS, MOVES = "rfid", "tags", "tag-moves"
TAGS_MOVED = "tags-moved"
#: How many there are is told once a minute, soon after a change, and not before a place was heard for a while.
TOLD_EVERY_S, TOLD_APART_S, HEARD_FIRST_S = 60.0, 5.0, 5.0
_MOST_MOVES = 500  # in one event
_DOWN = ("reader-gone", "reader-busy")


class ReaderStation:
    """Time is that of the samples; without samples nothing is decided, and no tag departs."""

    def __init__(self, settings: ReaderSettings) -> None:
        self.spec = StationSpec(settings.station)
        self._settings = settings
        self._zones = Zones(
            ZoneRules(
                settings.antennas,
                settings.gate_dbm,
                settings.stay_db,
                settings.margin_db,
                settings.hold_cycles,
                settings.gone_after,
                settings.missed_cycles,
                max(settings.cycle, 1.0),
            )
        )
        self._health = ReaderHealth(settings.quiet_after)
        self._tags: dict[str, Sgtin | None] = {}  # of those present; None: no GTIN
        self._changed: dict[str, bool] = dict.fromkeys(self._zones.zones, False)
        self._told: dict[str, Instant] = {}
        self._told_gtins: dict[str, set[str]] = {zone: set() for zone in self._zones.zones}
        self._news: dict[str, str] = {}
        self._listening = False
        self._model = ""

    # Past

    def restore(self, state: State | None, since: Iterable[Event], now: Instant) -> None:
        """Tags of before have their whole patience again: that the box was off sends none away."""
        saved = state or {}
        for epc, zone in saved.get("tags", []):
            self._put(str(epc), str(zone), now)
        for zone, gtins in saved.get("told", {}).items():
            if zone in self._told_gtins:
                self._told_gtins[zone] = set(gtins)
        for event in since:
            if event.kind == TAGS_MOVED:
                for move in event.data["moves"]:
                    self._put(str(move["epc"]), str(move["zone"]), now)

    def state(self, now: Instant) -> State:
        tags = [[epc, zone] for zone in self._zones.zones for epc in self._zones.present(zone)]
        return {"tags": tags, "told": {zone: sorted(gtins) for zone, gtins in self._told_gtins.items()}}

    # What comes in

    def prepare(self, sample: Sample) -> Sequence[Ask] | None:
        return () if kind_of(sample) == RFID else None

    def decide(self, sample: Sample, answers: Sequence[Answer]) -> Decision:
        at = sample.at
        reads = list(_reads(sample))
        self._hear(sample, reads)
        moves = self._zones.cycle((read for read, _ in reads), self._working(), at)
        told = [self._noted(move) for move in moves]
        return Decision(
            events=[self._event(part, at) for part in _parts(told)],
            tell=[*self._moves_told(told, at), *self._tags_told(at)],
            live=self._live(),
        )

    def degrade(self, sample: Sample, reason: str) -> Decision:
        """Reads that could not be taken are lost; the next cycle brings them again."""
        return NOTHING

    def acted(self, acted: Acted) -> Decision:
        return NOTHING

    def device_changed(self, news: DeviceNews) -> Decision:
        if news.ok:
            self._news.pop(news.code, None)
        else:
            self._news[news.code] = news.detail
        if any(code in self._news for code in _DOWN):
            self._listening = False
        return Decision(live=self._live())

    def command(self, command: Command) -> Decision:
        return Decision(reply=Reply(False, "an RFID reader takes no orders"))

    def due(self) -> Instant | None:
        return None

    def tick(self, now: Instant) -> Decision:
        return NOTHING

    def health(self) -> Health:
        faults = {**self._health.faults(), **self._news}
        if any(code in self._news for code in _DOWN):
            return Health(Level.FAULT, "lost", faults)
        state = "listening" if self._listening else "waiting"
        return Health(Level.ATTENTION if faults or not self._listening else Level.GOOD, state, faults)

    # What it means

    def _hear(self, sample: Sample, reads: list[tuple[TagRead, int]]) -> None:
        self._listening = sample.values.get("listening") is True
        self._model = text(sample, "model")[:80]
        connected = _antennas(sample)
        self._health.connected = {antenna: connected.get(antenna, True) for antenna in self._settings.antennas}
        self._health.clock_behind_s = number(sample, "clock_behind_s") or 0.0
        counts: Counter[int] = Counter()
        for read, times in reads:
            counts[read.antenna] += times
        self._health.hear(counts, sample.at, listening=self._listening)

    def _working(self) -> list[int]:
        if not self._listening:
            return []
        return [antenna for antenna, ok in self._health.connected.items() if ok]

    def _put(self, epc: str, zone: str, now: Instant) -> None:
        if zone in self._zones.zones:
            self._zones.put(epc, zone, now)
            self._tags.setdefault(epc, _sgtin(epc))
            self._changed[zone] = True
        else:
            self._zones.drop(epc)
            self._tags.pop(epc, None)

    def _noted(self, move: Move) -> dict[str, Any]:
        """The move as JSON, and what is known of the tag."""
        tag = self._tags[move.epc] if move.epc in self._tags else _sgtin(move.epc)
        if move.movement is Movement.DEPARTED:
            self._tags.pop(move.epc, None)
        else:
            self._tags[move.epc] = tag
        for zone in (move.zone, move.before):
            if zone:
                self._changed[zone] = True
        return {
            "movement": str(move.movement),
            "epc": move.epc,
            "gtin": tag.gtin if tag else "",
            "serial": tag.serial if tag else "",
            "zone": move.zone,
            "before": move.before,
            "at_utc_s": round(move.at.utc_s, 3),
        }

    def _event(self, moves: Sequence[dict[str, Any]], at: Instant) -> Event:
        return Event(TAGS_MOVED, self.spec.name, at.utc_s, {"reader": self._settings.name, "moves": list(moves)})

    def _moves_told(self, moves: list[dict[str, Any]], at: Instant) -> Iterator[tuple[str, Sample]]:
        if moves:
            yield STORE, self._sample(MOVES, at, moves=json.dumps(moves))

    def _tags_told(self, at: Instant) -> Iterator[tuple[str, Sample]]:
        """Nothing of a place that is not wholly heard: fewer tags would be read as fewer items."""
        for zone in self._zones.zones:
            last = self._told.get(zone)
            apart_s = TOLD_APART_S if self._changed[zone] else TOLD_EVERY_S
            if self._heard_whole(zone) and (last is None or at.since(last) >= apart_s):
                self._told[zone], self._changed[zone] = at, False
                counts, others = self._counts(zone)
                yield (
                    STORE,
                    self._sample(
                        TAGS,
                        at,
                        place=zone,
                        counts=json.dumps([{"gtin": gtin, "tags": tags} for gtin, tags in counts.items()]),
                        others=others,
                    ),
                )

    def _heard_whole(self, zone: str) -> bool:
        """Whether the reader listens, with all antennas of the zone, and has done so for a while."""
        antennas = self._settings.zones[zone]
        return (
            self._listening
            and all(self._health.connected.get(antenna, False) for antenna in antennas)
            and self._zones.listened_s(zone) >= HEARD_FIRST_S
        )

    def _counts(self, zone: str) -> tuple[dict[str, int], int]:
        """GTIN to items there, zero for what was told and is there no more; how many tags name no product."""
        counts: Counter[str] = Counter()
        for epc in self._zones.present(zone):
            tag = self._tags.get(epc)
            counts[tag.gtin if tag else ""] += 1
        others = counts.pop("", 0)
        left = {gtin: 0 for gtin in self._told_gtins[zone] if gtin not in counts}
        self._told_gtins[zone] = set(counts)
        return {**counts, **left}, others

    def _sample(self, kind: str, at: Instant, **values: str | float | int | bool) -> Sample:
        return Sample(self.spec.name, at, {"kind": kind, "reader": self._settings.name, **values})

    def _live(self) -> dict[str, Any]:
        return {
            "reader": self._settings.name,
            "listening": self._listening,
            "model": self._model,
            "zones": {zone: len(self._zones.present(zone)) for zone in self._zones.zones},
            "reads_per_minute": self._health.per_minute,
            "antennas": {str(antenna): ok for antenna, ok in self._health.connected.items()},
            "faults": {**self._health.faults(), **self._news},
        }


def _reads(sample: Sample) -> Iterator[tuple[TagRead, int]]:
    """Reads with how often each was made; what is not as it should be is left out."""
    for entry in listed(sample, "tags"):
        match entry:
            case [str(epc), int(antenna), int() | float() | None as rssi_dbm, int() | float() as age_s, int(count)]:
                if -1e3 < (rssi_dbm or 0) < 1e3 and 0 <= age_s < 1e6:  # no endless, no missing figure
                    yield TagRead(epc, antenna, rssi_dbm, sample.at.plus(-age_s)), max(count, 1)
            case _:
                continue


def _antennas(sample: Sample) -> dict[int, bool]:
    try:
        found = json.loads(text(sample, "antennas") or "{}")
    except (ValueError, RecursionError):
        return {}
    pairs = found.items() if isinstance(found, dict) else ()
    return {int(antenna): ok is True for antenna, ok in pairs if antenna.isdecimal() and len(antenna) < 6}


def _sgtin(epc: str) -> Sgtin | None:
    try:
        return from_hex(epc)
    except InputError:
        return None


def _parts(moves: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    for first in range(0, len(moves), _MOST_MOVES):
        yield moves[first : first + _MOST_MOVES]
