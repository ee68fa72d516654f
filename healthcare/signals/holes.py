"""Where samples were missing for so long that no interval between beats can be told across it."""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

HOLE_S = 0.3


class Holes:
    """The last few holes of one stream, each as the samples from its first to one past its last."""

    def __init__(self, rate_hz: float) -> None:
        self._long = HOLE_S * rate_hz
        self._ends = 0  # one past the last missing sample
        self._began = 0
        self._holes: deque[tuple[int, int]] = deque(maxlen=8)

    def note(self, first: int, given: NDArray[np.bool_]) -> None:
        """`given`: which samples are there, from sample `first` on."""
        if given.all():
            return
        missing = np.flatnonzero(~given) + first
        breaks = np.flatnonzero(np.diff(missing) > 1) + 1
        for begin, end in zip([0, *breaks.tolist()], [*breaks.tolist(), missing.size], strict=True):
            self._run(int(missing[begin]), int(missing[end - 1]) + 1)

    def _run(self, begin: int, end: int) -> None:
        if begin != self._ends:
            self._began = begin
        self._ends = end
        if end - self._began < self._long:
            return
        if self._holes and self._holes[-1][0] == self._began:
            self._holes.pop()
        self._holes.append((self._began, end))

    def between(self, sample: int, later: int) -> bool:
        return any(begin < later and sample < end for begin, end in self._holes)
