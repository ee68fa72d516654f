"""The beats of one ECG lead as it streams in."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from healthcare.signals.beat import Beat, Chunk
from healthcare.signals.envelope import DELAY_S, FLOOR_MV_S, Bridge, Envelope
from healthcare.signals.finder import BeatFinder, Top
from healthcare.signals.holes import Holes
from healthcare.signals.peak import PeakPlacer
from healthcare.signals.stream_clock import StreamClock


class QrsDetector:
    """Chunks of one lead in mV in, beats out, in order; the same beats for any size of the chunks.

    A beat is told about 0.6 s after its R peak. `rate_hz`: 90 to 2000. A hole in the stream is bridged up to 5 s; after
    a longer one everything is learnt anew.
    """

    def __init__(self, rate_hz: float, lead: str = "ecg") -> None:
        self.rate_hz = rate_hz
        self.lead = lead
        self._clock: StreamClock | None = None
        self._bridge = Bridge()
        self._envelope = Envelope(rate_hz)
        self._finder = BeatFinder(rate_hz)
        self._placer = PeakPlacer(rate_hz)
        self._last: int | None = None
        self._holes = Holes(rate_hz)

    def feed(self, chunk: Chunk) -> list[Beat]:
        if self._clock is None:
            self._clock = StreamClock(self.rate_hz, chunk.start_s)
        beats: list[Beat] = []
        hole = self._clock.hole(chunk.start_s)
        if hole is None:
            beats += self.finish()
            self._begin(self._clock, chunk.start_s)
        elif hole:
            beats += self._take(self._clock, np.full(hole, np.nan, np.float32))
        return beats + self._take(self._clock, chunk.samples)

    def finish(self) -> list[Beat]:
        """What is still held back when no more comes."""
        return [] if self._clock is None else self._told(self._clock, self._finder.finish())

    def _begin(self, clock: StreamClock, start_s: float) -> None:
        clock.begin(start_s)
        self._bridge = Bridge()
        self._envelope.reset()
        self._finder.reset(clock.next_sample)
        self._placer.reset(clock.next_sample)
        self._last = None

    def _take(self, clock: StreamClock, samples: NDArray[np.float32]) -> list[Beat]:
        values, given = self._bridge.feed(samples)
        self._holes.note(clock.next_sample, given)
        clock.count(samples.size)
        self._placer.feed(values)
        heights, slopes = self._envelope.feed(values)
        return self._told(clock, self._finder.feed(heights, slopes, heights > FLOOR_MV_S))

    def _told(self, clock: StreamClock, tops: list[Top]) -> list[Beat]:
        return [self._beat(clock, top) for top in tops]

    def _beat(self, clock: StreamClock, top: Top) -> Beat:
        sample = self._placer.place(top.sample - round(DELAY_S * self.rate_hz))
        rr_s = None
        if self._last is not None and not self._holes.between(self._last, sample):
            rr_s = (sample - self._last) / self.rate_hz
        self._last = sample
        return Beat(clock.at_s(sample), sample, self.lead, rr_s, top.clear)
