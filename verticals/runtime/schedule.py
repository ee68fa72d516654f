"""One heap for everything that time alone will bring: nobody sleeps in a loop and nobody polls."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import logging
from collections.abc import Callable

from core.clock import Clock

log = logging.getLogger(__name__)


class Timer:
    """One call to come. `cancel` may be called at any time, also afterwards."""

    __slots__ = ("_call", "at_mono_s")

    def __init__(self, at_mono_s: float, call: Callable[[], None]) -> None:
        self.at_mono_s = at_mono_s
        self._call: Callable[[], None] | None = call

    @property
    def waiting(self) -> bool:
        return self._call is not None

    def cancel(self) -> None:
        self._call = None

    def fire(self) -> None:
        call, self._call = self._call, None
        if call is not None:
            call()


class Schedule:
    """Belongs to one event loop. Times are monotonic seconds of `clock`; an alarm never rings early."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._heap: list[tuple[float, int, Timer]] = []
        self._tie = itertools.count()
        self._alarm: asyncio.TimerHandle | None = None
        self._stopped = False

    def now_mono_s(self) -> float:
        return self._clock.now().mono_s

    def at(self, mono_s: float, call: Callable[[], None]) -> Timer:
        """Calls `call` in the event loop at `mono_s`, or soon when that is past; never within this call."""
        timer = Timer(mono_s, call)
        heapq.heappush(self._heap, (mono_s, next(self._tie), timer))
        if self._heap[0][2] is timer:
            self._arm()
        return timer

    def after(self, seconds: float, call: Callable[[], None]) -> Timer:
        return self.at(self._clock.now().mono_s + seconds, call)

    async def sleep_until(self, mono_s: float) -> None:
        """Returns at `mono_s`, at once when that is past."""
        if self._clock.now().mono_s >= mono_s:
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        timer = self.at(mono_s, lambda: None if woken.done() else woken.set_result(None))
        try:
            await woken
        finally:
            timer.cancel()

    async def sleep(self, seconds: float) -> None:
        await self.sleep_until(self._clock.now().mono_s + seconds)

    def poke(self) -> None:
        """Looks at the clock and fires what has come due; for whoever has moved the clock."""
        now_mono_s = self._clock.now().mono_s
        due: list[Timer] = []
        while self._heap and (self._heap[0][0] <= now_mono_s or not self._heap[0][2].waiting):
            due.append(heapq.heappop(self._heap)[2])
        for timer in due:
            if self._stopped:
                return
            try:
                timer.fire()
            except Exception:
                log.exception("a timed call failed")
        self._arm()

    def stop(self) -> None:
        """Nothing fires any more."""
        self._stopped = True
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def _arm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        while self._heap and not self._heap[0][2].waiting:
            heapq.heappop(self._heap)
        if self._heap and not self._stopped:
            delay_s = max(0.0, self._heap[0][0] - self._clock.now().mono_s)
            self._alarm = asyncio.get_running_loop().call_later(delay_s, self.poke)
