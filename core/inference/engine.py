"""Answers in this process, each by its deadline: a queue, one runner thread per core, models swapped while it runs.

Urgency is the priority first (lower goes first), then the earlier deadline. An ask whose deadline passes is
answered LATE at that moment, whether it still waits or runs; what a run gives after it is thrown away. A
thread that asks with time in plenty, while a core is free, runs the model itself and is spared two thread
switches; it alone may learn of a late run only when the run is over.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections import deque
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from itertools import count
from threading import Lock, Thread
from typing import Any

from core.clock import Clock, SystemClock
from core.errors import EngineError
from core.inference.providers import CPU, Provider
from core.inference.request import Answer, Arrays, Ask, ModelRef, Outcome
from core.inference.session import Session
from core.metrics import Metrics, ModelCounts
from core.models.package import Package

log = logging.getLogger(__name__)

_OUTCOMES = [outcome.value for outcome in Outcome]
_WARM_UP_RUNS = 3
_LONGEST_WAIT_S = 86_400.0  # a lock cannot wait for ever; nobody waits a day for an answer
_JOIN_S = 5.0
#: "Time in plenty": so many times the longest run of the model so far.
_PLENTY = 5.0
_NOT_IN_TIME = "no answer by the deadline"


@dataclass(slots=True, eq=False)
class _Loaded:
    ref: ModelRef
    session: Session
    counts: ModelCounts
    longest_run_s: float = 0.0


class _Job:
    """One ask on its way. `waits` is what the asker sleeps on: a lock of its own, or a future of its loop."""

    __slots__ = ("answer", "deadline_mono_s", "door", "given_up", "inputs", "loaded", "submitted_mono_s", "waits")

    def __init__(
        self, loaded: _Loaded, inputs: Arrays, deadline_mono_s: float, submitted_mono_s: float, waits: Any,
        door: _Door | None = None,
    ) -> None:  # fmt: skip
        self.loaded = loaded
        self.inputs = inputs
        self.deadline_mono_s = deadline_mono_s
        self.submitted_mono_s = submitted_mono_s
        self.waits = waits
        self.door = door
        self.given_up = False
        self.answer: Answer | None = None

    def give_up(self) -> None:
        """The asker is gone: what still waits is not run, and a picture is not kept for nobody."""
        self.given_up = True
        self.inputs = {}

    def finish(self, answer: Answer) -> None:
        self.answer = answer
        if self.door is None:
            self.waits.release()
        else:
            self.door.put(self)


class _Door:
    """The way back into one event loop: however many answers are ready, the loop is woken once."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._ready: deque[_Job] = deque()
        self._woken = False

    def put(self, job: _Job) -> None:
        self._ready.append(job)
        if self._woken:
            return
        self._woken = True
        try:
            self.loop.call_soon_threadsafe(self._drain)
        except RuntimeError:
            log.debug("an answer is ready but its event loop is closed")

    def _drain(self) -> None:
        self._woken = False  # before the first look: what comes after it wakes the loop again
        while self._ready:
            job = self._ready.popleft()
            if not job.waits.done():
                job.waits.set_result(job.answer)


class _Runner:
    """A thread that runs models. While idle it sleeps on `wake`; its next job is put into `job` before."""

    __slots__ = ("job", "wake")

    def __init__(self) -> None:
        self.job: _Job | None = None
        self.wake = Lock()
        self.wake.acquire()


