"""Pulses of a plethysmogram or an arterial pressure: each onset with how far it can be trusted, and the pulse rate.

A low-pass at 8 Hz, then the slope sum of W. Zong et al. ("An open-source algorithm to detect onset of arterial blood
pressure pulses", Computers in Cardiology 2003): the sum of all rises in a short window has one clear top per pulse. A
top counts when it is high enough against the last ones; the foot before it is the onset. Quality follows Q. Li and
G. Clifford (2012): how well a pulse agrees with the personal template of this wave, its amplitude against its
neighbours, its rise, flat and clipped stretches. Published ideas; thresholds are ours.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from healthcare.signals.blocks import Blocks, Floats
from healthcare.signals.filters import filtered, low_pass, settled
from healthcare.signals.pulse_shape import GOOD_QUALITY, PulseShape

#: What is good enough for a number on a screen.
SHOWN_QUALITY = 0.5
FASTEST_PER_MIN, SLOWEST_PER_MIN = 240.0, 25.0

_WORK_HZ = 62.5
_BLOCK_S = 0.5
_LOW_PASS_HZ = 8.0
_DELAY_S = 0.045  # of the low-pass around 2 Hz
_SLOPE_S = 0.16
_TOP_S = 0.13
_REFRACTORY_S = 60.0 / FASTEST_PER_MIN
_AFTER_S = 0.46  # a pulse is told this long after its steepest moment
_FOOT_S = 0.4
_BEFORE_S = 0.14  # the shape of a pulse: from so long before its steepest moment
_SHAPE_S = 0.36  # until so long after it
_KEEP_S = 4.0
_LEARN_S = 2.5
_RATE_PULSES = 9
_RATE_S = 10.0


@dataclass(frozen=True, slots=True)
class Pulse:
    """One pulse. `at_s` is its onset, `found_s` when the stream knew; `foot`, `top` are in the wave's own unit.

    `mean_before` is the mean of the wave since the onset before (None for the first); `interval_s` the time since it.
    """

    at_s: float
    found_s: float
    quality: float
    foot: float
    top: float
    interval_s: float | None = None
    mean_before: float | None = None

    @property
    def good(self) -> bool:
        return self.quality >= GOOD_QUALITY


@dataclass(frozen=True, slots=True)
class Level:
    """Half a second of the wave that ends at `end_s`; `missing`: more than half of it was not there."""

    end_s: float
    mean: float
    lowest: float
    highest: float
    missing: bool


class PulseTracker:
    """Follows one wave; `take` tells the pulses that became known. Belongs to one bed, holds about 10 kB.

    `recent` are the last pulses, `levels` the last ten seconds in half seconds; `why` says what is wrong with the wave
    (`learning`, `missing`, `flat`, `poor`), empty when nothing is.
    """

    def __init__(self, rate_hz: float) -> None:
        self._blocks = Blocks(rate_hz, _BLOCK_S, max(1, round(rate_hz / _WORK_HZ)))
        self._hz = self._blocks.rate_hz
        self._b, self._a = low_pass(2, min(_LOW_PASS_HZ, 0.4 * self._hz), self._hz)
        self._restarts = 0
        self._reset()

    def _reset(self) -> None:
        self.recent: deque[Pulse] = deque(maxlen=32)
        self.levels: deque[Level] = deque(maxlen=20)
        self.why = "learning"
        self._filter: Floats | None = None
        self._wave: Floats = np.empty(0)  # averaged, not filtered
        self._smooth: Floats = np.empty(0)
        self._slope: Floats = np.empty(0)
        self._holes: NDArray[np.bool_] = np.empty(0, dtype=np.bool_)
        self._first = 0  # number of the first sample kept
        self._searched = 0  # tops before this sample have been looked at
        self._last_value = 0.0
        self._level = 0.0
        self._pending: list[tuple[int, float]] = []
        self._last_top = -(10**9)
        self._measured = 0  # the top of the slope sum measured last: the next foot comes after it
        self._last_onset: float | None = None
        self._shape = PulseShape(self._hz)
        self._flat_s = 0.0
        self._usual_s = 0.8

    # -- what it knows ------------------------------------------------------------------------------------------

    @property
    def end_s(self) -> float:
        """Time just after the newest sample taken, in the source's clock."""
        return self._blocks.end_s

    def rate_per_min(self, now_s: float) -> float | None:
        """From the last intervals, highest and lowest left out; None while too few pulses of 10 s are fit to show."""
        gaps = [
            p.interval_s
            for p in self.recent
            if p.quality >= SHOWN_QUALITY and p.interval_s is not None and now_s - p.at_s <= _RATE_S
        ]
        if len(gaps) < 3:
            return None
        middle = sorted(gaps[-_RATE_PULSES:])
        kept = middle[1:-1] if len(middle) >= 5 else middle
        rate = 60.0 * len(kept) / sum(kept)
        return rate if SLOWEST_PER_MIN <= rate <= FASTEST_PER_MIN else None

    def quality(self, now_s: float) -> float:
        """0..1: the mean of the last four pulses; 0 when the last is older than 2.5 s, or there are fewer."""
        recent = self.recent
        if len(recent) < 4 or now_s - recent[-1].at_s > 2.5:
            return 0.0
        return (recent[-4].quality + recent[-3].quality + recent[-2].quality + recent[-1].quality) / 4

    def good_since(self, since_s: float) -> list[Pulse]:
        return [p for p in self.recent if p.good and p.at_s >= since_s]

    # -- what it takes ------------------------------------------------------------------------------------------

    def take(self, samples: NDArray[np.floating], start_s: float) -> list[Pulse]:
        """`samples` begin at `start_s` of the source's clock; NaN where the source had none."""
        found: list[Pulse] = []
        for first, block in self._blocks.take(samples, start_s):
            if self._blocks.restarts != self._restarts:
                self._restarts = self._blocks.restarts
                self._reset()
                self._first = self._searched = first
            self._append(block)
            self._search()
            found += self._settle()
            self._trim()
        return found

    def _append(self, block: Floats) -> None:
        holes = np.isnan(block)
        missing = bool(np.logical_or.reduce(holes))
        if missing:
            block = self._filled(block, holes)
            missing = bool(holes.mean() > 0.5)
        self._last_value = float(block[-1])
        if self._filter is None:
            self._filter = settled(self._b, self._a) * block[0]
        (smooth,), (self._filter,) = filtered(self._b, self._a, [block], [self._filter])
        rise = np.empty_like(smooth)
        rise[0] = smooth[0] - (self._smooth[-1] if len(self._smooth) else smooth[0])
        np.subtract(smooth[1:], smooth[:-1], out=rise[1:])
        np.maximum(rise, 0.0, out=rise)
        self._wave = np.concatenate((self._wave, block))
        self._smooth = np.concatenate((self._smooth, smooth))
        self._holes = np.concatenate((self._holes, holes))
        self._slope = np.concatenate((self._slope, rise))
        self._note_flat(block, missing)

    def _filled(self, block: Floats, holes: NDArray[np.bool_]) -> Floats:
        """Holes hold the last value, so that a filter rings as little as can be."""
        at = np.where(holes, 0, np.arange(1, len(block) + 1))
        at = np.maximum.accumulate(at)
        return np.concatenate(([self._last_value], block))[at]

    def _note_flat(self, block: Floats, missing: bool) -> None:
        values = block.tolist()
        mean, lowest, highest = float(np.add.reduce(block)) / len(values), min(values), max(values)
        self.levels.append(Level(self._time(self._end), mean, lowest, highest, missing))
        still = highest - lowest <= 1e-3 * max(self._shape.usual_height, 1e-6)
        self._flat_s = self._flat_s + _BLOCK_S if still or missing else 0.0
        if missing and self._flat_s > 1.0:
            self.why = "missing"
        elif self._flat_s >= 3.0:
            self.why = "flat"
        elif not self._shape.known:
            self.why = "learning"
        else:
            self.why = "" if self.quality(self._time(self._end)) >= 0.5 else "poor"

    # -- tops of the slope sum ----------------------------------------------------------------------------------

    @property
    def _end(self) -> int:
        return self._first + len(self._smooth)

    def _time(self, sample: float) -> float:
        return self._blocks.start_s + sample / self._hz

    def _sums(self, start: int, stop: int) -> Floats:
        """Slope sums of the samples start..stop (numbers of the stream)."""
        width = round(_SLOPE_S * self._hz)
        low = max(start - width + 1, self._first)
        rises = self._slope[low - self._first : stop - self._first]
        summed = np.convolve(rises, _ones(width))[: len(rises)]
        return summed[start - low :]

    def _search(self) -> None:
        reach = round(_TOP_S * self._hz)
        if self._level == 0.0:
            if len(self._smooth) < _LEARN_S * self._hz:
                return
            start = self._first + round(0.5 * self._hz)
            tops = np.sort([part.max() for part in np.array_split(self._sums(start, self._end), 3)])
            self._level = float(tops[1])
            self._searched = start + reach
            if self._level <= 0.0:
                self._level = 0.0
                return
        stop = self._end - reach
        low = max(self._searched - reach, self._first)
        sums = self._sums(low, self._end).tolist()
        least = 0.15 * self._level
        for place in range(self._searched - low, stop - low):
            height = sums[place]
            if sums[place + 1] <= height > least and height == max(sums[max(place - reach, 0) : place + reach + 1]):
                self._consider(low + place, height)
        self._searched = stop
        silent_s = (stop - self._last_top) / self._hz
        if silent_s > max(2.0, 2.0 * self._usual_s):
            self._level *= 0.85

    def _consider(self, number: int, height: float) -> None:
        since_s = (number - self._last_top) / self._hz
        usual_s = self._usual_s
        needed = 0.7 if since_s < 0.55 * usual_s else 0.45 if since_s < 1.5 * usual_s else 0.3
        if height < needed * self._level:
            return
        if since_s < _REFRACTORY_S:
            if self._pending and height > self._pending[-1][1]:
                self._pending[-1] = (number, height)
                self._last_top = number
            return
        self._pending.append((number, height))
        self._last_top = number
        self._level += 0.15 * (min(height, 2.0 * self._level) - self._level)

    # -- one pulse ----------------------------------------------------------------------------------------------

    def _settle(self) -> list[Pulse]:
        after = round(_AFTER_S * self._hz)
        settled = []
        while self._pending and self._pending[0][0] + after <= self._end:
            pulse = self._measure(self._pending.pop(0)[0])
            if pulse is not None:
                self.recent.append(pulse)
                settled.append(pulse)
        if settled:
            gaps = [p.interval_s for p in self.recent if p.interval_s is not None][-9:]
            self._usual_s = sorted(gaps)[len(gaps) // 2] if len(gaps) >= 3 else 0.8
        return settled

    def _measure(self, top: int) -> Pulse | None:
        """Onset, top, shape and quality of the pulse whose slope sum tops at `top`.

        The onset is where the tangent at the steepest moment meets the lowest value before it: in a long flat diastole
        the lowest value itself may be anywhere.
        """
        low = max(top - round(_FOOT_S * self._hz), self._first, self._measured)
        head = self._smooth[low - self._first : top - self._first + 1]
        if len(head) < 4:
            return None
        self._measured = top
        rises = head[1:] - head[:-1]
        steepest = int(rises.argmax())
        base = float(head[: steepest + 1].min())
        back = (0.5 * float(head[steepest] + head[steepest + 1]) - base) / float(max(rises[steepest], 1e-12))
        onset = low + max(steepest + 0.5 - back, 0.0)
        upto = top + round(0.25 * self._hz) - self._first
        body = self._smooth[low + steepest - self._first : upto]
        amplitude = float(body.max()) - base
        rise_s = (low + steepest + int(body.argmax()) - onset) / self._hz
        start = max(low + steepest - round(_BEFORE_S * self._hz), self._first)
        stop = low + steepest + round(_SHAPE_S * self._hz)
        shape = self._smooth[start - self._first : stop - self._first]
        whole = stop <= self._end and not self._holes[start - self._first : stop - self._first].any()
        part = self._wave[start - self._first :][: len(shape)]
        quality = self._shape.judge(shape, amplitude, rise_s, part) if whole else 0.0
        raw = self._wave[low - self._first : upto]
        interval_s, mean = self._since_last(onset)
        self._last_onset = onset
        return Pulse(
            at_s=self._time(onset) - _DELAY_S,
            found_s=self._time(self._end),
            quality=quality,
            foot=float(raw[: steepest + 1].min()),
            top=float(raw[steepest:].max()),
            interval_s=interval_s,
            mean_before=mean,
        )

    def _since_last(self, onset: float) -> tuple[float | None, float | None]:
        if self._last_onset is None:
            return None, None
        interval_s = (onset - self._last_onset) / self._hz
        if interval_s > 60.0 / SLOWEST_PER_MIN or self._last_onset < self._first:
            return None, None
        cycle = self._wave[int(self._last_onset) - self._first : int(onset) - self._first]
        return interval_s, float(cycle.mean()) if len(cycle) else None

    def _trim(self) -> None:
        extra = len(self._smooth) - round(_KEEP_S * self._hz)
        if extra > 0:
            self._wave, self._smooth = self._wave[extra:], self._smooth[extra:]
            self._slope, self._holes = self._slope[extra:], self._holes[extra:]
            self._first += extra


@lru_cache(maxsize=16)
def _ones(width: int) -> Floats:
    return np.ones(width)
