"""THE loop of an app: sources give samples, stations decide, the world is acted on and all of it recorded.

One event loop a process. Each station has a lane in which it thinks in order; what it decided finishes side
by side; devices, commands, inbox and time feed the lanes; the pulse tells everybody that the loop moves.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from core.clock import Clock, Instant
from core.errors import SettingsError, StoreError
from core.inference.request import Engine
from verticals.contract import Command, DeviceNews, Event, Health, Json, Reply, Sample, Station, Vertical
from verticals.runtime.announcer import Announcer
from verticals.runtime.bridge import Bridge
from verticals.runtime.delivery import Deliverer
from verticals.runtime.finishing import Finisher
from verticals.runtime.fittings import Fitting, Fittings
from verticals.runtime.intake import AskedCommands, BroughtFacts, Intake, said
from verticals.runtime.journal import Journal, Records
from verticals.runtime.lane import Lane
from verticals.runtime.live import LiveMessage, LiveServer
from verticals.runtime.mishaps import Mishaps
from verticals.runtime.pulse import Pulse
from verticals.runtime.restart import recall, restore
from verticals.runtime.schedule import Schedule
from verticals.store.events import Entry, EventStore, Projected

log = logging.getLogger(__name__)

SAVE_EVERY_S = 60.0
#: How long a clean stop waits for what is under way.
STOP_WITHIN_S = 10.0
#: Samples that are nobody's are recorded once a second a source; those in between are counted.
_UNROUTED_APART_S = 1.0
_READING = "store-read"


@dataclass(frozen=True, slots=True)
class LineParts:
    """What a line is made of, all of it ready to use; `moved` hears every half second that the loop moves."""

    vertical: Vertical
    stations: Sequence[Station]
    fittings: Sequence[Fitting]
    engine: Engine
    events: EventStore
    recorder: Records
    commands: AskedCommands
    inbox: BroughtFacts
    live: LiveServer
    clock: Clock
    bridge: Bridge
    moved: Callable[[], None] = lambda: None
    inference: Callable[[], Json] = dict  # how the models fare, for the beat
    room: int = 64


@dataclass(slots=True)
class _Unrouted:
    next_mono_s: float = 0.0
    skipped: int = 0


@dataclass(slots=True)
class _Counts:
    unrouted: int = 0
    clock_steps: int = 0
    by_source: dict[str, _Unrouted] = field(default_factory=dict)


class Line:
    """Belongs to one event loop. `start`, then samples may come by its devices or by `take`; `stop` ends cleanly."""

    def __init__(self, parts: LineParts) -> None:
        self._parts = parts
        self._clock = parts.clock
        self.schedule = Schedule(parts.clock)
        self._announcer = Announcer(parts.live.publish)
        self.journal = Journal(parts.recorder, self.schedule, self._announcer, self._troubled)
        self.fittings = Fittings(parts.fittings, self.schedule, parts.clock, self.take, self._hear)
        deliverer = Deliverer(self.fittings.devices, self.schedule, parts.clock)
        self._finisher = Finisher(self.journal, deliverer, parts.clock, parts.live.publish, self._tell)
        self.lanes = _lanes(parts, self.schedule, self._finisher, self.journal)
        self._intake = Intake(
            parts.commands, parts.inbox, parts.bridge, self.schedule, parts.clock, self._obey, self.take
        )
        self._pulse = Pulse(
            self.schedule, parts.clock, parts.live.publish, self._describe, self._follow_beat, self._clock_stepped
        )
        self._mishaps = Mishaps(parts.vertical.manifest.name)
        self._counts = _Counts()
        self._working: list[asyncio.Task[None]] = []
        self._beside: set[asyncio.Task[None]] = set()
        self._closing = False
        self._healths: dict[str, Health] = {}
        self._trouble_code = ""

    # Its life

    async def start(self) -> None:
        """Restores every station, then lets the world in.

        Raises PortBusyError when another process runs this line, before anything of the store is touched;
        StoreError when the past cannot be read.
        """
        parts = self._parts
        parts.bridge.attach()
        parts.live.receive = self._said
        parts.live.joined = self._intake.look
        await parts.live.start()
        try:
            await parts.bridge.call(_READING, parts.recorder.start)
            last, recalled = await parts.bridge.call(_READING, self._restore)
            self._announcer.begin(last)
            parts.events.handed = self._handed_by(asyncio.get_running_loop())
            self._hand_over(recalled)
        except BaseException:
            await parts.bridge.call(_READING, parts.recorder.stop)
            await parts.live.stop()
            raise
        self._working = [asyncio.create_task(lane.run(), name=f"lane {name}") for name, lane in self.lanes.items()]
        self.fittings.start()
        self._intake.start()
        self._pulse.start()
        self.schedule.after(SAVE_EVERY_S, self._each_minute)

    async def stop(self) -> None:
        """Takes nothing new, finishes what is under way, saves every state. For a line that has started."""
        self._closing = True
        await self._intake.stop()
        self.fittings.steer(lambda station: False, self._pulse.count)
        for lane in self.lanes.values():
            lane.rest()
        try:
            await asyncio.wait_for(self.drained(), STOP_WITHIN_S)
        except TimeoutError:
            log.error("stopped with %d decisions still under way", self._finisher.busy)
        await self.fittings.stop()
        for task in (*self._working, *self._beside):
            task.cancel()
        await asyncio.gather(*self._working, *self._beside, return_exceptions=True)
        await self._save(list(self.lanes.values()))
        await self.journal.finish()
        await self._parts.bridge.call(_READING, self._parts.recorder.stop)
        self.schedule.stop()
        await self._parts.live.stop()

    async def drained(self) -> None:
        """Returns when no sample waits and everything decided is acted on and recorded."""
        while True:
            for lane in self.lanes.values():
                await lane.idle()
            if self._beside:
                await asyncio.wait(self._beside)
            await self._finisher.settle()
            if not (self._beside or self._finisher.busy or any(lane.busy for lane in self.lanes.values())):
                return

    def _restore(self) -> tuple[int, Sequence[Projected]]:
        """On a thread of the bridge, before anything else touches the stations. The last number, what was recalled."""
        store, now = self._parts.events, self._clock.now()
        for lane in self.lanes.values():
            restore(lane, store, now)
        return store.last_sequence(), recall(self._parts.vertical, self.lanes.values(), store)

    # What comes in

    async def take(self, sample: Sample, inbox: int = 0) -> None:
        """Returns when the sample's station has taken it; waits while that one has too many."""
        if self._closing:
            await asyncio.Event().wait()  # the source is cancelled soon
        lane = self._lane_of(sample)
        if lane is not None:
            await lane.offer(sample, inbox)
            return
        self._nobodys(sample, inbox)

    def _lane_of(self, sample: Sample) -> Lane | None:
        try:
            name = self._parts.vertical.route(sample)
        except Exception as error:
            self._mishaps.note("route", error)
            return None
        return None if name is None else self.lanes.get(name)

    def _nobodys(self, sample: Sample, inbox: int) -> None:
        self._counts.unrouted += 1
        seen = self._counts.by_source.setdefault(sample.source, _Unrouted())
        now = self._clock.now()
        if not inbox and now.mono_s < seen.next_mono_s:
            seen.skipped += 1
            sample.recorded.settle(0)
            return
        names = sorted(str(name) for name in sample.values)[:50]
        data = {"source": sample.source, "key": sample.key, "values": names, "skipped": seen.skipped}
        seen.next_mono_s, seen.skipped = now.mono_s + _UNROUTED_APART_S, 0
        event = Event("unrouted", sample.key or sample.source, sample.at.utc_s, data)
        self._start(self._record_for(sample, Entry(events=(event,), inbox_done=(inbox,) if inbox else ())))

    async def _record_for(self, sample: Sample, entry: Entry) -> None:
        try:
            recorded = await self.journal.record(entry)
        except StoreError as error:
            sample.recorded.fail(error)
        else:
            sample.recorded.settle(recorded[-1].sequence)

    async def _obey(self, station: str, command: Command) -> None:
        lane = self.lanes.get(station)
        if lane is not None:
            lane.order(command)
            return
        reply = Reply(False, f"there is no station '{station}'", {"stations": sorted(self.lanes)})
        self._start(self._record(Entry(replies=[(command.id, reply)])))

    def _tell(self, station: str, sample: Sample) -> bool:
        lane = self.lanes.get(station)
        if lane is None:
            return False
        lane.tell(sample)
        return True

    def _handed_by(self, loop: asyncio.AbstractEventLoop) -> Callable[[Sequence[Projected]], None]:
        """What the projections hand over, from the writer's thread: there before who awaits the record is woken."""

        def hand(projected: Sequence[Projected]) -> None:
            with suppress(RuntimeError):  # the loop has ended: the next start recalls it
                loop.call_soon_threadsafe(self._hand_over, projected)

        return hand

    def _hand_over(self, projected: Sequence[Projected]) -> None:
        now = self._clock.now()
        for station, sample in projected:
            if not self._tell(station, replace(sample, at=now)):
                self._mishaps.note("project", LookupError(f"there is no station '{station}'"))

    def _hear(self, news: DeviceNews, station: str) -> None:
        for name, lane in self.lanes.items():
            if station in ("", name):
                lane.order(news)

    def _said(self, message: LiveMessage) -> None:
        if message.topic in ("command", "inbox"):
            self._intake.look(message.topic)
        elif message.topic == "said":
            command = said(message.data, self._clock.now())
            lane = self.lanes.get(str(message.data.get("station")))
            if command is not None and lane is not None:
                lane.order(command)

    # The record

    async def _record(self, entry: Entry) -> None:
        try:
            await self.journal.record(entry)
        except StoreError as error:
            log.debug("an entry waits to be recorded: %s", error)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._beside.add(task)
        task.add_done_callback(self._beside.discard)

    def _troubled(self, error: StoreError | None) -> None:
        sentence = error.message if error else ""
        code = error.code if error else self._trouble_code
        self._trouble_code = code
        news = DeviceNews("store", error is None, self._clock.now(), code, sentence)
        for lane in self.lanes.values():
            lane.faults.pop("store", None)
            lane.faults.pop("disk-full", None)
            if error is not None:
                lane.faults[code] = sentence
            lane.order(news)

    def _each_minute(self) -> None:
        self.schedule.after(SAVE_EVERY_S, self._each_minute)
        self._intake.look()
        self._start(self._save([lane for lane in self.lanes.values() if lane.changed]))

    async def _save(self, lanes: Sequence[Lane]) -> None:
        now = self._clock.now()
        states = {lane.name: state for lane in lanes if (state := lane.capture(now)) is not None}
        for lane in lanes:
            lane.changed = False
        if states:
            await self._record(Entry(states=states))

    # How it is

    def _follow_beat(self, beat: int) -> None:
        healths = {name: lane.health() for name, lane in self.lanes.items()}
        self._healths = {name: health for name, (health, _) in healths.items()}
        able = {name: able for name, (_, able) in healths.items()}
        self.fittings.steer(lambda station: able.get(station, all(able.values())), beat)
        try:
            self._parts.moved()
        except OSError as error:
            self._mishaps.note("moved", error)

    def _describe(self, now: Instant) -> dict[str, Any]:
        return {
            "sequence": self._announcer.sequence,
            "stations": {name: self._station(lane) for name, lane in self.lanes.items()},
            "devices": {
                name: {"ok": news.ok, "code": news.code, "detail": news.detail, "since_utc_s": news.at.utc_s}
                for name, news in self.fittings.latest.items()
            },
            "depth": self.journal.depth,
            "held": self.journal.held,
            "lost": self.journal.lost,
            "evidence_lost": self.journal.unkept,
            "unrouted": self._counts.unrouted,
            "inference": self._parts.inference(),
            "restarts": self.fittings.restarts,
            "clients_lost": self._parts.live.dropped,
        }

    def _station(self, lane: Lane) -> dict[str, Any]:
        health = self._healths[lane.name]
        return {
            "level": health.level.value,
            "state": health.state,
            "faults": dict(health.faults),
            "depth": lane.depth,
            "counts": dict(lane.counts),
            "errors": sum(lane.mishaps.counts.values()),
        }

    def _clock_stepped(self, step_s: float, now: Instant) -> None:
        self._counts.clock_steps += 1
        log.warning("the clock was set by %+.3f s", step_s)
        event = Event("clock-step", "clock", now.utc_s, {"step_s": round(step_s, 3)})
        self._start(self._record(Entry(events=(event,))))


def _lanes(parts: LineParts, schedule: Schedule, finisher: Finisher, journal: Journal) -> dict[str, Lane]:
    lanes: dict[str, Lane] = {}
    for station in parts.stations:
        name = station.spec.name
        if name in lanes:
            raise SettingsError(f"two stations of '{parts.vertical.manifest.name}' are called '{name}'")
        lanes[name] = Lane(
            station, parts.engine, schedule, parts.clock, finisher.follow, journal.foresee, room=parts.room
        )
    return lanes
