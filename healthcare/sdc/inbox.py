"""From the threads of the library into the line's event loop: bounded, alarms before all else."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

from core.clock import Instant
from verticals.contract import Value

HEARD, LOST = "heard", "lost"


@dataclass(frozen=True, slots=True)
class Told:
    """`kind`: that of the sample that `values` become, or HEARD, or LOST with `why`."""

    kind: str
    at: Instant
    values: Mapping[str, Value]
    why: str = ""


class Inbox:
    """`put` from any thread, `take` in the loop. Where the line is slow the oldest waves go, then numerics.

    An alarm is never dropped: where there is no room for one, the device counts as lost, and what it says is read anew.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, most: int) -> None:
        self._loop, self._most = loop, most
        self._lock = threading.Lock()
        self._waiting: deque[Told] = deque()
        self._filled = asyncio.Event()
        self.dropped = 0

    def put(self, told: Told) -> None:
        with self._lock:
            if len(self._waiting) >= self._most and not self._make_room():
                told = Told(LOST, told.at, {}, f"more than {self._most} alarms wait for the line")
                self._waiting.clear()
            self._waiting.append(told)
        with contextlib.suppress(RuntimeError):  # the loop has ended: nobody takes it any more
            self._loop.call_soon_threadsafe(self._filled.set)

    def _make_room(self) -> bool:
        for kind in ("wave", "numerics", HEARD):
            oldest = next((place for place, told in enumerate(self._waiting) if told.kind == kind), None)
            if oldest is not None:
                del self._waiting[oldest]
                self.dropped += 1
                return True
        return False

    async def take(self) -> list[Told]:
        """What has come, in its order; waits for something."""
        await self._filled.wait()
        self._filled.clear()
        with self._lock:
            found = list(self._waiting)
            self._waiting.clear()
        return found
