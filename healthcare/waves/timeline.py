"""Where a chunk lies in time: what was lost before it, and what to think of its sender's clock.

Samples are counted by the sender, so that a gap is known to the sample, whatever the clocks do.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from core.clock import Instant
from healthcare.waves.protocol import WaveChunk


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """A chunk in its place. `samples` begin with `gap_samples` NaN for what was lost; `start_utc_s` is the first's.

    `afresh`: nothing before it belongs to it (a new stream, another rate, a gap too long to fill).
    """

    start_utc_s: float
    samples: NDArray[np.float32] = field(repr=False)
    gap_samples: int = 0
    afresh: bool = False


class SourceClock:
    """The clock of one monitor against ours. Sound: its times are kept; wrong: they are moved by one offset.

    All channels of a monitor share it, so that leads and pulse stay aligned. What arrives can be late, never early: a
    chunk from our future shows a wrong clock at once, one from the past only when it is later than any backlog is
    (`NEVER_S`), or when chunks stay late for `LATE_S`.
    """

    LATE_S, NEVER_S = 10.0, 60.0

    def __init__(self, tolerance_s: float) -> None:
        self._tolerance_s = tolerance_s
        self._agreed: Instant | None = None
        self.offset_s = 0.0

    @property
    def wrong(self) -> bool:
        return self.offset_s != 0.0

    def date(self, start_utc_s: float, end_utc_s: float, arrival: Instant) -> float:
        """`start_utc_s` on our clock, for a chunk whose last sample its sender dates `end_utc_s`."""
        behind_s = arrival.utc_s - end_utc_s
        if abs(behind_s) <= self._tolerance_s:
            self._agreed, self.offset_s = arrival, 0.0
        elif abs(behind_s - self.offset_s) <= self._tolerance_s:
            self._agreed = arrival
        elif self._is_off(behind_s - self.offset_s, arrival):
            self._agreed, self.offset_s = arrival, behind_s
        return start_utc_s + self.offset_s

    def _is_off(self, late_s: float, arrival: Instant) -> bool:
        if self._agreed is None or not 0 <= late_s <= self.NEVER_S:
            return True
        return arrival.since(self._agreed) > self.LATE_S


class Timeline:
    """One channel of one stream. Gaps of at most `fill_s` are filled with NaN."""

    def __init__(self, fill_s: float) -> None:
        self._fill_s = fill_s
        self._last: WaveChunk | None = None

    def place(self, chunk: WaveChunk, start_utc_s: float) -> Placed | None:
        """None for a chunk that was here before; `start_utc_s` as the source's clock dated it."""
        last, fresh = self._last, Placed(start_utc_s, chunk.samples, afresh=True)
        if last is not None and chunk.sequence <= last.sequence:
            return None
        self._last = chunk
        if last is None or chunk.rate_hz != last.rate_hz:
            return fresh
        gap = chunk.first_sample - last.first_sample - len(last.samples)
        if not 0 <= gap <= self._fill_s * chunk.rate_hz:
            return fresh
        if gap == 0:
            return Placed(start_utc_s, chunk.samples)
        lost = np.full(gap, np.nan, np.float32)
        return Placed(start_utc_s - gap / chunk.rate_hz, np.concatenate((lost, chunk.samples)), gap)
