"""Breaths of an impedance, flow or capnogram wave; the rate; and apnoea, only where the wave can be trusted.

A breath is a rise and a fall that both exceed a share of the usual swing (advanced counting after A. Schaefer and
K. W. Kratky, Annals of Biomedical Engineering 2008). During a real apnoea the heart still moves the chest a little, at
its own rate: the share keeps these ripples out for a minute; a breathing rate that follows the heart rate is flagged.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from healthcare.signals.blocks import Blocks, Floats
from healthcare.signals.filters import filtered, low_pass, settled

APNOEA_S = 20.0
#: A breathing rate this near to the heart rate is the heart's (domain rule RR = HR +- 2 /min).
CARDIAC_WITHIN_PER_MIN = 2.0
CARDIAC_AFTER_S = 30.0

_WORK_HZ = 10.0
_BLOCK_S = 0.5
_LOW_PASS_HZ = 2.0
_SHARE = 0.3
_RATE_S = 40.0
_RATE_BREATHS = 9
_FLAT_S = 3.0
_WILD = 4.0  # a swing of so many usual ones is a movement of the patient


@dataclass(frozen=True, slots=True)
class Breathing:
    """What is known at a moment. `rate_per_min` None: no number, and `why` says so; 0 during an apnoea.

    `why`: `learning`, `missing`, `flat`, `movement`, `poor`, `cardiac` or empty. `silent_s`: since the last breath.
    """

    rate_per_min: float | None
    why: str
    apnoea: bool
    silent_s: float


class Respiration:
    """Follows one breathing wave of one patient."""

    def __init__(self, rate_hz: float) -> None:
        self._blocks = Blocks(rate_hz, _BLOCK_S, max(1, round(rate_hz / _WORK_HZ)))
        self._hz = self._blocks.rate_hz
        self._b, self._a = low_pass(2, min(_LOW_PASS_HZ, 0.4 * self._hz), self._hz)
        self._restarts = 0
        self._begin()

    def _begin(self) -> None:
        self.breaths_s: deque[float] = deque(maxlen=64)
        self._counter = SwingCounter()
        self._filter: Floats | None = None
        self._last = 0.0
        self._flat_since_s: float | None = None
        self._trusted_since_s: float | None = None
        self._moved_s = -1e9
        self._missing = True
        self._now_s = 0.0
        self._cardiac_since_s: float | None = None

    def take(self, samples: NDArray[np.floating], start_s: float) -> list[float]:
        """The moments of the breaths that became known: tops of the wave, in the source's clock."""
        found: list[float] = []
        for first, block in self._blocks.take(samples, start_s):
            if self._blocks.restarts != self._restarts:
                self._restarts = self._blocks.restarts
                self._begin()
            self._now_s = self._blocks.start_s + (first + len(block)) / self._hz
            found += self._block(first, block)
        self.breaths_s.extend(found)
        return found

    def _block(self, first: int, block: Floats) -> list[float]:
        holes = np.isnan(block)
        self._missing = bool(holes.mean() > 0.5)
        flat = bool(np.ptp(block) < 1e-4 * max(self._counter.usual, 1e-6)) if not holes.any() else False
        if self._missing or flat:
            self._flat_since_s = self._now_s - _BLOCK_S if self._flat_since_s is None else self._flat_since_s
        else:
            self._flat_since_s = None
        self._note_trust()
        if holes.any():
            block = np.where(holes, self._last, block)
        self._last = float(block[-1])
        if self._filter is None:
            self._filter = settled(self._b, self._a) * block[0]
        (smooth,), (self._filter,) = filtered(self._b, self._a, [block], [self._filter])
        tops = []
        for number, value in enumerate(smooth.tolist(), start=first):
            at_s = self._blocks.start_s + number / self._hz
            top_s = self._counter.step(at_s, value)
            if top_s is not None:
                tops.append(top_s)
            if self._counter.swing_now > _WILD * self._counter.usual > 0.0:
                self._moved_s = at_s
        return tops

    def _note_trust(self) -> None:
        """The wave counts as good from the moment it is there, moves, and is not thrown about."""
        bad = self._missing or (self._flat_since_s is not None and self._now_s - self._flat_since_s >= _FLAT_S)
        if bad:
            self._trusted_since_s = None
        elif self._trusted_since_s is None:
            self._trusted_since_s = self._now_s

    def at(self, heart_rate_per_min: float | None = None) -> Breathing:
        """As of the newest sample. `heart_rate_per_min`: to recognise the heart's own ripples."""
        now_s = self._now_s
        silent_s = now_s - self.breaths_s[-1] if self.breaths_s else 0.0
        if self._trusted_since_s is None:
            return Breathing(None, "missing" if self._missing else "flat", False, silent_s)
        if len(self.breaths_s) < 4:
            return Breathing(None, "learning", False, silent_s)
        quiet_s = now_s - max(self._trusted_since_s, self._moved_s, self.breaths_s[-1])
        if silent_s >= APNOEA_S:
            apnoea = quiet_s >= APNOEA_S
            return Breathing(0.0 if apnoea else None, "" if apnoea else "movement", apnoea, silent_s)
        rate = self._rate(now_s)
        if rate is not None and self._cardiac(rate, heart_rate_per_min):
            return Breathing(None, "cardiac", False, silent_s)
        if rate is None or self._restless(now_s):
            return Breathing(None, "movement" if now_s - self._moved_s < 10.0 else "poor", False, silent_s)
        return Breathing(rate, "", False, silent_s)

    def _restless(self, now_s: float) -> bool:
        """Intervals all over the place: what was counted were not breaths alone."""
        recent = [at_s for at_s in self.breaths_s if now_s - at_s <= _RATE_S][-_RATE_BREATHS:]
        gaps = sorted(b - a for a, b in pairwise(recent))
        middle = gaps[len(gaps) // 2]
        strange = sum(not 0.4 * middle <= gap <= 2.5 * middle for gap in gaps)
        return len(gaps) >= 5 and strange > len(gaps) // 3

    def _rate(self, now_s: float) -> float | None:
        recent = [at_s for at_s in self.breaths_s if now_s - at_s <= _RATE_S][-_RATE_BREATHS:]
        if len(recent) < 3:
            return None
        # a breath that is late counts as if it came now, so that the number falls before the next one is there
        span_s = recent[-1] - recent[0]
        usual_s = span_s / (len(recent) - 1)
        late_s = now_s - recent[-1]
        if late_s > 1.5 * usual_s:
            return 60.0 * len(recent) / (span_s + late_s)
        return 60.0 / usual_s

    def _cardiac(self, rate_per_min: float, heart_rate_per_min: float | None) -> bool:
        near = heart_rate_per_min is not None and abs(rate_per_min - heart_rate_per_min) <= CARDIAC_WITHIN_PER_MIN
        if not near or rate_per_min < 30.0:  # a heart below 30 and its equal as breathing: not the ripples of a heart
            self._cardiac_since_s = None
            return False
        if self._cardiac_since_s is None:
            self._cardiac_since_s = self._now_s
        return self._now_s - self._cardiac_since_s >= CARDIAC_AFTER_S


class SwingCounter:
    """Rises and falls of a wave, sample by sample: a top counts when both sides exceed a share of the usual swing.

    `usual` is the median of the last swings, 0 until there are three; it fades when nothing counts for a minute.
    """

    def __init__(self) -> None:
        self.usual = 0.0
        self.swing_now = 0.0
        self._swings: deque[float] = deque(maxlen=9)
        self._rising = True
        self._high = self._low = 0.0
        self._high_s = self._low_s = 0.0
        self._rose = False
        self._begun_s: float | None = None
        self._counted_s = 0.0

    def step(self, at_s: float, value: float) -> float | None:
        """The moment of the top that became certain with this sample, or None."""
        if self._begun_s is None:
            self._begun_s = self._counted_s = at_s
            self._high = self._low = value
        needed = _SHARE * self._threshold(at_s)
        if self._rising:
            if value >= self._high:
                self._high, self._high_s = value, at_s
            self.swing_now = self._high - self._low
            if self._high - value > needed and self.swing_now > needed:
                self._rising = False
                return self._top(at_s, value)
            if value < self._low:
                self._high = self._low = value
        else:
            if value <= self._low:
                self._low = value
            self.swing_now = self._high - self._low
            if value - self._low > needed:
                self._rising = True
                self._high, self._high_s = value, at_s
        return None

    def _threshold(self, at_s: float) -> float:
        if self.usual <= 0.0:
            return max(self._high - self._low, 1e-9) if at_s - (self._begun_s or 0.0) < 4.0 else 1e-9
        silent_s = at_s - self._counted_s
        return self.usual if silent_s < 60.0 else self.usual * 0.5 ** ((silent_s - 60.0) / 15.0)

    def _top(self, at_s: float, value: float) -> float:
        self._swings.append(self._high - self._low)
        ordered = sorted(self._swings)
        self.usual = ordered[len(ordered) // 2] if len(ordered) >= 3 else 0.0
        self._counted_s = at_s
        self._low = value
        return self._high_s


class DerivedRespiration:
    """A fall-back where no breathing wave is there: breaths as the height of the QRS complexes goes up and down.

    Good for a rate, with the note that it is derived; never for an apnoea. Told only while the heights swing clearly.
    """

    def __init__(self) -> None:
        self._counter = SwingCounter()
        self._smooth: float | None = None
        self._heights: deque[float] = deque(maxlen=24)
        self._tops_s: deque[float] = deque(maxlen=12)

    def add(self, at_s: float, height_mv: float) -> None:
        """The next normal beat."""
        self._smooth = height_mv if self._smooth is None else 0.5 * (self._smooth + height_mv)
        self._heights.append(height_mv)
        top_s = self._counter.step(at_s, self._smooth)
        if top_s is not None:
            self._tops_s.append(top_s)

    def rate_per_min(self, now_s: float) -> float | None:
        """None where the heights hardly swing, or swing too irregularly to be breaths."""
        recent = [top_s for top_s in self._tops_s if now_s - top_s <= _RATE_S]
        if len(recent) < 5 or len(self._heights) < 24:
            return None
        middle = sorted(self._heights)[len(self._heights) // 2]
        gaps = [b - a for a, b in pairwise(recent)]
        mean_s = sum(gaps) / len(gaps)
        steady = max(gaps) < 2.0 * min(gaps)
        return 60.0 / mean_s if steady and self._counter.usual > 0.03 * middle else None
