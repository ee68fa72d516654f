"""The beats of a simulated heart: when each comes, what kind it is, how strong a pulse it makes.

Breathing moves the rate (respiratory sinus arrhythmia), a slow wander and a little chance do the rest. Beats are made
some way ahead, because a beat's T wave and pulse depend on the next one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum
from itertools import pairwise

import numpy as np

from simulators.scenarios import Condition, Rhythm

#: So far ahead beats are known; what a change of rhythm takes back is nearer than `_SOON_S`.
AHEAD_S = 2.0
_KEPT_S = 14.0
_SOON_S = 0.25
_SHORTEST_S, _LONGEST_S = 0.24, 2.5


class BeatKind(IntEnum):
    NORMAL = 0
    AF = 1  # conducted, without a P wave
    VENTRICULAR = 2


@dataclass(frozen=True, slots=True)
class Beat:
    """`r_s` is the R peak since the ward began, `rr_s` what lies before it, `pulse` 0..1."""

    r_s: float
    rr_s: float
    kind: BeatKind
    pulse: float


class Heart:
    """`beats` are those of the last seconds and the next two. Made by `advance`, in steps of any size."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.beats: list[Beat] = []
        self._rng = rng
        self._rhythm = Rhythm.SINUS
        self._wander = 0.0
        self._next_s = 0.3 + float(rng.random()) * 0.5
        self._compensate_s = 0.0

    def advance(self, now_s: float, condition: Condition, breath: float) -> None:
        """Beats until `AHEAD_S` after `now_s`; `breath` is the phase of breathing in turns."""
        if condition.rhythm is not self._rhythm:
            self._change(now_s, condition.rhythm)
        if condition.has_pulse:
            while self._next_s < now_s + AHEAD_S:
                self._beat(condition, breath + (self._next_s - now_s) * condition.rr_per_min / 60)
        else:
            self._next_s = max(self._next_s, now_s + AHEAD_S)
        while self.beats and self.beats[0].r_s < now_s - _KEPT_S:
            self.beats.pop(0)

    def intervals_s(self, now_s: float, within_s: float, least_pulse: float = 0.0) -> list[float]:
        """Between the beats of the last `within_s` whose pulse is at least that strong, oldest first."""
        at = [b.r_s for b in self.beats if now_s - within_s <= b.r_s <= now_s and b.pulse >= least_pulse]
        return [later - earlier for earlier, later in pairwise(at)]

    def _change(self, now_s: float, rhythm: Rhythm) -> None:
        """A rhythm ends in the middle of a beat: those that were only planned do not come."""
        self._rhythm = rhythm
        self.beats = [beat for beat in self.beats if beat.r_s <= now_s + _SOON_S]
        last_s = self.beats[-1].r_s if self.beats else now_s
        self._next_s = max(last_s + 0.35, now_s + _SOON_S)
        self._compensate_s = 0.0

    def _beat(self, condition: Condition, breath: float) -> None:
        r_s = self._next_s
        rr_s = min(r_s - self.beats[-1].r_s, _LONGEST_S) if self.beats else 60 / condition.hr_per_min
        kind, pulse = BeatKind.NORMAL, 1.0
        mean_s = 60 / max(20.0, condition.hr_per_min)
        if self._rhythm is Rhythm.VT:
            kind, pulse, next_s = BeatKind.VENTRICULAR, 0.3, mean_s * (1 + 0.01 * self._chance())
        elif self._rhythm is Rhythm.AF:
            kind, pulse = BeatKind.AF, min(1.0, 0.35 + 0.65 * rr_s / mean_s / 1.1)
            next_s = mean_s * math.exp(0.22 * self._chance() - 0.024)
        else:
            kind, pulse, next_s = self._sinus(condition, breath, rr_s, mean_s)
        self.beats.append(Beat(r_s, rr_s, kind, pulse))
        self._next_s = r_s + max(_SHORTEST_S, next_s)

    def _sinus(self, condition: Condition, breath: float, rr_s: float, mean_s: float) -> tuple[BeatKind, float, float]:
        self._wander = 0.9 * self._wander + 0.4 * self._chance()
        sway = 0.03 * math.sin(2 * math.pi * breath) + 0.012 * self._wander
        next_s = mean_s * (1 + sway + 0.004 * self._chance())
        if self._compensate_s:  # this beat is the premature one, after it comes the pause
            pause_s, self._compensate_s = self._compensate_s, 0.0
            return BeatKind.VENTRICULAR, 0.35, pause_s
        if self._rng.random() < condition.pvc_share:
            early_s = 0.62 * next_s
            self._compensate_s = 2 * next_s - early_s
            next_s = early_s
        return BeatKind.NORMAL, 1.0, next_s

    def _chance(self) -> float:
        return float(np.clip(self._rng.standard_normal(), -2.5, 2.5))
