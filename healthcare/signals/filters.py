"""The digital filters of the waves. scipy.signal takes two seconds to load: it is loaded where waves are, and by `load`
before the first of them, not in every process that only knows of beds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

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
    passed, ended = _line_filter()(forward, back, np.array(waves), -1, np.array(states))
    return passed, ended


@lru_cache(maxsize=1)
def _line_filter() -> Callable[[Floats, Floats, Floats, int, Floats], tuple[Floats, Floats]]:
    """The loop inside scipy's `lfilter`. What `lfilter` looks at before it (kinds of arrays, shapes) is known here, and
    takes twice as long as the loop itself. Where a scipy has no such loop, `lfilter`."""
    from scipy import signal

    found: Any = getattr(getattr(signal, "_sigtools", None), "_linear_filter", signal.lfilter)
    return found  # type: ignore[no-any-return]
