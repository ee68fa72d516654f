"""What a bed's waves say: chunks go through the signals of the bed, and come back with what was found in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from core.clock import Instant
from core.errors import InputError
from core.inference.request import Answer, Ask
from healthcare.alarms.finding import Finding
from healthcare.lookback import WaveChunk
from healthcare.reading import number, text
from healthcare.signals.beat import Chunk
from healthcare.signals.beats import BeatClassifier
from healthcare.signals.bedside import BedSignals, SignalsFound
from verticals.contract import Sample

_RATES_HZ = (1.0, 4000.0)
_LONGEST_S = 30.0
#: So many questions in a row without an answer, and the beats' classes are lost.
_LOST_AFTER = 5


class WavesOfBed:
    """Belongs to the lane of its bed: `take`, then `found` for the same sample."""

    def __init__(self, classifier: BeatClassifier | None = None) -> None:
        self.channels: list[str] = []
        self._signals = BedSignals(classifier=classifier)
        self._taken: tuple[WaveChunk, SignalsFound] | None = None
        self._unanswered = 0
        self._asked = 0
        self.classed: bool | None = None  # whether beats are classed, where that has just changed

    def take(self, sample: Sample) -> Sequence[Ask]:
        """What the models are to be asked of this chunk. Raises InputError for what is no wave."""
        self._taken = None
        chunk = wave_chunk(sample)
        if chunk.channel not in self.channels:
            self.channels = sorted([*self.channels, chunk.channel])
        beaten = Chunk(chunk.channel, chunk.rate_hz, chunk.samples, chunk.start_utc_s)
        self._taken = chunk, self._signals.take(beaten, sample.at)
        asks = self._signals.asks()
        self._asked = len(asks)
        return asks

    def found(self, answers: Sequence[Answer]) -> tuple[WaveChunk, SignalsFound] | None:
        """What was taken last; without answers its beats stay unclassed. None when that was no wave."""
        taken, self._taken = self._taken, None
        self.classed = self._told(bool(answers)) if self._asked else None
        for place in range(self._asked):
            self._signals.labelled(answers[place : place + 1])
        self._asked = 0
        return taken

    def _told(self, answered: bool) -> bool | None:
        """One late answer is no loss; several in a row are, until the next one comes."""
        lost = self._unanswered >= _LOST_AFTER
        self._unanswered = 0 if answered else self._unanswered + 1
        return None if lost == (self._unanswered >= _LOST_AFTER) else lost

    def due(self) -> Instant | None:
        return self._signals.due()

    def tick(self, now: Instant) -> Sequence[Finding]:
        return self._signals.tick(now).findings

    def state(self, now: Instant) -> Mapping[str, Any]:
        return self._signals.state(now)

    def restore(self, kept: Mapping[str, Any], now: Instant) -> None:
        self._signals.restore(kept, now)


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
