"""The R peak of a complex whose place is roughly known."""

from __future__ import annotations

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
    """Keeps the newest 8 s of a lead; finds the farthest point from rest within 80 ms of a place."""

    def __init__(self, rate_hz: float) -> None:
        self._kept = round(_KEPT_S * rate_hz)
        self._reach = round(_REACH_S * rate_hz)
        self._rest = round(_REST_S * rate_hz)
        self.reset(0)

    def reset(self, sample: int) -> None:
        """The next sample fed is `sample`."""
        self._samples: Floats = np.empty(0)
        self._first = sample
        self._side = 0.0  # above 0: complexes point up, as a running mean of -1 to 1

    def feed(self, samples: Floats) -> None:
        """Older ones than 8 s before these are dropped, so that what is placed now never depends on the chunks."""
        drop = max(self._samples.size - self._kept, 0)
        self._samples = np.concatenate((self._samples[drop:], samples))
        self._first += drop

    def place(self, sample: int) -> int:
        """The R peak near `sample`; `sample` itself where the samples are gone."""
        middle = sample - self._first
        low, high = max(middle - self._reach, 0), min(middle + self._reach + 1, self._samples.size)
        if high - low < 3:
            return sample
        around = self._samples[max(middle - self._rest, 0) : middle + self._rest + 1]
        window = self._samples[low:high] - np.partition(around, around.size // 2)[around.size // 2]
        top, bottom = int(window.argmax()), int(window.argmin())
        up, down = max(float(window[top]), 0.0), max(-float(window[bottom]), 0.0)
        weight = _USUAL_SIDE if self._side > 0 else 1 / _USUAL_SIDE
        upward = up * (weight if abs(self._side) > 0.3 else 1.0) >= down
        self._side += _STEP * ((1.0 if upward else -1.0) - self._side)
        return self._first + low + (top if upward else bottom)

    def around(self, sample: int, reach: int) -> Floats | None:
        """The samples up to `reach` before and after; None where they are not all there."""
        middle = sample - self._first
        if middle < reach or middle + reach >= self._samples.size:
            return None
        return self._samples[middle - reach : middle + reach + 1]