class LocalEngine:
    """The engine of one process. `infer` belongs to event loops, everything else may be called from any thread.

    `runners` is how many models run at once, by default one per core. At most `queue_limit` asks wait; one
    more is answered FAILED at once.
    """

    def __init__(
        self,
        runners: int | None = None,
        *,
        clock: Clock | None = None,
        metrics: Metrics | None = None,
        provider: Provider = CPU,
        queue_limit: int = 1000,
    ) -> None:
        self._clock = clock or SystemClock()
        self._metrics = metrics or Metrics()
        self._provider = provider
        self._queue_limit = queue_limit
        self._slots: dict[str, _Loaded] = {}
        self._doors: dict[asyncio.AbstractEventLoop, _Door] = {}
        self._lock = Lock()
        self._queue: list[tuple[int, float, int, _Job]] = []
        self._order = count()
        self._closed = False
        number = len(os.sched_getaffinity(0)) if runners is None else runners
        # A place is held by whoever runs a model. A runner holds one whenever it is not idle, so that there is
        # an idle runner for every place that is free or is passed on.
        self._free_places = 0  # each runner frees its own when it is first idle
        self._idle: list[_Runner] = []
        self._threads = [
            Thread(target=self._serve, args=(_Runner(),), name=f"runner-{index}", daemon=True)
            for index in range(number)
        ]
        for thread in self._threads:
            thread.start()

    def load(self, slot: str, package: Package, *, threads: int = 1) -> ModelRef:
        """Makes `package` answer for `slot`; what was asked before is still answered by the one before it.

        Blocks while the graph is loaded and warmed up. Raises EngineError when it does not run here; then the
        one before it stays. That its golden vectors pass is for the shelf's gate to see to.
        """
        card = package.card
        session = Session(package.model, card, provider=self._provider, threads=threads)
        took_s = 0.0
        for _ in range(_WARM_UP_RUNS):
            began_s = self._clock.now().mono_s
            session.run(package.golden.cases[0].inputs)
            took_s = self._clock.now().mono_s - began_s
        ref = ModelRef(card.name, card.version, package.sha256, dict(card.limits))
        counts = self._metrics.model(card.name, card.version, _OUTCOMES)
        self._switch(slot, _Loaded(ref, session, counts, took_s))
        log.info("%s answers for '%s' from now on", f"{card.name} {card.version}", slot)
        return ref

    def unload(self, slot: str) -> None:
        """From now on nothing answers for `slot`. What was asked before is still answered."""
        self._switch(slot, None)

    def active(self, model: str) -> ModelRef | None:
        loaded = self._slots.get(model)
        return loaded.ref if loaded else None

    @property
    def waiting(self) -> int:
        """How many asks wait for a runner."""
        with self._lock:
            return sum(not job.given_up for *_, job in self._queue)

    async def infer(self, ask: Ask, *, deadline_mono_s: float, priority: int = 0) -> Answer:
        """As `Engine.infer`. An ask whose task is cancelled is not run any more."""
        now_s = self._clock.now().mono_s
        loaded = self._slots.get(ask.model)
        if loaded is None:
            return _nobody(ask.model)
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Answer | None] = loop.create_future()
        job = _Job(loaded, ask.inputs, deadline_mono_s, now_s, future, self._doors.get(loop) or self._door(loop))
        if not now_s < deadline_mono_s:
            return self._settle(job, None)
        self._submit(job, priority)
        timer = loop.call_later(deadline_mono_s - now_s, _expire, future)
        try:
            answer = await future
        finally:
            timer.cancel()
            job.give_up()
        return self._settle(job, answer)

    def infer_blocking(self, ask: Ask, *, deadline_mono_s: float, priority: int = 0) -> Answer:
        """As `infer`, for a thread without an event loop."""
        now_s = self._clock.now().mono_s
        loaded = self._slots.get(ask.model)
        if loaded is None:
            return _nobody(ask.model)
        done = Lock()
        done.acquire()
        job = _Job(loaded, ask.inputs, deadline_mono_s, now_s, done)
        if not now_s < deadline_mono_s:
            return self._settle(job, None)
        if deadline_mono_s - now_s > _PLENTY * loaded.longest_run_s and self._take_place():
            try:
                return self._settle(job, self._work(job))
            finally:
                self._pass_place_on()
        self._submit(job, priority)
        in_time = done.acquire(timeout=min(deadline_mono_s - now_s, _LONGEST_WAIT_S))
        job.give_up()
        return self._settle(job, job.answer if in_time else None)

    def close(self) -> None:
        """Ends the runners; whoever still waits is answered FAILED."""
        with self._lock:
            self._closed = True
            left = [job for *_, job in self._queue]
            self._queue.clear()
            idle, self._idle = self._idle, []
        for job in left:
            job.finish(Answer(job.loaded.ref, Outcome.FAILED, reason="the engine is closed"))
        for runner in idle:
            runner.wake.release()
        for thread in self._threads:
            thread.join(_JOIN_S)

    def _switch(self, slot: str, loaded: _Loaded | None) -> None:
        with self._lock:
            before = self._slots.get(slot)
            if loaded is not None:
                self._slots[slot] = loaded  # in one step: `infer` looks without the lock and must never find nothing
            else:
                self._slots.pop(slot, None)
            for item, change in ((before, list.remove), (loaded, list.append)):
                if item is not None:
                    change(item.counts.loaded, (item.ref.sha256, item.session.provider.name))

    def _door(self, loop: asyncio.AbstractEventLoop) -> _Door:
        for known in [known for known in self._doors if known.is_closed()]:
            self._doors.pop(known, None)
        return self._doors.setdefault(loop, _Door(loop))

    def _submit(self, job: _Job, priority: int) -> None:
        """Hands the job to a runner that is idle, or queues it."""
        with self._lock:
            if self._closed:
                refusal = "the engine is closed"
            elif self._free_places:
                self._free_places -= 1
                self._hand_over(job)
                return
            elif self._has_room():
                heappush(self._queue, (priority, job.deadline_mono_s, next(self._order), job))
                return
            else:
                refusal = f"{self._queue_limit} asks wait already"
        job.finish(Answer(job.loaded.ref, Outcome.FAILED, reason=refusal))

    def _hand_over(self, job: _Job) -> None:
        runner = self._idle.pop()
        runner.job = job
        runner.wake.release()

    def _take_place(self) -> bool:
        with self._lock:
            if self._closed or not self._free_places:
                return False
            self._free_places -= 1
            return True

    def _pass_place_on(self) -> None:
        with self._lock:
            job = self._most_urgent()
            if job is None:
                self._free_places += 1
            else:
                self._hand_over(job)

    def _has_room(self) -> bool:
        if len(self._queue) >= self._queue_limit:
            self._queue = [item for item in self._queue if not item[3].given_up]
            heapify(self._queue)
        return len(self._queue) < self._queue_limit

    def _serve(self, runner: _Runner) -> None:
        while (job := self._next(runner)) is not None:
            job.finish(self._work(job))
            del job  # an idle runner keeps no picture alive

    def _most_urgent(self) -> _Job | None:
        """Out of the queue, the most urgent job that somebody still waits for."""
        while self._queue:
            job = heappop(self._queue)[3]
            if not job.given_up:
                return job
        return None

    def _next(self, runner: _Runner) -> _Job | None:
        """What the runner runs next; None when the engine is closed. Blocks."""
        with self._lock:
            job = self._most_urgent()
            if job is not None or self._closed:
                return job
            self._free_places += 1
            self._idle.append(runner)
        runner.wake.acquire()
        handed, runner.job = runner.job, None
        return handed

    def _work(self, job: _Job) -> Answer:
        ref = job.loaded.ref
        inputs = job.inputs
        started_s = self._clock.now().mono_s
        queued_s = started_s - job.submitted_mono_s
        if job.given_up or started_s >= job.deadline_mono_s:
            return Answer(ref, Outcome.LATE, reason="its turn came after the deadline", queued_s=queued_s)
        try:
            outputs = job.loaded.session.run(inputs)
        except EngineError as error:
            return Answer(ref, Outcome.FAILED, reason=error.message, queued_s=queued_s)
        except Exception as error:  # a runner must outlive whatever an input can do
            log.exception("running %s %s", ref.name, ref.version)
            return Answer(ref, Outcome.FAILED, reason=f"{type(error).__name__}: {error}", queued_s=queued_s)
        run_s = self._clock.now().mono_s - started_s
        return Answer(ref, Outcome.ANSWERED, outputs, queued_s=queued_s, run_s=run_s)

    def _settle(self, job: _Job, answer: Answer | None) -> Answer:
        """The last look before the asker has it: whatever kept it, after the deadline it is no answer."""
        now_s = self._clock.now().mono_s
        if answer is None:
            answer = Answer(job.loaded.ref, Outcome.LATE, reason=_NOT_IN_TIME, queued_s=now_s - job.submitted_mono_s)
        elif answer.outcome is Outcome.ANSWERED and now_s > job.deadline_mono_s:
            answer = Answer(answer.model, Outcome.LATE, {}, _NOT_IN_TIME, answer.queued_s, answer.run_s)
        counts = job.loaded.counts
        with self._lock:
            counts.outcomes[answer.outcome] += 1
            counts.queued.add(answer.queued_s)
            if answer.run_s:
                counts.ran.add(answer.run_s)
                job.loaded.longest_run_s = max(job.loaded.longest_run_s, answer.run_s)
        return answer


def _expire(future: asyncio.Future[Answer | None]) -> None:
    if not future.done():
        future.set_result(None)


def _nobody(slot: str) -> Answer:
    return Answer(None, Outcome.FAILED, reason=f"no model is active for '{slot}'")
