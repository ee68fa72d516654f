"""Keeps what a listener received and gives it back with its spacing: for commissioning and `healthcare replay`.

A capture holds patients' names. It is made only where the site file asks for it, readable by its owner alone, and
bounded: when half of the room is full a new file begins and the one before the last is deleted.

Form: for each message one line of JSON (`at_utc_s`, `mono_s`, `peer`, `bytes`), that many bytes, a line feed. A file
of plain MLLP frames, as other tools make it, is read too; its messages have no spacing.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from core.clock import Instant
from core.errors import InputError
from healthcare.hl7.frames import FrameCutter, framed
from healthcare.hl7.message import MAX_FRAME_BYTES

log = logging.getLogger(__name__)

_HEAD_BYTES = 512
_READ_BYTES = 1 << 20
_LONGEST_GAP_S = 3600.0


@dataclass(frozen=True, slots=True)
class Captured:
    """A received message and how long after the first of its file it came; `frame` is without MLLP's bytes."""

    after_s: float
    peer: str
    frame: bytes
    at_utc_s: float | None = None


class Capture:
    """Writes to `folder/mllp.capture`, and `mllp.capture.1` before it. What cannot be written is lost and said once."""

    def __init__(self, folder: Path, limit_bytes: int) -> None:
        self.path = folder / "mllp.capture"
        self._half = limit_bytes // 2
        self._file: BinaryIO | None = None
        self._failed = False

    def keep(self, frame: bytes, at: Instant, peer: str) -> None:
        head = {"at_utc_s": round(at.utc_s, 3), "mono_s": round(at.mono_s, 6), "peer": peer, "bytes": len(frame)}
        record = json.dumps(head).encode() + b"\n" + frame + b"\n"
        if self._failed or len(record) > self._half:
            return
        try:
            self._opened(len(record)).write(record)
        except OSError as error:
            self._failed = True
            log.error("%s: nothing more is captured: %s", self.path, error)

    def flush(self) -> None:
        """Hands what is written to the system; called now and then."""
        if self._file is not None and not self._failed:
            try:
                self._file.flush()
            except OSError as error:
                self._failed = True
                log.error("%s: nothing more is captured: %s", self.path, error)

    def close(self) -> None:
        self.flush()
        if self._file is not None:
            self._file.close()
        self._file = None

    def _opened(self, more: int) -> BinaryIO:
        if self._file is not None and self._file.tell() + more > self._half:
            self._file.close()
            self._file = None
            self.path.replace(self.path.with_suffix(".capture.1"))
        if self._file is None:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            opened = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            self._file = os.fdopen(opened, "ab")
        return self._file


def read_capture(path: Path) -> Iterator[Captured]:
    """The messages of a capture or of a file of MLLP frames, in their order; a last one cut short is left out.

    Raises InputError for a file of another kind.
    """
    try:
        with path.open("rb") as file:
            first = file.read(1)
            file.seek(0)
            yield from _plain_frames(file) if first == framed(b"")[:1] else _records(file, path)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error


async def replay(
    path: Path, *, speed: float = 1.0, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> AsyncIterator[Captured]:
    """As `read_capture`, each message when it is due: `speed` 2 is twice as fast, 0 does not wait."""
    gone_s = 0.0
    for captured in read_capture(path):
        wait_s = min(captured.after_s - gone_s, _LONGEST_GAP_S)
        if speed > 0 and wait_s > 0:
            await sleep(wait_s / speed)
        gone_s = max(gone_s, captured.after_s)
        yield captured


def _plain_frames(file: BinaryIO) -> Iterator[Captured]:
    cutter = FrameCutter(MAX_FRAME_BYTES)
    while data := file.read(_READ_BYTES):
        for frame in cutter.cut(data):
            yield Captured(0.0, "", frame)


def _records(file: BinaryIO, path: Path) -> Iterator[Captured]:
    began_s: float | None = None
    while line := file.readline(_HEAD_BYTES):
        mono_s, at_utc_s, peer, count = _head(line, path)
        frame = file.read(count)
        if len(frame) < count:
            return
        file.read(1)
        began_s = mono_s if began_s is None else min(began_s, mono_s)  # a box that was restarted begins anew
        yield Captured(mono_s - began_s, peer, frame, at_utc_s)


def _head(line: bytes, path: Path) -> tuple[float, float, str, int]:
    try:
        head = json.loads(line)
        found = float(head["mono_s"]), float(head["at_utc_s"]), str(head["peer"]), int(head["bytes"])
    except (ValueError, TypeError, KeyError, RecursionError, OverflowError) as error:
        raise InputError(f"{path}: this is no capture of MLLP messages", hint="Name a file mllp.capture.") from error
    if not (0 <= found[3] <= MAX_FRAME_BYTES and abs(found[0]) < 1e12 and abs(found[1]) < 1e12):
        raise InputError(f"{path}: a record of {found[3]} bytes is no MLLP message")
    return found
