"""The heart rate that is shown: from the last intervals between beats, steady and still quick."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from healthcare.signals.beat import Beat
from healthcare.signals.quality import MUTED_BELOW

_INTERVALS = 12
#: Below 50 a minute twelve intervals take too long: four will do.
_SLOW_S, _SLOW_INTERVALS, _SLOW_OF = 1.2, 4, 3
#: Without a beat for so long, or for three intervals if that is longer, there is no rate.
STALE_S = 4.0


class HeartRate:
    """Beats in; the rate is the mean of the last 12 intervals without the longest and the shortest.

    Where three of the last four are longer than 1.2 s, those four alone. A step from 80 to 120 is followed within 11 s
    (IEC 60601-2-27, 201.7.9.2.9.101 asks for the time to be stated). Muted beats, and the interval after one, do not
    count.
    """

    def __init__(self) -> None:
        self._intervals: deque[float] = deque(maxlen=_INTERVALS)
        self._last_s: float | None = None
        self._sure = False

    def take(self, beats: Iterable[Beat]) -> None:
        for beat in beats:
            sure = beat.quality >= MUTED_BELOW
            if sure and self._sure and beat.rr_s is not None:
                self._intervals.append(beat.rr_s)
            if sure:
                if self._last_s is not None and beat.at_s - self._last_s > self._stale_after_s():
                    self._intervals.clear()
                self._last_s = beat.at_s
            self._sure = sure

    def rate_per_min(self, now_s: float) -> float | None:
        """None before there are three intervals, and when the last beat is too old."""
        if self._last_s is None or len(self._intervals) < _SLOW_OF or now_s - self._last_s > self._stale_after_s():
            return None
        recent = list(self._intervals)[-_SLOW_INTERVALS:]
        if sum(interval_s > _SLOW_S for interval_s in recent) >= _SLOW_OF:
            return 60.0 * len(recent) / sum(recent)
        intervals = sorted(self._intervals)
        kept = intervals[1:-1] if len(intervals) > _SLOW_INTERVALS else intervals
        return 60.0 * len(kept) / sum(kept)

    def _stale_after_s(self) -> float:
        usual_s = sum(self._intervals) / len(self._intervals) if self._intervals else 0.0
        return max(STALE_S, 3.0 * usual_s)
