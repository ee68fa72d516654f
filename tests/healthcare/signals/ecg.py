"""A simple heart in millivolts, for tests: complexes of a given shape at given moments, on any lead, at any rate."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from healthcare.signals.beat import Chunk

#: Middle in s after the R peak, width in s, height as a share of R: P, Q, R, S, T.
_WAVES = ((-0.17, 0.025, 0.12), (-0.035, 0.01, -0.1), (0.0, 0.012, 1.0), (0.035, 0.012, -0.2), (0.25, 0.05, 0.25))


def moments(count: int, rr_s: float, first_s: float = 0.5) -> list[float]:
    return [first_s + rr_s * number for number in range(count)]


def ecg_mv(
    beats_s: Sequence[float],
    length_s: float,
    rate_hz: float,
    height_mv: float = 1.0,
    noise_mv: float = 0.01,
    seed: int = 1,
) -> NDArray[np.float32]:
    samples = np.random.default_rng(seed).normal(0.0, noise_mv, round(length_s * rate_hz))
    for beat_s in beats_s:
        low, high = max(round((beat_s - 0.3) * rate_hz), 0), max(round((beat_s + 0.45) * rate_hz), 0)
        at_s = np.arange(low, min(high, samples.size)) / rate_hz - beat_s
        for middle_s, width_s, share in _WAVES:
            samples[low : low + at_s.size] += height_mv * share * np.exp(-0.5 * ((at_s - middle_s) / width_s) ** 2)
    return samples.astype(np.float32)


def chunks(
    samples: NDArray[np.float32], rate_hz: float, sizes: Sequence[int], channel: str = "ecg_ii_mv", start_s: float = 0.0
) -> Iterator[Chunk]:
    """Cut into these sizes, over and over."""
    place = turn = 0
    while place < samples.size:
        size = sizes[turn % len(sizes)]
        yield Chunk(channel, rate_hz, samples[place : place + size], start_s + place / rate_hz)
        place += size
        turn += 1
