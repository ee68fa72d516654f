"""A wave in blocks of one size, whatever sizes it arrived in: what is found never depends on the chunks.

Every follower of a wave (pulse, respiration, fibrillation) works on whole blocks that count from the first sample of
its stream; what is left over waits for the next chunk.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: A chunk that starts this near to where the last one ended goes on from it: clocks of monitors jitter and drift.
JITTER_S = 0.1
#: From this much on, the stream's start is moved along, so that a drifting clock never adds up to a gap.
DRIFT_S = 0.02
#: A hole up to this long is filled with NaN and the stream goes on; after a longer one it starts anew.
BRIDGED_GAP_S = 5.0


class Blocks:
    """Samples cut into blocks of `length`, averaged over `factor` neighbours each (1: as they are).

    `start_s` of a stream is the time of its first sample, in seconds of the source's clock; `restarts` counts how often
    the stream began anew (first chunk, long gap, step of the clock).
    """

    def __init__(self, rate_hz: float, block_s: float, factor: int = 1) -> None:
        if rate_hz <= 0:
            raise ValueError(f"a wave needs a rate above 0 Hz, not {rate_hz}")
        self.rate_hz = rate_hz / factor
        self.length = max(1, round(block_s * self.rate_hz))
        self.start_s = 0.0
        self.restarts = 0
        self._source_hz = rate_hz
        self._factor = factor
        self._taken = 0  # source samples since start_s
        self._left: Floats = np.empty(0)

    @property
    def end_s(self) -> float:
        """Time just after the newest sample taken."""
        return self.start_s + self._taken / self._source_hz

    def take(self, samples: NDArray[np.floating], start_s: float) -> Iterator[tuple[int, Floats]]:
        """Each whole block with the number of its first (averaged) sample since `start_s`.

        One NaN among `factor` neighbours makes their average NaN. Who uses a block compares `restarts` before.
        """
        gap_s = start_s - self.end_s
        if self.restarts == 0 or gap_s > BRIDGED_GAP_S or gap_s < -JITTER_S:
            self._begin(start_s)
        elif gap_s > JITTER_S:
            yield from self._cut(np.full(round(gap_s * self._source_hz), np.nan))
        elif abs(gap_s) > DRIFT_S:
            self.start_s += gap_s
        yield from self._cut(np.asarray(samples, dtype=np.float64))

    def _begin(self, start_s: float) -> None:
        self.start_s = start_s
        self.restarts += 1
        self._taken = 0
        self._left = np.empty(0)

    def _cut(self, samples: Floats) -> Iterator[tuple[int, Floats]]:
        first = (self._taken - len(self._left)) // self._factor
        self._taken += len(samples)
        waiting = np.concatenate((self._left, samples)) if len(self._left) else samples
        size = self.length * self._factor
        whole = len(waiting) // size
        self._left = waiting[whole * size :].copy()
        for number in range(whole):
            block = waiting[number * size : (number + 1) * size]
            if self._factor > 1:
                block = np.add.reduce(block.reshape(self.length, self._factor), axis=1) / self._factor
            yield first + number * self.length, block
