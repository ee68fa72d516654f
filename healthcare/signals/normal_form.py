"""The shape of this patient's normal beat, for the rules: learnt once, kept through any tachycardia.

Unlike the classifier's forms (`templates`), which follow the patient quickly, this one changes its mind only after a
minute of beats that look different and are neither early nor part of a fast run; the shape before is kept and comes
back at its first beat.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Waves = NDArray[np.float32]
Flags = NDArray[np.bool_]

#: Points (1/125 s) on both sides of the R peak: what a wide complex sweeps. Windows are wider by `LAG`.
REACH = 20
LAG = 4
WINDOW_REACH = REACH + LAG
_QRS = slice(REACH - 10, REACH + 11)  # 80 ms on both sides
#: Points of the QRS complex in a window, for each lag.
_LAGGED = np.arange(2 * LAG + 1)[:, None] + np.arange(2 * REACH + 1)[_QRS]
_BEGUN_FROM = 10
_ADAPTS_ABOVE = 0.95
_STRANGE_BELOW = 0.85
_RELEARNS_AFTER = 60
_SLOWEST = 1 / 16


@dataclass(frozen=True, slots=True)
class Likeness:
    """Per lead: `correlation` of the QRS with the normal one, `area` as a ratio to its; `known`: leads compared."""

    correlation: Waves
    area: Waves
    known: Flags
    best: float
    largest: float

    @classmethod
    def of(cls, correlation: Waves, area: Waves, known: Flags) -> Likeness:
        """`best`: of the lead that is most like normal; `largest`: of the one with the largest area."""
        leads = np.flatnonzero(known).tolist()
        best = max((float(correlation[lead]) for lead in leads), default=1.0)
        largest = max((float(area[lead]) for lead in leads), default=1.0)
        return cls(correlation, area, known, best, largest)


class _Form:
    """One shape over all leads."""

    def __init__(self, waves: Waves, present: Flags) -> None:
        self.waves = waves
        self.known = present.copy()
        self._joined = 1
        self._measure()

    def _measure(self) -> None:
        self._unit = qrs_unit(self.waves)
        self._area = np.maximum(_area(self.waves), 1e-3)

    def compare(self, windows: Waves, present: Flags) -> tuple[int, Likeness]:
        """At the lag where all leads together agree best."""
        known = present & self.known
        correlations = lagged_correlations(windows, self._unit)
        if not known.all():
            correlations[~known] = 0.0
        best = int(correlations.sum(axis=0).argmax())
        area = _area(windows[:, best : best + 2 * REACH + 1]) / self._area
        return best, Likeness.of(correlations[:, best].astype(np.float32), area.astype(np.float32), known)

    def adapt(self, windows: Waves, present: Flags, lag: int) -> None:
        beat = windows[:, lag : lag + 2 * REACH + 1]
        self._joined += 1
        share = max(1.0 / self._joined, _SLOWEST)
        if present.all() and self.known.all():
            self.waves += share * (beat - self.waves)
        else:
            both, new = present & self.known, present & ~self.known
            self.waves[both] += share * (beat[both] - self.waves[both])
            self.waves[new] = beat[new]  # another lead was put on: by the others this beat is a normal one
            self.known |= new
        self._measure()


class NormalForm:
    """Normal beats of one patient over some leads."""

    def __init__(self) -> None:
        self._current: _Form | None = None
        self._former: _Form | None = None
        self._recent: deque[tuple[Waves, Flags, bool]] = deque(maxlen=_BEGUN_FROM)
        self._strange = 0

    def compare(self, windows: Waves, present: Flags, *, early: bool, frozen: bool) -> Likeness | None:
        """`windows`: leads x (2 WINDOW_REACH + 1), zeros for absent leads. `frozen`: compare, learn nothing.

        None until ten beats have made a form.
        """
        if not frozen:
            self._recent.append((windows, present, early))
        if self._current is None:
            if len(self._recent) == _BEGUN_FROM:
                self._current = self._begun()
            return None
        lag, likeness = self._current.compare(windows, present)
        if frozen:
            return likeness
        if likeness.best < _STRANGE_BELOW and self._former is not None:
            former_lag, former = self._former.compare(windows, present)
            if former.best > _ADAPTS_ABOVE:
                self._current, self._former = self._former, self._current
                lag, likeness = former_lag, former
        if likeness.best > _ADAPTS_ABOVE and not early:
            self._current.adapt(windows, present, lag)
        self._strange = 0 if likeness.best >= _STRANGE_BELOW else self._strange + (not early)
        if self._strange >= _RELEARNS_AFTER:
            self._former, self._current = self._current, self._begun()
            self._strange = 0
        return likeness

    def _begun(self) -> _Form:
        """From the last beats: the mean of those that look like the one that most look like."""
        steady = [entry for entry in self._recent if not entry[2]]
        chosen = steady if len(steady) >= 3 else list(self._recent)
        forms = [_Form(windows[:, LAG : LAG + 2 * REACH + 1].copy(), present) for windows, present, _ in chosen]
        scores = [sum(form.compare(windows, present)[1].best for windows, present, _ in chosen) for form in forms]
        form = forms[int(np.argmax(scores))]
        for windows, present, _ in chosen:
            lag, likeness = form.compare(windows, present)
            if likeness.best > _ADAPTS_ABOVE:
                form.adapt(windows, present, lag)
        return form


def qrs_unit(waves: Waves) -> Waves:
    """Leads x points of the QRS complex, zero mean, length one. `waves`: leads x (2 REACH + 1)."""
    qrs = waves[:, _QRS]
    centred = qrs - qrs.sum(axis=1, keepdims=True) / np.float32(qrs.shape[1])
    unit: Waves = centred / (np.sqrt((centred * centred).sum(axis=1, keepdims=True)) + 1e-9)
    return unit


def lagged_correlations(windows: Waves, units: Waves) -> Waves:
    """Leads x lags: Pearson's, of the QRS complex at each lag of the windows with `units`."""
    parts = windows[:, _LAGGED]
    sums = parts.sum(axis=2)
    powers = np.einsum("lij,lij->li", parts, parts) - sums * sums / parts.shape[2]
    crosses: Waves = np.einsum("lij,lj->li", parts, units)
    crosses /= np.sqrt(np.maximum(powers, 0.0)) + 1e-6
    return crosses


def _area(waves: Waves) -> Waves:
    """Leads: what the wave sweeps around the R peak, against the middle of its values."""
    half = waves.shape[1] // 2
    ordered = waves.copy()
    ordered.partition(half, axis=1)
    level = ordered[:, half : half + 1]
    area: Waves = np.abs(waves - level).sum(axis=1)
    return area
