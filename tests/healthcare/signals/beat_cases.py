"""A synthetic patient for tests of beat classes: two leads, normal beats and wide early ones, with the truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthcare.signals.beat import Beat, Chunk

RATE_HZ = 250.0
#: Middle and width in s, height in mV in the first lead and in the second.
_NORMAL = ((-0.16, 0.02, 0.12, 0.08), (0.0, 0.011, 1.0, 0.6), (0.03, 0.01, -0.25, -0.4), (0.27, 0.045, 0.25, 0.15))
_WIDE = ((0.0, 0.035, 1.4, -1.0), (0.08, 0.03, -0.5, 0.4), (0.3, 0.06, -0.5, 0.35))


@dataclass(frozen=True, slots=True)
class Patient:
    leads: tuple[Chunk, Chunk]
    beats: tuple[Beat, ...]
    wide: tuple[bool, ...]


def patient(seconds: float = 120.0, seed: int = 1, rr_s: float = 0.8, wide_each: int = 9) -> Patient:
    """Every `wide_each`th beat comes early, is wide and is followed by a pause."""
    rng = np.random.default_rng(seed)
    samples = rng.normal(0.0, 0.015, (2, round(seconds * RATE_HZ)))
    at_s = 0.6
    moments: list[float] = []
    wide: list[bool] = []
    while at_s < seconds - 1.0:
        is_wide = len(moments) % wide_each == wide_each - 1
        moments.append(at_s + (-0.32 * rr_s if is_wide else 0.0))
        wide.append(is_wide)
        at_s += rr_s * (1 + 0.02 * rng.standard_normal())
    time_s = np.arange(samples.shape[1]) / RATE_HZ
    for moment, is_wide in zip(moments, wide, strict=True):
        low, high = np.searchsorted(time_s, (moment - 0.4, moment + 0.5))
        for middle_s, width_s, *heights in _WIDE if is_wide else _NORMAL:
            bump = np.exp(-0.5 * ((time_s[low:high] - moment - middle_s) / width_s) ** 2)
            samples[:, low:high] += np.array(heights)[:, None] * bump
    places = [round(moment * RATE_HZ) for moment in moments]
    beats = tuple(
        Beat(place / RATE_HZ, place, "ecg_ii_mv", None if before is None else (place - before) / RATE_HZ, 1.0)
        for place, before in zip(places, [None, *places[:-1]], strict=True)
    )
    leads = tuple(
        Chunk(name, RATE_HZ, one.astype(np.float32), 0.0)
        for name, one in zip(("ecg_ii_mv", "ecg_v_mv"), samples, strict=True)
    )
    return Patient((leads[0], leads[1]), beats, tuple(wide))


def cut(lead: Chunk, first: int, last: int) -> Chunk:
    samples: NDArray[np.float32] = lead.samples[first:last]
    return Chunk(lead.channel, lead.rate_hz, samples, lead.start_s + first / lead.rate_hz)
