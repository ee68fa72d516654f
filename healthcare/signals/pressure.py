"""Arterial pressure from its wave: systolic, diastolic, mean; and when the line, not the patient, makes the numbers.

A flushed line reads high and flat, a transducer that is open to air reads nothing: both are technical, and so are the
next 60 s, in which the wave comes back. A damped line (clot, kink, air) keeps its mean but loses its pulse: systolic
and diastolic are then no numbers, the mean stays one, so that a falling pressure is never hidden. Limits: ours, from
practice (docs/healthcare/rhythm.md).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthcare.signals.pulse import SHOWN_QUALITY, Pulse, PulseTracker

FLUSH_ABOVE_MMHG = 200.0
FLUSH_SPAN_MMHG = 20.0
ZERO_WITHIN_MMHG = 5.0
ZERO_SPAN_MMHG = 3.0
DAMPED_BELOW_MMHG = 10.0
DAMPED_AFTER_S = 5.0
SUPPRESSED_S = 60.0
LOWEST_MMHG, HIGHEST_MMHG = -50.0, 300.0

_STILL_LEVELS = 4  # two seconds
_MEAN_LEVELS = 8
_PULSES = 5
_PULSES_WITHIN_S = 6.0


@dataclass(frozen=True, slots=True)
class PressureReading:
    """mmHg; None where there is no number. `why`: `flush`, `zeroing`, `damped`, `missing`, `learning` or empty.

    `suppressed`: a flush or zeroing is on, or ended less than a minute ago: no limit alarm comes from this line.
    """

    systolic_mmhg: float | None
    diastolic_mmhg: float | None
    mean_mmhg: float | None
    why: str
    suppressed: bool


class ArterialPressure:
    """One arterial line. The wave is in mmHg."""

    def __init__(self, rate_hz: float) -> None:
        self.pulses = PulseTracker(rate_hz)
        self._seen_s = 0.0  # end of the newest level judged
        self._line_fault = ""
        self._fault_end_s: float | None = None
        self._damped_since_s: float | None = None

    def take(self, samples: NDArray[np.floating], start_s: float) -> list[Pulse]:
        found = self.pulses.take(samples, start_s)
        for position, level in enumerate(self.pulses.levels):
            if level.end_s > self._seen_s:
                self._judge(position)
        return found

    def reading(self) -> PressureReading:
        levels = list(self.pulses.levels)[-_MEAN_LEVELS:]
        if not levels or levels[-1].missing:
            return PressureReading(None, None, None, "missing", False)
        now_s = levels[-1].end_s
        suppressed = self._fault_end_s is not None and now_s - self._fault_end_s < SUPPRESSED_S
        if self._line_fault:
            return PressureReading(None, None, None, self._line_fault, True)
        mean = _plausible(float(np.mean([level.mean for level in levels if not level.missing])))
        if self._damped_since_s is not None and now_s - self._damped_since_s >= DAMPED_AFTER_S:
            return PressureReading(None, None, mean, "damped", suppressed)
        beats = [p for p in self._recent(now_s) if p.quality >= SHOWN_QUALITY]
        if len(beats) < 3:
            return PressureReading(None, None, mean, self.pulses.why or "poor", suppressed)
        systolic = _plausible(float(np.median([p.top for p in beats])))
        diastolic = _plausible(float(np.median([p.foot for p in beats])))
        return PressureReading(systolic, diastolic, mean, "", suppressed)

    def _recent(self, now_s: float) -> list[Pulse]:
        return [p for p in self.pulses.recent if now_s - p.at_s <= _PULSES_WITHIN_S][-_PULSES:]

    def _judge(self, position: int) -> None:
        """Flush, zeroing and damping, as of the level at `position` of the tracker's levels."""
        levels = list(self.pulses.levels)[max(0, position - _STILL_LEVELS + 1) : position + 1]
        now_s = self._seen_s = levels[-1].end_s
        self._line_fault = ""
        if len(levels) == _STILL_LEVELS and not any(level.missing for level in levels):
            lowest, highest = min(level.lowest for level in levels), max(level.highest for level in levels)
            if min(level.mean for level in levels) > FLUSH_ABOVE_MMHG and highest - lowest < FLUSH_SPAN_MMHG:
                self._line_fault = "flush"
            elif max(abs(lowest), abs(highest)) < ZERO_WITHIN_MMHG and highest - lowest < ZERO_SPAN_MMHG:
                self._line_fault = "zeroing"
            self._note_damped(now_s, highest - lowest)
        if self._line_fault:
            self._fault_end_s = now_s

    def _note_damped(self, now_s: float, span_mmhg: float) -> None:
        damped = span_mmhg < DAMPED_BELOW_MMHG and not self._line_fault
        if not damped:
            self._damped_since_s = None
        elif self._damped_since_s is None:
            self._damped_since_s = now_s


def _plausible(value_mmhg: float) -> float | None:
    return value_mmhg if LOWEST_MMHG <= value_mmhg <= HIGHEST_MMHG else None
