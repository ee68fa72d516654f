"""The bytes of a WFDB signal file as whole numbers, and which of them mean "no sample".

Source: the WFDB Applications Guide, signal(5). A MATLAB v4 file (`.mat`) is format 16 behind its own 24 bytes of head,
which the header gives as an offset.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Whole = NDArray[np.int64]
Bytes = NDArray[np.uint8]


def _of_type(kind: str) -> Callable[[Bytes], Whole]:
    return lambda raw: raw.view(np.dtype(kind)).astype(np.int64)


def _offset_binary(kind: str, zero: int) -> Callable[[Bytes], Whole]:
    return lambda raw: raw.view(np.dtype(kind)).astype(np.int64) - zero


def _three_bytes(raw: Bytes) -> Whole:
    """Format 24: little-endian two's complement."""
    parts = raw.reshape(-1, 3).astype(np.int64)
    values = parts[:, 0] | parts[:, 1] << 8 | parts[:, 2] << 16
    return np.where(values >= 1 << 23, values - (1 << 24), values)


def _two_in_three(raw: Bytes) -> Whole:
    """Format 212: two 12-bit numbers in three bytes; a last odd one lies in two."""
    padded = raw if raw.size % 3 == 0 else np.concatenate([raw, np.zeros(3 - raw.size % 3, np.uint8)])
    parts = padded.reshape(-1, 3).astype(np.int64)
    values = np.empty(2 * len(parts), np.int64)
    values[0::2] = parts[:, 0] | (parts[:, 1] & 0x0F) << 8
    values[1::2] = parts[:, 2] | (parts[:, 1] & 0xF0) << 4
    return np.where(values >= 1 << 11, values - (1 << 12), values)


#: format: (bytes of one sample as a fraction, how to read them, the number that means "no sample")
_FORMATS: dict[int, tuple[tuple[int, int], Callable[[Bytes], Whole], int]] = {
    16: ((2, 1), _of_type("<i2"), -(1 << 15)),
    61: ((2, 1), _of_type(">i2"), -(1 << 15)),
    160: ((2, 1), _offset_binary("<u2", 1 << 15), -(1 << 15)),
    80: ((1, 1), _offset_binary("u1", 128), -128),
    24: ((3, 1), _three_bytes, -(1 << 23)),
    32: ((4, 1), _of_type("<i4"), -(1 << 31)),
    212: ((3, 2), _two_in_three, -(1 << 11)),
}


def known(number: int) -> bool:
    return number in _FORMATS


def bytes_of(number: int, samples: int) -> int:
    """Bytes that `samples` samples take, from an even sample on."""
    over, under = _FORMATS[number][0]
    return -(-samples * over // under)


def samples_in(number: int, size_bytes: int) -> int:
    over, under = _FORMATS[number][0]
    return size_bytes * under // over


def decode(number: int, raw: bytes, samples: int) -> Whole:
    """`samples` whole numbers; `raw` holds at least their bytes."""
    needed = np.frombuffer(raw, np.uint8, bytes_of(number, samples))
    return _FORMATS[number][1](needed)[:samples]


def invalid(number: int) -> int:
    return _FORMATS[number][2]
