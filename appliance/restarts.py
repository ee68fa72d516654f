"""When a process that stopped is started again: soon, then later and later, and never not at all."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from core.clock import Clock


@dataclass(frozen=True, slots=True)
class Patience:
    """Waits `first_s` after a stop, twice as long after each further one that came before `steady_s` of running.

    From the `restless_count`th stop within `restless_s` a process is restless, until it ran that long.
    """

    first_s: float = 0.2
    longest_s: float = 30.0
    steady_s: float = 5.0
    restless_count: int = 5
    restless_s: float = 60.0
    stop_s: float = 5.0


class Restarts:
    """The stops of one process."""

    def __init__(self, patience: Patience, clock: Clock) -> None:
        self._patience = patience
        self._clock = clock
        self._ends_mono_s: deque[float] = deque(maxlen=patience.restless_count)
        self._wait_s = 0.0
        self.count = 0
        self.restless = False

    def ended(self, ran_s: float) -> float:
        """Seconds to wait before it is started again, `ran_s` after its last start."""
        if ran_s >= self._patience.restless_s:
            self.settled()
        steady = ran_s >= self._patience.steady_s
        self._wait_s = self._patience.first_s if steady or not self._wait_s else 2 * self._wait_s
        self._wait_s = min(self._wait_s, self._patience.longest_s)
        now_s = self._clock.now().mono_s
        self._ends_mono_s.append(now_s)
        self.count += 1
        full = len(self._ends_mono_s) == self._patience.restless_count
        if full and now_s - self._ends_mono_s[0] <= self._patience.restless_s:
            self.restless = True
        return self._wait_s

    def settled(self) -> None:
        """It ran for `restless_s` without a stop."""
        self.restless = False
        self._wait_s = 0.0
