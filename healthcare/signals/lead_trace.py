"""One ECG lead as the beat classifier sees it: 0.5 to 40 Hz; windows of it at 125 Hz, whatever its own rate.

Causal, state carried: the same samples give the same windows, bit for bit, whatever the size of the chunks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from healthcare.signals.beat import Chunk
from healthcare.signals.blocks import Blocks
from healthcare.signals.filters import Floats, band_pass, filtered

WINDOW_RATE_HZ = 125.0
_BAND_HZ = (0.5, 40.0)
#: Beats are classified a few seconds late at most.
_KEPT_S = 12.0
_BLOCK_S = 0.5
#: A lead that is so much behind the others has stopped.
STOPPED_S = 2.0


class LeadTrace:
    """`rate_hz` is the lead's own rate, 100 or more. Windows reach so many points (1/125 s) to both sides of a beat."""

    def __init__(self, rate_hz: float) -> None:
        self.rate_hz = rate_hz
        self.forward, self.back = _band_pass(rate_hz)
        self.state: Floats = np.zeros(4)
        self._blocks = Blocks(rate_hz, _BLOCK_S)
        self._runs = 0
        self._level = 0.0  # taken off, so that the trace goes on smoothly from the start and after a gap
        self._held = 0.0
        self._in_gap = True
        self._kept = int(_KEPT_S * rate_hz)
        self._trace: NDArray[np.float32] = np.zeros(4 * self._kept, np.float32)
        self._bad: NDArray[np.bool_] = np.zeros(4 * self._kept, bool)
        self._last_bad = 0  # number of the sample after the newest that lies in a gap
        self._first = 0  # number of the sample that lies at 0 of the buffer
        self._filled = 0

    @property
    def end_s(self) -> float:
        """Stream time up to which windows can be cut."""
        return self._blocks.start_s + (self._first + self._filled) / self.rate_hz

    def take(self, chunk: Chunk) -> None:
        """The next samples of the lead; what is not finite is a gap, and so is a hole between two chunks."""
        for block in self.blocks(chunk):
            _push([(self, block)])

    def blocks(self, chunk: Chunk) -> Iterator[Floats]:
        """What the chunk makes whole. Each has to be pushed before the next is asked for."""
        for _, block in self._blocks.take(chunk.samples, chunk.start_s):
            if self._blocks.restarts != self._runs:
                self._runs = self._blocks.restarts
                self._first = self._filled = self._last_bad = 0
                self._bad[:] = False
                self._in_gap = True
            yield block

    def reaches(self, at_s: float, reach: int) -> bool:
        """Whether the whole window around `at_s` has come in."""
        return self._sample(at_s) + _grid(self.rate_hz, reach).after < self._first + self._filled

    def window(self, at_s: float, reach: int) -> NDArray[np.float32] | None:
        """2 x reach + 1 points around `at_s`; None when it is not all there or a gap lies in it."""
        grid = _grid(self.rate_hz, reach)
        centre = self._sample(at_s) - self._first
        if centre < grid.before or centre + grid.after >= self._filled:
            return None
        begin, end = centre - grid.before, centre + grid.after + 1
        if self._first + begin < self._last_bad and self._bad[begin:end].any():
            return None
        if grid.step:
            return self._trace[begin + 1 : end - 2 : grid.step].copy()
        points: NDArray[np.float32] = np.einsum("ij,ij->i", self._trace[grid.places + centre], grid.weights)
        return points

    def _sample(self, at_s: float) -> int:
        return round((at_s - self._blocks.start_s) * self.rate_hz)

    def joined(self, values: Floats) -> Floats:
        """What is to be filtered: the values without holes and jumps."""
        finite = np.isfinite(values)
        if np.logical_and.reduce(finite):
            joined = values - self._level if not self._in_gap else self._joined(values, finite)
        else:
            joined = self._joined(values, finite)
            self._note_gaps(finite)
        self._held = float(joined[-1])
        return joined

    def follow(self, filtered: Floats) -> None:
        """Takes what the filter made of it."""
        self._make_room(len(filtered))
        self._trace[self._filled : self._filled + len(filtered)] = filtered
        self._filled += len(filtered)

    def _note_gaps(self, finite: NDArray[np.bool_]) -> None:
        self._make_room(len(finite))
        np.logical_not(finite, out=self._bad[self._filled : self._filled + len(finite)])
        self._last_bad = self._first + self._filled + len(finite)

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

    def _make_room(self, size: int) -> None:
        """What is marked in the room that comes free is marked no more."""
        if self._filled + size <= len(self._trace):
            return
        gone = self._filled - self._kept
        for buffer in (self._trace, self._bad):
            buffer[: self._kept] = buffer[gone : self._filled].copy()
        self._bad[self._kept :] = False
        self._first += gone
        self._filled = self._kept


