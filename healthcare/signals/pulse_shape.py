"""How far a pulse can be trusted: its agreement with the personal template, its height, its rise, clipped stretches.

After Q. Li and G. Clifford, "Dynamic time warping and machine learning for signal quality assessment of pulsatile
signals" (Physiological Measurement 2012), without the warping: shapes are laid on one another at their steepest moment.
"""

from __future__ import annotations

from collections import deque
from math import sqrt

import numpy as np

from healthcare.signals.blocks import Floats

#: What a pulse may be good for a veto from; one below is shown but contradicts nobody.
GOOD_QUALITY = 0.8
#: Until so many pulses that agree made a template, none is good.
TEMPLATE_PULSES = 5

_ALIKE = 0.93
_ADAPTS_ABOVE = 0.8
_SHARE = 0.1
_RISE_S = (0.04, 0.45)
_HEIGHTS = (0.5, 2.0)
_DOUBTFUL = 0.4
_CLIPPED_S = 0.12


class PulseShape:
    """The template of one wave, learnt as pulses go by."""

    def __init__(self, rate_hz: float) -> None:
        self._hz = rate_hz
        self._template: Floats | None = None
        self._shapes: deque[Floats] = deque(maxlen=TEMPLATE_PULSES)
        self._heights: deque[float] = deque(maxlen=9)
        self.usual_height = 0.0

    @property
    def known(self) -> bool:
        return self._template is not None

    def judge(self, shape: Floats, height: float, rise_s: float, raw: Floats) -> float:
        """0..1. `shape`: the smoothed pulse around its steepest moment; `raw`: the same stretch unsmoothed."""
        spread = shape - shape.sum() / len(shape)
        norm = sqrt(spread @ spread)
        if norm <= 0.0:
            return 0.0
        unit = spread / norm
        self._shapes.append(unit)
        agreement = self._agreement(unit)
        if agreement >= GOOD_QUALITY:  # what does not look like a pulse has no say in how high one is
            self._heights.append(height)
            heights = sorted(self._heights)
            self.usual_height = heights[len(heights) // 2] if len(heights) >= 3 else 0.0
        ratio = height / self.usual_height if self.usual_height > 0.0 else 1.0
        usual = _HEIGHTS[0] <= ratio <= _HEIGHTS[1] and _RISE_S[0] <= rise_s <= _RISE_S[1]
        return agreement if usual and not self._clipped(raw) else min(agreement, _DOUBTFUL)

    def _agreement(self, unit: Floats) -> float:
        if self._template is None:
            self._learn()
            return 0.0
        length = min(len(unit), len(self._template))
        agreement = float(unit[:length] @ self._template[:length])
        if agreement > _ADAPTS_ABOVE:
            mixed = (1.0 - _SHARE) * self._template[:length] + _SHARE * unit[:length]
            self._template = mixed / sqrt(mixed @ mixed)
        else:
            self._learn()
        # narrow noise reaches 0.9 now and then, one patient's pulses agree to 0.98
        return min(max((agreement - 0.75) / 0.25, 0.0), 1.0)

    def _learn(self) -> None:
        """Makes the last shapes the template when they agree among themselves: a new wave, or a moved probe."""
        if len(self._shapes) < TEMPLATE_PULSES:
            return
        length = min(len(shape) for shape in self._shapes)
        stack = np.array([shape[:length] for shape in self._shapes])
        mean = stack.mean(axis=0)
        mean /= np.sqrt(mean @ mean) or 1.0
        if float((stack @ mean).min()) >= _ALIKE:
            self._template = mean

    def _clipped(self, raw: Floats) -> bool:
        """A stretch of equal extremes: the amplifier was at its end."""
        highest = float(raw.max())
        span = highest - float(raw.min())
        return bool(np.count_nonzero(raw >= highest - 1e-4 * span) >= round(_CLIPPED_S * self._hz))
