from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
from numpy.typing import NDArray

from core.errors import InputError
from core.learning.backbone import Weights, read_weights
from core.learning.inspector import Places, feature_graph, inspector_graph
from core.learning.place_gaussian import PlaceGaussian
from core.learning.place_scoring import MapNorm
from core.learning.plan import TeachSettings
from core.learning.precision import compare
from core.learning.quantised import quantised
from core.learning.view import View
from tests.support.pictures import part_picture

VIEW, PLACES, CHANNELS = View(128, 128), Places(8, 8), 384


@dataclass
class Taught:
    model: bytes
    limit: float
    held_out: NDArray[np.float64] = field(default_factory=lambda: np.array([0.5, 1.0, 1.5]))


@pytest.fixture(scope="module")
def weights() -> Weights:
    return read_weights()


def planes(seed: int) -> NDArray[np.float32]:
    return part_picture(seed, height=128, width=128).transpose(2, 0, 1)[None].astype(np.float32)


@pytest.fixture(scope="module")
def models(weights: Weights) -> tuple[bytes, bytes]:
    """Exact, and in eight bits: how far a picture's features lie from nothing."""
    gaussian = PlaceGaussian(
        np.zeros((64, CHANNELS), np.float32), np.ones(CHANNELS, np.float32),
        np.zeros((64, 1, CHANNELS), np.float32), np.ones(64, np.float32),
    )  # fmt: skip
    norm = MapNorm(np.zeros(64), np.ones(64))
    backbone = feature_graph(weights)
    rough = quantised(backbone, [planes(seed) for seed in range(4)])
    exact, eight = (inspector_graph(one, VIEW, PLACES, gaussian, norm).SerializeToString() for one in (backbone, rough))
    return exact, eight


def images(count: int) -> list[NDArray[np.uint8]]:
    return [part_picture(seed, height=128, width=128) for seed in range(20, 20 + count)]


def test_eight_bits_are_taken_only_where_every_verdict_stays(models: tuple[bytes, bytes]) -> None:
    far = 1e4  # every picture lies below
    same = compare(Taught(models[0], far), Taught(models[1], far), images(1), images(6))
    assert (same.checked, same.flipped) == (9, 0)
    assert same.eight_bits == (same.eight_bits_ms <= 0.9 * same.float_ms)
    other = compare(Taught(models[0], far), Taught(models[1], 1.2), images(1), images(6))
    assert other.eight_bits is False
    if other.checked:  # where eight bits are no faster here, nothing is compared
        assert other.flipped == 7 and "7 of 9 verdicts differ" in other.why


def test_what_is_no_faster_is_not_taken(models: tuple[bytes, bytes]) -> None:
    same = compare(Taught(models[0], 1e4), Taught(models[0], 1e4), images(1), [])
    assert same.eight_bits is False and "not worth it" in same.why


def test_a_verdict_at_the_limit_may_fall_on_either_side(models: tuple[bytes, bytes]) -> None:
    exact = Taught(models[0], 2.0, np.array([1.0, 1.0, 1.0, 1.95]))
    rough = Taught(models[1], 2.0, np.array([1.0, 1.0, 1.0, 2.05]))
    found = compare(exact, rough, images(1), [])
    if found.checked:
        assert (found.checked, found.flipped) == (3, 0)


def test_a_word_that_is_none_is_refused() -> None:
    with pytest.raises(InputError, match="eight_bits"):
        TeachSettings(eight_bits="perhaps")
