"""What passes between the rooms of the signals: a chunk of one channel, and a heart beat."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Chunk:
    """Samples of one channel, in a row. `samples`: float32, NaN where there is none.

    `start_s`: stream time of the first. Stream time counts from any fixed moment and never jumps back in one channel.
    """

    channel: str
    rate_hz: float
    samples: NDArray[np.float32]
    start_s: float

    @property
    def end_s(self) -> float:
        """The moment at which the next sample is due."""
        return self.start_s + self.samples.size / self.rate_hz


@dataclass(frozen=True, slots=True)
class Beat:
    """One QRS complex. `at_s`: stream time of its R peak; `sample`: the same, counted from the stream's first sample.

    `rr_s`: since the beat before; None for the first, and after a gap, a flat line or a muted stretch across which
    no interval can be told. `quality`: 0 to 1, of the lead around it.
    """

    at_s: float
    sample: int
    lead: str
    rr_s: float | None
    quality: float
