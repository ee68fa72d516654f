"""A whole line over a real store, real sockets and recording devices; only the clock and the engine stand in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sqlalchemy import MetaData

from core.clock import Clock, Instant
from core.inference.request import Answer, Ask, Engine, ModelRef, Outcome
from tests.support.clocks import FakeClock
from tests.support.factories import make_app_db, make_evidence_store
from tests.support.stations import ScriptedVertical
from verticals.contract import Command, Event, Reply, Sample, Station, Value
from verticals.devices.base import Device
from verticals.runtime.bridge import Bridge
from verticals.runtime.fittings import Fitting
from verticals.runtime.lane import Lane
from verticals.runtime.line import Line, LineParts
from verticals.runtime.live import LiveMessage, LiveServer
from verticals.store.commands import Commands
from verticals.store.events import EventStore
from verticals.store.inbox import Inbox
from verticals.store.recorder import Recorder

Infer = Callable[[Ask, float], Awaitable[Answer]]


async def until(condition: Callable[[], object], within_s: float = 5.0) -> None:
    """Returns when `condition` holds; for what real threads and sockets bring."""
    for _ in range(int(within_s * 1000)):
        if condition():
            return
        await asyncio.sleep(0.001)
    raise AssertionError(f"did not come true within {within_s} s")


async def turns(count: int = 20) -> None:
    """Lets the loop go round, so that what only waits for its turn is done."""
    for _ in range(count):
        await asyncio.sleep(0)


class AnsweringEngine:
    """Answers every ask with `outputs` at once, or as `answer` says; keeps what it was asked."""

    def __init__(self, outputs: Mapping[str, Any] | None = None) -> None:
        self.outputs = dict(outputs or {})
        self.asked: list[Ask] = []
        self.answer: Infer = self._at_once

    async def infer(self, ask: Ask, *, deadline_mono_s: float, priority: int = 0) -> Answer:
        self.asked.append(ask)
        return await self.answer(ask, deadline_mono_s)

    def active(self, model: str) -> ModelRef | None:
        return ModelRef(model, "1", "0" * 64)

    async def _at_once(self, ask: Ask, deadline_mono_s: float) -> Answer:
        return Answer(self.active(ask.model), Outcome.ANSWERED, self.outputs)


class LiveTap(LiveServer):
    """A live server that also keeps what it was given to publish."""

    def __init__(self, socket: Path) -> None:
        super().__init__(socket)
        self.published: list[LiveMessage] = []

    def publish(self, message: LiveMessage) -> None:
        self.published.append(message)
        super().publish(message)

    def data(self, topic: str) -> list[Mapping[str, Any]]:
        return [message.data for message in self.published if message.topic == topic]


@dataclass
class Rig:
    """A line that runs, and everything around it that a test looks at."""

    line: Line
    parts: LineParts
    clock: FakeClock
    events: EventStore
    recorder: Recorder
    commands: Commands
    inbox: Inbox
    live: LiveTap
    engine: Any
    moves: list[float] = field(default_factory=list)

    async def give(self, sample: Sample) -> Sample:
        await self.line.take(sample)
        return sample

    async def see(self, source: str, key: str = "", /, **values: Value) -> Sample:
        """A sample of now, taken by the line."""
        return await self.give(Sample(source, self.clock.now(), values, key))

    async def ask(self, station: str, name: str, /, **args: Any) -> Reply:
        """A command by the store and the live line's hint, and its reply."""
        command = Command(name, self.clock.now(), args, "anna", "operator")
        number = await asyncio.to_thread(self.commands.ask, station, command)
        self.live.receive(LiveMessage("command", {"id": number}))
        await until(lambda: {"id": number} in self.live.data("command"))
        reply = self.commands.reply_of(number)
        assert reply is not None
        return reply

    async def advance(self, seconds: float) -> Instant:
        """Moves the clock and lets what came due happen."""
        await turns()
        now = self.clock.advance(seconds)
        self.line.schedule.poke()
        await turns()
        return now

    async def quiet(self) -> None:
        """Returns when nothing waits and nothing is under way."""
        await asyncio.wait_for(self.line.drained(), 5)

    def recorded(self, *kinds: str) -> list[Event]:
        return self.events.read(kinds=kinds)

    def lane(self, name: str) -> Lane:
        return self.line.lanes[name]

    @property
    def beat(self) -> Mapping[str, Any]:
        """What the newest beat says."""
        return self.live.data("beat")[-1]


@dataclass(frozen=True)
class Plan:
    """What a test wants of its line; the folder holds the store, so that a second line can go on with it."""

    folder: Path
    stations: Sequence[Station]
    vertical: Any = None
    devices: Sequence[Device | Fitting] = ()
    engine: Engine | None = None
    clock: Clock | None = None
    tables: Sequence[MetaData] = ()
    room: int = 64
    min_free_bytes: float = 0.0
    wrap: Callable[[Recorder], Any] = lambda recorder: recorder


@asynccontextmanager
async def running_line(plan: Plan) -> AsyncIterator[Rig]:
    """The line of the plan, stopped cleanly at the end."""
    with make_rig(plan) as rig:
        await rig.line.start()
        try:
            yield rig
        finally:
            await rig.line.stop()


@contextmanager
def make_rig(plan: Plan) -> Iterator[Rig]:
    """The line of the plan, not started."""
    clock: Any = plan.clock or FakeClock()
    vertical = plan.vertical or ScriptedVertical(plan.stations)
    database = make_app_db(plan.folder, *plan.tables)
    events = EventStore(database, vertical.project)
    evidence = make_evidence_store(plan.folder, database, min_free_bytes=plan.min_free_bytes)
    (plan.folder / "evidence").mkdir(exist_ok=True)
    recorder = Recorder(events, evidence, clock)
    live = LiveTap(plan.folder / "line.sock")
    bridge = Bridge()
    engine = plan.engine or AnsweringEngine()
    moves: list[float] = []
    parts = LineParts(
        vertical=vertical,
        stations=plan.stations,
        fittings=[device if isinstance(device, Fitting) else Fitting(device) for device in plan.devices],
        engine=engine,
        events=events,
        recorder=plan.wrap(recorder),
        commands=Commands(database),
        inbox=Inbox(database, clock),
        live=live,
        clock=clock,
        bridge=bridge,
        moved=lambda: moves.append(clock.now().mono_s),
        room=plan.room,
    )
    try:
        yield Rig(Line(parts), parts, clock, events, recorder, parts.commands, parts.inbox, live, engine, moves)  # type: ignore[arg-type]
    finally:
        bridge.close()
        database.dispose()


def again(plan: Plan, stations: Sequence[Station], **changes: Any) -> Plan:
    """The same store, begun anew with fresh stations."""
    return replace(plan, stations=stations, **changes)
