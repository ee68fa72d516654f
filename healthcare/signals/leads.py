"""One stream of beats from one lead or several: each counts as much as its beats stand out.

The envelopes of the leads, each as a share of its own height, are joined as a weighted geometric mean: what one lead
alone shows (noise, a P wave) is held down, a lead that is lost fades out, and as there is one search for beats, none is
doubled or lost where the better lead changes. R peaks are placed in the best lead, which changes with hysteresis.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthcare.signals.beat import Beat, Chunk
from healthcare.signals.envelope import DELAY_S, FLOOR_MV_S
from healthcare.signals.finder import BeatFinder, Top
from healthcare.signals.lead import Lead, envelopes
from healthcare.signals.qrs import LeadSearch
from healthcare.signals.quality import BLOCK_S, MUTED_BELOW

Floats = NDArray[np.float64]

#: A lead that is so much behind the newest is gone on without.
STOPPED_S = 1.0
_FIRST_BLOCKS = 5
_OFFSET = 0.05
_SILENT_S = 2.5
_BETTER, _BETTER_BLOCKS = 1.3, 6
_FAINT, _BEATING, _LOST_WEIGHT = 0.25, 0.5, 0.02


@dataclass(frozen=True, slots=True)
class LeadsState:
    """At the end of the last whole half second. `lead`: the best; `off`: leads off the patient or without samples.

    `muted`: no lead is good enough, beats are not to be relied upon, `muted_s` in a row; `muted_total_s`: all in all.
    """

    lead: str
    quality: dict[str, float]
    off: tuple[str, ...]
    muted: bool
    muted_s: float
    muted_total_s: float
    watched_s: float


class EcgLeads:
    """Chunks of the leads of one patient in, in mV and of one rate, as they come; beats out, in order.

    The same beats for any size of the chunks. A beat is told about 0.6 s after its R peak, up to `STOPPED_S` later
    where a lead has just stopped. A beat in a stretch that is muted has a quality below `MUTED_BELOW`.
    """

    def __init__(self, rate_hz: float, *, each: bool = False) -> None:
        """`each`: every lead is searched by itself too; `of_each` gives those beats."""
        self.rate_hz = rate_hz
        self._each = each
        self._leads: dict[str, Lead] = {}
        self._searches: dict[str, LeadSearch] = {}
        self._of_each: dict[str, list[Beat]] = {}
        self._finder = BeatFinder(rate_hz)
        self._block = round(BLOCK_S * rate_hz)
        self._begin(0)
        self._muted_total_s = self._watched_s = 0.0

    def _begin(self, first: int) -> None:
        self._leads.clear()
        self._searches.clear()
        self._first = self._at = first  # the first sample of this stream; the next one to search
        self._finder.reset(first)
        self._last: int | None = None
        self._best: str | None = None
        self._better_blocks = 0
        self._muted_blocks = 0
        self._most_recent = 0.0

    def feed(self, chunks: Iterable[Chunk]) -> list[Beat]:
        """What has come of all leads, in one call: a lead is not gone on without only because its chunk comes second.

        A chunk of another rate is `ValueError`.
        """
        beats: list[Beat] = []
        for chunk in chunks:
            if chunk.rate_hz != self.rate_hz:
                raise ValueError(f"the leads have {self.rate_hz:g} samples a second, {chunk.channel} {chunk.rate_hz:g}")
            lead = self._lead(chunk)
            if not lead.take(chunk):
                beats += self.finish()
                self._begin(lead.clock.next_sample + self._skipped(lead, chunk))
                self._lead(chunk).take(chunk)
        if not self._leads:
            return beats
        newest = max(lead.clock.next_sample for lead in self._leads.values())
        for lead in self._leads.values():
            lead.fill_to(newest - round(STOPPED_S * self.rate_hz))
        self._follow()
        return beats + self._advance(min(lead.clock.next_sample for lead in self._leads.values()))

    def _skipped(self, lead: Lead, chunk: Chunk) -> int:
        return max(round((chunk.start_s - lead.clock.at_s(lead.clock.next_sample)) * self.rate_hz), 0)

    def finish(self) -> list[Beat]:
        """What is still held back when no more comes."""
        if not self._leads:
            return []
        newest = max(one.clock.next_sample for one in self._leads.values())
        for one in self._leads.values():
            one.fill_to(newest)
        self._follow()
        for name, search in self._searches.items():
            self._of_each.setdefault(name, []).extend(search.finish())
        beats = self._advance(newest, whole=False)
        return beats + [self._beat(top) for top in self._finder.finish()]

    def of_each(self) -> dict[str, list[Beat]]:
        """By lead, the beats found in it alone since this was asked last. Their quality is how clear each was."""
        told, self._of_each = self._of_each, {}
        return told

    def _follow(self) -> None:
        for lead, heights, slopes in envelopes(list(self._leads.values())):
            search = self._searches.get(lead.name)
            if search is not None and heights.size:
                self._of_each.setdefault(lead.name, []).extend(search.take(heights, slopes))

    def state(self) -> LeadsState:
        leads = self._leads.values()
        return LeadsState(
            self._best or "",
            {lead.name: lead.quality.score for lead in leads},
            tuple(lead.name for lead in leads if lead.quality.off),
            self._muted_blocks > 0,
            self._muted_blocks * BLOCK_S,
            self._muted_total_s,
            self._watched_s,
        )

    def _lead(self, chunk: Chunk) -> Lead:
        lead = self._leads.get(chunk.channel)
        if lead is not None:
            return lead
        other = next(iter(self._leads.values()), None)
        if other is None:
            lead = Lead(chunk.channel, self.rate_hz, chunk.start_s, self._first)
        else:  # joins those that are there, at the block that is open
            lead = Lead(chunk.channel, self.rate_hz, other.clock.at_s(other.block), other.block)
        if self._each:
            self._searches[chunk.channel] = lead.search()
        if other is not None and self._at > other.block:
            lead.fill_to(self._at)
            lead.piece(self._at)
        self._leads[chunk.channel] = lead
        return lead

    def _advance(self, end: int, whole: bool = True) -> list[Beat]:
        """Searches up to `end`, in pieces that end where a block does; the first blocks are known before they are."""
        beats: list[Beat] = []
        if self._at == self._first and whole and end - self._first < _FIRST_BLOCKS * self._block:
            return beats
        if self._at == self._first:
            self._first_blocks(end)
        while self._at < end:
            stop = min(end, self._at + self._block - (self._at - self._first) % self._block)
            beats += self._search(stop)
            if (stop - self._first) % self._block == 0:
                self._close_blocks(stop)
        return beats

    def _first_blocks(self, end: int) -> None:
        for lead in self._leads.values():
            lead.preview(self._block, min(_FIRST_BLOCKS, (end - self._first) // self._block))
        self._choose()

    def _search(self, stop: int) -> list[Beat]:
        leads = list(self._leads.values())
        weights = [self._weight(lead) for lead in leads]
        total = sum(weights)
        logs = slopes = np.zeros(stop - self._at)
        loud = np.zeros(stop - self._at, np.bool_)
        for lead, weight in zip(leads, weights, strict=True):
            heights, steep = lead.piece(stop)
            share, unit = weight / total, 1.0 / lead.quality.amplitude
            logs = logs + share * np.log(heights * unit + _OFFSET)
            slopes = slopes + steep * (share * unit)
            if share > _OFFSET:
                loud |= heights > FLOOR_MV_S
        self._at = stop
        return [self._beat(top) for top in self._finder.feed(np.exp(logs) - _OFFSET, slopes, loud)]

    def _weight(self, lead: Lead) -> float:
        """A lead that shows next to nothing in a second in which another shows a beat is lost, or as good as."""
        if lead.quality.recent < _FAINT and self._most_recent > _BEATING:
            return _LOST_WEIGHT * lead.quality.weight
        return lead.quality.weight

    def _close_blocks(self, stop: int) -> None:
        silent = self._last is None or stop - self._last > _SILENT_S * self.rate_hz
        hold = silent and stop - self._first > 4 * _SILENT_S * self.rate_hz
        for lead in self._leads.values():
            lead.close_block(stop, hold)
        self._most_recent = max(lead.quality.recent for lead in self._leads.values())
        self._choose()
        quality = max(lead.quality.score for lead in self._leads.values())
        self._muted_blocks = self._muted_blocks + 1 if quality < MUTED_BELOW else 0
        self._watched_s += BLOCK_S
        self._muted_total_s += BLOCK_S if quality < MUTED_BELOW else 0.0

    def _choose(self) -> None:
        """The best lead changes when another was better for 3 s, at once when it is lost."""
        better = max(self._leads.values(), key=lambda lead: lead.quality.weight)
        best = self._leads.get(self._best or "")
        if best is None or best.quality.off or best.quality.weight < 0.1 * better.quality.weight:
            self._best, self._better_blocks = better.name, 0
        elif better.quality.weight > _BETTER * best.quality.weight:
            self._better_blocks += 1
            if self._better_blocks >= _BETTER_BLOCKS:
                self._best, self._better_blocks = better.name, 0
        else:
            self._better_blocks = 0

    def _beat(self, top: Top) -> Beat:
        near = top.sample - round(DELAY_S * self.rate_hz)
        for lead in self._leads.values():
            if lead.name != self._best:
                lead.note_beat(lead.r_peak(near))
        best = self._leads[self._best] if self._best else next(iter(self._leads.values()))
        sample = best.r_peak(near)
        best.note_beat(sample)
        rr_s = None
        if self._last is not None and not all(lead.holes.between(self._last, sample) for lead in self._leads.values()):
            rr_s = (sample - self._last) / self.rate_hz
        self._last = sample
        quality = max(lead.quality.score for lead in self._leads.values())
        return Beat(best.clock.at_s(sample), sample, best.name, rr_s, quality)
