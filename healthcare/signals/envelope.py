"""How much of a QRS complex there is in an ECG lead, moment by moment.

Steps (after Pan and Tompkins 1985, with their squaring and window): band-pass 7 to 20 Hz, slope, square, mean over the
last 170 ms, root. In mV/s. The root keeps a wide and a narrow complex comparable; the window bridges notched complexes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, lfilter

Floats = NDArray[np.float64]

BAND_HZ = (7.0, 20.0)
WINDOW_S = 0.17
#: From the middle of a complex to the top of the envelope: half the window, and what the filter delays.
DELAY_S = WINDOW_S / 2 + 0.02
#: The envelope of a triangle of 0.15 mV and 70 ms: IEC 60601-2-27 wants nothing below that taken for a beat.
FLOOR_MV_S = 2.2
#: Squares are summed as whole numbers, so that the sums do not depend on how the samples came in.
_STEPS = float(1 << 16)
_MOST_SQUARED = 4e11
LOWEST_RATE_HZ, HIGHEST_RATE_HZ = 90.0, 2000.0


class Envelope:
    """Samples of one lead in, its envelope out, sample by sample; the same for any size of the chunks."""

    def __init__(self, rate_hz: float) -> None:
        if not LOWEST_RATE_HZ <= rate_hz <= HIGHEST_RATE_HZ:
            raise ValueError(
                f"an ECG lead has {LOWEST_RATE_HZ:g} to {HIGHEST_RATE_HZ:g} samples a second, not {rate_hz}"
            )
        self._rate_hz = rate_hz
        self._window = round(WINDOW_S * rate_hz)
        self._forward, self._back = butter(2, BAND_HZ, "bandpass", fs=rate_hz)
        self.reset()

    def reset(self) -> None:
        self._filter = np.zeros(len(self._back) - 1)
        self._last = 0.0
        self._sums = np.zeros(self._window, np.int64)

    def feed(self, samples: Floats) -> tuple[Floats, Floats]:
        """Envelope and slope, without its sign, both in mV/s. `samples` have no NaN (see `Bridge`)."""
        if not samples.size:
            return np.empty(0), np.empty(0)
        passed, self._filter = lfilter(self._forward, self._back, samples, zi=self._filter)
        slopes = np.empty(samples.size)
        slopes[0] = passed[0] - self._last
        np.subtract(passed[1:], passed[:-1], out=slopes[1:])
        self._last = float(passed[-1])
        slopes *= self._rate_hz
        squares = slopes * slopes
        np.minimum(squares, _MOST_SQUARED, out=squares)
        squares *= _STEPS
        sums = np.empty(self._window + samples.size, np.int64)
        sums[: self._window] = self._sums
        sums[self._window :] = squares
        np.cumsum(sums[self._window - 1 :], out=sums[self._window - 1 :])  # may wrap around: differences stay right
        self._sums = sums[-self._window :]
        means = (sums[self._window :] - sums[: -self._window]) * (1.0 / (self._window * _STEPS))
        return np.sqrt(means), np.abs(slopes)


class Bridge:
    """Fills what is missing with the last sample and joins what follows to it, so that no step looks like a beat."""

    def __init__(self) -> None:
        self._last = 0.0
        self._offset: float | None = None  # None: the next sample is joined

    def feed(self, samples: NDArray[np.floating]) -> tuple[Floats, NDArray[np.bool_]]:
        """Samples without NaN, and which of them were given."""
        given = np.isfinite(samples)
        values = samples.astype(np.float64)
        if self._offset is not None and given.all():
            values -= self._offset
            if values.size:
                self._last = float(values[-1])
            return values, given
        edges = np.flatnonzero(np.diff(given.astype(np.int8))) + 1
        for begin, end in zip([0, *edges.tolist()], [*edges.tolist(), values.size], strict=True):
            self._join(values[begin:end], bool(given[begin:end].all()))
        return values, given

    def _join(self, run: Floats, given: bool) -> None:
        if not run.size:
            return
        if not given:
            run[:] = self._last
            self._offset = None
            return
        if self._offset is None:
            self._offset = float(run[0]) - self._last
        run -= self._offset
        self._last = float(run[-1])
