"""The R peak of a complex whose place is roughly known."""

from __future__ import annotations

from copy import copy

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_KEPT_S = 8.0
_REACH_S = 0.08
_REST_S = 0.2
#: A peak of the unusual side must be so much larger to be taken: no jumping between R and S from beat to beat.
_USUAL_SIDE = 1.5
_STEP = 0.2


class PeakPlacer:
    """Finds the farthest point from rest within 80 ms of a place, in the newest 8 s of a lead."""

    def __init__(self, rate_hz: float) -> None:
        self._recent = _Recent(round(_KEPT_S * rate_hz))
        self._reach = round(_REACH_S * rate_hz)
        self._rest = round(_REST_S * rate_hz)
        self.reset(0)

    def beside(self) -> PeakPlacer:
        """Another one that looks at the same samples, for other beats; only one of the two is fed."""
        other = copy(self)
        other._side = 0.0
        return other

    def reset(self, sample: int) -> None:
        """The next sample fed is `sample`."""
        self._recent.reset(sample)
        self._side = 0.0  # above 0: complexes point up, as a running mean of -1 to 1

    def feed(self, samples: Floats) -> None:
        """Older ones than 8 s before these are dropped, so that what is placed now never depends on the chunks."""
        self._recent.add(samples)

    def place(self, sample: int) -> int:
        """The R peak near `sample`; `sample` itself where the samples are gone."""
        first, samples = self._recent.first, self._recent.samples
        middle = sample - first
        low, high = max(middle - self._reach, 0), min(middle + self._reach + 1, samples.size)
        if high - low < 3:
            return sample
        around = samples[max(middle - self._rest, 0) : middle + self._rest + 1].copy()
        half = around.size // 2
        around.partition(half)
        window = samples[low:high] - around[half]
        top, bottom = int(window.argmax()), int(window.argmin())
        up, down = max(float(window[top]), 0.0), max(-float(window[bottom]), 0.0)
        weight = _USUAL_SIDE if self._side > 0 else 1 / _USUAL_SIDE
        upward = up * (weight if abs(self._side) > 0.3 else 1.0) >= down
        self._side += _STEP * ((1.0 if upward else -1.0) - self._side)
        return first + low + (top if upward else bottom)

    def around(self, sample: int, reach: int) -> Floats | None:
        """The samples up to `reach` before and after; None where they are not all there."""
        middle, samples = sample - self._recent.first, self._recent.samples
        if middle < reach or middle + reach >= samples.size:
            return None
        return samples[middle - reach : middle + reach + 1]


class _Recent:
    """The newest samples of a lead in a row; `first` is the number of the oldest."""

    def __init__(self, kept: int) -> None:
        self._kept = kept
        self.reset(0)

    def reset(self, sample: int) -> None:
        self._buffer: Floats = np.empty(4 * self._kept)
        self._begin = self._end = 0
        self.first = sample

    @property
    def samples(self) -> Floats:
        return self._buffer[self._begin : self._end]

    def add(self, samples: Floats) -> None:
        drop = max(self._end - self._begin - self._kept, 0)
        self._begin += drop
        self.first += drop
        if self._end + samples.size > self._buffer.size:
            self._make_room(samples.size)
        self._buffer[self._end : self._end + samples.size] = samples
        self._end += samples.size

    def _make_room(self, size: int) -> None:
        held = self.samples.copy()
        if held.size + size > self._buffer.size:
            self._buffer = np.empty(2 * (held.size + size))
        self._buffer[: held.size] = held
        self._begin, self._end = 0, held.size
