"""The beats of one ECG lead as it streams in."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from healthcare.signals.beat import Beat, Chunk
from healthcare.signals.envelope import DELAY_S, FLOOR_MV_S, Bridge, Envelope
from healthcare.signals.filters import Floats
from healthcare.signals.finder import BeatFinder, Top
from healthcare.signals.holes import Holes
from healthcare.signals.peak import PeakPlacer
from healthcare.signals.stream_clock import StreamClock


class LeadSearch:
    """The beats of one lead in its envelope. It and the lead's other followers go by the same samples and count."""

    def __init__(self, lead: str, clock: StreamClock, holes: Holes, placer: PeakPlacer) -> None:
        self._lead = lead
        self._clock = clock
        self._holes = holes
        self._placer = placer
        self._finder = BeatFinder(clock.rate_hz)
        self._finder.reset(clock.next_sample)
        self._last: int | None = None

    def take(self, heights: Floats, slopes: Floats) -> list[Beat]:
        """The envelope goes on."""
        return [self._beat(top) for top in self._finder.feed(heights, slopes, heights > FLOOR_MV_S)]

    def finish(self) -> list[Beat]:
        """What is still held back when no more comes."""
        return [self._beat(top) for top in self._finder.finish()]

    def _beat(self, top: Top) -> Beat:
        sample = self._placer.place(top.sample - round(DELAY_S * self._clock.rate_hz))
        rr_s = None
        if self._last is not None and not self._holes.between(self._last, sample):
            rr_s = (sample - self._last) / self._clock.rate_hz
        self._last = sample
        return Beat(self._clock.at_s(sample), sample, self._lead, rr_s, top.clear)


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
        self._placer = PeakPlacer(rate_hz)
        self._holes = Holes(rate_hz)
        self._search: LeadSearch | None = None

    def feed(self, chunk: Chunk) -> list[Beat]:
        if self._clock is None:
            self._clock = StreamClock(self.rate_hz, chunk.start_s)
        clock = self._clock
        beats: list[Beat] = []
        hole = clock.hole(chunk.start_s)
        if hole is None:
            beats += self.finish()
            self._begin(clock, chunk.start_s)
        elif hole:
            beats += self._take(clock, np.full(hole, np.nan, np.float32))
        return beats + self._take(clock, chunk.samples)

    def finish(self) -> list[Beat]:
        """What is still held back when no more comes."""
        return [] if self._search is None else self._search.finish()

    def _begin(self, clock: StreamClock, start_s: float) -> None:
        clock.begin(start_s)
        self._bridge = Bridge()
        self._envelope.reset()
        self._placer.reset(clock.next_sample)
        self._search = None

    def _take(self, clock: StreamClock, samples: NDArray[np.float32]) -> list[Beat]:
        if self._search is None:
            self._search = LeadSearch(self.lead, clock, self._holes, self._placer)
        values, given = self._bridge.feed(samples)
        self._holes.note(clock.next_sample, given)
        clock.count(samples.size)
        self._placer.feed(values)
        return self._search.take(*self._envelope.feed(values))
