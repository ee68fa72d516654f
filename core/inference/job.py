"""One ask on its way through the engine, and the way back to who asked."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from threading import Lock
from typing import TYPE_CHECKING

from core.inference.bell import Bell
from core.inference.request import Answer, Arrays

if TYPE_CHECKING:
    from core.inference.loaded import Loaded

log = logging.getLogger(__name__)


class Job:
    """One ask on its way. What the asker sleeps on: `done`, a lock or a bell of its own, or `future` behind the `door`
    of its loop; none where it runs the model itself. Who has slept on the one may go on to the other."""

    __slots__ = (
        "answer", "deadline_mono_s", "done", "door", "future", "given_up", "inputs", "loaded", "submitted_mono_s",
    )  # fmt: skip

    def __init__(self, loaded: Loaded, inputs: Arrays, deadline_mono_s: float, submitted_mono_s: float) -> None:
        self.loaded = loaded
        self.inputs = inputs
        self.deadline_mono_s = deadline_mono_s
        self.submitted_mono_s = submitted_mono_s
        self.done: Lock | Bell | None = None
        self.future: asyncio.Future[Answer | None] | None = None
        self.door: Door | None = None
        self.given_up = False
        self.answer: Answer | None = None

    def give_up(self) -> None:
        """The asker is gone: what still waits is not run, and a picture is not kept for nobody."""
        self.given_up = True
        self.inputs = {}

    def sleep(self) -> Lock:
        """From now on its asker, a thread, sleeps on the lock that this gives, to the microsecond."""
        self.done = Lock()
        self.done.acquire()
        return self.done

    def stand(self) -> Bell | None:
        """From now on its asker, an event loop, stands still for the bell that this gives; None: there is none left."""
        try:
            self.done = bell = Bell()
        except OSError:  # as many files are open as may be
            return None
        return bell

    def wait_at(self, door: Door) -> asyncio.Future[Answer | None]:
        """From now on its asker waits for the future that this gives, unless the lock is free already."""
        self.future = door.loop.create_future()
        self.door = door  # last: whoever sees it finds the future
        return self.future

    def finish(self, answer: Answer) -> None:
        """First the lock, then the door: who goes from one to the other in between finds one of them open."""
        self.answer = answer
        if self.done is not None:
            self.done.release()
        if self.door is not None:
            self.door.put(self)


class Door:
    """The way back into one event loop: however many answers are ready, the loop is woken once."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._ready: deque[Job] = deque()
        self._woken = False

    def put(self, job: Job) -> None:
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
            if job.future is not None and not job.future.done():
                job.future.set_result(job.answer)


def expire(future: asyncio.Future[Answer | None]) -> None:
    """The deadline has come: whoever waits is told that there is no answer."""
    if not future.done():
        future.set_result(None)
