"""The forms that a patient's beats take, learnt as they go by, and which of them is the patient's normal beat.

Up to `PATTERNS` forms are kept over all leads. A beat whose QRS correlates with one above 0.92 (mean of the leads, or
0.96 in one of them where the others are noisy) joins it, any other begins a new one in place of the least seen. Normal
is the form that came most often of late at its time: beats that come early count against their form, so that
extrasystoles, be it every other beat, never become the norm; and no form that is new does for 150 beats. Only beats
that are not early and correlate above 0.95 change the normal form, lead by lead.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Flags = NDArray[np.bool_]

#: Points (1/125 s) of a beat on both sides of its R peak: 480 ms. Windows are wider by `LAG`, for a better alignment.
REACH = 60
LAG = 4
WIDTH = 2 * REACH + 1
WINDOW_REACH = REACH + LAG
PATTERNS = 4
#: The QRS complex: 80 ms on both sides.
_QRS = 10
_JOINS_ABOVE = 0.92
#: ... or in one lead above the first, and in the mean above the second.
_ONE_LEAD_JOINS_ABOVE = (0.96, 0.75)
_NORMAL_ADAPTS_ABOVE = 0.95
_SLOWEST = 1 / 16
#: What was seen is forgotten with a time constant of 140 beats.
_FORGETS = 0.993
_EARLY_COUNTS = -0.5
#: Another form must be so much more frequent to take the place of the normal one.
_HYSTERESIS = 1.5
#: ... and have been seen so often, or for a third of all beats while the patient is new.
_SEEN_BEFORE_NORMAL = 150
_KNOWN_AFTER = 8
_LAGS = np.arange(-LAG, LAG + 1)
#: Points of the QRS complex in a window, for each lag.
_QRS_OF_LAG = (WINDOW_REACH + _LAGS)[:, None] + np.arange(-_QRS, _QRS + 1)
_QRS_OF_TEMPLATE = slice(REACH - _QRS, REACH + _QRS + 1)


@dataclass(frozen=True, slots=True)
class Match:
    """`lag`: points by which the beat lies later than the normal form; `correlation`: of its QRS with it, per lead.

    Of the form that the beat itself has: its `share` of the beats of late, how many of those were `early`, 0 to 1, and
    whether it `is_normal`.
    """

    lag: int
    correlation: Floats
    share: float
    early: float
    is_normal: bool


class Templates:
    """Forms of `leads` leads; nothing is normal before the eighth beat."""

    def __init__(self, leads: int) -> None:
        self._waves: Floats = np.zeros((PATTERNS, leads, WIDTH), np.float32)
        self._units: Floats = np.zeros((PATTERNS, leads, 2 * _QRS + 1), np.float32)  # QRS, zero mean, length one
        self._known: Flags = np.zeros((PATTERNS, leads), bool)
        self._joined = [0] * PATTERNS
        self._seen = [0.0] * PATTERNS
        self._early = [0.0] * PATTERNS
        self._timely = [0.0] * PATTERNS
        self._normal = 0
        self._beats = 0

    @property
    def wave(self) -> Floats:
        """The normal form: leads x WIDTH, in the unit of the leads. A view."""
        wave: Floats = self._waves[self._normal]
        return wave

    @property
    def known(self) -> Flags:
        """The leads in which the normal form is known."""
        known: Flags = self._known[self._normal]
        return known

    def doubt(self) -> None:
        """Leads were off: what is normal is soon learnt anew where it looks different now."""
        self._beats = min(self._beats, _KNOWN_AFTER)
        self._joined = [min(joined, _KNOWN_AFTER) for joined in self._joined]
        self._fade(0.1)

    def take(self, windows: Floats, present: Flags, *, early: bool) -> Match | None:
        """How the beat lies to the normal form of the beats before it; None while nothing is normal yet.

        `windows`: leads x (WIDTH + 2 LAG), zeros where a lead is not present.
        """
        self._beats += 1
        correlations = _correlations(windows, self._units)  # forms x leads x lags
        usable = self._known & present
        correlations *= usable[:, :, None]
        means = correlations.sum(axis=1) / np.maximum(usable.sum(axis=1), 1)[:, None]
        best, place = divmod(int(means.argmax()), len(_LAGS))
        own = correlations[best, :, place]
        joins = _joins(own, float(means[best, place]))
        match = self._match(best, joins, means, correlations) if self._beats > _KNOWN_AFTER else None
        if joins:
            self._join(best, aligned(windows, place - LAG), present, own, early)
        else:
            best = self._begin(windows, present)
        self._count(best, early)
        return match

    def _match(self, best: int, joins: bool, means: Floats, correlations: Floats) -> Match:
        place = int(means[self._normal].argmax())
        correlation: Floats = correlations[self._normal, :, place].copy()
        if not joins:
            return Match(place - LAG, correlation, 0.0, 0.5, is_normal=False)
        seen = self._seen[best]
        share, early = seen / sum(self._seen), self._early[best] / seen
        return Match(place - LAG, correlation, share, early, is_normal=best == self._normal)

    def _count(self, form: int, early: bool) -> None:
        self._fade(_FORGETS)
        self._seen[form] += 1.0
        self._early[form] += early
        self._timely[form] = max(0.0, self._timely[form] + (_EARLY_COUNTS if early else 1.0))
        leading = self._timely.index(max(self._timely))
        often = self._joined[leading] >= min(_SEEN_BEFORE_NORMAL, self._beats / 3)
        if often and self._timely[leading] > _HYSTERESIS * self._timely[self._normal]:
            self._normal = leading

    def _fade(self, share: float) -> None:
        for tally in (self._seen, self._early, self._timely):
            tally[:] = [share * value for value in tally]

    def _begin(self, windows: Floats, present: Flags) -> int:
        """A new form, in place of the least seen one that is not normal."""
        form = min((one for one in range(PATTERNS) if one != self._normal), key=self._seen.__getitem__)
        self._waves[form] = aligned(windows, 0)
        self._known[form] = present
        self._joined[form] = 1
        self._seen[form] = self._early[form] = self._timely[form] = 0.0
        self._measure(form)
        return form

    def _join(self, form: int, beat: Floats, present: Flags, correlation: Floats, early: bool) -> None:
        self._joined[form] += 1
        changes = present & self._known[form]
        if form == self._normal:
            if early:
                return
            changes &= correlation > _NORMAL_ADAPTS_ABOVE
        share = max(1.0 / self._joined[form], _SLOWEST)
        waves = self._waves[form]
        waves += (changes * np.float32(share))[:, None] * (beat - waves)
        new = present & ~self._known[form]
        if new.any():  # another lead was put on: by the others, this beat has this form
            self._waves[form][new] = beat[new]
            self._known[form] |= new
        self._measure(form)

    def _measure(self, form: int) -> None:
        qrs = self._waves[form][:, _QRS_OF_TEMPLATE]
        centred = qrs - qrs.sum(axis=1, keepdims=True) / np.float32(2 * _QRS + 1)
        lengths = np.sqrt(np.einsum("ij,ij->i", centred, centred)) + np.float32(1e-9)
        self._units[form] = centred / lengths[:, None]


def _joins(correlation: Floats, mean: float) -> bool:
    one, others = _ONE_LEAD_JOINS_ABOVE
    return mean > _JOINS_ABOVE or (mean > others and float(correlation.max()) > one)


def aligned(windows: Floats, lag: int) -> Floats:
    """The WIDTH points of each lead that lie on the template's. A view."""
    return windows[:, LAG + lag : LAG + lag + WIDTH]


def _correlations(windows: Floats, units: Floats) -> Floats:
    """Forms x leads x lags: Pearson's, of the QRS complex."""
    parts = np.take(windows, _QRS_OF_LAG, axis=1)
    sums = parts.sum(axis=2)
    powers = np.einsum("lij,lij->li", parts, parts) - sums * sums / parts.shape[2]
    crosses = np.einsum("lij,plj->pli", parts, units)
    correlations: Floats = crosses / (np.sqrt(np.maximum(powers, 0.0)) + 1e-6)
    return correlations