def _catmull_rom(share: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weights of the sample before, the one at hand and the two after, for a point `share` of a sample later; n x 4."""
    square, cube = share**2, share**3
    weights = (2 * square - share - cube, 2 - 5 * square + 3 * cube, share + 4 * square - 3 * cube, cube - square)
    return np.stack(weights, axis=1) / 2


class LeadTraces:
    """The first `most` leads of a bed that come."""

    def __init__(self, most: int) -> None:
        self.by_lead: dict[str, LeadTrace] = {}
        self._most = most

    def take(self, chunks: Iterable[Chunk]) -> None:
        """Another rate begins a lead anew."""
        given: dict[LeadTrace, list[Chunk]] = {}
        for chunk in chunks:
            trace = self.by_lead.get(chunk.channel)
            if trace is None or trace.rate_hz != chunk.rate_hz:
                if trace is None and len(self.by_lead) == self._most:
                    continue
                trace = self.by_lead[chunk.channel] = LeadTrace(chunk.rate_hz)
            given.setdefault(trace, []).append(chunk)
        turns = [_turns(trace, of_lead) for trace, of_lead in given.items()]
        while blocks := [turn for lead in turns if (turn := next(lead, None)) is not None]:
            _push(blocks)

    def newest_s(self) -> float:
        return max((trace.end_s for trace in self.by_lead.values()), default=0.0)

    def reach(self, at_s: float, reach: int) -> bool:
        """Whether the whole window around `at_s` has come in of every lead that has not stopped."""
        live_from_s = self.newest_s() - STOPPED_S
        return all(trace.reaches(at_s, reach) for trace in self.by_lead.values() if trace.end_s > live_from_s)


def _turns(trace: LeadTrace, chunks: Iterable[Chunk]) -> Iterator[tuple[LeadTrace, Floats]]:
    return ((trace, block) for chunk in chunks for block in trace.blocks(chunk))


def _push(blocks: Sequence[tuple[LeadTrace, Floats]]) -> None:
    """One block of each lead; in one go where they have one rate."""
    if len({(trace.rate_hz, len(block)) for trace, block in blocks}) > 1:
        for one in blocks:
            _push([one])
        return
    first = blocks[0][0]
    joined = [trace.joined(block) for trace, block in blocks]
    passed, states = filtered(first.forward, first.back, joined, [trace.state for trace, _ in blocks])
    for (trace, _), wave, state in zip(blocks, passed, states, strict=True):
        trace.state = state
        trace.follow(wave)


@lru_cache(maxsize=16)
def _band_pass(rate_hz: float) -> tuple[Floats, Floats]:
    return band_pass(2, (_BAND_HZ[0], min(_BAND_HZ[1], 0.4 * rate_hz)), rate_hz)


@dataclass(frozen=True, slots=True)
class _Grid:
    """Where the points of a window lie. `step`: samples from one to the next where all lie on samples, else 0."""

    places: NDArray[np.intp]  # points x 4: the samples that each is made of, from the middle
    weights: NDArray[np.float32]
    before: int
    after: int
    step: int


@lru_cache(maxsize=32)
def _grid(rate_hz: float, reach: int) -> _Grid:
    place = np.arange(-reach, reach + 1) * (rate_hz / WINDOW_RATE_HZ)
    places = np.floor(place).astype(np.intp)[:, None] + np.arange(-1, 3)
    weights = _catmull_rom(place - np.floor(place)).astype(np.float32)
    step = int(rate_hz / WINDOW_RATE_HZ) if rate_hz % WINDOW_RATE_HZ == 0 else 0
    return _Grid(places, weights, int(-places[0, 0]), int(places[-1, -1]), step)
