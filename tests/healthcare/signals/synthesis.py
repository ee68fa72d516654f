"""Waves made up for tests: pulses, breaths, heart beats and fibrillation at known moments."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def pieces(samples: Floats, rate_hz: float, chunk_s: float) -> Iterator[tuple[Floats, float]]:
    """The wave in chunks, each with the moment of its first sample."""
    size = max(1, round(chunk_s * rate_hz))
    for start in range(0, len(samples), size):
        yield samples[start : start + size], start / rate_hz


def moments(length_s: float, interval_s: float, first_s: float = 0.6) -> Floats:
    return np.arange(first_s, length_s - 0.5, interval_s)


def pulses(length_s: float, rate_hz: float, at_s: Iterable[float], *, foot: float = 0.0, height: float = 1.0) -> Floats:
    """A steep rise at each moment, a slow fall with a dicrotic wave: a finger's pulse, or a pressure."""
    clock = np.arange(round(length_s * rate_hz)) / rate_hz
    wave = np.zeros_like(clock)
    for moment in at_s:
        since = clock - moment
        wave += np.exp(-0.5 * ((since - 0.16) / 0.06) ** 2) + 0.35 * np.exp(-0.5 * ((since - 0.4) / 0.09) ** 2)
    return foot + height * wave


def breaths(length_s: float, rate_hz: float, per_min: float, *, height: float = 1.0) -> Floats:
    clock = np.arange(round(length_s * rate_hz)) / rate_hz
    return -height / 2 * np.cos(2 * np.pi * clock * per_min / 60.0)


def heart(length_s: float, rate_hz: float, at_s: Iterable[float], *, height: float = 1.0, wide: bool = False) -> Floats:
    """mV; P, QRS and T of each beat with its R peak at the moment, or a wide ventricular complex."""
    clock = np.arange(round(length_s * rate_hz)) / rate_hz
    wave = np.zeros_like(clock)
    shape = _WIDE if wide else _NARROW
    for moment in at_s:
        low, high = (int(max(0, (moment + edge) * rate_hz)) for edge in (-0.5, 0.6))
        since = clock[low:high] - moment
        for after_s, width_s, size in shape:
            wave[low:high] += height * size * np.exp(-0.5 * ((since - after_s) / width_s) ** 2)
    return wave


_NARROW = ((-0.16, 0.022, 0.12), (-0.024, 0.008, -0.12), (0.0, 0.011, 1.0), (0.026, 0.01, -0.22), (0.26, 0.05, 0.25))
_WIDE = ((-0.03, 0.035, 0.9), (0.06, 0.045, -1.3), (0.3, 0.07, 0.5))


def fibrillation(length_s: float, rate_hz: float, rng: np.random.Generator, *, height_mv: float = 0.6) -> Floats:
    """A wave without beats: its frequency wanders from 3.5 to 6.5 Hz, its height too."""
    count = round(length_s * rate_hz)
    clock = np.arange(count) / rate_hz
    knots = np.arange(0.0, length_s + 1.0, 0.7)
    frequency = np.interp(clock, knots, rng.uniform(3.8, 5.8, len(knots)))
    size = np.interp(clock, knots, rng.uniform(0.6, 1.0, len(knots)))
    phase = 2 * np.pi * np.cumsum(frequency) / rate_hz + rng.uniform(0, 2 * np.pi)
    return height_mv * size * (np.sin(phase) + 0.25 * np.sin(2.1 * phase + 1.0))


def noise(length_s: float, rate_hz: float, size: float, rng: np.random.Generator) -> Floats:
    return rng.normal(scale=size, size=round(length_s * rate_hz))
