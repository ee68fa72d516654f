"""How much of a QRS complex there is in an ECG lead, moment by moment.

Steps (after Pan and Tompkins 1985, with their squaring and window): band-pass 7 to 20 Hz, slope, square, mean over the
last 170 ms, root. In mV/s. The root keeps a wide and a narrow complex comparable; the window bridges notched complexes.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from healthcare.signals.filters import Floats, band_pass, filtered

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
        self.rate_hz = rate_hz
        self.window = round(WINDOW_S * rate_hz)
        self.forward, self.back = _band_pass(rate_hz)
        self.reset()

    def reset(self) -> None:
        self.take_over(np.zeros(len(self.back) - 1), 0.0, np.zeros(self.window, np.int64))

    def feed(self, samples: Floats) -> tuple[Floats, Floats]:
        """Envelope and slope, without its sign, both in mV/s. `samples` have no NaN (see `Bridge`)."""
        return feed_together([self], [samples])[0]

    def take_over(self, state: Floats, last: float, sums: NDArray[np.int64]) -> None:
        """Where the samples of a `feed` have left it."""
        self.state, self.last, self.sums = state, last, sums


def feed_together(envelopes: Sequence[Envelope], samples: Sequence[Floats]) -> list[tuple[Floats, Floats]]:
    """`Envelope.feed` of leads of one rate, with equally many samples of each, in one go."""
    one, size = envelopes[0], samples[0].size
    if not size:
        return [(np.empty(0), np.empty(0)) for _ in envelopes]
    window = one.window
    passed, states = filtered(one.forward, one.back, samples, [each.state for each in envelopes])
    slopes = np.empty_like(passed)
    slopes[:, 0] = passed[:, 0] - [each.last for each in envelopes]
    np.subtract(passed[:, 1:], passed[:, :-1], out=slopes[:, 1:])
    slopes *= one.rate_hz
    squares = slopes * slopes
    np.minimum(squares, _MOST_SQUARED, out=squares)
    squares *= _STEPS
    sums = np.empty((len(envelopes), window + size), np.int64)
    sums[:, :window] = [each.sums for each in envelopes]
    sums[:, window:] = squares
    grown = sums[:, window - 1 :]
    grown.cumsum(axis=1, out=grown)  # may wrap around: differences stay right
    for row, each in enumerate(envelopes):
        each.take_over(states[row], float(passed[row, -1]), sums[row, -window:])
    heights = (sums[:, window:] - sums[:, :-window]) * (1.0 / (window * _STEPS))
    np.sqrt(heights, out=heights)
    np.abs(slopes, out=slopes)
    return list(zip(heights, slopes, strict=True))


@lru_cache(maxsize=16)
def _band_pass(rate_hz: float) -> tuple[Floats, Floats]:
    return band_pass(2, BAND_HZ, rate_hz)


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
