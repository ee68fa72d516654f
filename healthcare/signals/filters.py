"""The digital filters of the waves. scipy.signal takes two seconds to load: it is loaded where waves are, and by `load`
before the first of them, not in every process that only knows of beds.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def load() -> None:
    """Ahead of the first wave, which would wait for it."""
    import scipy.signal  # noqa: F401


def band_pass(order: int, band_hz: tuple[float, float], rate_hz: float) -> tuple[Floats, Floats]:
    """Butterworth's, as the coefficients forward and back."""
    from scipy.signal import butter

    forward, back = butter(order, band_hz, "bandpass", fs=rate_hz)
    return forward, back


def low_pass(order: int, cut_hz: float, rate_hz: float) -> tuple[Floats, Floats]:
    """Butterworth's, as the coefficients forward and back."""
    from scipy.signal import butter

    forward, back = butter(order, cut_hz, fs=rate_hz)
    return forward, back


def settled(forward: Floats, back: Floats) -> Floats:
    """The state of a filter that has seen nothing but 1 for ever."""
    from scipy.signal import lfilter_zi

    state: Floats = lfilter_zi(forward, back)
    return state


def filtered(forward: Floats, back: Floats, waves: Sequence[Floats], states: Sequence[Floats]) -> tuple[Floats, Floats]:
    """Waves x samples, and the states after them. All of one length; each comes out as it would by itself.

    In one call: for half a second of a wave the call costs more than the arithmetic.
    """
    from scipy.signal import lfilter

    stacked, begun = np.array(waves), np.array(states)
    passed, ended = lfilter(forward, back, stacked, axis=-1, zi=begun)
    return passed, ended
