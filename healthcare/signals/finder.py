"""Which tops of an envelope are beats.

Steps (thresholds, search-back and T-wave test after Pan and Tompkins 1985; the rest is our own): tops that are highest
within 100 ms; a threshold between the noise and a low one of the last eight beats, so that large ectopic beats do not
hide small normal ones; within 200 ms only a larger top takes a beat's place, within 300 ms only where the beat was
small (a P wave); within 360 ms a top with half the slope of the beat before is its T wave; after 1.5 usual intervals
the largest top passed over is looked at again; after 3 s without a beat a smaller amplitude is learnt anew.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from healthcare.signals.envelope import WINDOW_S

Floats = NDArray[np.float64]

_APART_S = 0.1
_LEARN_S = 2.5
_SETTLING_S = 0.3  # the filter's first swing
_REFRACTORY_S, _LARGER = 0.2, 1.2
_P_WAVE_S, _LARGER_THAN_P, _SMALL = 0.3, 1.5, 0.75
_T_WAVE_S, _T_SLOPE = 0.36, 0.5
_ABOVE_NOISE, _LEAST_SHARE, _MOST_SHARE = 0.3, 0.18, 0.6
_BEATS, _LOW_ONE, _MOST_GROWTH = 8, 2, 2.5
_NOISE_STEP = 0.125
_LATE, _BACK_SHARE, _BACK_NOISE, _BACK_S = 1.5, 0.22, 2.0, 0.36
_LOST_S, _LOST_SHARE, _LOST_APART_S = 3.0, 0.5, 0.3
_PASSED_S = 6.0  # tops older than that are not looked at again


@dataclass(frozen=True, slots=True)
class Top:
    """`sample`: of the envelope; `loud`: high enough for a beat; `clear`: 0 to 1, how far above the threshold."""

    sample: int
    height: float
    slope: float
    loud: bool
    clear: float = 0.0


class BeatFinder:
    """One envelope in, beats out, in order, each at the latest 0.45 s after its top; the same for any chunks."""

    def __init__(self, rate_hz: float) -> None:
        self._rate_hz = rate_hz
        self._apart = round(_APART_S * rate_hz)
        self._behind = round(WINDOW_S * rate_hz)  # samples before a top that are looked at
        self._refractory = _REFRACTORY_S * rate_hz
        self._p_wave = _P_WAVE_S * rate_hz
        self._t_wave = _T_WAVE_S * rate_hz
        self.reset(0)

    def reset(self, sample: int) -> None:
        """Learns anew; the next envelope sample is `sample`."""
        self._begin = sample
        self._seen = sample  # the next sample to be looked at for a top
        self._heights = self._slopes = np.zeros(self._behind)
        self._loud = np.zeros(self._behind, np.bool_)
        self._waiting: list[Top] = []
        self._learnt = False
        self._most = 0.0
        self._amplitudes: deque[float] = deque(maxlen=_BEATS)
        self._intervals: deque[float] = deque(maxlen=8)
        self._noise = 0.0
        self._passed: list[Top] = []
        self._last: Top | None = None
        self._told = True
        self._ready: list[Top] = []

    def feed(self, heights: Floats, slopes: Floats, loud: NDArray[np.bool_]) -> list[Top]:
        """An envelope, the slope without its sign that it was made of, and where it is high enough for any beat."""
        first = self._seen - self._behind  # sample of the buffers' first value
        self._heights = np.concatenate((self._heights, heights))
        self._slopes = np.concatenate((self._slopes, slopes))
        self._loud = np.concatenate((self._loud, loud))
        end = first + self._heights.size  # one past the newest
        self._waiting += self._tops(first, end)
        self._seen = max(self._seen, end - self._apart)
        keep = self._seen - self._behind - first
        self._heights, self._slopes, self._loud = self._heights[keep:], self._slopes[keep:], self._loud[keep:]
        return self._work()

    def finish(self) -> list[Top]:
        """What is still held back when no more comes."""
        if not self._learnt:
            self._learn()
        beats = self._work()
        if self._last is not None and not self._told:
            self._told = True
            beats.append(self._last)
        return beats

    def _tops(self, first: int, end: int) -> list[Top]:
        low, high = self._seen - first, end - self._apart - first
        if high <= low or low < 1:
            return []
        here = self._heights[low:high]
        rises = (here > self._heights[low - 1 : high - 1]) & (here >= self._heights[low + 1 : high + 1])
        places = rises.nonzero()[0].tolist()
        if not places:
            return []
        apart = self._apart
        heights = self._heights[low - apart :].tolist()  # a list is quicker for windows as short as these
        return [
            self._top(first, low + place)
            for place in places
            if heights[place + apart] > max(heights[place : place + apart])
            and heights[place + apart] >= max(heights[place + apart + 1 : place + 2 * apart + 1])
        ]

    def _top(self, first: int, place: int) -> Top:
        steepest = self._slopes[place - self._behind + 1 : place + 1].max()
        return Top(first + place, float(self._heights[place]), float(steepest), bool(self._loud[place]))

    def _work(self) -> list[Top]:
        if not self._learnt and self._seen - self._begin > _LEARN_S * self._rate_hz:
            self._learn()
        if self._learnt:
            for top in self._waiting:
                self._tell_until(top.sample)
                self._judge(top)
            self._waiting.clear()
            self._tell_until(self._seen)
        beats, self._ready = self._ready, []
        return beats

    def _learn(self) -> None:
        first = self._begin + _SETTLING_S * self._rate_hz
        last = self._begin + _LEARN_S * self._rate_hz
        most = max((top.height for top in self._waiting if first < top.sample < last), default=0.0)
        self._amplitudes.extend([0.7 * most] * _BEATS)
        self._noise = 0.1 * most
        self._learnt = True

    def _tell_until(self, sample: int) -> None:
        """The last beat is certain once nothing can take its place any more."""
        if self._last is not None and not self._told and sample - self._last.sample >= self._p_wave:
            self._told = True
            self._ready.append(self._last)

    def _judge(self, top: Top) -> None:
        usual = sorted(self._amplitudes)[_LOW_ONE]
        since = self._since(top)
        if self._last is not None and self._passed:
            self._look_back(top, usual)
            since = self._since(top)
        share = self._noise + _ABOVE_NOISE * (usual - self._noise)
        limit = min(max(share, _LEAST_SHARE * usual), _MOST_SHARE * usual)
        if top.height <= limit or not top.loud:
            self._noise += _NOISE_STEP * (top.height - self._noise)
            if since > self._refractory:
                self._pass_over(top)
            return
        if self._last is not None and self._belongs_to_last(top, self._last, since, usual):
            return
        self._take(top, usual, limit)

    def _since(self, top: Top) -> float:
        return top.sample - self._last.sample if self._last is not None else float("inf")

    def _belongs_to_last(self, top: Top, last: Top, since: float, usual: float) -> bool:
        """It is the same complex, larger or not, or the complex after its P wave, or the T wave after it."""
        if since < self._refractory:
            if top.height > _LARGER * last.height:
                self._replace(top, since, usual)
            return True
        if since < self._p_wave and top.height > _LARGER_THAN_P * last.height and last.height < _SMALL * usual:
            self._replace(top, since, usual)
            return True
        return since < self._t_wave and top.slope < _T_SLOPE * last.slope

    def _replace(self, top: Top, since: float, usual: float) -> None:
        if self._told:  # told already and not to be unsaid; only search-back leaves a beat that young told
            return
        if self._intervals:
            self._intervals[-1] += since
        self._amplitudes[-1] = min(top.height, _MOST_GROWTH * usual)
        self._last = replace(top, clear=1.0)

    def _take(self, top: Top, usual: float, limit: float) -> None:
        if self._last is not None:
            if not self._told:
                self._ready.append(self._last)
            self._intervals.append(self._since(top))
        clear = min(1.0, (top.height - limit) / max(usual - limit, 1e-9))
        self._last = replace(top, clear=clear)
        self._told = False
        self._amplitudes.append(min(top.height, _MOST_GROWTH * usual))
        self._passed = []

    def _pass_over(self, top: Top) -> None:
        oldest = top.sample - _PASSED_S * self._rate_hz
        self._passed = [one for one in self._passed if one.sample > oldest]
        self._passed.append(top)

    def _look_back(self, now: Top, usual: float) -> None:
        """Takes the largest top that was passed over, where a beat is overdue or none was found for long."""
        since = self._since(now)
        lost = since > _LOST_S * self._rate_hz
        late = len(self._intervals) >= 3 and since > _LATE * _middle(self._intervals)
        if not late and not lost:
            return
        largest = max(self._passed, key=lambda one: one.height)
        if not largest.loud or self._since(largest) <= _BACK_S * self._rate_hz:
            return
        if late and largest.height > max(_BACK_SHARE * usual, _BACK_NOISE * self._noise):
            self._take_back(largest, usual)
        elif lost and self._looks_like_beats(largest, now):
            self._amplitudes.extend([largest.height] * _BEATS)
            self._take_back(largest, largest.height)

    def _looks_like_beats(self, largest: Top, now: Top) -> bool:
        """Noise and fibrillation have a top of nearly one height every fifth of a second, a heart has not."""
        oldest = now.sample - _LOST_S * self._rate_hz
        large = [
            one.sample for one in self._passed if one.sample > oldest and one.height > _LOST_SHARE * largest.height
        ]
        apart = sorted(later - one for one, later in pairwise(large))
        return bool(apart) and apart[len(apart) // 2] >= _LOST_APART_S * self._rate_hz

    def _take_back(self, top: Top, usual: float) -> None:
        passed = self._passed
        self._take(top, usual, 0.0)
        self._passed = [one for one in passed if one.sample > top.sample + self._refractory]


def _middle(values: deque[float]) -> float:
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2
