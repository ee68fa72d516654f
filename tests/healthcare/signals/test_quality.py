from __future__ import annotations

import numpy as np
import pytest

from healthcare.signals.quality import Block, LeadQuality, block_of, shape_reach

CLEAN = Block(top=30.0, middle=3.0, low=1.0, off=False, clipped=0.01)
FLAT = Block(top=0.0, middle=0.0, low=0.0, off=True, clipped=1.0)
#: As high between beats as at them.
RESTLESS = Block(top=30.0, middle=14.0, low=9.0, off=False, clipped=0.01)


def _after(*blocks: Block) -> LeadQuality:
    quality = LeadQuality()
    for block in blocks:
        quality.add(block, hold=False)
    return quality


def _shape(seed: int, noise: float) -> np.ndarray:
    place = np.linspace(-3, 3, 51)
    return np.exp(-place * place) + np.random.default_rng(seed).normal(0.0, noise, 51)


@pytest.mark.parametrize(
    "samples",
    [
        np.zeros(125),
        np.full(125, 5.0),
        np.full(125, np.nan),
        np.where(np.arange(125) < 70, np.nan, 1.0 * np.arange(125)),
    ],
    ids=["flat", "at the rail", "missing", "mostly missing"],
)
def test_a_block_without_a_signal_is_off(samples: np.ndarray) -> None:
    assert block_of(samples, np.zeros(125)).off


def test_a_block_knows_how_much_of_it_is_clipped() -> None:
    wave = np.clip(np.sin(np.arange(125) / 5.0), -0.5, 2.0)
    block = block_of(wave, np.arange(125.0))
    assert not block.off
    assert block.clipped > 0.2
    assert (block.top, block.middle, block.low) == (124.0, 62.0, 25.0)


def test_a_lead_is_off_after_more_than_two_seconds_and_on_again_at_once() -> None:
    late = _after(*[CLEAN] * 8, *[FLAT] * 4)
    assert not late.off
    assert late.score == 0.0
    assert _after(*[CLEAN] * 8, *[FLAT] * 5).off
    assert not _after(*[CLEAN] * 8, *[FLAT] * 5, CLEAN).off


def test_beats_that_stand_out_are_good_however_they_look() -> None:
    quality = _after(*[CLEAN] * 16)
    for seed in range(10):
        quality.beat(np.random.default_rng(seed).normal(0.0, 1.0, 51))
    assert quality.score == 1.0


def test_beats_that_look_alike_are_good_however_little_rest_there_is() -> None:
    quality = _after(*[RESTLESS] * 16)
    for seed in range(10):
        quality.beat(_shape(seed, 0.01))
    assert quality.score > 0.9


def test_beats_that_neither_stand_out_nor_look_alike_are_muted() -> None:
    quality = _after(*[RESTLESS] * 16)
    for seed in range(10):
        quality.beat(_shape(seed, 0.4))
    assert quality.score < 0.5


def test_two_shapes_in_turn_are_alike_enough() -> None:
    quality = _after(*[RESTLESS] * 16)
    for seed in range(16):
        quality.beat(_shape(seed, 0.01) if seed % 2 else -np.roll(_shape(seed, 0.01), 8))
    assert quality.score > 0.8


def test_clipping_halves_the_score() -> None:
    clipped = Block(30.0, 3.0, 1.0, off=False, clipped=0.3)
    assert _after(*[CLEAN] * 16, clipped).score == 0.5


def test_a_lead_that_falls_silent_loses_its_weight_and_keeps_its_height_while_held() -> None:
    quality = _after(*[CLEAN] * 16)
    heavy = quality.weight
    for _ in range(20):
        quality.add(Block(0.9, 0.4, 0.2, off=False, clipped=0.0), hold=True)
    assert quality.weight < 0.01 * heavy
    assert quality.amplitude == 30.0


def test_the_reach_of_a_shape_is_a_tenth_of_a_second() -> None:
    assert shape_reach(250.0) == 25
