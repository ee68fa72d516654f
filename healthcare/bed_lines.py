"""Measured values as the paths of a drawing: gaps stay gaps, and nothing that stood out is lost in a narrow one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Frame:
    """Where a span of time and of values stands: pixels from the left and, growing downwards, from the top."""

    left: float
    right: float
    top: float
    bottom: float
    from_utc_s: float
    to_utc_s: float
    low: float
    high: float

    def x(self, utc_s: float) -> float:
        return self.left + (utc_s - self.from_utc_s) / (self.to_utc_s - self.from_utc_s) * (self.right - self.left)

    def y(self, value: float) -> float:
        """Held inside the frame: what is beyond stands at its edge."""
        share = (value - self.low) / (self.high - self.low)
        return self.bottom - min(1.0, max(0.0, share)) * (self.bottom - self.top)


def scale_of(values: Numbers, limits: Sequence[float | None], least: float) -> tuple[float, float]:
    """A span that holds values and limits with some air around them, at least `least` wide."""
    known = [*values[np.isfinite(values)].tolist(), *(side for side in limits if side is not None)]
    if not known:
        return 0.0, max(least, 1.0)
    low, high = min(known), max(known)
    air = max((high - low) * 0.08, (least - (high - low)) / 2)
    return low - air, high + air


def path_of(times: Numbers, values: Numbers, frame: Frame, *, gap_s: float, held: bool = False) -> str:
    """One subpath for each run without a NaN and without a silence longer than `gap_s`; `held`: a value stands until
    the next one, as a number on a monitor does."""
    pieces: list[str] = []
    before: tuple[float, float] | None = None  # when, and at which height
    for at, value in zip(times.tolist(), values.tolist(), strict=True):
        if value != value:
            before = None
            continue
        x, y = frame.x(at), frame.y(value)
        if before is None or at - before[0] > gap_s:
            pieces.append(f"M{x:.1f} {y:.1f}h0.8")
        elif held:
            pieces.append(f"H{x:.1f}V{y:.1f}" if y != before[1] else f"H{x:.1f}")
        else:
            pieces.append(f"L{x:.1f} {y:.1f}")
        before = (at, y)
    return "".join(pieces)


def thinned(times: Numbers, values: Numbers, from_utc_s: float, to_utc_s: float, bins: int) -> tuple[Numbers, Numbers]:
    """At most two points a bin, its least and its greatest value in their order; a bin without any value is a NaN.

    So a dip of a second is seen in a day, and an hour without a monitor is empty.
    """
    wide_s = (to_utc_s - from_utc_s) / bins
    inside = (times >= from_utc_s) & (times < to_utc_s) & np.isfinite(values)
    times, values = times[inside], values[inside]
    numbers = np.minimum(((times - from_utc_s) / wide_s).astype(np.int64), bins - 1)
    starts = np.flatnonzero(np.append(True, numbers[1:] != numbers[:-1])) if times.size else np.empty(0, np.int64)
    ends = np.append(starts[1:], times.size) if times.size else starts
    out_times: list[float] = []
    out_values: list[float] = []
    last = -1
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        number = int(numbers[start])
        if last >= 0 and number > last + 1:
            out_times.append(from_utc_s + (last + 1.5) * wide_s)
            out_values.append(float("nan"))
        some = values[start:end]
        for place in sorted({int(np.argmin(some)), int(np.argmax(some))}):
            out_times.append(float(times[start + place]))
            out_values.append(float(some[place]))
        last = number
    return np.array(out_times), np.array(out_values)


def wave_path(samples: NDArray[np.float32], rate_hz: float, start_utc_s: float, frame: Frame, most: int = 3000) -> str:
    """A wave within the frame's time; a long one keeps the least and greatest of each step, so no peak is lost."""
    first = max(0, int(np.ceil((frame.from_utc_s - start_utc_s) * rate_hz)))
    last = min(samples.size, int((frame.to_utc_s - start_utc_s) * rate_hz) + 1)
    if last <= first:
        return ""
    part = samples[first:last].astype(np.float64)
    times = start_utc_s + (first + np.arange(part.size)) / rate_hz
    if part.size > most:
        times, part = _peaks(times, part, most // 2)
    return path_of(times, part, frame, gap_s=4 * (frame.to_utc_s - frame.from_utc_s) / most + 2.5 / rate_hz)


def _peaks(times: Numbers, values: Numbers, steps: int) -> tuple[Numbers, Numbers]:
    edges = np.linspace(0, values.size, steps + 1).astype(np.int64)
    kept: list[int] = []
    for start, end in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        some = values[start:end]
        if np.isfinite(some).any():
            kept += sorted({start + int(np.nanargmin(some)), start + int(np.nanargmax(some))})
        else:
            kept.append(start)
    return times[kept], values[kept]
