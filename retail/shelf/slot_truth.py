"""What stood on a shelf by the word of a person: a CSV of windows of frames, a column for each slot, 1 for goods.

`first_frame`, `last_frame` (both included) and `count` are not slots; lines that begin with `#` are not read.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.errors import InputError

_FIRST, _LAST, _COUNT = "first_frame", "last_frame", "count"
_MOST_BYTES = 10_000_000
_HINT = "A header first_frame,last_frame,<slot>,... and a line for each window, with 1 for goods and 0 for none."


@dataclass(frozen=True, slots=True)
class Window:
    """Frames `first` to `last`, both included, counted from 0; `goods` says per slot whether goods stand there."""

    first: int
    last: int
    goods: Mapping[str, bool]


def read_truth(path: Path) -> list[Window]:
    """Raises InputError naming file and line."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise InputError(f"{path}: is larger than {_MOST_BYTES // 10**6} MB", hint=_HINT)
        return parse_truth(path.read_bytes(), str(path))
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}", hint=_HINT) from error


def parse_truth(content: bytes, where: str) -> list[Window]:
    """Windows in the order of their frames. Raises InputError."""
    try:
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise InputError(f"{where}: is not UTF-8: {error.reason}", hint=_HINT) from error
    kept = [(number, line) for number, line in enumerate(lines, 1) if line.strip() and not line.startswith("#")]
    try:
        rows = list(csv.reader(io.StringIO("\n".join(line for _, line in kept)), strict=True))
    except csv.Error as error:
        raise InputError(f"{where}: is not CSV: {error}", hint=_HINT) from error
    if len(rows) < 2 or len(rows) != len(kept):
        raise InputError(f"{where}: has no header with a line below it", hint=_HINT)
    header = [name.strip() for name in rows[0]]
    slots = [name for name in header if name not in (_FIRST, _LAST, _COUNT)]
    if _FIRST not in header or _LAST not in header or not slots or len(set(header)) != len(header) or "" in header:
        raise InputError(f"{where}: its header is {','.join(header)[:80]}", hint=_HINT)
    windows = [
        _window(dict(zip(header, row, strict=False)), slots, f"{where}: line {number}")
        for row, (number, _) in zip(rows[1:], kept[1:], strict=True)
    ]
    return sorted(windows, key=lambda window: window.first)


def _window(row: Mapping[str, str], slots: Sequence[str], where: str) -> Window:
    first, last = (_whole(row.get(name, ""), f"{where}: {name}") for name in (_FIRST, _LAST))
    if last < first:
        raise InputError(f"{where}: ends at frame {last}, before it begins at {first}", hint=_HINT)
    goods = {}
    for name in slots:
        value = row.get(name, "").strip()
        if value not in ("0", "1"):
            raise InputError(f"{where}: {name} is '{value[:20]}', expected 0 or 1", hint=_HINT)
        goods[name] = value == "1"
    return Window(first, last, goods)


def _whole(text: str, where: str) -> int:
    value = text.strip()
    if not value.isascii() or not value.isdigit() or len(value) > 9:
        raise InputError(f"{where} is '{value[:20]}', expected a frame's number", hint=_HINT)
    return int(value)
