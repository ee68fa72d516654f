"""What a beat is judged by: its rhythm, 27 numbers, and in each lead its wave beside the normal one of the patient.

Times in seconds, waves in shares of the peak to peak of the normal QRS.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from dataclasses import dataclass
from itertools import pairwise
from math import log, sqrt

import numpy as np

from healthcare.signals.templates import REACH, Flags, Floats, Match, Templates, aligned

RHYTHM = 27
#: No interval counts for more than this: after it, the next beat need not be waited for.
LONGEST_RR_S = 2.0
_SHORTEST_RR_S = 0.2
#: A beat that comes this much before its time does not change the template.
EARLY_BELOW = 0.9
#: ... and one that is so much faster than the last minutes neither: a fast ventricular rhythm is no new normal.
_FAST_BELOW = 0.7
_LONG_S = 300.0
_RECENT = 10
#: After so many beats in no lead, electrodes may have been moved.
_OFF_BEATS = 5
_CLIP = 4.0
_SMALLEST = np.float32(0.02)  # of a QRS, in the unit of the lead (mV)
_QRS = slice(REACH - 10, REACH + 11)


@dataclass(frozen=True, slots=True)
class BeatFeatures:
    """`window`: leads x (WIDTH + 2 LAG) and `template`: leads x WIDTH; the beat's own points begin at LAG + `lag`."""

    rhythm: Floats
    window: Floats
    template: Floats
    present: Flags
    lag: int

    @property
    def wave(self) -> Floats:
        return aligned(self.window, self.lag)


class Rhythm:
    """Intervals as they go by; one `numbers` per beat, in order."""

    def __init__(self) -> None:
        self._recent: deque[float] = deque(maxlen=_RECENT)
        self._long: deque[tuple[float, float]] = deque()
        self._long_sorted: list[float] = []
        self._early_run = 0
        self._strange_run = 0
        self._last_correlation = 1.0
        self.early = False

    def step(self, at_s: float, rr_s: float | None) -> None:
        """The next beat; `rr_s` is None after a gap."""
        usual = self._usual_s()
        long_s = self._long_sorted[len(self._long_sorted) // 2] if self._long_sorted else 0.0
        self.early = rr_s is not None and rr_s < max(EARLY_BELOW * usual, _FAST_BELOW * long_s)
        self._early_run = self._early_run + 1 if self.early else 0
        while self._long and self._long[0][0] < at_s - _LONG_S:
            gone = self._long.popleft()[1]
            del self._long_sorted[bisect_left(self._long_sorted, gone)]

    def numbers(self, rr_s: float | None, next_rr_s: float | None, match: Match) -> list[float]:
        """RHYTHM numbers of the beat that `step` took last. Ratios as logarithms; what is not known is 0."""
        recent = list(self._recent)
        usual = self._usual_s()
        if not recent or usual <= 0.0:
            return [0.0] * RHYTHM
        median, mean = usual, sum(recent) / len(recent)
        long_median = self._long_sorted[len(self._long_sorted) // 2]
        before = _limited(rr_s) if rr_s is not None else median
        after = _limited(next_rr_s) if next_rr_s is not None else median
        one, two = recent[-1], recent[-2] if len(recent) > 1 else recent[-1]
        steps = [b - a for a, b in pairwise(recent)]
        spread = sqrt(sum((rr - mean) ** 2 for rr in recent) / len(recent)) / mean
        restless = sqrt(sum(step * step for step in steps) / max(len(steps), 1)) / mean
        uneven = sum(abs(step) > 0.1 * mean for step in steps) / max(len(steps), 1)
        return [
            log(before / median), log(after / median), log(before / long_median), log(after / long_median),
            log(before / after), log((before + after) / (2 * median)), log(before / mean), log(after / mean),
            log(one / median), log(two / median), log(before / one), log(before / min(recent)),
            log(before / max(recent)), log(mean / median), log(median / long_median),
            log(before / 0.8), log(after / 0.8), log(median / 0.8),
            spread * 3, restless * 2, uneven, min(self._early_run, 5) / 3, min(self._strange_run, 5) / 3,
            self._last_correlation, match.share, match.early, float(match.is_normal),
        ]  # fmt: skip

    def done(self, at_s: float, rr_s: float | None, correlation: float) -> None:
        """After the beat was judged: its interval joins the usual ones. `correlation`: of its QRS with the template."""
        self._strange_run = self._strange_run + 1 if correlation < 0.8 else 0
        self._last_correlation = correlation
        if rr_s is None:
            return
        rr_s = _limited(rr_s)
        self._recent.append(rr_s)
        self._long.append((at_s, rr_s))
        insort(self._long_sorted, rr_s)

    def _usual_s(self) -> float:
        ordered = sorted(self._recent)
        return ordered[len(ordered) // 2] if ordered else 0.0


def _limited(rr_s: float) -> float:
    return min(max(rr_s, _SHORTEST_RR_S), LONGEST_RR_S)


class BeatJudge:
    """Rhythm and template of one patient: gives the features of one beat after the other."""

    def __init__(self, leads: int) -> None:
        self._rhythm = Rhythm()
        self._templates = Templates(leads)
        self._unseen = 0

    def features(
        self, at_s: float, rr_s: float | None, next_rr_s: float | None, windows: Floats, present: Flags
    ) -> BeatFeatures | None:
        """`windows`: leads x (WIDTH + 2 LAG); None while there is no template. Absent leads are zeros."""
        self._rhythm.step(at_s, rr_s)
        early = self._rhythm.early
        if not present.any():
            self._rhythm.done(at_s, rr_s, 1.0)
            self._unseen += 1
            if self._unseen == _OFF_BEATS:
                self._templates.doubt()
            return None
        self._unseen = 0
        waves, known = self._templates.wave.copy(), self._templates.known.copy()
        match = self._templates.take(windows, present, early=early)
        result = None
        if match is not None:
            present = present & known
            qrs = waves[:, _QRS]
            scale = 1.0 / np.maximum(qrs.max(axis=1, keepdims=True) - qrs.min(axis=1, keepdims=True), _SMALLEST)
            window = windows * scale
            np.maximum(np.minimum(window, _CLIP, out=window), -_CLIP, out=window)
            waves *= scale
            rhythm = np.array(self._rhythm.numbers(rr_s, next_rr_s, match), np.float32)
            result = BeatFeatures(rhythm, window, waves, present, match.lag)
        self._rhythm.done(at_s, rr_s, 1.0 if match is None else float(match.correlation.max()))
        return result
