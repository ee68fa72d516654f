"""The PLC's log of every part, one JSON line each: what `simulators.report` reads, and what survives a power loss.

`seen` is written when a part comes under the camera, `part` when it has left the gate, `news` in between.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from core.clock import Instant
from core.errors import InputError
from simulators.passages import POWER_LOSS, Part, Passage
from simulators.program import Counters

Row = dict[str, Any]


class PartLog:
    """Appends; every line is handed to the operating system at once, so that a killed PLC leaves it whole."""

    def __init__(self, path: Path | None) -> None:
        self._file: IO[str] | None = None
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("a", encoding="utf-8", buffering=1)

    def seen(self, passage: Passage) -> None:
        part = passage.part
        self.row({
            "kind": "seen", "part_id": part.part_id, "picture": part.picture, "truth": part.truth,
            "triggered": passage.triggered, "mono_s": round(passage.seen.mono_s, 6), "utc": passage.seen.iso(),
        })  # fmt: skip

    def news(self, what: str, now: Instant, **more: Any) -> None:
        self.row({"kind": "news", "what": what, "mono_s": round(now.mono_s, 6), "utc": now.iso(), **more})

    def row(self, row: Row) -> None:
        if self._file is not None:
            self._file.write(json.dumps(row, ensure_ascii=False) + "\n")

    def close(self) -> None:
        if self._file is not None:
            self._file.close()


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
