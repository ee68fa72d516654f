"""What stands in OBX-5 as a number, and every way in which a monitor says that there is none.

No-value marks seen in real feeds: -100, -999, -99.9, the not-a-number and infinities of ISO/IEEE 11073-20601 FLOAT
(8388606 to 8388610) and of 16-bit integers, OBX-11 X, OBX-8 INV (IHE PCD TF-2, OBX-8 and OBX-11).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from healthcare.hl7.message import Segment

_NUMBER = re.compile(r"[+-]?(\d{1,15}(\.\d{0,15})?|\.\d{1,15})", re.ASCII)

NO_VALUES = frozenset({-100.0, -999.0, -99.9, 2047.0, 32767.0, -32768.0, 8388606.0, 8388607.0, 8388608.0, 8388609.0,
                       8388610.0, -8388608.0, -8388607.0, -8388606.0, 2147483647.0, -2147483648.0})  # fmt: skip
#: OBX-11 (table 0085): no result is there, or one that was taken back.
_WITHOUT_RESULT = {"X": "not-obtained", "N": "not-asked", "I": "pending", "O": "pending", "D": "deleted", "W": "wrong"}
#: OBX-8: what makes a number none.
_INVALID = {"INV": "invalid", "NAV": "not-available", "BUSY": "measuring", "CALIB": "calibrating", "TEST": "test",
            "DEMO": "demo", "OFF": "off"}  # fmt: skip
_EXACT = ("", "=")
#: The value types whose OBX-5 may hold one number; plain senders leave the type out or say ST.
_TYPES = frozenset({"NM", "SN", "ST", "TX", "NA", ""})


@dataclass(frozen=True, slots=True)
class Figure:
    """`value` is None with the reason in `absent`. `unreadable`: it claimed to be a number and is none."""

    value: float | None = None
    absent: str = ""
    unreadable: bool = False


def number(text: str) -> float | None:
    """A plain decimal, never NaN nor infinity; None for anything else."""
    return float(text) if _NUMBER.fullmatch(text) else None


def figure(row: Segment) -> Figure:
    """The number of an OBX of one value."""
    absent = absence(row)
    return Figure(absent=absent) if absent else number_of(row, row.text(2).upper())


def number_of(row: Segment, kind: str) -> Figure:
    """The number of an OBX of one value, of the type `kind` (OBX-2); OBX-8 and OBX-11 have their say before."""
    if kind not in _TYPES:
        return Figure(absent="no-number")
    return _structured(row) if kind == "SN" else read(row.text(5), strict=kind == "NM")


def absence(row: Segment) -> str:
    """Why OBX-8 or OBX-11 say that there is no value; empty where they do not."""
    for repetition in row.repetitions(8):
        reason = _INVALID.get(row.part(repetition).upper())
        if reason:
            return reason
    return _WITHOUT_RESULT.get(row.text(11).upper(), "")


def read(text: str, *, strict: bool = True) -> Figure:
    """`strict`: what is no number is a fault of the sender, not only no value."""
    if not text:
        return Figure(absent="empty")
    value = number(text)
    if value is None:
        return Figure(absent="unreadable" if strict else "no-number", unreadable=strict)
    return Figure(absent="no-value") if value in NO_VALUES else Figure(value)


def _structured(row: Segment) -> Figure:
    """SN is comparator, number, separator, number: only `=98` is the number 98; `>98`, `1:2` and `90-100` are none."""
    comparator, first, between, second = (row.text(5, part) for part in (1, 2, 3, 4))
    if not first and not comparator:
        return Figure(absent="empty")
    if comparator not in _EXACT or between or second:
        return Figure(absent="no-number") if number(first) is not None else Figure(absent="unreadable", unreadable=True)
    return read(first)
