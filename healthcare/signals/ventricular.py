"""Ventricular runs by rules that wait for nothing: five fast beats in a row that look like none of this patient's.

A beat is unlike normal when its QRS complex correlates with the personal normal beat in no lead (so a lead that shows a
normal beat contradicts by itself) and sweeps a larger area: wide, high or both. The beats of a run look like one
another, or like the last but one: movement makes beats of any shape. The run is faster than the normal beats before it:
a shape that changes at the same rate is a change of posture. What is normal is not touched during a run, or a long
tachycardia would become it. Class labels that come later may add to a run, they take nothing from it. A run of beats
that all differ (polymorphic) is not found here, but as fibrillation or as a fast rate.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from healthcare.signals.beat import Beat, Chunk
from healthcare.signals.lead_trace import LeadTraces
from healthcare.signals.normal_form import (
    LAG,
    REACH,
    WINDOW_REACH,
    Flags,
    NormalForm,
    Waves,
    lagged_correlations,
    qrs_unit,
)

LEADS = 2
RUN_BEATS = 5
FASTER_THAN_PER_MIN = 100.0
#: Unlike normal is a beat whose likeness is below the first and whose area, as a ratio to normal, above the second.
UNLIKE = ((0.7, 0.75), (0.87, 1.0), (0.9, 1.15), (0.96, 1.4))
#: The beats of a run correlate with one another from here on.
AKIN_FROM = 0.75
#: The longest of a run's last intervals is no more than so many times the shortest.
UNEVEN = 2.0
#: A run's intervals are shorter than this share of the normal ones, unless it is faster than the second.
FASTER_THAN_NORMAL = 0.9
SUDDEN_PER_MIN = 150.0
#: A label counts from this probability on.
SURE = 0.8

_EARLY_BELOW = 0.88
_FROZEN_FROM = 3
_NORMAL_ENDS = 3
_STRANGE_OF_EIGHT = 4
_SILENT_ENDS_S = 3.0


@dataclass(frozen=True, slots=True)
class BeatShape:
    """A beat with what its shape says. `likeness`: of the lead that is most like normal; None while none is known.

    `unlike`: unlike normal; `strange`: and like a beat just before, as in a run. `area`: the largest ratio to normal of
    any lead. `height_mv`: in the first lead.
    """

    beat: Beat
    unlike: bool
    strange: bool
    likeness: float | None
    area: float
    height_mv: float


class VentricularRuns:
    """One patient. `present` from the fifth beat of a fast run until three normal beats, or silence."""

    def __init__(self, faster_than_per_min: float = FASTER_THAN_PER_MIN) -> None:
        self.traces = LeadTraces(LEADS)
        self.present = False
        self.run: list[BeatShape] = []  # the strange beats in a row, the last of a row that has just ended too
        self._slowest_s = 60.0 / faster_than_per_min
        self._waiting: deque[Beat] = deque()
        self._recent: deque[BeatShape] = deque(maxlen=32)
        self._intervals: deque[float] = deque(maxlen=10)
        self._normal = NormalForm()
        self._normal_gaps: deque[float] = deque(maxlen=16)
        self._strangers: deque[Waves] = deque(maxlen=2)
        self._nothing: Waves = np.zeros(2 * WINDOW_REACH + 1, np.float32)

    @property
    def rate_per_min(self) -> float | None:
        """Of the run's last beats."""
        gaps = [shape.beat.rr_s for shape in self.run[-RUN_BEATS + 1 :] if shape.beat.rr_s is not None]
        return 60.0 * len(gaps) / sum(gaps) if gaps else None

    def relearn(self) -> None:
        """Forgets what is normal: other electrodes, another patient."""
        self._normal = NormalForm()
        self.run, self.present = [], False

    def take(self, chunks: Iterable[Chunk], beats: Sequence[Beat], usable: Collection[str]) -> list[BeatShape]:
        """Beats whose shape became known, in order. `usable`: leads fit to be looked at."""
        self.traces.take(chunks)
        self._waiting.extend(beats)
        found = []
        while self._waiting and self.traces.reach(self._waiting[0].at_s, WINDOW_REACH):
            shape = self._shape(self._waiting.popleft(), usable)
            self._recent.append(shape)
            self._follow(shape)
            found.append(shape)
        return found

    def _shape(self, beat: Beat, usable: Collection[str]) -> BeatShape:
        windows: list[Waves] = []
        present = np.zeros(LEADS, dtype=np.bool_)
        for place, (lead, trace) in enumerate(self.traces.by_lead.items()):
            window = trace.window(beat.at_s, WINDOW_REACH) if lead in usable else None
            present[place] = window is not None
            windows.append(self._nothing if window is None else window)
        windows += [self._nothing] * (LEADS - len(windows))
        if not present.any():
            return BeatShape(beat, False, False, None, 1.0, 0.0)
        return self._compared(beat, np.stack(windows), present)

    def _compared(self, beat: Beat, windows: Waves, present: Flags) -> BeatShape:
        height_mv = float(np.ptp(windows[int(present.argmax())]))
        frozen = len(self.run) >= _FROZEN_FROM and self._fast()
        likeness = self._normal.compare(windows, present, early=self._early(beat.rr_s), frozen=frozen)
        if likeness is None or not likeness.known.any():
            return BeatShape(beat, False, False, None, 1.0, height_mv)
        unlike = any(likeness.best < below and likeness.largest > above for below, above in UNLIKE)
        strange = unlike and self._akin(windows, likeness.known)
        return BeatShape(beat, unlike, strange, likeness.best, likeness.largest, height_mv)

    def _akin(self, windows: Waves, known: Flags) -> bool:
        """Whether the beat looks like one of the two strange ones before it; the first ones have none to look like."""
        kin = len(self._strangers) < 2
        for unit in self._strangers:
            mean = lagged_correlations(windows, unit)[known].mean(axis=0)
            kin = kin or float(mean.max()) >= AKIN_FROM
        self._strangers.append(qrs_unit(windows[:, LAG : LAG + 2 * REACH + 1]))
        return kin

    def _early(self, rr_s: float | None) -> bool:
        ordered = sorted(self._intervals)
        usual_s = ordered[len(ordered) // 2] if ordered else 0.0
        if rr_s is not None:
            self._intervals.append(min(rr_s, 2.0))
        return rr_s is not None and rr_s < _EARLY_BELOW * usual_s

    def _fast(self) -> bool:
        """Above the limit, and above the rate of the normal beats before: a shape that changes with its beats in time
        is a change of posture or electrodes."""
        rate = self.rate_per_min
        if rate is None or rate * self._slowest_s <= 60.0:
            return False
        ordered = sorted(self._normal_gaps)
        usual_s = ordered[len(ordered) // 2] if ordered else 1.0
        return rate >= SUDDEN_PER_MIN or 60.0 / rate < FASTER_THAN_NORMAL * usual_s

    def _steady(self) -> bool:
        """Beats of movement come at any time, those of a run do not."""
        gaps = [shape.beat.rr_s for shape in self.run[-RUN_BEATS + 1 :] if shape.beat.rr_s is not None]
        return max(gaps) <= UNEVEN * min(gaps)

    def _follow(self, shape: BeatShape) -> None:
        if shape.strange and shape.beat.rr_s is not None:
            self.run.append(shape)
            if len(self.run) >= RUN_BEATS and self._fast():
                self.present = self.present or self._steady()
        elif not shape.strange:
            if shape.beat.rr_s is not None and not self.run:
                self._normal_gaps.append(shape.beat.rr_s)
            if self.present and not self._over():
                return  # one or two in between do not end a run
            self.run = []
            self.present = False
            self._strangers.clear()

    def _over(self) -> bool:
        last = [shape.strange for shape in list(self._recent)[-8:]]
        return not any(last[-_NORMAL_ENDS:]) or sum(last) < _STRANGE_OF_EIGHT

    def label(self, at_s: float, ventricular_probability: float) -> None:
        """What the classifier says of the beat at `at_s`: a sure V makes it a beat of a run."""
        if ventricular_probability < SURE:
            return
        recent = list(self._recent)
        place = next((index for index, shape in enumerate(recent) if shape.beat.at_s == at_s), None)
        if place is None or recent[place].strange:
            return
        recent[place] = replace(recent[place], strange=True)
        self._recent = deque(recent, maxlen=32)
        if not self.present:
            self._recount()

    def _recount(self) -> None:
        run: list[BeatShape] = []
        for shape in reversed(self._recent):
            if not shape.strange or shape.beat.rr_s is None:
                break
            run.insert(0, shape)
        if len(run) > len(self.run):
            self.run = run
            self.present = len(run) >= RUN_BEATS and self._fast() and self._steady()

    def silent(self, since_beat_s: float) -> None:
        """No beat for so long: a run has ended, whatever comes."""
        if since_beat_s > _SILENT_ENDS_S:
            self.run, self.present = [], False
