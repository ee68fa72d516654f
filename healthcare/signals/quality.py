"""How far a lead can be trusted: is it on the patient, does a beat stand out, does one beat look like another.

In blocks of half a second that count from the stream's first sample, so that nothing depends on the chunks. A score of
0 to 1: the better of two, for a fast heart leaves no quiet between its beats and ectopic beats look like no other,
but only noise does both. Below `MUTED_BELOW` beats are not to be relied upon and a technical alarm is due.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from math import isfinite, log

import numpy as np
from numpy.typing import NDArray

from healthcare.signals.envelope import FLOOR_MV_S

Floats = NDArray[np.float64]

BLOCK_S = 0.5
MUTED_BELOW = 0.5
#: Flat, at the rail or without samples for longer than this: the lead is off.
OFF_S = 2.0
_FLAT_MV = 0.005
_CLIPPED_SHARE = 0.15
_AMPLITUDE_BLOCKS, _REST_BLOCKS, _TOP_BLOCKS = 16, 8, 4
_WEIGHT_FROM, _WEIGHT_TO, _LEAST_WEIGHT = 0.7, 2.5, 0.02
_WEIGHT_POWER = 1.5
_DEAD_SHARE = 0.25
_NO_CONTRAST, _CONTRAST = 2.2, 5.0
_UNLIKE, _ALIKE = 0.85, 0.99
_SHAPES, _NEAREST, _LIKENESSES = 12, 3, 8
_SHAPE_S = 0.1


@dataclass(frozen=True, slots=True)
class Block:
    """Half a second of one lead. `top`, `middle`, `low`: of the envelope, in mV/s; `clipped`: share at its extremes."""

    top: float
    middle: float
    low: float
    off: bool
    clipped: float


def block_of(samples: NDArray[np.floating], heights: Floats) -> Block:
    """`samples` as they came, NaN included; `heights`: their envelope."""
    given = samples
    top, bottom = float(given.max()), float(given.min())
    if not (isfinite(top) and isfinite(bottom)):  # NaN among the samples makes both NaN
        given = samples[np.isfinite(samples)]
    low, middle = heights.size // 5, heights.size // 2
    ordered = sorted(heights.tolist())
    off, clipped = True, 0.0
    if given.size * 2 > samples.size:
        if given is not samples:
            top, bottom = float(given.max()), float(given.min())
        off = top - bottom <= _FLAT_MV
        clipped = max(np.count_nonzero(given == top), np.count_nonzero(given == bottom)) / given.size
    return Block(ordered[-1], ordered[middle], ordered[low], off, clipped)


class LeadQuality:
    """Follows one lead block by block and beat by beat."""

    def __init__(self) -> None:
        self._tops: deque[float] = deque(maxlen=_TOP_BLOCKS)
        self._highs: deque[float] = deque(maxlen=_AMPLITUDE_BLOCKS)
        self._middles: deque[float] = deque(maxlen=_REST_BLOCKS)
        self._lows: deque[float] = deque(maxlen=_REST_BLOCKS)
        self._shapes: Floats = np.zeros((_SHAPES, 0))
        self._ramp: Floats = np.empty(0)
        self._beats = 0
        self._likenesses: deque[float] = deque(maxlen=_LIKENESSES)
        self._off_blocks = 0
        self._clipped = 0.0
        self.amplitude = FLOOR_MV_S
        self.weight = _LEAST_WEIGHT
        self.score = 0.0

    def add(self, block: Block, hold: bool) -> None:
        """`hold`: no beat for long; what the lead's height was is then kept, so that noise never grows into beats."""
        self._tops.append(block.top)
        self._middles.append(block.middle)
        self._lows.append(block.low)
        self._off_blocks = self._off_blocks + 1 if block.off else 0
        self._clipped = block.clipped
        if not hold:
            self._highs.append(max(self._tops))
            self.amplitude = max(_median(self._highs), FLOOR_MV_S)
        self.weight = self._weight()
        self.score = self._score()

    def beat(self, shape: Floats) -> None:
        """The samples around the R peak of one beat of this lead, equally many for each."""
        if self._shapes.shape[1] != shape.size:
            self._shapes = np.zeros((_SHAPES, shape.size))
            self._ramp = np.linspace(-1.0, 1.0, shape.size)
            self._ramp /= np.sqrt(self._ramp @ self._ramp)
        centred = shape - shape.sum() / shape.size
        centred -= self._ramp * (centred @ self._ramp)
        centred /= float(np.sqrt(centred @ centred)) + 1e-9
        if self._beats:
            likeness = sorted((self._shapes @ centred)[: self._beats].tolist(), reverse=True)
            self._likenesses.append(likeness[min(_NEAREST, len(likeness)) - 1])
        self._shapes[self._beats % _SHAPES] = centred
        self._beats += 1
        self.score = self._score()

    @property
    def off(self) -> bool:
        """Flat, at the rail or without samples for `OFF_S`."""
        return self._off_blocks * BLOCK_S > OFF_S

    @property
    def contrast(self) -> float:
        """How much higher a beat stands than what is between beats."""
        return _median(self._highs) / max(_median(self._middles), 1e-6) if self._highs else 0.0

    @property
    def likeness(self) -> float:
        """Mean correlation of the last beats with the third nearest of those before; 1 before there are any."""
        return sum(self._likenesses) / len(self._likenesses) if self._likenesses else 1.0

    @property
    def recent(self) -> float:
        """The highest of the last second, as a share of the lead's height."""
        return max(list(self._tops)[-2:], default=0.0) / self.amplitude

    def _score(self) -> float:
        if self._off_blocks or not self._highs:
            return 0.0
        alike = (self.likeness - _UNLIKE) / (_ALIKE - _UNLIKE) if len(self._likenesses) >= 3 else 0.0
        stands_out = (self.contrast - _NO_CONTRAST) / (_CONTRAST - _NO_CONTRAST)
        best = min(max(alike, stands_out, 0.0), 1.0)
        return best * 0.5 if self._clipped > _CLIPPED_SHARE else best

    def _weight(self) -> float:
        """By the logarithm of how far the beats stand above the rest."""
        high = max(self._tops)
        if self._off_blocks or high < _DEAD_SHARE * self.amplitude:
            return float(_LEAST_WEIGHT**_WEIGHT_POWER)
        rest = max(_median(self._lows), 0.01 * self.amplitude)
        ratio = min(self.amplitude, 3.0 * high) / rest
        clear = min(max(log(max(ratio, 1.0)) - _WEIGHT_FROM, 0.0), _WEIGHT_TO)
        return float((clear + _LEAST_WEIGHT) ** _WEIGHT_POWER)


def shape_reach(rate_hz: float) -> int:
    """Samples before and after an R peak that `LeadQuality.beat` is to be given."""
    return round(_SHAPE_S * rate_hz)


def _median(values: deque[float]) -> float:
    ordered = sorted(values)
    return ordered[len(ordered) // 2]
