from __future__ import annotations

import contextlib
import json
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InputError
from healthcare.waves.protocol import MOST_HEAD_BYTES, Frame, WaveChunk, pack_chunk, parse_chunk, parse_head

HEAD: dict[str, Any] = {
    "type": "wave", "location": "W7^R2^B7", "channel": "ecg_ii_mv", "rate_hz": 250, "sequence": 3, "first_sample": 188,
    "start_utc_s": 1_795_000_000.25, "encoding": "i16", "scale": 0.005,
}  # fmt: skip


def make_chunk(samples: list[float], **changes: Any) -> WaveChunk:
    values: dict[str, Any] = {
        "channel": "ecg_ii_mv", "rate_hz": 250.0, "sequence": 3, "first_sample": 188, "start_utc_s": 1_795_000_000.25,
        "samples": np.array(samples, np.float32), "location": "W7^R2^B7",
    }  # fmt: skip
    return WaveChunk(**{**values, **changes})


def parsed(packed: tuple[bytes, bytes]) -> WaveChunk:
    return parse_chunk(Frame(parse_head(packed[0]), packed[1]))


def test_a_chunk_in_float32_comes_out_as_it_went_in() -> None:
    sent = make_chunk([0.1, -1.25, float("nan"), 3e5])
    got = parsed(pack_chunk(sent))
    np.testing.assert_array_equal(got.samples, sent.samples)
    assert (got.channel, got.rate_hz, got.sequence, got.first_sample) == ("ecg_ii_mv", 250.0, 3, 188)
    assert (got.location, got.device, got.start_utc_s) == ("W7^R2^B7", "", 1_795_000_000.25)


def test_int16_keeps_multiples_of_its_scale_and_says_no_value() -> None:
    got = parsed(pack_chunk(make_chunk([0.005, -0.01, float("nan"), 1e9]), "i16", 0.005))
    np.testing.assert_allclose(got.samples[[0, 1, 3]], [0.005, -0.01, 32767 * 0.005], rtol=1e-6)
    assert np.isnan(got.samples[2])


def test_the_documented_head_reads() -> None:
    got = parse_chunk(Frame(HEAD, struct.pack("<3h", 200, -32768, -2)))
    np.testing.assert_allclose(got.samples[[0, 2]], [1.0, -0.01], rtol=1e-6)
    assert np.isnan(got.samples[1])
    assert got.end_utc_s == pytest.approx(1_795_000_000.25 + 3 / 250)


def test_infinite_samples_are_no_values() -> None:
    got = parse_chunk(Frame({**HEAD, "encoding": "f32"}, struct.pack("<2f", float("inf"), 1.0)))
    assert np.isnan(got.samples[0]) and got.samples[1] == 1.0


@pytest.mark.parametrize(
    "change",
    [
        {"location": ""}, {"location": 7}, {"location": "x" * 81}, {"location": "a\nb"},
        {"channel": "ECG II"}, {"channel": ""},
        {"rate_hz": 0}, {"rate_hz": -1}, {"rate_hz": 1e9}, {"rate_hz": True}, {"rate_hz": None}, {"rate_hz": "250"},
        {"sequence": -1}, {"sequence": 1.5}, {"sequence": True}, {"sequence": 2**60}, {"first_sample": None},
        {"start_utc_s": 1e300}, {"start_utc_s": float("nan")}, {"encoding": "f64"}, {"encoding": ["f32"]}, {"scale": 0},
        {"scale": float("inf")}, {"offset": "1"},
    ],
)  # fmt: skip
def test_a_chunk_that_says_something_else_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        parse_chunk(Frame({**HEAD, **change}, b"\x00\x01"))


@pytest.mark.parametrize("payload", [b"", b"\x00", b"\x00" * 2 * 16_385])
def test_samples_that_are_none_or_half_or_too_many_are_refused(payload: bytes) -> None:
    with pytest.raises(InputError):
        parse_chunk(Frame(HEAD, payload))


@pytest.mark.parametrize("head", [b"", b"[]", b"{", b"\xff{}", b"7", b"[" * 2000, json.dumps("x").encode()])
def test_a_head_that_is_no_object_is_refused(head: bytes) -> None:
    with pytest.raises(InputError):
        parse_head(head)


def test_a_head_too_long_is_not_sent() -> None:
    with pytest.raises(InputError):
        pack_chunk(make_chunk([0.0], location="x" * MOST_HEAD_BYTES))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=150, deadline=None)
@given(
    change=st.dictionaries(st.sampled_from([*HEAD, "offset", "device"]), json_values, max_size=4),
    payload=st.binary(max_size=64),
)
def test_whatever_a_head_says_it_reads_or_is_refused(change: dict[str, Any], payload: bytes) -> None:
    try:
        chunk = parse_chunk(Frame({**HEAD, **change}, payload))
    except InputError:
        return
    assert chunk.samples.dtype == np.float32 and len(chunk.samples) > 0
    assert not np.isinf(chunk.samples).any()


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_whatever_bytes_a_head_has_they_read_or_are_refused(head: bytes) -> None:
    with contextlib.suppress(InputError):
        assert isinstance(parse_head(head), dict)
