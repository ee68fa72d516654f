"""The header of a WFDB record (`.hea`): what each signal is, where its samples lie, and the order of its segments.

Source: the WFDB Applications Guide, header(5). Text in, values out; what does not follow it is `InputError`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import PurePath

from core.errors import InputError

#: header(5): a missing gain, or 0, means 200 units per physical unit, not calibrated.
DEFAULT_GAIN = 200.0
DEFAULT_RATE_HZ = 250.0

#: A segment of this name holds nothing: a gap.
GAP = "~"

_MOST_SIGNALS = 1024
_MOST_FRAMES = 2**40
_MOST_PER_FRAME = 10_000
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_STORED = re.compile(
    r"(?P<format>\d+)(?:x(?P<per_frame>\d+))?(?::(?P<skew>\d+))?(?:\+(?P<offset>\d+))?", re.ASCII
)  # fmt: skip
_GAIN = re.compile(rf"(?P<gain>{_NUMBER})(?:\((?P<baseline>[+-]?\d+)\))?(?:/(?P<unit>\S+))?", re.ASCII)
_RATE = re.compile(rf"(?P<rate>{_NUMBER})(?:/{_NUMBER}(?:\({_NUMBER}\))?)?", re.ASCII)
_WHOLE = re.compile(r"[+-]?\d{1,18}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Stored:
    """How one signal is stored. physical = (digital - baseline) / gain, in `unit`.

    `skew_frames`: the signal lies that many frames later in the file than the others. `file` is `~` for none.
    """

    file: str
    format: int
    per_frame: int
    skew_frames: int
    offset_bytes: int
    gain: float
    baseline: int
    unit: str
    name: str


@dataclass(frozen=True, slots=True)
class Segment:
    """`name` is `~` for a gap. A first segment of 0 frames is the layout: what the signals are, in which order."""

    name: str
    frames: int


@dataclass(frozen=True, slots=True)
class Header:
    """`frames` is None where the header leaves it to the size of the file; either `signals` or `segments` is filled."""

    name: str
    rate_hz: float
    frames: int | None
    start: datetime | None
    signals: tuple[Stored, ...]
    segments: tuple[Segment, ...]
    signal_count: int


def parse_header(text: str, what: str) -> Header:
    """`what` names the file in the errors."""
    lines = [line.strip() for line in text.splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    if not lines:
        raise InputError(f"{what}: the header of a WFDB record is empty.")
    fields = lines[0].split()
    if len(fields) < 2:
        raise InputError(f"{what}: the first line must give the record's name and its number of signals.")
    name, _, segment_text = fields[0].partition("/")
    count = _whole(fields[1], what, "number of signals", 0, _MOST_SIGNALS)
    rate_hz = _rate_hz(fields[2], what) if len(fields) > 2 else DEFAULT_RATE_HZ
    frames = _whole(fields[3], what, "number of samples", 0, _MOST_FRAMES) if len(fields) > 3 else 0
    start = _start(fields[4:6], what)
    segments: tuple[Segment, ...] = ()
    signals: tuple[Stored, ...] = ()
    if segment_text:
        wanted = _whole(segment_text, what, "number of segments", 1, 1_000_000)
        segments = tuple(_segment(line, what) for line in _first(lines[1:], wanted, what))
        if sum(segment.frames for segment in segments) != frames and frames:
            raise InputError(f"{what}: the segments together are not as long as the record.")
    else:
        signals = tuple(_stored(line, what) for line in _first(lines[1:], count, what))
    return Header(name, rate_hz, frames or None, start, signals, segments, count)


def _first(lines: list[str], wanted: int, what: str) -> list[str]:
    if len(lines) < wanted:
        raise InputError(f"{what}: {wanted} lines must follow the first one, {len(lines)} do.")
    return lines[:wanted]


def _whole(text: str, what: str, which: str, lowest: int, highest: int) -> int:
    if not _WHOLE.fullmatch(text) or not lowest <= int(text) <= highest:
        raise InputError(f"{what}: the {which} must be {lowest} to {highest}, it is {text[:40]!r}.")
    return int(text)


def _rate_hz(text: str, what: str) -> float:
    """`360`, `360/360`, `0.0166666666667/125(0)`: what follows the stroke only counts time and is not needed here."""
    found = _RATE.fullmatch(text)
    rate_hz = float(found["rate"]) if found else 0.0
    if rate_hz == 0.0 and found:
        return DEFAULT_RATE_HZ
    if not 1e-6 < rate_hz < 1e6:
        raise InputError(f"{what}: {text[:40]!r} is no sampling rate.")
    return rate_hz


def _start(fields: list[str], what: str) -> datetime | None:
    """In the record's own local time; None unless the header gives a date too."""
    if len(fields) < 2:
        return None
    try:
        day, month, year = (int(part) for part in fields[1].split("/"))
        parts = [float(part) for part in fields[0].split(":")]
        seconds = sum(part * scale for part, scale in zip(reversed(parts), (1, 60, 3600), strict=False))
        if len(parts) > 3 or not 0 <= seconds < 86400:
            raise ValueError(fields[0])
        return datetime.combine(date(year, month, day), time()) + timedelta(seconds=seconds)
    except (ValueError, OverflowError) as error:
        raise InputError(f"{what}: {' '.join(fields)[:40]!r} is no time and date.") from error


