"""Waves of a simulated patient, and the numerics that a monitor reads from them.

ECG: each beat a sum of Gaussians (P, Q, R, S, T; after McSharry et al., IEEE Trans Biomed Eng 50:289, 2003), placed
around its R peak, T by the square root of the interval; two leads. Pulse: one shape per beat, stretched to the next.
All vectorised over the samples of a chunk.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulators.scenarios import Condition, Rhythm
from simulators.ward_heart import Beat, BeatKind, Heart

Wave = NDArray[np.float32]

ECG_HZ, PULSE_HZ, BREATH_HZ = 250.0, 250.0, 50.0
#: Channel: rate in Hz.
CHANNELS: Mapping[str, float] = {
    "ecg_ii_mv": ECG_HZ, "ecg_v_mv": ECG_HZ, "pleth": PULSE_HZ, "abp_mmhg": PULSE_HZ, "resp_ohm": BREATH_HZ,
}  # fmt: skip

_TRANSIT_S = 0.20  # from the R peak to the foot of the pulse at the finger
_LONGEST_PULSE_S = 1.6
#: Of each kind of beat: seconds after R, width in s, mV in lead II, mV in lead V, whether it moves with the interval.
_GAUSSIANS: Mapping[BeatKind, tuple[tuple[float, float, float, float, bool], ...]] = {
    BeatKind.NORMAL: (
        (-0.165, 0.022, 0.13, 0.06, False), (-0.026, 0.009, -0.10, -0.06, False), (0.0, 0.011, 1.10, 0.95, False),
        (0.027, 0.011, -0.22, -0.48, False), (0.255, 0.055, 0.20, 0.26, True), (0.300, 0.036, 0.13, 0.16, True),
    ),
    BeatKind.AF: (
        (0.0, 0.011, 1.05, 0.92, False), (-0.026, 0.009, -0.10, -0.06, False), (0.027, 0.011, -0.22, -0.48, False),
        (0.255, 0.055, 0.17, 0.22, True), (0.300, 0.036, 0.10, 0.14, True), (0.1, 0.03, 0.0, 0.0, False),
    ),
    BeatKind.VENTRICULAR: (
        (-0.045, 0.018, 0.42, -0.36, False), (-0.004, 0.017, 1.25, -1.15, False), (0.046, 0.020, -0.85, 0.75, False),
        (0.235, 0.050, -0.42, 0.38, True), (0.300, 0.035, -0.12, 0.12, True), (0.0, 0.03, 0.0, 0.0, False),
    ),
}  # fmt: skip
_TABLES = {kind: np.array(rows) for kind, rows in _GAUSSIANS.items()}
_REACH_S = 0.75


def _pulse_shape() -> NDArray[np.float64]:
    """From the foot (0) over the peak (1) and the notch back to 0, over one beat."""
    x = np.linspace(0, 1, 257)
    rise = np.sin(np.pi / 2 * np.clip(x / 0.17, 0, 1)) ** 2
    fall = np.exp(-3.2 * np.clip(x - 0.17, 0, None)) + 0.14 * np.exp(-(((x - 0.47) / 0.06) ** 2))
    ease = np.clip((1 - x) / 0.25, 0, 1)
    return np.asarray(rise * fall * ease / np.max(rise * fall * ease))


_PULSE_SHAPE = _pulse_shape()


@dataclass(frozen=True, slots=True)
class Numerics:
    """What the monitor shows; None is "no value"."""

    hr_per_min: float | None
    pr_per_min: float | None
    spo2_pct: float | None
    rr_per_min: float | None
    perfusion_pct: float | None
    pvc_per_min: float | None


class Patient:
    """One patient's body, from chunk to chunk. `chunk` must be called with times that follow each other."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.heart = Heart(rng)
        self._rng = rng
        self._breath = float(rng.random())  # turns
        self._depth = 1.0
        self._size = rng.uniform(0.8, 1.25, size=2)  # of the two leads
        self._perfusion = float(rng.uniform(0.7, 1.0))
        self._shake = np.zeros(2)
        self._pulseless_since_s: float | None = None
        self._pressure_mmhg, self._stroke_mmhg = 60.0, 40.0

    def chunk(self, start_s: float, end_s: float, condition: Condition, *, abp: bool) -> dict[str, Wave]:
        """The waves of [start_s, end_s), by channel; NaN where nothing is attached."""
        self.heart.advance(end_s, condition, self._breath)
        at_s = sample_times(start_s, end_s, ECG_HZ)
        self._pulseless_since_s = None if condition.has_pulse else (self._pulseless_since_s or start_s)
        breath = self._breath + (at_s - start_s) * condition.rr_per_min / 60
        self._depth += (float(condition.rr_per_min > 0) - self._depth) * min(1.0, (end_s - start_s) / 0.8)
        sway = np.sin(2 * np.pi * breath) * self._depth
        shaken = "artefact" in condition.spells
        ecg = self._ecg(at_s, condition, sway)
        pulse = self._pulse(at_s)
        pleth = pulse * (1 + 0.1 * sway) * self._perfusion + 0.02 * sway
        if shaken:
            ecg += self._motion(at_s)
            pleth = 0.35 * pleth + 0.5 * np.abs(self._motion(at_s)[0])
        pleth += 0.004 * self._rng.standard_normal(len(at_s))
        waves = {"ecg_ii_mv": ecg[0], "ecg_v_mv": ecg[1], "pleth": pleth}
        if abp:
            waves["abp_mmhg"] = self._pressure(pulse, condition, end_s - start_s) + 1.5 * sway
        waves["resp_ohm"] = self._breathing(start_s, end_s, condition)
        if "leads-off" in condition.spells:
            for channel in ("ecg_ii_mv", "ecg_v_mv", "resp_ohm"):
                waves[channel] = np.full_like(waves[channel], np.nan)
        if "probe-off" in condition.spells:
            waves["pleth"] = np.full_like(pleth, np.nan)
        self._breath = (self._breath + (end_s - start_s) * condition.rr_per_min / 60) % 1e6
        return {channel: wave.astype(np.float32) for channel, wave in waves.items()}

    def numerics(self, now_s: float, condition: Condition) -> Numerics:
        """As a monitor averages them: the heart over its last beats, the pulse over eight seconds."""
        leads, probe = "leads-off" not in condition.spells, "probe-off" not in condition.spells
        shaken = "artefact" in condition.spells
        hr = self._heart_rate(now_s, condition) if leads else None
        beats = self.heart.intervals_s(now_s - _TRANSIT_S, 8.0, least_pulse=0.3)
        pr = 60 / float(np.mean(beats)) if len(beats) >= 2 and probe else None
        blind = self._pulseless_since_s is not None and now_s - self._pulseless_since_s > 8.0
        spo2 = condition.spo2_pct if probe and not blind else None
        perfusion = self._perfusion * 2.2 if probe and not blind else None
        if shaken:
            hr = None if hr is None else hr + float(self._rng.uniform(-15, 40))
            spo2 = None if spo2 is None else spo2 - float(self._rng.uniform(0, 9))
            pr, perfusion = None, 0.2 if perfusion is not None else None
        recent = [beat for beat in self.heart.beats if now_s - 12 <= beat.r_s <= now_s]
        pvcs = 5.0 * sum(beat.kind is BeatKind.VENTRICULAR for beat in recent)
        rr = condition.rr_per_min if leads else None
        return Numerics(hr, pr, spo2, rr, perfusion, pvcs if leads and condition.has_pulse else None)

    def _heart_rate(self, now_s: float, condition: Condition) -> float | None:
        """Of the last twelve intervals without the longest and the shortest; 0 after four seconds without a beat."""
        if condition.rhythm is Rhythm.VF:
            return None
        last_s = max((beat.r_s for beat in self.heart.beats if beat.r_s <= now_s), default=-math.inf)
        if now_s - last_s > 4.0:
            return 0.0 if condition.rhythm is Rhythm.ASYSTOLE else None
        intervals = sorted(self.heart.intervals_s(now_s, 12.0)[-12:])
        if len(intervals) < 2:
            return None
        kept = intervals[1:-1] if len(intervals) > 4 else intervals
        return 60 / (sum(kept) / len(kept))

    def _ecg(self, at_s: NDArray[np.float64], condition: Condition, sway: NDArray[np.float64]) -> NDArray[np.float64]:
        """Two leads in mV, 2 x n."""
        near = [beat for beat in self.heart.beats if at_s[0] - _REACH_S < beat.r_s < at_s[-1] + _REACH_S]
        ecg = 0.009 * self._rng.standard_normal((2, len(at_s)))
        ecg += np.outer((0.05, 0.035), sway) + 0.03 * np.sin(2 * np.pi * 0.05 * at_s)
        if near:
            centre, width, amount = _placed(near)
            bells = np.exp(-0.5 * ((at_s - centre[:, None]) / width[:, None]) ** 2)
            ecg += (amount @ bells) * self._size[:, None] * (1 + 0.04 * sway)
        if condition.rhythm is Rhythm.VF:
            ecg += _fibrillation(at_s) * self._size[:, None]
        elif condition.rhythm is Rhythm.AF:
            ecg += np.outer((0.05, 0.07), np.sin(2 * np.pi * 6.1 * at_s + np.sin(2 * np.pi * 0.4 * at_s)))
        return ecg

    def _pulse(self, at_s: NDArray[np.float64]) -> NDArray[np.float64]:
        """0 at the foot to 1 at the peak of a strong beat."""
        beats = self.heart.beats
        if not beats:
            return np.zeros(len(at_s))
        feet = np.array([beat.r_s for beat in beats]) + _TRANSIT_S
        lasts = np.minimum(np.append(np.diff(feet), _LONGEST_PULSE_S), _LONGEST_PULSE_S)
        strength = np.array([beat.pulse for beat in beats])
        place = np.searchsorted(feet, at_s, "right") - 1
        seen = place >= 0
        place = np.maximum(place, 0)
        x = np.clip((at_s - feet[place]) / lasts[place], 0, 1)
        shape = np.interp(x * 256, np.arange(257), _PULSE_SHAPE)
        return np.asarray(shape * strength[place] * seen)

    def _pressure(self, pulse: NDArray[np.float64], condition: Condition, lasts_s: float) -> NDArray[np.float64]:
        """mmHg; without a heart that beats it falls to 20 within some seconds."""
        goal = condition.dia_mmhg if condition.has_pulse else 20.0
        before = self._pressure_mmhg
        self._pressure_mmhg += (goal - before) * (1 - math.exp(-lasts_s / 2.5))
        foot = np.linspace(before, self._pressure_mmhg, len(pulse))
        stroke = self._stroke_mmhg
        self._stroke_mmhg += (condition.sys_mmhg - condition.dia_mmhg - stroke) * (1 - math.exp(-lasts_s))
        return foot + np.linspace(stroke, self._stroke_mmhg, len(pulse)) * pulse

    def _breathing(self, start_s: float, end_s: float, condition: Condition) -> NDArray[np.float64]:
        at_s = sample_times(start_s, end_s, BREATH_HZ)
        turns = self._breath + (at_s - start_s) * condition.rr_per_min / 60
        chest = np.sin(2 * np.pi * turns) + 0.18 * np.sin(4 * np.pi * turns)
        return self._depth * chest + 0.01 * self._rng.standard_normal(len(at_s))

    def _motion(self, at_s: NDArray[np.float64]) -> NDArray[np.float64]:
        """Electrode motion: a wandering baseline with jerks, 2 x n, mV."""
        steps = self._rng.standard_normal((2, len(at_s))) * 0.16
        steps[:, self._rng.random(len(at_s)) < 0.01] *= 8
        out = np.empty_like(steps)
        level = self._shake
        for number in range(len(at_s)):
            level = 0.97 * level + steps[:, number]
            out[:, number] = level
        self._shake = level
        return out


