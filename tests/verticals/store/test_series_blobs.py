from __future__ import annotations

import json
import math
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from verticals.store.series_blobs import pack_minute, pack_tail, unpack_minute, unpack_tails

NUMBERS = st.one_of(
    st.floats(width=64, allow_nan=False), st.just(math.nan), st.integers(-(2**40), 2**40).map(lambda n: n / 100)
)


def same(ours: NDArray[np.float64], theirs: list[float]) -> bool:
    """To the last bit, the sign of zero included; every NaN is the same."""
    wanted = np.array(theirs, np.float64)
    both = np.isnan(ours) & np.isnan(wanted)
    return bool(np.all(both | (ours.view(np.int64) == wanted.view(np.int64))))


@given(st.lists(st.tuples(st.integers(0, 59_999), NUMBERS)))
def test_a_minute_comes_back_as_it_was(points: list[tuple[int, float]]) -> None:
    ms = np.array([at for at, _ in points], np.int64)
    found = unpack_minute(pack_minute(ms, np.array([value for _, value in points], np.float64)))
    assert found[0].tolist() == ms.tolist()
    assert same(found[1], [value for _, value in points])


@given(st.lists(st.tuples(st.sampled_from("abcß\n°"), st.integers(-(2**40), 2**45), NUMBERS), max_size=200))
def test_a_tail_comes_back_as_it_was(points: list[tuple[str, int, float]]) -> None:
    if not points:
        return
    names, at_ms, values = zip(*points, strict=True)
    found = unpack_tails([pack_tail(names, np.array(at_ms, np.int64), np.array(values, np.float64))])
    assert set(found) == set(names)
    for name, (at, value) in found.items():
        mine = [place for place, other in enumerate(names) if other == name]
        assert at.tolist() == [at_ms[place] for place in mine]
        assert same(value, [values[place] for place in mine])


def test_what_an_earlier_release_wrote_is_read() -> None:
    minute = np.array([(1000, 97.5), (2000, math.nan)], [("ms", "<u2"), ("value", "<f8")])
    assert unpack_minute(minute.tobytes())[0].tolist() == [1000, 2000]
    assert same(unpack_minute(minute.tobytes())[1], [97.5, math.nan])
    tail = np.array([(0, 5_000, 1.5), (1, 5_001, 2.5)] * 50, [("name", "<u2"), ("at_ms", "<i8"), ("value", "<f8")])
    blob = zlib.compress(json.dumps(["a", "b"]).encode() + b"\n" + tail.tobytes(), 1)
    later = pack_tail(["b"] * 70, np.full(70, 6_000, np.int64), np.full(70, 3.0))
    found = unpack_tails([blob, later])
    assert found["a"][1].tolist() == [1.5] * 50
    assert found["b"][0].tolist() == [5_001] * 50 + [6_000] * 70


def test_a_block_that_is_cut_short_is_no_number() -> None:
    whole = zlib.decompress(pack_minute(np.arange(60) * 1000, np.full(60, 97.123456))[2:])
    for cut in (3, 100, len(whole) - 1):
        with pytest.raises(ValueError, match="buffer"):
            unpack_minute(b"\xff\xff" + zlib.compress(whole[:cut]))


def test_a_minute_of_a_monitor_takes_a_fifth_of_its_numbers() -> None:
    second = np.arange(60)
    ms, values = second * 1000 + second % 3, (97 + (second // 7) % 2).astype(np.float64)
    assert len(pack_minute(ms, values)) < 600 / 5
