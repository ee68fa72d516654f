"""Recordings in the WFDB form of PhysioNet: a header, files of samples, segments in a row, reference annotations.

Own reader of what hospitals' research exports hold: formats 16, 24, 32, 61, 80, 160 and 212, MATLAB v4 files, several
samples to a frame, skew, and records of several segments with a fixed or a variable layout. What is broken is
`InputError`, whatever the bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.errors import InputError
from healthcare.records import formats
from healthcare.records.annotations import Annotations, read_annotations
from healthcare.records.header import GAP, Header, Segment, Stored, parse_header

__all__ = ["Annotations", "Record", "Signal", "read_annotations", "read_header", "read_record"]

#: Samples of one answer: 2 GB. Longer records are read in pieces.
_MOST_SAMPLES = 2**28
_MOST_HEADER_BYTES = 2**24


@dataclass(frozen=True, slots=True)
class Signal:
    """`samples`: float64 in `unit`, NaN where there is none; `rate_hz` is the record's times its samples of a frame."""

    name: str
    unit: str
    samples: NDArray[np.float64]
    rate_hz: float


@dataclass(frozen=True, slots=True)
class Record:
    """`rate_hz`: frames in a second. `start`: of the whole record, in its own local time; None where not given."""

    name: str
    rate_hz: float
    signals: tuple[Signal, ...]
    start: datetime | None

    def signal(self, name: str) -> Signal | None:
        """The first of this name."""
        return next((signal for signal in self.signals if signal.name == name), None)


def read_header(path: Path | str) -> Header:
    """`path` with or without `.hea`."""
    file = _header_file(Path(path))
    try:
        with file.open("rb") as opened:
            raw = opened.read(_MOST_HEADER_BYTES + 1)
    except OSError as error:
        raise InputError(f"{file}: the header cannot be read: {error.strerror}.") from error
    if len(raw) > _MOST_HEADER_BYTES:
        raise InputError(f"{file}: over {_MOST_HEADER_BYTES} bytes are no header.")
    return parse_header(raw.decode("latin-1"), str(file))


def read_record(path: Path | str, *, first_frame: int = 0, frames: int | None = None) -> Record:
    """The record of a header, `path` with or without `.hea`; from `first_frame` on, all or `frames` of it.

    Segments outside what is asked for are not opened. Raises `InputError` for anything that is missing or broken.
    """
    file = _header_file(Path(path))
    header = read_header(file)
    if header.segments:
        signals = _in_segments(file, header, first_frame, frames)
    else:
        signals = _in_one(file, header, first_frame, frames)
    return Record(header.name, header.rate_hz, signals, header.start)


def _header_file(path: Path) -> Path:
    return path if path.suffix == ".hea" else path.with_name(path.name + ".hea")


def _in_one(file: Path, header: Header, first_frame: int, frames: int | None) -> tuple[Signal, ...]:
    total = header.frames if header.frames is not None else _frames_in_files(file, header)
    wanted = _wanted(file, first_frame, frames, total, sum(stored.per_frame for stored in header.signals))
    columns: list[NDArray[np.float64]] = []
    for group in _groups(file, header.signals):
        columns += _group(file, group, first_frame, wanted, total)
    return tuple(
        Signal(stored.name, stored.unit, samples, header.rate_hz * stored.per_frame)
        for stored, samples in zip(header.signals, columns, strict=True)
    )


def _wanted(file: Path, first_frame: int, frames: int | None, total: int, samples_of_frame: int) -> int:
    wanted = total - first_frame if frames is None else frames
    if first_frame < 0 or wanted < 0 or first_frame + wanted > total:
        raise InputError(f"{file}: it has {total} frames, {wanted} from {first_frame} on are not among them.")
    if wanted * samples_of_frame > _MOST_SAMPLES:
        raise InputError(f"{file}: {wanted} frames are too many to read at once; ask for a part.")
    return wanted


def _groups(file: Path, signals: tuple[Stored, ...]) -> list[list[Stored]]:
    """Signals of one file, which lie in one another; they follow one another in the header."""
    groups: list[list[Stored]] = []
    for stored in signals:
        if stored.file == GAP or not formats.known(stored.format):
            raise InputError(f"{file}: signals of format {stored.format} in {stored.file!r} cannot be read.")
        if groups and groups[-1][0].file == stored.file:
            if groups[-1][0].format != stored.format:
                raise InputError(f"{file}: {stored.file} has signals of two formats.")
            groups[-1].append(stored)
        else:
            groups.append([stored])
    return groups


