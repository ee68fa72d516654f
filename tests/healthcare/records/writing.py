"""Small WFDB records for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from healthcare.records.annotations import SYMBOLS

_CODES = {symbol: code for code, symbol in SYMBOLS.items()}
Mark = tuple[int, str, str]


def write_record(
    folder: Path, name: str, rate_hz: float, leads: Mapping[str, NDArray[np.floating]], marks: Sequence[Mark]
) -> Path:
    """Format 16, 1 uV a step; `marks`: sample, symbol and text of each annotation."""
    columns = np.column_stack([np.round(samples * 1000) for samples in leads.values()]).astype("<i2")
    (folder / f"{name}.dat").write_bytes(columns.tobytes())
    lines = [f"{name} {len(leads)} {rate_hz:g} {len(columns)}"]
    lines += [f"{name}.dat 16 1000/mV 16 0 0 0 0 {lead}" for lead in leads]
    (folder / f"{name}.hea").write_text("\n".join(lines) + "\n")
    (folder / f"{name}.atr").write_bytes(annotation_bytes(marks))
    return folder / f"{name}.hea"


def annotation_bytes(marks: Sequence[Mark]) -> bytes:
    raw = b""
    before = 0
    for sample, symbol, text in marks:
        step = sample - before
        if step > 1023:
            raw += _word(59, 0) + (step >> 16).to_bytes(2, "little") + (step & 0xFFFF).to_bytes(2, "little")
            step = 0
        raw += _word(_CODES[symbol], step)
        if text:
            raw += _word(63, len(text)) + text.encode() + b"\0" * (len(text) & 1)
        before = sample
    return raw + _word(0, 0)


def _word(code: int, step: int) -> bytes:
    return (code << 10 | step).to_bytes(2, "little")
