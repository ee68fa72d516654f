"""One ECG lead of a bed: its beats, whether it can be listened to, and how clear it is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from healthcare.signals.beat import Beat, Chunk
from healthcare.signals.qrs import QrsDetector
from healthcare.signals.quality import MUTED_BELOW
from healthcare.signals.rhythm import LeadBeats, LeadRhythm, RhythmLimits

#: Within so many mV over a stretch a line is dead: electrodes off, or a cut cable. A standing heart still rustles.
DEAD_MV = 0.002
_DEAD_AFTER_S = 2.0
_CLEAR_BEATS = 8


class EcgLead:
    """`beats` are those of this lead alone. `why`: `off`, `missing` (no values), `lost` (no samples) or empty."""

    def __init__(self, lead: str, rate_hz: float) -> None:
        self.lead = lead
        self.rate_hz = rate_hz
        self.beats = LeadBeats(lead)
        self.why = ""
        self.score: float | None = None
        self.end_s = 0.0
        self._qrs: QrsDetector | None = None
        self._dead_s = 0.0

    @property
    def usable(self) -> bool:
        return not self.why

    @property
    def clear(self) -> bool:
        return not self.why and self.quality >= MUTED_BELOW

    @property
    def quality(self) -> float:
        """0..1: as `leads` judges it; of its own last beats where it is not among them; 1 where there were none yet."""
        if self.score is not None:
            return self.score
        last = list(self.beats.recent)[-_CLEAR_BEATS:]
        return sum(beat.quality for beat in last) / len(last) if last else 1.0

    def take(self, chunk: Chunk, beats: Sequence[Beat] | None) -> None:
        """`beats`: found in this lead alone, by whoever has its envelope already; None: it is searched here."""
        if beats is None:
            self._qrs = self._qrs or QrsDetector(self.rate_hz, self.lead)
            beats = self._qrs.feed(chunk)
        self.beats.add(beats)
        self.end_s = chunk.end_s
        self._note(chunk)
        self.beats.note(chunk.end_s, usable=self.usable)

    def lost(self, now_s: float) -> None:
        """No samples came for a stretch that ends at `now_s`."""
        self.why = "lost"
        self.beats.note(now_s, usable=False)

    def rhythm(self, limits: RhythmLimits) -> LeadRhythm | None:
        return self.beats.rhythm(self.end_s, limits)

    def _note(self, chunk: Chunk) -> None:
        length_s = len(chunk.samples) / self.rate_hz
        span_mv, gone = float(chunk.samples.max() - chunk.samples.min()), False  # NaN where samples are missing
        if span_mv != span_mv:
            missing = np.isnan(chunk.samples)
            gone = bool(missing.mean() > 0.5)
            span_mv = 0.0 if gone else float(np.ptp(chunk.samples[~missing]))
        dead = gone or span_mv < DEAD_MV
        self._dead_s = self._dead_s + length_s if dead else 0.0
        if gone:
            self.why = "missing"
        elif self._dead_s >= _DEAD_AFTER_S:
            self.why = "off"
        elif not dead:
            self.why = ""
