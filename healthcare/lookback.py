"""The last two minutes of a bed's waves, kept in memory, written down when an alarm asks for them.

What is written is zlib over one line of JSON (a list of channels: name, rate, start, unit a step, count) and the
channels' samples one after the other as int16 little-endian; -32768 is a gap.
"""

from __future__ import annotations

import json
import zlib
from collections import deque
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import InputError

LOOK_BACK_S = 120.0
_GAP = np.int16(-32768)
_MOST_STEPS = 32_000
_MOST_CHANNELS = 12


@dataclass(frozen=True, slots=True)
class WaveChunk:
    """A run of samples of one channel, float32, NaN where nothing was measured; `start_utc_s` is of the first."""

    channel: str
    rate_hz: float
    start_utc_s: float
    samples: NDArray[np.float32]


class WaveRing:
    """Of one bed; a channel that brings nothing new keeps its past until it is too old."""

    def __init__(self, lasts_s: float = LOOK_BACK_S) -> None:
        self._lasts_s = lasts_s
        self._chunks: dict[str, deque[WaveChunk]] = {}

    def add(self, chunk: WaveChunk) -> None:
        if chunk.samples.size == 0 or chunk.rate_hz <= 0:
            return
        if chunk.channel not in self._chunks and len(self._chunks) >= _MOST_CHANNELS:
            return
        kept = self._chunks.setdefault(chunk.channel, deque())
        kept.append(chunk)
        oldest_utc_s = chunk.start_utc_s + chunk.samples.size / chunk.rate_hz - self._lasts_s
        while kept and kept[0].start_utc_s + kept[0].samples.size / kept[0].rate_hz <= oldest_utc_s:
            kept.popleft()

    def packed(self) -> bytes:
        """Empty where there is nothing."""
        heads: list[dict[str, Any]] = []
        bodies: list[bytes] = []
        for channel, chunks in self._chunks.items():
            samples, start_utc_s = _joined(list(chunks))
            step, whole = _in_steps(samples)
            heads.append({"channel": channel, "rate_hz": chunks[-1].rate_hz, "start_utc_s": start_utc_s,
                          "step": step, "n": int(samples.size)})  # fmt: skip
            bodies.append(whole.tobytes())
        if not heads:
            return b""
        return zlib.compress(json.dumps(heads).encode() + b"\n" + b"".join(bodies), 6)


def unpacked(content: bytes) -> list[WaveChunk]:
    """What `WaveRing.packed` wrote. Raises InputError for anything else."""
    try:
        head, _, body = zlib.decompress(content).partition(b"\n")
        found, at = [], 0
        for one in json.loads(head):
            whole = np.frombuffer(body, "<i2", count=int(one["n"]), offset=at)
            at += whole.nbytes
            samples = np.where(whole == _GAP, np.nan, whole * float(one["step"])).astype(np.float32)
            found.append(WaveChunk(str(one["channel"]), float(one["rate_hz"]), float(one["start_utc_s"]), samples))
    except (zlib.error, ValueError, KeyError, TypeError) as error:
        raise InputError(f"these are no waves kept by this box: {error}") from error
    return found


def _joined(chunks: list[WaveChunk]) -> tuple[NDArray[np.float32], float]:
    """One run at the newest rate; what is missing between two chunks is a gap of its length."""
    rate_hz, start_utc_s = chunks[-1].rate_hz, chunks[0].start_utc_s
    end_utc_s = max(chunk.start_utc_s + chunk.samples.size / chunk.rate_hz for chunk in chunks)
    samples = np.full(max(0, round((end_utc_s - start_utc_s) * rate_hz)), np.nan, np.float32)
    for chunk in chunks:
        if chunk.rate_hz == rate_hz:
            first = max(0, round((chunk.start_utc_s - start_utc_s) * rate_hz))
            part = chunk.samples[: samples.size - first]
            samples[first : first + part.size] = part
    return samples, start_utc_s


def _in_steps(samples: NDArray[np.float32]) -> tuple[float, NDArray[np.int16]]:
    largest = float(np.nanmax(np.abs(samples))) if np.isfinite(samples).any() else 0.0
    step = largest / _MOST_STEPS or 1.0
    whole = np.where(np.isnan(samples), float(_GAP), np.round(samples / step))
    return step, whole.astype("<i2")