def _frames_in_files(file: Path, header: Header) -> int:
    """Of a header that does not say how long the record is: what the shortest file holds."""
    lengths = []
    for group in _groups(file, header.signals):
        per_frame = sum(stored.per_frame for stored in group)
        size = _size_of(file.parent / group[0].file) - group[0].offset_bytes
        lengths.append(formats.samples_in(group[0].format, max(size, 0)) // per_frame)
    return min(lengths, default=0)


def _size_of(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError as error:
        raise InputError(f"{file}: the samples cannot be read: {error.strerror}.") from error


def _group(file: Path, group: list[Stored], first_frame: int, wanted: int, total: int) -> list[NDArray[np.float64]]:
    """Physical samples of the signals that share one file."""
    skew = max(stored.skew_frames for stored in group)
    last = min(first_frame + wanted + skew, total)
    digital = _digital(file.parent / group[0].file, group, first_frame, last - first_frame)
    columns: list[NDArray[np.float64]] = []
    place = 0
    for stored in group:
        part = digital[:, place : place + stored.per_frame]
        place += stored.per_frame
        part = part[stored.skew_frames : stored.skew_frames + wanted].reshape(-1)
        samples = np.full(wanted * stored.per_frame, np.nan)
        samples[: part.size] = np.where(
            part == formats.invalid(stored.format), np.nan, (part - stored.baseline) / stored.gain
        )
        columns.append(samples)
    return columns


def _digital(data: Path, group: list[Stored], first_frame: int, frames: int) -> NDArray[np.int64]:
    """Whole numbers, shape (frames, samples of a frame)."""
    number = group[0].format
    per_frame = sum(stored.per_frame for stored in group)
    odd = first_frame * per_frame % 2  # two samples of format 212 share bytes: begin with the one before
    begin = group[0].offset_bytes + formats.bytes_of(number, first_frame * per_frame - odd)
    samples = frames * per_frame + odd
    needed = formats.bytes_of(number, samples)
    if begin + needed > _size_of(data):
        raise InputError(f"{data}: shorter than its header says.")
    try:
        with data.open("rb") as opened:
            opened.seek(begin)
            raw = opened.read(needed)
    except OSError as error:
        raise InputError(f"{data}: the samples cannot be read: {error.strerror}.") from error
    return formats.decode(number, raw, samples)[odd:].reshape(frames, per_frame)


def _in_segments(file: Path, header: Header, first_frame: int, frames: int | None) -> tuple[Signal, ...]:
    total = sum(segment.frames for segment in header.segments)
    template = _template(file, header)
    wanted = _wanted(file, first_frame, frames, total, sum(stored.per_frame for stored in template))
    columns = [np.full(wanted * stored.per_frame, np.nan) for stored in template]
    begin = 0
    for segment in header.segments:
        low, high = max(begin, first_frame), min(begin + segment.frames, first_frame + wanted)
        if low < high and segment.name != GAP:
            _fill(columns, template, _part(file, segment, low - begin, high - low, header), low - first_frame)
        begin += segment.frames
    return tuple(
        Signal(stored.name, stored.unit, samples, header.rate_hz * stored.per_frame)
        for stored, samples in zip(template, columns, strict=True)
    )


def _template(file: Path, header: Header) -> tuple[Stored, ...]:
    """What the signals of a record of segments are: those of the layout, or of the first segment that is no gap."""
    named = next((segment for segment in header.segments if segment.name != GAP), None)
    if named is None:
        raise InputError(f"{file}: all segments are gaps.")
    inner = read_header(file.parent / named.name)
    if inner.segments or len(inner.signals) != header.signal_count:
        raise InputError(f"{file}: {named.name} does not describe the {header.signal_count} signals of the record.")
    return inner.signals


def _part(file: Path, segment: Segment, first_frame: int, frames: int, header: Header) -> Record:
    inner = file.parent / segment.name
    head = read_header(inner)
    if head.segments:
        raise InputError(f"{file}: the segment {segment.name} is itself in segments.")
    if head.rate_hz != header.rate_hz or head.frames not in (None, segment.frames):
        raise InputError(f"{file}: the segment {segment.name} has another rate or length than the record says.")
    return read_record(inner, first_frame=first_frame, frames=frames)


def _fill(columns: list[NDArray[np.float64]], template: tuple[Stored, ...], part: Record, first_frame: int) -> None:
    """By name: a segment may lack signals or have them in another order."""
    for stored, column in zip(template, columns, strict=True):
        signal = part.signal(stored.name)
        if signal is None:
            continue
        if signal.unit != stored.unit or signal.rate_hz != part.rate_hz * stored.per_frame:
            raise InputError(f"{part.name}: {stored.name} has another unit or rate than in the record's layout.")
        begin = first_frame * stored.per_frame
        column[begin : begin + signal.samples.size] = signal.samples
