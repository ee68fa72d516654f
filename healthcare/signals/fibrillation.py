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
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from healthcare.signals.blocks import Blocks, Floats
from healthcare.signals.filters import band_pass, filtered

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
        self._b, self._a = band_pass(2, (_BAND_HZ[0], min(_BAND_HZ[1], 0.4 * self._hz)), self._hz)
        self._restarts = 0
        self._begin()

    def _begin(self) -> None:
        self._state: Floats = np.zeros(4)
        self._level: float | None = None
        self._seconds: deque[Floats | None] = deque(maxlen=WINDOW_S)

    def take(self, samples: NDArray[np.floating], start_s: float) -> list[Window]:
        """`samples` in mV. A second with a hole makes no window."""
        whole = self.whole(samples, start_s)
        return measured([wave for wave, _ in whole], self._hz, [end_s for _, end_s in whole]) if whole else []

    @property
    def rate_hz(self) -> float:
        """Of the waves that are `whole`."""
        return self._hz

    def whole(self, samples: NDArray[np.floating], start_s: float) -> list[tuple[Floats, float]]:
        """The waves of the windows that these samples make whole, and when each ends: what is to be measured."""
        found = []
        for first, block in self._blocks.take(samples, start_s):
            if self._blocks.restarts != self._restarts:
                self._restarts = self._blocks.restarts
                self._begin()
            self._seconds.append(self._filtered(block))
            seconds = [second for second in self._seconds if second is not None]
            if len(seconds) == WINDOW_S:
                end_s = self._blocks.start_s + (first + len(block)) / self._hz
                found.append((np.concatenate(seconds), end_s))
        return found

    def _filtered(self, block: Floats) -> Floats | None:
        if np.logical_or.reduce(np.isnan(block)):
            self._level = None
            self._state = np.zeros(4)
            return None
        if self._level is None:
            self._level = float(block[0])
        (passed,), (self._state,) = filtered(self._b, self._a, [block - self._level], [self._state])
        filtered_block: Floats = passed
        return filtered_block


def measured(waves: Sequence[Floats], rate_hz: float, ends_s: Sequence[float]) -> list[Window]:
    """The numbers of windows of one length, all in one go."""
    stacked = np.array(waves)
    stacked -= stacked.mean(axis=1, keepdims=True)
    sizes = np.abs(stacked)
    totals = sizes.sum(axis=1).tolist()
    heights = (stacked.max(axis=1) - stacked.min(axis=1)).tolist()
    steps = np.abs(stacked[:, 1:] - stacked[:, :-1]).sum(axis=1).tolist()
    squares = stacked * stacked
    crossings, shares = _crossings(sizes), _shares(stacked, rate_hz)
    length, found = stacked.shape[1], []
    for row, end_s in enumerate(ends_s):
        wave, size = stacked[row], sizes[row]
        power = float(wave @ wave) / length
        if totals[row] <= 0.0 or power <= 0.0:
            found.append(Window(end_s, 1.0, 0.0, 0.0, 99.0, heights[row]))
            continue
        half_period = min(max(1, int(np.pi * totals[row] / max(steps[row], 1e-12) + 0.5)), length - 2)
        folded = wave[half_period:] + wave[:-half_period]
        leakage = float(np.abs(folded, out=folded).sum() / (size[half_period:] + size[:-half_period]).sum())
        kurtosis = float(squares[row] @ squares[row]) / length / (power * power)
        found.append(Window(end_s, leakage, crossings[row], shares[row], kurtosis, heights[row]))
    return found


def _crossings(sizes: Floats) -> list[float]:
    """The share of samples beyond a fifth of the second's highest, ends faded out."""
    second = sizes.shape[1] // WINDOW_S
    parts = (sizes * _fade(sizes.shape[1]))[:, : second * WINDOW_S].reshape(-1, WINDOW_S, second)
    beyond: list[float] = (parts > 0.2 * parts.max(axis=2, keepdims=True)).mean(axis=(1, 2)).tolist()
    return beyond


def _shares(waves: Floats, rate_hz: float) -> list[float]:
    powers = np.abs(np.fft.rfft(waves * _hann(waves.shape[1]))) ** 2
    low, high = (round(edge * waves.shape[1] / rate_hz) for edge in _POWER_BAND_HZ)
    shares: list[float] = (powers[:, low : high + 1].sum(axis=1) / np.maximum(powers.sum(axis=1), 1e-30)).tolist()
    return shares


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
        self._whole: list[tuple[str, float, Floats, float]] = []  # lead, rate, wave, end: not measured yet

    def take(self, lead: str, rate_hz: float, samples: NDArray[np.floating], start_s: float) -> None:
        if lead not in self._followed:
            self._followed[lead] = LeadWindows(rate_hz)
            self._windows[lead] = deque(maxlen=WINDOW_S)
        follower = self._followed[lead]
        self._whole += [(lead, follower.rate_hz, wave, end_s) for wave, end_s in follower.whole(samples, start_s)]

    def judge(self, usable: Collection[str], now_s: float) -> bool:
        """`usable`: leads with electrodes on and samples coming in, however poor they look. Returns `present`."""
        self._measure()
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

    def _measure(self) -> None:
        """The waves of all leads together: each by itself takes as long as all."""
        whole, self._whole = self._whole, []
        for kind in {(rate_hz, len(wave)) for _, rate_hz, wave, _ in whole}:
            alike = [one for one in whole if (one[1], len(one[2])) == kind]
            windows = measured([one[2] for one in alike], kind[0], [one[3] for one in alike])
            for (lead, *_), window in zip(alike, windows, strict=True):
                self._windows[lead].append(window)
