"""Chunks of several channels cut into frames of half a second that all channels share.

Every frame lies on the same grid of stream time, so that what is found depends neither on the size of the chunks nor on
the order in which channels send. A frame waits for every channel that is alive; one that has stopped is not waited for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil, floor

import numpy as np
from numpy.typing import NDArray

from healthcare.signals.beat import Chunk
from healthcare.signals.blocks import JITTER_S

FRAME_S = 0.5
#: A channel this much behind the newest has stopped; more where its chunks are longer.
STOPPED_S = 2.0
#: A channel whose time jumps ahead by more than this begins anew, and so does the grid.
_JUMP_S = 30.0


@dataclass(slots=True)
class _Held:
    """`end_s` is asked of every channel for every chunk: it is kept by `reckon`, after each change."""

    rate_hz: float
    start_s: float
    end_s: float
    parts: list[NDArray[np.float32]] = field(default_factory=list)
    length: int = 0
    longest_s: float = 0.0

    def reckon(self) -> None:
        self.end_s = self.start_s + self.length / self.rate_hz


@dataclass(frozen=True, slots=True)
class Frame:
    """What came in of each channel until `end_s`; a channel without samples is not there."""

    end_s: float
    chunks: tuple[Chunk, ...]


class Frames:
    """Holds what is not yet whole."""

    def __init__(self) -> None:
        self._held: dict[str, _Held] = {}
        self._next: int | None = None  # number of the frame that comes next
        self._first = True

    def take(self, chunk: Chunk) -> list[Frame]:
        """Frames that became whole, in order. The very first chunk waits for the next, of whatever channel."""
        self._hold(chunk)
        if self._first:
            self._first = False
            return []
        return self._whole()

    def _hold(self, chunk: Chunk) -> None:
        held = self._held.get(chunk.channel)
        if held is not None and (held.rate_hz != chunk.rate_hz or abs(chunk.start_s - held.end_s) > _JUMP_S):
            held = None
        if held is None:
            held = self._held[chunk.channel] = _Held(chunk.rate_hz, chunk.start_s, chunk.start_s)
        gap_s = chunk.start_s - held.end_s
        if held.length == 0:
            held.start_s = chunk.start_s
        elif gap_s > JITTER_S:
            missing = np.full(round(gap_s * chunk.rate_hz), np.nan, np.float32)
            held.parts.append(missing)
            held.length += len(missing)
        held.parts.append(chunk.samples)
        held.length += len(chunk.samples)
        held.reckon()
        held.longest_s = max(0.9 * held.longest_s, len(chunk.samples) / chunk.rate_hz)
        first = floor(chunk.start_s / FRAME_S)
        if self._next is None or abs(first - self._next) > _JUMP_S / FRAME_S + held.longest_s / FRAME_S:
            self._next = first

    def _whole(self) -> list[Frame]:
        until_s = self._until_s() + 1e-9
        found: list[Frame] = []
        assert self._next is not None
        while (self._next + 1) * FRAME_S <= until_s:
            self._next += 1
            end_s = self._next * FRAME_S
            cut = [_cut(name, held, end_s) for name, held in self._held.items()]
            found.append(Frame(end_s, tuple([chunk for chunk in cut if chunk is not None])))
        return found

    def _until_s(self) -> float:
        """How far every channel that is alive has come."""
        ends_s = [held.end_s for held in self._held.values()]
        stopped_s = max(ends_s) - STOPPED_S - max([held.longest_s for held in self._held.values()])
        return min([end_s for end_s in ends_s if end_s > stopped_s])


def _cut(name: str, held: _Held, end_s: float) -> Chunk | None:
    """The samples before `end_s`, taken off."""
    count = min(held.length, ceil((end_s - held.start_s) * held.rate_hz - 1e-6))
    if count <= 0:
        return None
    samples = np.concatenate(held.parts) if len(held.parts) > 1 else held.parts[0]
    chunk = Chunk(name, held.rate_hz, samples[:count], held.start_s)
    held.parts = [samples[count:]] if count < held.length else []
    held.length -= count
    held.start_s += count / held.rate_hz
    held.reckon()
    return chunk
