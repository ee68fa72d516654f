"""Answers in this process, each by its deadline: a queue, one runner thread per core, models swapped while it runs.

Urgency is the priority first (lower goes first), then the earlier deadline. An ask whose deadline passes is
answered LATE at that moment, whether it still waits or runs; what a run gives after it is thrown away. A
thread that asks with time in plenty, while a core is free, runs the model itself and is spared two thread
switches; it alone may learn of a late run only when the run is over. An event loop never runs one, but stands
still for the runner of a brief one, which costs less than to be woken. Runs that hang: `mending`.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Mapping
from threading import Lock

from core.clock import Clock, SystemClock
from core.errors import EngineError
from core.inference.bell import Bell
from core.inference.choice import Chooser
from core.inference.crew import Crew, Place
from core.inference.heap import hand_back
from core.inference.job import Door, Job, expire
from core.inference.loaded import Loaded, Standing
from core.inference.mending import Mending
from core.inference.request import Answer, Ask, ModelRef, Outcome
from core.metrics import Metrics
from core.models.package import Package
from core.scheduling import Spot, roam, stay

log = logging.getLogger(__name__)

_OUTCOMES = [outcome.value for outcome in Outcome]
#: By a name of the module: an enumeration's is looked up on each use, which small models feel.
_ANSWERED, _LATE = Outcome.ANSWERED, Outcome.LATE
_LONGEST_WAIT_S = 86_400.0  # a lock cannot wait for ever; nobody waits a day for an answer
#: "Time in plenty": so many times the longest run of the model so far.
_PLENTY = 5.0
#: A run that is usually shorter than this is brief, and an event loop stands still for it, but not for longer than
#: `_STANDS_S`: then it goes on, and is woken.
_BRIEF_S, _STANDS_S = 0.0005, 0.001
_NOT_IN_TIME = "no answer by the deadline"


def _nobody_restarts(reason: str) -> None:
    log.critical("%s; nobody here can start this process again", reason)


class LocalEngine:
    """The engine of one process. `infer` belongs to event loops, everything else may be called from any thread.

    `runners` is how many models run at once, by default one per core. At most `queue_limit` asks wait; one
    more is answered FAILED at once. `chooser` finds the provider that a package runs on. `give_up` is called,
    on a thread of its own, when only another process can help; meanwhile the model is answered FAILED.
    """

    def __init__(
        self,
        runners: int | None = None,
        *,
        clock: Clock | None = None,
        metrics: Metrics | None = None,
        chooser: Chooser | None = None,
        queue_limit: int = 1000,
        give_up: Callable[[str], None] = _nobody_restarts,
    ) -> None:
        self._clock = clock or SystemClock()
        self._metrics = metrics or Metrics()
        self._chooser = chooser or Chooser()
        self._slots: dict[str, Loaded] = {}
        self._doors: dict[asyncio.AbstractEventLoop, Door] = {}
        self._lock = Lock()
        number = len(os.sched_getaffinity(0)) if runners is None else runners
        self._crew = Crew(number, self._lock, self._work, queue_limit)
        self._mending = Mending(self._crew, self._lock, self._clock, give_up)

    def load(
        self, slot: str, package: Package, *, threads: int = 1, again: Callable[[], Package] | None = None
    ) -> ModelRef:
        """Makes `package` answer for `slot`; what was asked before is still answered by the one before it.

        Blocks while the graph is loaded and warmed up. Raises EngineError when it does not run here; then the
        one before it stays. That its golden vectors pass is for the shelf's gate to see to. `again` reads the same
        package once more, should a fresh session be needed; without it the package is kept in memory.
        """
        card = package.card
        choice = self._chooser.choose(package, threads)
        loaded = Loaded(package, choice, self._metrics.model(card.name, card.version, _OUTCOMES), threads, again)
        loaded.warm_up(self._clock, package.golden.cases[0].inputs)
        self._switch(slot, loaded)
        hand_back()
        log.info("%s answers for '%s' from now on, on %s", loaded.title, slot, choice.session.provider.name)
        return loaded.ref

    def arrange(self, runners: int, threads: Mapping[str, int]) -> None:
        """At most so many runs at once, each slot's on so many threads; what changes is loaded anew. Blocks.

        Raises EdgewiseError where that cannot be; everything answers on as it is.
        """
        self._crew.limit(runners)
        for slot, number in threads.items():
            loaded = self._slots.get(slot)
            if loaded is not None and loaded.threads != number:
                self.load(slot, loaded.package(), threads=number, again=loaded.package)

    def unload(self, slot: str) -> None:
        """From now on nothing answers for `slot`. What was asked before is still answered."""
        self._switch(slot, None)

    def active(self, model: str) -> ModelRef | None:
        loaded = self._slots.get(model)
        return loaded.ref if loaded else None

    def slots(self) -> list[str]:
        """Every slot that something answers for, by name."""
        return sorted(self._slots)

    def standing(self, slot: str) -> Standing | None:
        """How the model of `slot` stands; None when nothing is active."""
        with self._lock:
            loaded = self._slots.get(slot)
            return loaded.standing(slot) if loaded else None

    @property
    def waiting(self) -> int:
        """How many asks wait for a runner."""
        return self._crew.waiting()

    async def infer(self, ask: Ask, *, deadline_mono_s: float, priority: int = 0) -> Answer:
        """As `Engine.infer`. An ask whose task is cancelled is not run any more."""
        now_s = self._clock.now().mono_s
        loaded = self._slots.get(ask.model)
        if loaded is None:
            return _nobody(ask.model)
        job = Job(loaded, ask.inputs, deadline_mono_s, now_s)
        if not now_s < deadline_mono_s:
            return self._settle(job, None)
        loop = asyncio.get_running_loop()
        door = self._doors.get(loop) or self._door(loop)
        brief = loaded.usual_run_s < _BRIEF_S and self._crew.idle and deadline_mono_s - now_s > _STANDS_S
        if brief and (bell := job.stand()):
            if self._stand(job, bell, priority):
                return self._settle(job, job.answer)
            future = job.wait_at(door)
            if bell.acquire(timeout=0):
                return self._settle(job, job.answer)
        else:
            future = job.wait_at(door)
            self._submit(job, priority)
        timer = loop.call_later(deadline_mono_s - now_s, expire, future)
        try:
            answer = await future
        except asyncio.CancelledError:
            with self._lock:
                self._mending.expect_end(job, deadline_mono_s)
            raise
        finally:
            timer.cancel()
            job.give_up()
        return self._settle(job, answer)

    def infer_blocking(self, ask: Ask, *, deadline_mono_s: float, priority: int = 0) -> Answer:
        """As `infer`, for a thread without an event loop. A model that hangs for good may keep the thread."""
        now_s = self._clock.now().mono_s
        loaded = self._slots.get(ask.model)
        if loaded is None:
            return _nobody(ask.model)
        if own := self._by_who_asks(loaded, ask, deadline_mono_s, now_s):
            return own
        job = Job(loaded, ask.inputs, deadline_mono_s, now_s)
        if not now_s < deadline_mono_s:
            return self._settle(job, None)
        done = job.sleep()
        self._submit(job, priority)
        in_time = done.acquire(timeout=min(deadline_mono_s - now_s, _LONGEST_WAIT_S))
        job.give_up()
        return self._settle(job, job.answer if in_time else None)

    def close(self) -> None:
        """Ends the runners; whoever still waits is answered FAILED."""
        left = self._crew.close()
        self._mending.close()
        for job in left:
            job.finish(Answer(job.loaded.ref, Outcome.FAILED, reason="the engine is closed"))
        self._crew.join()

    def _switch(self, slot: str, loaded: Loaded | None) -> None:
        with self._lock:
            before = self._slots.get(slot)
            if loaded is not None:
                self._crew.fit_brakes()
                loaded.enter()
                self._slots[slot] = loaded  # in one step: `infer` looks without the lock and must never find nothing
            else:
                self._slots.pop(slot, None)
            if before is not None:
                before.leave()

    def _door(self, loop: asyncio.AbstractEventLoop) -> Door:
        for known in [known for known in self._doors if known.is_closed()]:
            self._doors.pop(known, None)
        return self._doors.setdefault(loop, Door(loop))

    def _stand(self, job: Job, bell: Bell, priority: int) -> bool:
        """Stands still on this core while a runner has it; whether it is done with the job."""
        spot = stay()
        self._submit(job, priority, spot)
        done = bell.acquire(timeout=_STANDS_S)
        if spot is not None:
            roam(spot)
            if not done:
                self._crew.spread(job)
        return done

    def _submit(self, job: Job, priority: int, spot: Spot | None = None) -> None:
        refusal = self._crew.submit(job, priority, spot)
        if refusal:
            job.finish(Answer(job.loaded.ref, Outcome.FAILED, reason=refusal))

    def _by_who_asks(self, loaded: Loaded, ask: Ask, deadline_mono_s: float, now_s: float) -> Answer | None:
        """Runs the model on the thread that asks; None where time is short or no core is free."""
        if not deadline_mono_s - now_s > _PLENTY * loaded.longest_run_s:
            return None
        job = Job(loaded, ask.inputs, deadline_mono_s, now_s)
        with self._lock:
            place = self._crew.free_place(job)
            if place is None:
                return None
            self._mending.expect(deadline_mono_s)
        return self._settle(job, self._work(job, place, now_s), place)

    def _work(self, job: Job, place: Place, started_s: float | None = None) -> Answer:
        """`started_s`: of who asked this very moment and runs it itself."""
        loaded, inputs, ref = job.loaded, job.inputs, job.loaded.ref
        if started_s is None:
            started_s = self._clock.now().mono_s
        queued_s = started_s - job.submitted_mono_s
        if job.given_up or started_s >= job.deadline_mono_s:
            return Answer(ref, Outcome.LATE, reason="its turn came after the deadline", queued_s=queued_s)
        if loaded.out:
            return Answer(ref, Outcome.FAILED, reason=loaded.out, queued_s=queued_s)
        session = loaded.session
        try:
            outputs = session.run(inputs, place.brake)
        except EngineError as error:
            if place.pulled_mono_s is not None:
                return Answer(ref, Outcome.LATE, reason=_NOT_IN_TIME, queued_s=queued_s)
            found = loaded.second_opinion(inputs, place.brake, session)
            if found is None:
                return Answer(ref, Outcome.FAILED, reason=error.message, queued_s=queued_s)
            self._mending.fall_back(loaded, error.message)
            outputs = found
        except Exception as error:  # a runner must outlive whatever an input can do
            log.exception("running %s", loaded.title)
            return Answer(ref, Outcome.FAILED, reason=f"{type(error).__name__}: {error}", queued_s=queued_s)
        run_s = self._clock.now().mono_s - started_s
        return Answer(ref, _ANSWERED, outputs, "", queued_s, run_s)

    def _settle(self, job: Job, answer: Answer | None, own: Place | None = None) -> Answer:
        """The last look before the asker has it: whatever kept it, after the deadline it is no answer.

        `own`: where the asker ran it itself, this very moment; the place is free again.
        """
        if own is not None and answer is not None and answer.run_s:
            now_s = job.submitted_mono_s + answer.run_s
        else:
            now_s = self._clock.now().mono_s
        if answer is None:
            answer = Answer(job.loaded.ref, Outcome.LATE, reason=_NOT_IN_TIME, queued_s=now_s - job.submitted_mono_s)
        elif now_s > job.deadline_mono_s and answer.outcome is _ANSWERED:
            answer = Answer(answer.model, Outcome.LATE, {}, _NOT_IN_TIME, answer.queued_s, answer.run_s)
        loaded = job.loaded
        with self._lock:
            if own is not None:
                self._crew.pass_on(own)
            loaded.asked += 1
            loaded.counts.outcomes[answer.outcome] += 1
            loaded.counts.queued.add(answer.queued_s)
            if answer.run_s:
                loaded.counts.ran.add(answer.run_s)
                loaded.ran(answer.run_s)
            if answer.outcome is _LATE:
                self._mending.expect_end(job, now_s)
        return answer


def _nobody(slot: str) -> Answer:
    return Answer(None, Outcome.FAILED, reason=f"no model is active for '{slot}'")
