"""The threads that run models, the places at which models are run, and the queue before them.

A place is held by whoever runs a model. A runner holds one whenever it is not idle, so that there is an idle
runner for every place that is free or is passed on.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heapify, heappop, heappush
from itertools import count
from threading import Lock, Thread

from core.inference.job import Job
from core.inference.request import Answer
from core.inference.session import Brake

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
    """A thread that runs models. While idle it sleeps on `wake`, without a place; its next place is put here before."""

    __slots__ = ("place", "thread", "wake")

    def __init__(self, place: Place) -> None:
        self.place: Place | None = place
        self.thread: Thread
        self.wake = Lock()
        self.wake.acquire()


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

    def submit(self, job: Job, priority: int) -> str:
        """Hands the job to a runner that is idle, or queues it. Empty, or why it is refused."""
        with self._lock:
            if self._closed:
                return "the engine is closed"
            if self.idle:
                self._hand_over(job, self._free.pop())
                return ""
            if self._has_room():
                heappush(self._queue, (priority, job.deadline_mono_s, next(self._order), job))
                return ""
            return f"{self._queue_limit} asks wait already"

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

    def limit(self, number: int) -> None:
        """At most so many models run at once, one at least; what runs is not ended."""
        with self._lock:
            self._limit = max(1, min(number, len(self.places)))
            while self.idle and (job := self._most_urgent()) is not None:
                self._hand_over(job, self._free.pop())

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
            self._hand_over(job, place)

    def _hand_over(self, job: Job, place: Place) -> None:
        runner = self._idle.pop()
        place.take(job, runner)
        runner.place = place
        runner.wake.release()

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
        while (place := self._next(runner)) is not None:
            job = place.job
            if job is not None:
                job.finish(self._work(job, place))
            del job  # an idle runner keeps no picture alive

    def _next(self, runner: Runner) -> Place | None:
        """Where the runner's next job lies; None when the engine is closed or another runner took over. Blocks."""
        with self._lock:
            place = runner.place
            if place is not None:
                place.job = None
                if place.left:
                    return None
                job = self._most_urgent() if self._busy <= self._limit else None
                if job is not None:
                    place.take(job, runner)
                    return place
            if self._closed:
                return None
            if place is not None:
                self._free.append(place)
            runner.place = None
            self._idle.append(runner)
        runner.wake.acquire()
        return runner.place
