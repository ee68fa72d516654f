"""The PLC's log of every part, one JSON line each: what `simulators.report` reads, and what survives a power loss.

`seen` is written when a part comes under the camera, `part` when it has left the gate, `news` in between.
"""

from __future__ import annotations

import errno
import json
import logging
import os
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from core.clock import Instant
from core.errors import InputError
from core.logs import OutageLog
from simulators.passages import POWER_LOSS, Part, Passage
from simulators.program import Counters

log = logging.getLogger(__name__)

Row = dict[str, Any]


class PartLog:
    """Appends; every line is handed to the operating system at once, so that a killed PLC leaves it whole.

    Half a line, left by a kill or by a full disk, is taken away before the next one.
    """

    def __init__(self, path: Path | None) -> None:
        self._file: IO[bytes] | None = None
        self._outage = OutageLog(log, f"the part log {path}")
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("a+b", buffering=0)
            self._size_bytes = _whole_bytes(self._file)
            self._file.truncate(self._size_bytes)

    def seen(self, passage: Passage) -> None:
        part = passage.part
        self.row({
            "kind": "seen", "part_id": part.part_id, "picture": part.picture, "truth": part.truth,
            "triggered": passage.triggered, "mono_s": round(passage.seen.mono_s, 6), "utc": passage.seen.iso(),
        })  # fmt: skip

    def news(self, what: str, now: Instant, **more: Any) -> None:
        self.row({"kind": "news", "what": what, "mono_s": round(now.mono_s, 6), "utc": now.iso(), **more})

    def row(self, row: Row) -> None:
        """A row that finds no room is lost, and the log says so: the machine does not stop for its log."""
        if self._file is None:
            return
        line = (json.dumps(row, ensure_ascii=False) + "\n").encode()
        try:
            if self._file.write(line) < len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            self._file.truncate(self._size_bytes)
            self._outage.gone(error)
            return
        self._size_bytes += len(line)
        self._outage.back()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()


def _whole_bytes(file: IO[bytes]) -> int:
    """Up to and with the last line's end."""
    file.seek(0)
    return file.read().rfind(b"\n") + 1


def read_rows(path: Path) -> Iterator[Row]:
    """The log's lines in order; a last line cut short by a kill is left out. Raises InputError."""
    try:
        lines = path.read_text("utf-8", errors="replace").removesuffix("\n").split("\n")
    except OSError as error:
        raise InputError(f"{path}: the part log cannot be read: {error.strerror}") from error
    for number, line in enumerate(lines, 1):
        if not line:
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            if number == len(lines):
                return
            raise InputError(f"{path}, line {number}: not a line of a part log") from error
        if isinstance(row, dict):
            yield row


def retained(rows: Iterable[Row]) -> tuple[Counters, list[Row]]:
    """The counters of a PLC with retentive memory, and the `seen` lines of parts that never reached the gate."""
    waiting: dict[int, Row] = {}
    triggered = passed = gate_rejected = gate_passed = 0
    for row in rows:
        if row.get("kind") == "seen":
            passed += 1
            triggered += bool(row["triggered"])
            waiting[row["part_id"]] = row
        elif row.get("kind") == "part":
            waiting.pop(row["part_id"], None)
            gate_rejected += bool(row["gate_rejected"])
            gate_passed += not row["gate_rejected"]
    return Counters(triggered, passed, gate_rejected, gate_passed), list(waiting.values())


def lost_to_power(row: Row, now: Instant) -> Row:
    """The `part` line of a part that was between camera and gate when the power went: the gate fell to reject."""
    part = Part(row["part_id"], row["picture"], row["truth"])
    seen = Instant(row["mono_s"], datetime.fromisoformat(row["utc"]).timestamp())
    passage = Passage(part, seen, triggered=row["triggered"], reason=POWER_LOSS, closed=True)
    return passage.row(now, gate_rejected=True)
