"""Looks after runs that outlast their deadline; while none does, its thread sleeps.

Nobody sets a timer for a request. Who finds an ask late says so by `expect`; a run on the asker's own thread
says beforehand when it would be late, and then the thread wakes once per deadline at most, not once per run.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from threading import Event, Lock, Thread

_LONGEST_SLEEP_S = 86_400.0


class Watch:
    """`look` is called with `lock` held and says when to look again: a monotonic time in seconds, or infinity.

    `wake_s` is the only state: the time of the next look.
    """

    def __init__(self, lock: Lock, now_mono_s: Callable[[], float], look: Callable[[float], float]) -> None:
        self._lock = lock
        self._now_mono_s = now_mono_s
        self._look = look
        self._wake = Event()
        self._thread: Thread | None = None
        self._closed = False
        self.wake_s = math.inf

    def expect(self, at_mono_s: float) -> None:
        """Looks then, or earlier. The caller holds the lock."""
        if at_mono_s < self.wake_s and not self._closed:
            self.wake_s = at_mono_s
            if self._thread is None:
                self._thread = Thread(target=self._run, name="watch", daemon=True)
                self._thread.start()
            self._wake.set()

    def close(self) -> None:
        self._closed = True
        self._wake.set()

    def _run(self) -> None:
        while not self._closed:
            self._wake.clear()
            now_s = self._now_mono_s()
            with self._lock:
                if now_s >= self.wake_s:
                    self.wake_s = self._look(now_s)
                sleep_s = min(self.wake_s - now_s, _LONGEST_SLEEP_S)
            self._wake.wait(max(sleep_s, 0.0))
