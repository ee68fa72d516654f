from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthcare.records import formats


def _encode_212(values: list[int]) -> bytes:
    out = bytearray()
    for place in range(0, len(values), 2):
        first = values[place] & 0xFFF
        second = values[place + 1] & 0xFFF if place + 1 < len(values) else 0
        out += bytes((first & 0xFF, first >> 8 | second >> 8 << 4, second & 0xFF))
    return bytes(out[: formats.bytes_of(212, len(values))])


@given(st.lists(st.integers(-2048, 2047), max_size=40))
def test_format_212_gives_back_what_was_packed(values: list[int]) -> None:
    assert formats.decode(212, _encode_212(values), len(values)).tolist() == values


@given(st.lists(st.integers(-(2**23), 2**23 - 1), max_size=40))
def test_format_24_is_three_bytes_in_twos_complement(values: list[int]) -> None:
    raw = b"".join(value.to_bytes(3, "little", signed=True) for value in values)
    assert formats.decode(24, raw, len(values)).tolist() == values


@pytest.mark.parametrize(
    ("number", "raw", "values"),
    [
        (16, b"\x01\x00\xff\xff\x00\x80", [1, -1, -32768]),
        (61, b"\x00\x01\xff\xff\x80\x00", [1, -1, -32768]),
        (160, b"\x00\x80\x01\x80\x00\x00", [0, 1, -32768]),
        (80, b"\x80\x81\x00", [0, 1, -128]),
        (32, b"\x01\x00\x00\x00\x00\x00\x00\x80", [1, -(2**31)]),
    ],
)
def test_each_format_reads_its_bytes(number: int, raw: bytes, values: list[int]) -> None:
    assert formats.known(number)
    assert formats.decode(number, raw, len(values)).tolist() == values
    assert formats.invalid(number) in (*values, formats.invalid(32))


def test_sizes_and_counts_fit_together() -> None:
    for number in (16, 24, 32, 61, 80, 160, 212):
        for samples in range(9):
            assert formats.samples_in(number, formats.bytes_of(number, samples)) == samples
    assert not formats.known(311)
    assert np.issubdtype(formats.decode(16, b"", 0).dtype, np.int64)
