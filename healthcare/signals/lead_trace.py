"""One ECG lead as the beat classifier sees it: 0.5 to 40 Hz; windows of it at 125 Hz, whatever its own rate.

Causal, state carried: the same samples give the same windows, bit for bit, whatever the size of the chunks.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from healthcare.signals.beat import Chunk
from healthcare.signals.blocks import Blocks

WINDOW_RATE_HZ = 125.0
_BAND_HZ = (0.5, 40.0)
#: Beats are classified a few seconds late at most.
_KEPT_S = 12.0
_BLOCK_S = 0.5


class LeadTrace:
    """`rate_hz` is the lead's own rate, 100 or more; windows reach `reach` points (1/125 s) to both sides of a beat."""

    def __init__(self, rate_hz: float, reach: int) -> None:
        self.rate_hz = rate_hz
        self._blocks = Blocks(rate_hz, _BLOCK_S)
        self._runs = 0
        self._b, self._a = signal.butter(2, (_BAND_HZ[0], min(_BAND_HZ[1], 0.4 * rate_hz)), "bandpass", fs=rate_hz)
        self._state: NDArray[np.float64] = np.zeros(4)
        self._level = 0.0  # taken off, so that the trace goes on smoothly from the start and after a gap
        self._held = 0.0
        self._in_gap = True
        self._kept = int(_KEPT_S * rate_hz)
        self._trace: NDArray[np.float32] = np.zeros(4 * self._kept, np.float32)
        self._bad: NDArray[np.bool_] = np.zeros(4 * self._kept, bool)
        self._first = 0  # number of the sample that lies at 0 of the buffer
        self._filled = 0
        place = np.arange(-reach, reach + 1) * (rate_hz / WINDOW_RATE_HZ)
        self._places = np.floor(place).astype(np.intp)[:, None] + np.arange(-1, 3)
        self._weights = _catmull_rom(place - np.floor(place)).astype(np.float32)
        self._before = int(-self._places[0, 0])
        self._after = int(self._places[-1, -1])

    @property
    def end_s(self) -> float:
        """Stream time up to which windows can be cut."""
        return self._blocks.start_s + (self._first + self._filled) / self.rate_hz

    def take(self, chunk: Chunk) -> None:
        """The next samples of the lead; what is not finite is a gap, and so is a hole between two chunks."""
        for _, block in self._blocks.take(chunk.samples, chunk.start_s):
            if self._blocks.restarts != self._runs:
                self._runs = self._blocks.restarts
                self._first = self._filled = 0
                self._in_gap = True
            self._push(block)

    def reaches(self, at_s: float) -> bool:
        """Whether the whole window around `at_s` has come in."""
        return self._sample(at_s) + self._after < self._first + self._filled

    def window(self, at_s: float) -> NDArray[np.float32] | None:
        """2 x reach + 1 points around `at_s`; None when it is not all there or a gap lies in it."""
        centre = self._sample(at_s) - self._first
        if centre < self._before or centre + self._after >= self._filled:
            return None
        if self._bad[centre - self._before : centre + self._after + 1].any():
            return None
        points: NDArray[np.float32] = np.einsum("ij,ij->i", self._trace[self._places + centre], self._weights)
        return points

    def _sample(self, at_s: float) -> int:
        return round((at_s - self._blocks.start_s) * self.rate_hz)

    def _push(self, values: NDArray[np.float64]) -> None:
        finite = np.isfinite(values)
        joined = values - self._level if not self._in_gap and finite.all() else self._joined(values, finite)
        self._held = float(joined[-1])
        filtered, self._state = signal.lfilter(self._b, self._a, joined, zi=self._state)
        if self._filled + len(filtered) > len(self._trace):
            self._drop()
        stop = self._filled + len(filtered)
        self._trace[self._filled : stop] = filtered
        np.logical_not(finite, out=self._bad[self._filled : stop])
        self._filled = stop

    def _joined(self, values: NDArray[np.float64], finite: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Gaps hold the last value, and what comes after goes on from there: a jump would ring for a second."""
        joined = np.empty_like(values)
        edges = [0, *(np.flatnonzero(np.diff(finite)) + 1).tolist(), len(values)]
        for start, stop in pairwise(edges):
            if not finite[start]:
                joined[start:stop] = self._held
                self._in_gap = True
                continue
            if self._in_gap:
                self._level = float(values[start]) - self._held
                self._in_gap = False
            joined[start:stop] = values[start:stop] - self._level
            self._held = float(joined[stop - 1])
        return joined

    def _drop(self) -> None:
        gone = self._filled - self._kept
        for buffer in (self._trace, self._bad):
            buffer[: self._kept] = buffer[gone : self._filled].copy()
        self._first += gone
        self._filled = self._kept


def _catmull_rom(share: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weights of the sample before, the one at hand and the two after, for a point `share` of a sample later; n x 4."""
    square, cube = share**2, share**3
    weights = (2 * square - share - cube, 2 - 5 * square + 3 * cube, share + 4 * square - 3 * cube, cube - square)
    return np.stack(weights, axis=1) / 2


def take_leads(traces: dict[str, LeadTrace], chunks: Iterable[Chunk], most: int, reach: int) -> None:
    """Takes the chunks into the traces of their leads, the first `most` that come; another rate begins one anew."""
    for chunk in chunks:
        trace = traces.get(chunk.channel)
        if trace is None or trace.rate_hz != chunk.rate_hz:
            if trace is None and len(traces) == most:
                continue
            trace = traces[chunk.channel] = LeadTrace(chunk.rate_hz, reach)
        trace.take(chunk)
