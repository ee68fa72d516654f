"""When a frame was taken, out of a clock that is not ours: a camera's, or a stream's time stamps.

What arrives can only be late, never early. So the smallest distance between arrival and time stamp seen lately
is the distance of the two clocks, and a frame that was held up on its way is dated back by what it lost there.
"""

from __future__ import annotations

from collections import deque

from core.clock import Instant

_LOOK_BACK_S = 10.0  # long against one hold-up, short against the drift of two clocks
_STEP_S = 2.0  # held up for longer is a lost camera; then it was the other clock that was set


class FrameDating:
    """`latency_s` is what even the fastest frame takes from the light to us; it is measured once, at the site."""

    def __init__(self, latency_s: float = 0.0) -> None:
        self._latency_s = latency_s
        self._distances: deque[tuple[float, float]] = deque()  # the distance of the clocks, and when it was seen

    def date(self, stamp_s: float, arrival: Instant) -> Instant:
        """The moment on our clocks, never after `arrival`, of a frame that bears `stamp_s` of the other clock."""
        distance_s = arrival.mono_s - stamp_s
        seen = self._distances
        while seen and (arrival.mono_s - seen[0][1] > _LOOK_BACK_S or distance_s - seen[0][0] > _STEP_S):
            seen.popleft()
        while seen and seen[-1][0] >= distance_s:  # they will never be the least again
            seen.pop()
        seen.append((distance_s, arrival.mono_s))
        return arrival.plus(seen[0][0] - distance_s - self._latency_s)
