"""Where one station thinks: everything it is asked comes through here, one after the other.

A station never sees anything between `prepare` and `decide` of a sample. What people, devices and time bring
goes before samples that still wait. Whatever the station's code raises ends in `degrade`, in a refusal, or
in a mishap that is recorded; never in the end of the loop.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from core.clock import Clock, Instant
from core.inference.request import Answer, Ask, Engine, Outcome
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
    Station,
)
from verticals.runtime.ahead import Ahead
from verticals.runtime.decisions import Origin, checked, frozen
from verticals.runtime.mishaps import Mishaps, in_words, looked_at
from verticals.runtime.schedule import Schedule, Timer

log = logging.getLogger(__name__)

#: Samples from sources that wait; a source that is faster is held up.
ROOM = 64
#: Samples from other stations that wait; they are never held up, beyond this they are lost and counted.
TOLD_LIMIT = 10_000
#: How many decisions of one station may be acted on and recorded at the same time.
SIDE_BY_SIDE = 64
#: An engine answers by the deadline; one that does not is given up on this much later.
ENGINE_GRACE_S = 0.05
#: A model is on its way by then, and what is foreseen does not hold it up.
_FORESEE_AFTER_S = 0.002
#: The least time between two ticks, whatever `due` says.
_TICK_APART_S = 0.02
_NO_ANSWER = "late: the engine gave no answer"

Follow = Callable[["Lane", Decision, Origin], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class _Waiting:
    sample: Sample
    inbox: int
    takes_room: bool


@dataclass(frozen=True, slots=True)
class _Tick:
    pass


class Lane:
    """Belongs to the line's event loop. `follow` carries out what was decided; it may hold the lane up.

    `foresee` gets each sample for which a model is asked.
    """

    def __init__(
        self,
        station: Station,
        engine: Engine,
        schedule: Schedule,
        clock: Clock,
        follow: Follow,
        foresee: Callable[[Sample], None] = lambda sample: None,
        *,
        room: int = ROOM,
    ) -> None:
        self.station = station
        self.spec = station.spec
        self.name = station.spec.name
        self.counts: Counter[str] = Counter()
        self.ahead = Ahead()
        self.side_by_side = asyncio.Semaphore(SIDE_BY_SIDE)
        self.changed = False  # the station was asked something since its state was last saved
        self.faults: dict[str, str] = {}  # the loop's own, beside those of the station
        self.mishaps = Mishaps(f"station {self.name}")
        self._engine = engine
        self._schedule = schedule
        self._clock = clock
        self._follow = follow
        self._foresee = foresee
        self._room = asyncio.Semaphore(room)
        self._samples: deque[_Waiting] = deque()
        self._orders: deque[Command | DeviceNews | Acted | _Tick] = deque()
        self._filled = asyncio.Event()
        self._idle = asyncio.Event()
        self._timer: Timer | None = None
        self._ticked_mono_s = float("-inf")

    @property
    def depth(self) -> int:
        """Samples that wait."""
        return len(self._samples)

    @property
    def busy(self) -> bool:
        return not self._idle.is_set()

    # What comes in

    async def offer(self, sample: Sample, inbox: int = 0) -> None:
        """Takes a sample from a source; waits while too many wait."""
        await self._room.acquire()
        self._put(_Waiting(sample, inbox, True))

    def tell(self, sample: Sample) -> None:
        """Takes a sample from another station at once."""
        if len(self._samples) >= TOLD_LIMIT:
            self.counts["told_lost"] += 1
            sample.recorded.settle(0)
            return
        self._put(_Waiting(sample, 0, False))

    def order(self, work: Command | DeviceNews | Acted) -> None:
        self._orders.append(work)
        self._idle.clear()
        self._filled.set()

    def _put(self, waiting: _Waiting) -> None:
        self._samples.append(waiting)
        self._idle.clear()
        self._filled.set()

    # The work, in order

    async def run(self) -> None:
        """Works until cancelled."""
        self._watch_time()
        while True:
            while not (self._orders or self._samples):
                self._filled.clear()
                self._idle.set()
                await self._filled.wait()
            self.changed = True
            try:
                await self._next()
            except Exception as error:
                self.mishaps.note("loop", error)

    async def _next(self) -> None:
        if self._orders:
            decision, origin = self._obey(self._orders.popleft())
        else:
            waiting = self._samples.popleft()
            if waiting.takes_room:
                self._room.release()
            origin = Origin(waiting.sample.at, waiting.sample, inbox=waiting.inbox)
            decision = await self._think(waiting.sample)
        self._watch_time()
        await self._follow(self, decision, origin)

    async def idle(self) -> None:
        """Returns when nothing waits and the last decision has been handed on."""
        await self._idle.wait()

    async def _think(self, sample: Sample) -> Decision:
        self.counts["samples"] += 1
        try:
            asks = self.station.prepare(sample)
            if asks is None:
                return NOTHING
            asks = tuple(asks)
        except Exception as error:
            return self._degraded(sample, self._mishap("prepare", error))
        if asks:
            asyncio.get_running_loop().call_later(_FORESEE_AFTER_S, self._foresee, sample)
        answers, trouble = await self._ask(asks, sample.at.mono_s + self.spec.answer_within_s) if asks else ((), "")
        if trouble:
            self.counts["late" if trouble.startswith("late") else "failed"] += 1
            return self._degraded(sample, trouble)
        try:
            decision = checked(self.station.decide(sample, answers), self.name)
        except Exception as error:
            return self._degraded(sample, self._mishap("decide", error))
        return self._recovered(decision)

    async def _ask(self, asks: Sequence[Ask], deadline_mono_s: float) -> tuple[Sequence[Answer], str]:
        """All answers in the order asked, or the trouble: "late: ..." or "failed: ..."."""
        if self._schedule.now_mono_s() >= deadline_mono_s:
            return (), "late: its time was over before it was asked"
        over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        priority = self.spec.priority
        asking = asyncio.gather(
            *(self._engine.infer(ask, deadline_mono_s=deadline_mono_s, priority=priority) for ask in asks),
            return_exceptions=True,
        )

        def end(answers: asyncio.Future[Any] | None = None) -> None:
            if answers is not None:
                looked_at(answers)  # given up on, it is nobody's failure
            if not over.done():
                over.set_result(None)

        asking.add_done_callback(end)
        guard = self._schedule.at(deadline_mono_s + ENGINE_GRACE_S, end)
        try:
            await over
        finally:
            guard.cancel()
            if not asking.done():
                asking.cancel()
        if not asking.done() or asking.cancelled():
            return (), _NO_ANSWER
        return self._judge(asking.result(), deadline_mono_s)

    def _judge(
        self, outcomes: Sequence[Answer | BaseException], deadline_mono_s: float
    ) -> tuple[Sequence[Answer], str]:
        answers: list[Answer] = []
        for outcome in outcomes:
            if isinstance(outcome, asyncio.CancelledError):
                return (), _NO_ANSWER
            if isinstance(outcome, BaseException):
                self.mishaps.note("infer", outcome)
                return (), f"failed: {in_words(outcome)}"
            if outcome.outcome is not Outcome.ANSWERED:
                word = "late" if outcome.outcome is Outcome.LATE else "failed"
                return (), f"{word}: {outcome.reason}"
            answers.append(outcome)
        if self._schedule.now_mono_s() > deadline_mono_s:
            return (), "late: the answer came after its time"
        return answers, ""

    def _degraded(self, sample: Sample, reason: str) -> Decision:
        self.counts["degraded"] += 1
        try:
            return self._recovered(checked(self.station.degrade(sample, reason), self.name))
        except Exception as error:
            self.mishaps.note("degrade", error)
            self.faults["software"] = f"It could not decide what is safe: {in_words(error)}"
            data = {"code": "software", "raised": True, "why": reason, "detail": in_words(error), "sample": sample.key}
            return Decision(events=(Event("fault", "software", sample.at.utc_s, data, self.name),))

    def _recovered(self, decision: Decision) -> Decision:
        """The decision; the end of a software fault goes with it."""
        if self.faults.pop("software", None) is None:
            return decision
        data = {"code": "software", "raised": False}
        ended = Event("fault", "software", self._clock.now().utc_s, data, self.name)
        return replace(decision, events=(*decision.events, ended))

    def _mishap(self, where: str, error: Exception) -> str:
        self.mishaps.note(where, error)
        return f"error: {where}: {in_words(error)}"

    # What is not a sample

    def _obey(self, work: Command | DeviceNews | Acted | _Tick) -> tuple[Decision, Origin]:
        now = self._clock.now()
        match work:
            case Command():
                return self._command(work), Origin(now, command=work.id)
            case DeviceNews():
                return self._called("device_changed", lambda: self.station.device_changed(work)), Origin(now)
            case Acted():
                return self._called("acted", lambda: self.station.acted(work)), Origin(now)
            case _Tick():
                self._ticked_mono_s = now.mono_s
                return self._called("tick", lambda: self.station.tick(now)), Origin(now)

    def _called(self, where: str, call: Callable[[], Decision]) -> Decision:
        try:
            return checked(call(), self.name)
        except Exception as error:
            return self._mishap_event(where, error)

    def _command(self, command: Command) -> Decision:
        try:
            decision = checked(self.station.command(command), self.name)
        except Exception as error:
            reply = Reply(False, f"this could not be carried out: {in_words(error)}")
            return replace(self._mishap_event("command", error), reply=reply)
        if decision.reply is None:
            return replace(decision, reply=Reply(False, f"the station gave no answer to '{command.name}'"))
        return decision

    def _mishap_event(self, where: str, error: Exception) -> Decision:
        """Recorded the first time only: a call that fails at every tick must not fill the disk."""
        if not self.mishaps.note(where, error):
            return NOTHING
        data = {"where": where, "error": in_words(error)}
        return Decision(events=(Event("mishap", where, self._clock.now().utc_s, data, self.name),))

    # Time

    def _watch_time(self) -> None:
        try:
            due = self.station.due()
            at_mono_s = None if due is None else max(due.mono_s, self._ticked_mono_s + _TICK_APART_S)
        except Exception as error:
            self.mishaps.note("due", error)
            at_mono_s = None
        if self._timer is not None:
            if self._timer.waiting and self._timer.at_mono_s == at_mono_s:
                return
            self._timer.cancel()
            self._timer = None
        if at_mono_s is not None and not any(isinstance(work, _Tick) for work in self._orders):
            self._timer = self._schedule.at(at_mono_s, self._tick)

    def _tick(self) -> None:
        self._orders.append(_Tick())
        self._idle.clear()
        self._filled.set()

    def rest(self) -> None:
        """Time brings nothing more: the line is about to end."""
        if self._timer is not None:
            self._timer.cancel()

    # What survives, and how it is

    def capture(self, now: Instant, own: Sequence[Event] = ()) -> State | None:
        """The state as it is to be saved with the events `own`; None when the station cannot give it."""
        try:
            return self.ahead.noted(frozen(self.station.state(now)), own)
        except Exception as error:
            self.mishaps.note("state", error)
            return None

    def health(self) -> tuple[Health, bool]:
        """How the station is, with the loop's own faults; and whether by its own word it can work."""
        try:
            own = self.station.health()
            able = own.level is not Level.FAULT and "software" not in self.faults
            if not self.faults:
                return own, able
            return Health(Level.FAULT, own.state, {**own.faults, **self.faults}), able
        except Exception as error:
            self.mishaps.note("health", error)
            faults = {"software": f"It cannot say how it is: {in_words(error)}", **self.faults}
            return Health(Level.FAULT, "unknown", faults), False
