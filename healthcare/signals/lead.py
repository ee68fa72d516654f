"""One lead on its way to the common beats: its samples in place on the common count, its envelope, its quality."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from healthcare.signals.beat import Chunk
from healthcare.signals.envelope import Bridge, Envelope, feed_together
from healthcare.signals.holes import Holes
from healthcare.signals.peak import PeakPlacer
from healthcare.signals.qrs import LeadSearch
from healthcare.signals.quality import LeadQuality, block_of, shape_reach
from healthcare.signals.stream_clock import BRIDGED_S, StreamClock

Floats = NDArray[np.float64]


class Lead:
    """`clock.next_sample`: how far its samples reach; `begin`: the first that the common beats have not taken yet."""

    def __init__(self, name: str, rate_hz: float, origin_s: float, first_sample: int) -> None:
        self.name = name
        self.rate_hz = rate_hz
        self.clock = StreamClock(rate_hz, origin_s, first_sample)
        self.quality = LeadQuality()
        self.holes = Holes(rate_hz)
        self.begin = first_sample
        self.block = first_sample  # where the block that is open begins
        self._bridge = Bridge()
        self.envelope = Envelope(rate_hz)
        self._placer = PeakPlacer(rate_hz)
        self._placer.reset(first_sample)
        self._samples: Floats = np.empty(0)
        self._heights: Floats = np.empty(0)
        self._slopes: Floats = np.empty(0)
        self._fresh: list[Floats] = []  # of which there is no envelope yet
        self._reach = shape_reach(rate_hz)

    def take(self, chunk: Chunk) -> bool:
        """False: the chunk belongs to another stream, and the beats have to begin anew."""
        hole = self.clock.hole(chunk.start_s)
        samples = chunk.samples
        if hole is None:
            late_s = self.clock.at_s(self.clock.next_sample) - chunk.start_s
            if not 0 < late_s <= BRIDGED_S:
                return False
            samples = samples[round(late_s * self.rate_hz) :]
        elif hole:
            self._append(np.full(hole, np.nan, np.float32))
        self._append(samples)
        return True

    def fill_to(self, sample: int) -> None:
        """Goes on without samples where the lead has fallen behind."""
        if sample > self.clock.next_sample:
            self._append(np.full(sample - self.clock.next_sample, np.nan, np.float32))

    def _append(self, samples: NDArray[np.float32]) -> None:
        values, given = self._bridge.feed(samples)
        self.holes.note(self.clock.next_sample, given)
        self.clock.count(samples.size)
        self._placer.feed(values)
        self._fresh.append(values)
        self._samples = np.concatenate((self._samples, samples))

    def search(self) -> LeadSearch:
        """One for the beats of this lead alone; it is to be given what `envelopes` tells."""
        return LeadSearch(self.name, self.clock, self.holes, self._placer.beside())

    def fresh(self) -> Floats:
        """Samples of which there is no envelope yet, without holes."""
        return self._fresh[0] if len(self._fresh) == 1 else np.concatenate(self._fresh or [np.empty(0)])

    def follow(self, heights: Floats, slopes: Floats) -> tuple[Floats, Floats]:
        """Takes the envelope of what was fresh."""
        self._fresh.clear()
        self._heights = np.concatenate((self._heights, heights)) if self._heights.size else heights
        self._slopes = np.concatenate((self._slopes, slopes)) if self._slopes.size else slopes
        return heights, slopes

    def piece(self, end: int) -> tuple[Floats, Floats]:
        """Envelope and slope from `begin` to `end`, which are taken by this."""
        low, high = self.begin - self.block, end - self.block
        self.begin = end
        return self._heights[low:high], self._slopes[low:high]

    def preview(self, size: int, count: int) -> None:
        """The first `count` blocks are judged before they are searched, so that there is something to weigh them by."""
        for number in range(count):
            part = slice(number * size, (number + 1) * size)
            self.quality.add(block_of(self._samples[part], self._heights[part]), hold=False)

    def close_block(self, end: int, hold: bool) -> None:
        """The block that ends at `end` is whole: its quality counts from now on."""
        size = end - self.block
        self.quality.add(block_of(self._samples[:size], self._heights[:size]), hold)
        self._samples, self._heights, self._slopes = self._samples[size:], self._heights[size:], self._slopes[size:]
        self.block = end

    def r_peak(self, near: int) -> int:
        return self._placer.place(near)

    def note_beat(self, sample: int) -> None:
        shape = self._placer.around(sample, self._reach)
        if shape is not None:
            self.quality.beat(shape)


def envelopes(leads: Sequence[Lead]) -> list[tuple[Lead, Floats, Floats]]:
    """Brings the envelope of each lead up to its samples: what is new of it, and of its slope."""
    fresh = [lead.fresh() for lead in leads]
    if len({values.size for values in fresh}) == 1:
        told = feed_together([lead.envelope for lead in leads], fresh)
    else:
        told = [lead.envelope.feed(values) for lead, values in zip(leads, fresh, strict=True)]
    return [(lead, *lead.follow(*new)) for lead, new in zip(leads, told, strict=True)]
