"""The threads that run models, the places at which models are run, and the queue before them.

A place is held by whoever runs a model. A runner holds one whenever it is not idle, so that there is an idle
runner for every place that is free or is passed on.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heapify, heappop, heappush
from itertools import count
from threading import Lock, Thread

from core.inference.bell import Bell
from core.inference.job import Job
from core.inference.request import Answer
from core.inference.session import Brake
from core.scheduling import SHORTEST_SLICE_NS, Spot, bring, roam, set_slice, slice_ns

_JOIN_S = 5.0


class Place:
    """Where one model runs at a time: by a runner, or by the thread that asks. Changed under the engine's lock.

    `left` says that its run never came back: another place stands for it, and whoever returns keeps away.
    """

    __slots__ = ("brake", "job", "left", "pulled_mono_s", "runner")

    def __init__(self, brake: Brake | None = None) -> None:
        self.brake = brake
        self.job: Job | None = None
        self.runner: Runner | None = None
        self.pulled_mono_s: float | None = None
        self.left = False

    def take(self, job: Job, runner: Runner | None) -> None:
        self.job = job
        self.runner = runner
        if self.pulled_mono_s is not None:
            self.pulled_mono_s = None
            if self.brake is not None:
                self.brake.let_go()

    def pull(self, now_mono_s: float) -> float:
        """Ends the run between two of its nodes; when that was first asked for."""
        if self.pulled_mono_s is None:
            self.pulled_mono_s = now_mono_s
            if self.brake is not None:
                self.brake.pull()
        return self.pulled_mono_s


class Runner:
    """A thread that runs models. While idle it sleeps on `wake`, without a place; its next place is put here before.

    `spot` is the core it was brought to, for an asker that stands still there; None: it runs on any.
    """

    __slots__ = ("_slice_ns", "place", "spot", "thread", "wake")

    def __init__(self, place: Place) -> None:
        self.place: Place | None = place
        self.spot: Spot | None = None
        self._slice_ns = 0
        self.thread: Thread
        self.wake = Bell()

    def go_to(self, spot: Spot | None) -> None:
        """With the lock. It stays where it was last: who asks, asks from the same core most of the time.

        There it has the shortest slice: woken, it runs and is asleep again before the asker goes on, where that has
        a longer one. Otherwise they change places twice more.
        """
        number = self.thread.native_id or 0
        if spot is not None:
            if self.spot is None:
                self._slice_ns = slice_ns(number)
                set_slice(SHORTEST_SLICE_NS, number)
            if self.spot is None or self.spot.core != spot.core:
                bring(number, spot)
            self.spot = spot
        elif self.spot is not None:
            roam(self.spot, number)
            set_slice(self._slice_ns, number)
            self.spot = None


class Crew:
    """`number` runners that `work` off what is asked. What begins with "with the lock" is called by who holds it."""

    def __init__(self, number: int, lock: Lock, work: Callable[[Job, Place], Answer], queue_limit: int) -> None:
        self._lock = lock
        self._work = work
        self._queue_limit = queue_limit
        self._queue: list[tuple[int, float, int, Job]] = []
        self._order = count()
        self._closed = False
        self._free: list[Place] = []  # each runner frees its own when it is first idle
        self._idle: list[Runner] = []
        self._limit = number
        self.runners: list[Runner] = []
        self.places: list[Place] = [Place() for _ in range(number)]
        for place in list(self.places):
            self._start(place)

    def submit(self, job: Job, priority: int, spot: Spot | None = None) -> str:
        """Hands the job to a runner that is idle, brought to `spot`, or queues it. Empty, or why it is refused."""
        with self._lock:
            if self._closed:
                return "the engine is closed"
            if not self.idle:
                if not self._has_room():
                    return f"{self._queue_limit} asks wait already"
                heappush(self._queue, (priority, job.deadline_mono_s, next(self._order), job))
                return ""
            runner = self._hand_over(job, self._free.pop(), spot)
        runner.wake.release()  # without the lock, which it wants when it is done
        return ""

    @property
    def idle(self) -> bool:
        """Whether there is a place for a run at once; without the lock, as of a moment ago."""
        return bool(self._free) and self._busy < self._limit

    def free_place(self, job: Job) -> Place | None:
        """With the lock: a place for the asker's own thread; None when it has to wait like everybody."""
        if self._closed or not self.idle:
            return None
        place = self._free.pop()
        place.take(job, None)
        return place

    def pass_on(self, place: Place) -> None:
        """With the lock: the asker's own run is over."""
        place.job = None
        if not place.left:
            self._put_to_use(place)

    def spread(self, job: Job) -> None:
        """Who asked for the job goes on, and does not leave its core to the runner any more."""
        with self._lock:
            for place in self.places:
                if place.job is job and place.runner is not None:
                    place.runner.go_to(None)

    def limit(self, number: int) -> None:
        """At most so many models run at once, one at least; what runs is not ended."""
        with self._lock:
            self._limit = max(1, min(number, len(self.places)))
            while self.idle and (job := self._most_urgent()) is not None:
                self._hand_over(job, self._free.pop()).wake.release()

    def waiting(self) -> int:
        with self._lock:
            return sum(not job.given_up for *_, job in self._queue)

    def running(self, job: Job) -> bool:
        """With the lock: whether a model runs for it now."""
        return any(place.job is job for place in self.places)

    def fit_brakes(self) -> None:
        """With the lock, before the first model answers: the library is loaded by now."""
        for place in self.places:
            place.brake = place.brake or Brake()

    def leave(self, place: Place) -> None:
        """With the lock: its run does not come back. Another place and, where a runner was lost, another runner."""
        place.left = True
        self.places.remove(place)
        fresh = Place(Brake())
        self.places.append(fresh)
        if place.runner is None:
            self._put_to_use(fresh)
        else:
            self.runners.remove(place.runner)
            self._start(fresh)

    def close(self) -> list[Job]:
        """Ends the runners as soon as they are idle; what still waited."""
        with self._lock:
            self._closed = True
            left = [job for *_, job in self._queue]
            self._queue.clear()
            idle, self._idle = self._idle, []
        for runner in idle:
            runner.wake.release()
        return left

    def join(self) -> None:
        for runner in list(self.runners):
            runner.thread.join(_JOIN_S)

    @property
    def _busy(self) -> int:
        return len(self.places) - len(self._free)

    def _start(self, place: Place) -> None:
        runner = Runner(place)
        runner.thread = Thread(target=self._serve, args=(runner,), name="runner", daemon=True)
        self.runners.append(runner)
        runner.thread.start()

    def _put_to_use(self, place: Place) -> None:
        job = self._most_urgent() if self._queue and self._busy <= self._limit else None
        if job is None:
            self._free.append(place)
        else:
            self._hand_over(job, place).wake.release()

    def _hand_over(self, job: Job, place: Place, spot: Spot | None = None) -> Runner:
        """With the lock: who is to be woken."""
        runner = self._idle.pop()
        runner.go_to(spot)
        place.take(job, runner)
        runner.place = place
        return runner

    def _has_room(self) -> bool:
        if len(self._queue) >= self._queue_limit:
            self._queue = [item for item in self._queue if not item[3].given_up]
            heapify(self._queue)
        return len(self._queue) < self._queue_limit

    def _most_urgent(self) -> Job | None:
        """Out of the queue, the most urgent job that somebody still waits for."""
        while self._queue:
            job = heappop(self._queue)[3]
            if not job.given_up:
                return job
        return None

    def _serve(self, runner: Runner) -> None:
        place = runner.place
        answered: tuple[Job, Answer] | None = None
        while True:
            place, goes_on = self._next(runner, place)
            if answered is not None:
                # Last before it sleeps or works: it leaves the asker the interpreter, and is idle for its next ask.
                answered[0].finish(answered[1])
                answered = None  # an idle runner keeps no picture alive
            if not goes_on:
                return
            if place is None:
                runner.wake.acquire()
                place = runner.place
                if place is None:
                    return
            if place.job is not None:
                answered = place.job, self._work(place.job, place)

    def _next(self, runner: Runner, place: Place | None) -> tuple[Place | None, bool]:
        """Where the runner's next job lies, None when it is to sleep until there is one; whether it goes on at all:
        not when the engine is closed or another runner took over."""
        with self._lock:
            if place is not None:
                place.job = None
                if place.left:
                    return None, False
                job = self._most_urgent() if self._busy <= self._limit else None
                if job is not None:
                    runner.go_to(None)
                    place.take(job, runner)
                    return place, True
            if self._closed:
                return None, False
            if place is not None:
                self._free.append(place)
            runner.place = None
            self._idle.append(runner)
        return None, True
