"""How often one peer may ask: a bucket of tokens each, refilled with time."""

from __future__ import annotations

from collections import OrderedDict

from core.clock import Clock

_MOST_PEERS = 1024


class RateLimit:
    """`burst` at once and `per_s` from then on. Threads may share it: a race gives away one token at most."""

    def __init__(self, clock: Clock, *, per_s: float, burst: int) -> None:
        self._clock = clock
        self._per_s = per_s
        self._burst = float(burst)
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_s(self, peer: str) -> float:
        """0 when `peer` may go on, which takes one token; else the seconds until the next one."""
        now_s = self._clock.now().mono_s
        left, at_s = self._buckets.pop(peer, (self._burst, now_s))
        left = min(self._burst, left + (now_s - at_s) * self._per_s)
        allowed = left >= 1.0
        self._buckets[peer] = (left - 1.0 if allowed else left, now_s)
        while len(self._buckets) > _MOST_PEERS:
            self._buckets.popitem(last=False)
        return 0.0 if allowed else (1.0 - left) / self._per_s
