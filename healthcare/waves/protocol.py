"""The bytes of the wave stream: frames, and chunks of waves as heads and numbers.

Plain code without I/O; what does not read as it should raises InputError and never anything else.
`docs/healthcare/wave-stream.md` says the same to those who write a sender.
"""

from __future__ import annotations

import json
import math
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from core.errors import InputError

PROTOCOL = "edgewise-waves"
VERSION = 1
#: Bytes of the head, bytes of the payload; both big-endian.
LENGTHS = struct.Struct(">HI")
MOST_HEAD_BYTES = 2048
MOST_PAYLOAD_BYTES = 1 << 16
MOST_SAMPLES = 16_384
MOST_RATE_HZ = 4000.0
#: The int16 that says "no value"; NaN says it in float32.
NO_VALUE = -32_768
_MOST_COUNT = 1 << 53  # beyond it JSON numbers are no longer whole in every language
_MOST_LETTERS = 80
_CHANNEL = re.compile(r"[a-z][a-z0-9_]{0,39}")

#: What the rules of a bed know; others are taken and shown to nobody.
CHANNELS = ("ecg_i_mv", "ecg_ii_mv", "ecg_v_mv", "pleth", "abp_mmhg", "resp_ohm", "co2_mmhg")

Encoding = Literal["f32", "i16"]


@dataclass(frozen=True, slots=True)
class Frame:
    head: Mapping[str, Any]
    payload: bytes = b""

    @property
    def kind(self) -> str:
        return str(self.head.get("type", ""))


@dataclass(frozen=True, slots=True, eq=False)
class WaveChunk:
    """Samples of one channel that follow each other at `rate_hz`; float32, NaN where nothing was measured.

    `location` (unit^room^bed as in PV1-3) or `device` says whose they are. `sequence` counts the chunks of a channel,
    `first_sample` its samples: the number of the first one here. `start_utc_s` is the sender's time of that sample.
    """

    channel: str
    rate_hz: float
    sequence: int
    first_sample: int
    start_utc_s: float
    samples: NDArray[np.float32] = field(repr=False)
    location: str = ""
    device: str = ""

    @property
    def lasts_s(self) -> float:
        return len(self.samples) / self.rate_hz

    @property
    def end_utc_s(self) -> float:
        """The moment after the last sample."""
        return self.start_utc_s + self.lasts_s


def pack(head: Mapping[str, Any], payload: bytes = b"") -> tuple[bytes, bytes]:
    """Head and payload as they go into a frame. Raises InputError for more than a frame may hold."""
    text = json.dumps(head, separators=(",", ":"), allow_nan=False).encode()
    check_lengths(len(text), len(payload))
    return text, payload


def check_lengths(head_bytes: int, payload_bytes: int) -> None:
    if not 2 <= head_bytes <= MOST_HEAD_BYTES or payload_bytes > MOST_PAYLOAD_BYTES:
        raise InputError(
            f"a wave frame of {head_bytes} + {payload_bytes} bytes is refused",
            hint=f"At most {MOST_HEAD_BYTES} + {MOST_PAYLOAD_BYTES} bytes.",
        )


def parse_head(text: bytes) -> dict[str, Any]:
    """Raises InputError for anything but a JSON object."""
    try:
        head = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError("the head of a wave frame is not JSON") from error
    if not isinstance(head, dict):
        raise InputError("the head of a wave frame is no object")
    return head


def pack_chunk(chunk: WaveChunk, encoding: Encoding = "f32", scale: float = 1.0) -> tuple[bytes, bytes]:
    """Head and payload of a chunk. In `i16` a value is a whole multiple of `scale`, and clipped to what fits."""
    head: dict[str, Any] = {
        "type": "wave", "channel": chunk.channel, "rate_hz": chunk.rate_hz, "sequence": chunk.sequence,
        "first_sample": chunk.first_sample, "start_utc_s": round(chunk.start_utc_s, 6), "encoding": encoding,
    }  # fmt: skip
    if chunk.location:
        head["location"] = chunk.location
    if chunk.device:
        head["device"] = chunk.device
    if encoding == "f32":
        return pack(head, chunk.samples.astype("<f4").tobytes())
    head["scale"] = scale
    counts = np.clip(np.rint(chunk.samples / np.float32(scale)), NO_VALUE + 1, -NO_VALUE - 1)
    return pack(head, np.where(np.isnan(counts), NO_VALUE, counts).astype("<i2").tobytes())


def parse_chunk(frame: Frame) -> WaveChunk:
    """The chunk in a frame of type `wave`. Raises InputError."""
    head = frame.head
    location, device = text(head, "location"), text(head, "device")
    if not location and not device:
        raise InputError("a wave chunk names neither location nor device")
    channel = text(head, "channel")
    if not _CHANNEL.fullmatch(channel):
        raise InputError("a wave chunk names no channel", hint=f"Such as {CHANNELS[0]}.")
    rate_hz = _number(head, "rate_hz")
    if not 0 < rate_hz <= MOST_RATE_HZ:
        raise InputError(f"a wave chunk has a rate of {rate_hz:g} Hz", hint=f"Above 0, at most {MOST_RATE_HZ:g}.")
    return WaveChunk(
        channel=channel,
        rate_hz=rate_hz,
        sequence=_count(head, "sequence"),
        first_sample=_count(head, "first_sample"),
        start_utc_s=_number(head, "start_utc_s"),
        samples=_samples(head, frame.payload),
        location=location,
        device=device,
    )


def _samples(head: Mapping[str, Any], payload: bytes) -> NDArray[np.float32]:
    encoding = head.get("encoding")
    if encoding not in ("f32", "i16"):
        raise InputError("a wave chunk is encoded neither as f32 nor as i16")
    size = 4 if encoding == "f32" else 2
    if not payload or len(payload) % size or len(payload) // size > MOST_SAMPLES:
        raise InputError(f"a wave chunk in {encoding} has {len(payload)} bytes of samples")
    if encoding == "f32":
        samples = np.frombuffer(payload, "<f4").astype(np.float32)
        samples[~np.isfinite(samples)] = np.nan
        return samples
    scale = _number(head, "scale", 1.0)
    if not 1e-9 <= abs(scale) <= 1e9:
        raise InputError(f"a wave chunk has a scale of {scale:g}")
    counts = np.frombuffer(payload, "<i2")
    samples = counts.astype(np.float32) * np.float32(scale) + np.float32(_number(head, "offset", 0.0))
    samples[(counts == NO_VALUE) | ~np.isfinite(samples)] = np.nan
    return samples


def text(head: Mapping[str, Any], key: str) -> str:
    """A short printable text, empty where it is not given. Raises InputError."""
    value = head.get(key, "")
    if not isinstance(value, str) or len(value) > _MOST_LETTERS or not value.isprintable():
        raise InputError(f"'{key}' of a wave frame is no text of at most {_MOST_LETTERS} letters")
    return value


def _number(head: Mapping[str, Any], key: str, default: float | None = None) -> float:
    value = head.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not -1e12 <= value <= 1e12:
        raise InputError(f"'{key}' of a wave frame is no number")
    if not math.isfinite(value):
        raise InputError(f"'{key}' of a wave frame is not finite")
    return float(value)


def _count(head: Mapping[str, Any], key: str) -> int:
    value = head.get(key)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MOST_COUNT:
        raise InputError(f"'{key}' of a wave frame is no count")
    return value
