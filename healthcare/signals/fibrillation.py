"""Ventricular fibrillation and flutter in four-second windows of each lead, a new one every second.

Four numbers of a window: how much is left after it is added to itself half a mean period later (Kuo and Dillman 1978,
"VF filter leakage"); how much of the time it is beyond a fifth of the second's height (threshold crossing sample count,
Arafat et al. 2011); the share of its power from 1.5 to 8 Hz; its kurtosis. Fibrillation is a wave without a base line:
narrow in frequency, always under way. Limits are ours, set on the flutter of one patient and on 24 h without any.

A bed with two usable leads needs both; a single one has to meet narrower limits. It takes two of three windows, so an
episode is told five to seven seconds after it began.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, lfilter

from healthcare.signals.blocks import Blocks, Floats

WINDOW_S = 4
#: Below this height (mV, top to bottom of the window) a line without beats is asystole, not fibrillation.
LOWEST_MV = 0.15
_WORK_HZ = 100.0
_BAND_HZ = (1.0, 30.0)
_POWER_BAND_HZ = (1.5, 8.0)
_KURTOSIS = 4.0
_PRESENT_OF_THREE = 2
_ENDS_AFTER = 3


@dataclass(frozen=True, slots=True)
class Window:
    """Four seconds of one lead that end at `end_s`."""

    end_s: float
    leakage: float
    crossing: float
    share: float
    kurtosis: float
    height_mv: float

    @property
    def strict(self) -> bool:
        """Fibrillation, for a lead that stands alone."""
        return self._formless and self.leakage < 0.45 and self.crossing > 0.5 and self.share > 0.6

    @property
    def likely(self) -> bool:
        """Fibrillation, where another lead says so too."""
        return self._formless and self.leakage < 0.62 and self.crossing > 0.48 and self.share > 0.5

    @property
    def _formless(self) -> bool:
        return self.kurtosis < _KURTOSIS and self.height_mv >= LOWEST_MV


class LeadWindows:
    """The windows of one lead, whole seconds after its start."""

    def __init__(self, rate_hz: float) -> None:
        self._blocks = Blocks(rate_hz, 1.0, max(1, round(rate_hz / _WORK_HZ)))
        self._hz = self._blocks.rate_hz
        self._b, self._a = butter(2, (_BAND_HZ[0], min(_BAND_HZ[1], 0.4 * self._hz)), "bandpass", fs=self._hz)
        self._restarts = 0
        self._begin()

    def _begin(self) -> None:
        self._state: Floats = np.zeros(4)
        self._level: float | None = None
        self._seconds: deque[Floats | None] = deque(maxlen=WINDOW_S)

    def take(self, samples: NDArray[np.floating], start_s: float) -> list[Window]:
        """`samples` in mV. A second with a hole makes no window."""
        found = []
        for first, block in self._blocks.take(samples, start_s):
            if self._blocks.restarts != self._restarts:
                self._restarts = self._blocks.restarts
                self._begin()
            self._seconds.append(self._filtered(block))
            seconds = [second for second in self._seconds if second is not None]
            if len(seconds) == WINDOW_S:
                end_s = self._blocks.start_s + (first + len(block)) / self._hz
                found.append(measured(np.concatenate(seconds), self._hz, end_s))
        return found

    def _filtered(self, block: Floats) -> Floats | None:
        if np.isnan(block).any():
            self._level = None
            self._state = np.zeros(4)
            return None
        if self._level is None:
            self._level = float(block[0])
        filtered: Floats
        filtered, self._state = lfilter(self._b, self._a, block - self._level, zi=self._state)
        return filtered


def measured(wave: Floats, rate_hz: float, end_s: float) -> Window:
    """The numbers of one window."""
    wave = wave - wave.mean()
    size = np.abs(wave)
    total = float(size.sum())
    height = float(wave.max() - wave.min())
    power = float(wave @ wave) / len(wave)
    if total <= 0.0 or power <= 0.0:
        return Window(end_s, 1.0, 0.0, 0.0, 99.0, height)
    steps = float(np.abs(np.diff(wave)).sum())
    half_period = min(max(1, int(np.pi * total / max(steps, 1e-12) + 0.5)), len(wave) - 2)
    later, earlier = wave[half_period:], wave[:-half_period]
    leakage = float(np.abs(later + earlier).sum() / (size[half_period:] + size[:-half_period]).sum())
    squares = wave * wave
    kurtosis = float(squares @ squares) / len(wave) / (power * power)
    return Window(end_s, leakage, _crossing(size), _share(wave, rate_hz), kurtosis, height)


def _crossing(size: Floats) -> float:
    """The share of samples beyond a fifth of the second's highest, ends faded out."""
    second = len(size) // WINDOW_S
    parts = (size * _fade(len(size)))[: second * WINDOW_S].reshape(WINDOW_S, second)
    return float((parts > 0.2 * parts.max(axis=1, keepdims=True)).mean())


def _share(wave: Floats, rate_hz: float) -> float:
    powers = np.abs(np.fft.rfft(wave * _hann(len(wave)))) ** 2
    low, high = (round(edge * len(wave) / rate_hz) for edge in _POWER_BAND_HZ)
    return float(powers[low : high + 1].sum() / max(float(powers.sum()), 1e-30))


@lru_cache(maxsize=16)
def _fade(length: int) -> Floats:
    fade = np.ones(length)
    edge = max(1, length // (4 * WINDOW_S))
    fade[:edge] = 0.5 * (1.0 - np.cos(np.pi * np.arange(edge) / edge))
    fade[-edge:] = fade[:edge][::-1]
    return fade


@lru_cache(maxsize=16)
def _hann(length: int) -> Floats:
    return np.hanning(length)


class Fibrillation:
    """All leads of a bed. `present` holds from two of three windows until three have passed without."""

    def __init__(self) -> None:
        self.present = False
        self.leads: tuple[str, ...] = ()  # that said so last
        self._windows: dict[str, deque[Window]] = {}
        self._followed: dict[str, LeadWindows] = {}
        self._verdicts: deque[bool] = deque(maxlen=_ENDS_AFTER)
        self._judged_s = -1e18

    def take(self, lead: str, rate_hz: float, samples: NDArray[np.floating], start_s: float) -> None:
        if lead not in self._followed:
            self._followed[lead] = LeadWindows(rate_hz)
            self._windows[lead] = deque(maxlen=WINDOW_S)
        self._windows[lead].extend(self._followed[lead].take(samples, start_s))

    def judge(self, usable: Collection[str], now_s: float) -> bool:
        """`usable`: leads with electrodes on and samples coming in, however poor they look. Returns `present`."""
        newest = {
            lead: windows[-1]
            for lead, windows in self._windows.items()
            if lead in usable and windows and now_s - windows[-1].end_s <= 2.0
        }
        if not newest:
            self._verdicts.clear()
            return self.present
        end_s = min(window.end_s for window in newest.values())
        if end_s <= self._judged_s + 0.5:
            return self.present
        self._judged_s = end_s
        agreeing = tuple(lead for lead, window in newest.items() if window.likely)
        alone = len(newest) == 1 and next(iter(newest.values())).strict
        verdict = (len(newest) > 1 and len(agreeing) == len(newest)) or alone
        self._verdicts.append(verdict)
        if verdict:
            self.leads = agreeing or tuple(newest)
        if sum(self._verdicts) >= _PRESENT_OF_THREE:
            self.present = True
        elif len(self._verdicts) == _ENDS_AFTER and not any(self._verdicts):
            self.present = False
        return self.present
