"""The chart of the limit: how many good parts have which score, known defects beside them, and the line between."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 1176, 372
_LEFT, _RIGHT, _TOP, _BASE = 14.0, 1162.0, 60.0, 326.0
_BARS = 48
_GAP = 3.0
#: Half the width of the sign that carries the limit: it must not leave the drawing.
_GRIP_HALF = 70.0


@dataclass(frozen=True, slots=True)
class Bar:
    x: float
    y: float
    width: float
    height: float
    kind: str  # "", "review" or "over"


@dataclass(frozen=True, slots=True)
class LimitChart:
    """Everything in the drawing's own units, WIDTH x HEIGHT; `ticks` and `grid` are (place, text)."""

    bars: Sequence[Bar]
    crosses: Sequence[float]
    crosses_beyond: int
    limit_x: float
    grip_x: float
    review_x: float | None
    ticks: Sequence[tuple[float, str]]
    grid: Sequence[tuple[float, str]]
    low: float
    high: float


def limit_chart(
    scores: Sequence[float], defects: Sequence[float], limit: float, review_from: float | None = None
) -> LimitChart:
    """Bars are as high as the logarithm of their count, so that one part beyond the limit is seen beside a thousand.

    The scale ends a little beyond what has to be seen; defects further out stand at its end and are counted.
    """
    seen = [*scores, limit]
    low = min(seen)
    near = sorted(defects)[: max(1, len(defects) * 3 // 4)]
    high = max([*seen, *(score for score in near if score < low + 4 * (max(seen) - low))])
    margin = 0.04 * (high - low) or 1.0
    low, high = low - margin, high + margin
    counts = [0] * _BARS
    for score in scores:
        counts[min(_BARS - 1, int((score - low) / (high - low) * _BARS))] += 1
    most = max([*counts, 1])

    def across(score: float) -> float:
        return _LEFT + (min(max(score, low), high) - low) / (high - low) * (_RIGHT - _LEFT)

    def above(count: float) -> float:
        return (_BASE - _TOP) * math.log1p(count) / math.log1p(most)

    bars = []
    step = (high - low) / _BARS
    for place, count in enumerate(counts):
        if count:
            x, end = across(low + place * step), across(low + (place + 1) * step)
            middle = low + (place + 0.5) * step
            kind = "over" if middle > limit else "review" if review_from is not None and middle > review_from else ""
            bars.append(Bar(x, _BASE - above(count), end - x - _GAP, above(count), kind))
    limit_x = across(limit)
    return LimitChart(
        bars=bars,
        crosses=[across(score) for score in defects if score <= high],
        crosses_beyond=sum(score > high for score in defects),
        limit_x=limit_x,
        grip_x=min(max(limit_x, _LEFT + _GRIP_HALF), _RIGHT - _GRIP_HALF),
        review_x=across(review_from) if review_from is not None else None,
        ticks=[(across(value), f"{value:.{_digits(high - low)}f}") for value in _nice(low, high)],
        grid=[(_BASE - above(count), f"{count} part{'s' if count > 1 else ''}") for count in _steps(most)],
        low=low,
        high=high,
    )


def _steps(most: int) -> list[int]:
    return [count for count in (1, 10, 100, 1000) if count <= most and (count > 1 or most < 10)]


def _digits(span: float) -> int:
    return max(0, 1 - math.floor(math.log10(span)))


def _nice(low: float, high: float) -> list[float]:
    """About five round numbers from `low` to `high`."""
    raw = (high - low) / 5
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= raw)
    first = math.ceil(low / step)
    return [place * step for place in range(first, math.floor(high / step) + 1)]