def plain_name(name: str, what: str) -> str:
    """`name`, if it is a file beside the header and no path to elsewhere."""
    if not name or name in (".", "..") or PurePath(name).name != name or "\\" in name or "\0" in name:
        raise InputError(f"{what}: {name[:60]!r} is not the name of a file beside it.")
    return name


def _segment(line: str, what: str) -> Segment:
    fields = line.split()
    if len(fields) != 2:
        raise InputError(f"{what}: a segment is a name and a number of samples, not {line[:60]!r}.")
    name = fields[0] if fields[0] == GAP else plain_name(fields[0], what)
    return Segment(name, _whole(fields[1], what, "length of a segment", 0, _MOST_FRAMES))


def _stored(line: str, what: str) -> Stored:
    fields = line.split(maxsplit=8)
    stored = _STORED.fullmatch(fields[1]) if len(fields) > 1 else None
    if stored is None:
        raise InputError(f"{what}: a signal is a file and a format first, not {line[:60]!r}.")
    gain, baseline, unit = _gain(fields[2] if len(fields) > 2 else "0", what)
    zero = _whole(fields[4], what, "ADC zero", -(2**31), 2**31) if len(fields) > 4 else 0
    return Stored(
        file=fields[0] if fields[0] == GAP else plain_name(fields[0], what),
        format=_whole(stored["format"], what, "format", 0, 999),
        per_frame=_whole(stored["per_frame"] or "1", what, "samples of a frame", 1, _MOST_PER_FRAME),
        skew_frames=_whole(stored["skew"] or "0", what, "skew", 0, 1_000_000),
        offset_bytes=_whole(stored["offset"] or "0", what, "offset", 0, 2**40),
        gain=gain,
        baseline=zero if baseline is None else baseline,
        unit=unit,
        name=fields[8].strip() if len(fields) > 8 else "",
    )


def _gain(text: str, what: str) -> tuple[float, int | None, str]:
    found = _GAIN.fullmatch(text)
    if found is None:
        raise InputError(f"{what}: {text[:40]!r} is no gain.")
    gain = float(found["gain"])
    if not 1e-12 < abs(gain) < 1e12 and gain != 0:
        raise InputError(f"{what}: {text[:40]!r} is no gain.")
    baseline = None
    if found["baseline"] is not None:
        baseline = _whole(found["baseline"], what, "baseline", -(2**40), 2**40)
    return gain or DEFAULT_GAIN, baseline, found["unit"] or "mV"
