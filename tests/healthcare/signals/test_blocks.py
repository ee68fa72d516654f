from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthcare.signals.blocks import BRIDGED_GAP_S, Blocks
from tests.healthcare.signals.synthesis import Floats

RATE_HZ = 100.0


def taken(blocks: Blocks, samples: Floats, sizes: list[int], start_s: float = 0.0) -> list[tuple[int, list[float]]]:
    found, at = [], 0
    for size in [*sizes, len(samples)]:
        part = samples[at : at + size]
        if len(part):
            found += [(first, block.tolist()) for first, block in blocks.take(part, start_s + at / RATE_HZ)]
        at += size
    return found


@given(st.lists(st.integers(1, 90), max_size=20), st.sampled_from([1, 3]))
def test_blocks_are_the_same_for_any_sizes_of_chunks(sizes: list[int], factor: int) -> None:
    wave = np.sin(np.arange(700.0))
    whole = taken(Blocks(RATE_HZ, 0.5, factor), wave, [])
    assert taken(Blocks(RATE_HZ, 0.5, factor), wave, sizes) == whole
    assert [first for first, _ in whole] == [n * len(whole[0][1]) for n in range(len(whole))]


def test_neighbours_are_averaged_and_a_hole_among_them_makes_a_hole() -> None:
    found = taken(Blocks(RATE_HZ, 0.04, 2), np.array([1.0, 3.0, 5.0, np.nan]), [])
    assert found[0][1][0] == 2.0
    assert np.isnan(found[0][1][1])


def test_a_short_gap_is_filled_with_nan_and_a_long_one_begins_anew() -> None:
    blocks = Blocks(RATE_HZ, 0.5)
    list(blocks.take(np.ones(50), 10.0))
    found = list(blocks.take(np.ones(50), 11.0))
    assert blocks.restarts == 1
    assert [bool(np.isnan(block).all()) for _, block in found] == [True, False]
    list(blocks.take(np.ones(50), 11.5 + BRIDGED_GAP_S + 1.0))
    assert (blocks.restarts, blocks.start_s) == (2, 11.5 + BRIDGED_GAP_S + 1.0)


def test_time_that_goes_back_begins_anew() -> None:
    blocks = Blocks(RATE_HZ, 0.5)
    list(blocks.take(np.ones(50), 10.0))
    list(blocks.take(np.ones(50), 9.0))
    assert (blocks.restarts, blocks.end_s) == (2, 9.5)


def test_a_clock_that_drifts_never_adds_up_to_a_gap() -> None:
    blocks = Blocks(RATE_HZ, 0.5)
    for number in range(2000):
        for _, block in blocks.take(np.ones(50), number * 0.5003):
            assert not np.isnan(block).any()
    assert blocks.restarts == 1
    assert blocks.end_s == pytest.approx(2000 * 0.5003, abs=0.05)


def test_a_wave_without_a_rate_is_refused() -> None:
    with pytest.raises(ValueError, match="above 0 Hz"):
        Blocks(0.0, 0.5)
