"""What a bed's waves say: chunks go through the signals of the bed, and come back with what was found in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from core.clock import Instant
from core.errors import InputError
from core.inference.request import Answer, Ask
from healthcare.alarms.finding import Finding
from healthcare.lookback import WaveChunk
from healthcare.reading import number, text
from verticals.contract import Sample

_RATES_HZ = (1.0, 4000.0)
_LONGEST_S = 30.0


@dataclass(frozen=True, slots=True)
class FoundInWaves:
    """`numerics` by measure, None where it cannot be told now; `vetoes` as JSON, to be recorded."""

    numerics: Mapping[str, float | None] = field(default_factory=dict)
    findings: Sequence[Finding] = ()
    vetoes: Sequence[Mapping[str, Any]] = ()


NOTHING_FOUND = FoundInWaves()


class WavesOfBed:
    """Belongs to the lane of its bed: `take`, then `found` for the same sample."""

    def __init__(self) -> None:
        self.channels: list[str] = []

    def take(self, sample: Sample) -> Sequence[Ask]:
        """What the models are to be asked of this chunk. Raises InputError for what is no wave."""
        chunk = wave_chunk(sample)
        if chunk.channel not in self.channels:
            self.channels = sorted([*self.channels, chunk.channel])
        return ()

    def found(self, sample: Sample, answers: Sequence[Answer]) -> tuple[WaveChunk, FoundInWaves]:
        """Without answers beats stay unclassed."""
        return wave_chunk(sample), NOTHING_FOUND

    def due(self) -> Instant | None:
        return None

    def tick(self, now: Instant) -> Sequence[Finding]:
        return ()


def wave_chunk(sample: Sample) -> WaveChunk:
    """Raises InputError for what is no wave."""
    channel, samples = text(sample, "channel"), sample.values.get("samples")
    rate_hz, start_utc_s = number(sample, "rate_hz"), number(sample, "start_utc_s")
    if not channel or rate_hz is None or start_utc_s is None or not _RATES_HZ[0] <= rate_hz <= _RATES_HZ[1]:
        raise InputError(f"{sample.source}: a wave without channel, start or a rate within {_RATES_HZ} Hz")
    if not isinstance(samples, np.ndarray) or samples.ndim != 1 or samples.dtype.kind not in "fiu":
        raise InputError(f"{sample.source}: a wave of {channel[:40]} without samples")
    if samples.size > _LONGEST_S * rate_hz:
        raise InputError(f"{sample.source}: a wave of {samples.size} samples is too long")
    return WaveChunk(channel, rate_hz, start_utc_s, samples.astype(np.float32))
