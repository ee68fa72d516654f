"""One ask on its way through the engine, and the way back to who asked."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import TYPE_CHECKING, Any

from core.inference.request import Answer, Arrays

if TYPE_CHECKING:
    from core.inference.loaded import Loaded

log = logging.getLogger(__name__)


class Job:
    """One ask on its way. `waits` is what the asker sleeps on: a lock of its own, or a future of its loop."""

    __slots__ = ("answer", "deadline_mono_s", "door", "given_up", "inputs", "loaded", "submitted_mono_s", "waits")

    def __init__(
        self, loaded: Loaded, inputs: Arrays, deadline_mono_s: float, submitted_mono_s: float, waits: Any,
        door: Door | None = None,
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
            if not job.waits.done():
                job.waits.set_result(job.answer)


def expire(future: asyncio.Future[Answer | None]) -> None:
    """The deadline has come: whoever waits is told that there is no answer."""
    if not future.done():
        future.set_result(None)
