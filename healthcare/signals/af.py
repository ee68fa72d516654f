"""Atrial fibrillation, from how irregular 64 beats are that no ventricular beat touches.

Two published numbers of the same intervals, both needed: the coefficient of sample entropy (D. E. Lake, J. R. Moorman,
American Journal of Physiology 2011: no interval foretells the next) and the trimmed root mean square of successive
differences over the mean (after S. Dash et al., Annals of Biomedical Engineering 2009). Bigeminy and sinus arrhythmia
differ much from beat to beat but repeat themselves: high in the second, low in the first. Limits set on the MIT-BIH
half given for development, none on the records of the evaluation. A window begins every 16 beats; two in a row that
say the same change the state.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from healthcare.signals.blocks import Floats

BEATS = 64
STEP = 16
IN_A_ROW = 2
ENTROPY_ABOVE = -1.0
SUCCESSIVE_ABOVE = 0.1

_RADIUS_S = 0.03
_WIDER_S = 0.01
_MATCHES = 5
_SHORTEST_S, _LONGEST_S = 0.2, 3.0
_TRIMMED = 0.1
#: After so long without a usable interval the window begins anew.
_FORGOTTEN_S = 60.0


@dataclass(frozen=True, slots=True)
class AfWindow:
    """`begin_s`, `end_s`: stream time of its first and last beat."""

    begin_s: float
    end_s: float
    entropy: float
    successive: float

    @property
    def irregular(self) -> bool:
        return self.entropy > ENTROPY_ABOVE and self.successive > SUCCESSIVE_ABOVE


class AtrialFibrillation:
    """Takes beats in order; `present` is the state, `since_s` the first beat of the windows that changed it."""

    def __init__(self) -> None:
        self.present = False
        self.since_s: float | None = None
        self.last: AfWindow | None = None
        self._intervals: deque[tuple[float, float]] = deque(maxlen=BEATS)
        self._ventricular_before = False
        self._fresh = 0
        self._against: list[AfWindow] = []  # windows in a row that contradict the state

    def add(self, at_s: float, rr_s: float | None, *, ventricular: bool) -> AfWindow | None:
        """The window that this beat completed, or None."""
        if self._intervals and at_s - self._intervals[-1][0] > _FORGOTTEN_S:
            self._intervals.clear()
        touched = ventricular or self._ventricular_before
        self._ventricular_before = ventricular
        if rr_s is None or touched or not _SHORTEST_S <= rr_s <= _LONGEST_S:
            return None
        self._intervals.append((at_s, rr_s))
        self._fresh += 1
        if len(self._intervals) < BEATS or self._fresh < STEP:
            return None
        self._fresh = 0
        intervals = np.array([interval for _, interval in self._intervals])
        begin_s = self._intervals[0][0] - self._intervals[0][1]
        window = AfWindow(begin_s, at_s, sample_entropy(intervals), successive(intervals))
        self._judge(window)
        return window

    def _judge(self, window: AfWindow) -> None:
        self.last = window
        if window.irregular == self.present:
            self._against.clear()
            return
        self._against.append(window)
        if len(self._against) >= IN_A_ROW:
            self.present = window.irregular
            self.since_s = self._against[0].begin_s if self.present else None
            self._against.clear()


def sample_entropy(intervals_s: Floats) -> float:
    """The coefficient of sample entropy of order 1; its radius widens until five pairs of pairs are alike."""
    gaps = np.abs(intervals_s[:, None] - intervals_s[None, :])
    later = np.triu(np.ones((len(intervals_s) - 1,) * 2, dtype=np.bool_), 1)
    first, second = gaps[:-1, :-1][later], gaps[1:, 1:][later]
    radius_s = _RADIUS_S
    while True:
        alike = first < radius_s
        again = int((alike & (second < radius_s)).sum())
        if again >= _MATCHES or radius_s > 1.0:
            break
        radius_s += _WIDER_S
    ones = max(int(alike.sum()), 1)
    entropy = -np.log(max(again, 1) / ones)
    return float(entropy + np.log(2.0 * radius_s) - np.log(intervals_s.mean()))


def successive(intervals_s: Floats) -> float:
    """Root mean square of successive differences without the largest tenth, as a share of the mean interval."""
    squares = np.sort(np.diff(intervals_s) ** 2)
    kept = squares[: max(1, int((1.0 - _TRIMMED) * len(squares)))]
    return float(np.sqrt(kept.mean()) / intervals_s.mean())