def sample_times(start_s: float, end_s: float, rate_hz: float) -> NDArray[np.float64]:
    """Those of a channel's samples in [start_s, end_s), its first sample being at 0."""
    first, after = (math.ceil(round(moment * rate_hz, 6)) for moment in (start_s, end_s))
    return np.arange(first, after) / rate_hz


def _placed(beats: list[Beat]) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Centres, widths (k) and amounts (2 x k) of all their Gaussians."""
    rows = np.concatenate([_TABLES[beat.kind] for beat in beats])
    each = len(rows) // len(beats)
    r_s = np.repeat([beat.r_s for beat in beats], each)
    stretch = np.repeat([min(1.25, math.sqrt(beat.rr_s / 0.85)) for beat in beats], each)
    stretch = np.where(rows[:, 4] > 0, stretch, 1.0)
    return r_s + rows[:, 0] * stretch, rows[:, 1] * stretch, rows[:, 2:4].T


def _fibrillation(at_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Coarse, of changing size and rate, 2 x n, mV."""
    turns = 5.1 * at_s + 0.35 * np.sin(2 * np.pi * 0.23 * at_s) + 0.2 * np.sin(2 * np.pi * 0.61 * at_s)
    size = 0.42 + 0.16 * np.sin(2 * np.pi * 0.37 * at_s) + 0.08 * np.sin(2 * np.pi * 0.9 * at_s)
    first = size * (np.sin(2 * np.pi * turns) + 0.3 * np.sin(2 * np.pi * 1.37 * turns + 1))
    second = size * (np.sin(2 * np.pi * turns + 0.9) + 0.35 * np.sin(2 * np.pi * 0.71 * turns))
    return np.stack((first, second))
