from typing import Any

import numpy as np
import onnxruntime as ort
import pytest
from numpy.typing import NDArray

from core.learning.backbone import HEAD_CHANNELS, LITE0, LITE2, Weights, read_weights
from core.learning.colour import COLOURS
from core.learning.embedding import PARTS, Learnt, Projection, embedding_graph, said_width

_SIDE = 64


@pytest.fixture(scope="module")
def weights() -> Weights:
    return read_weights(LITE2)


def _run(graph: Any, picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    session = ort.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {"image": picture})[0])


def _picture(height: int, width: int) -> NDArray[np.uint8]:
    y, x, c = np.mgrid[0:height, 0:width, 0:3]
    return np.asarray(np.round((np.sin(x / (5.0 + c)) + np.cos(y / (7.0 - c)) + 2) * 63), np.uint8)


def test_each_part_has_the_length_of_its_weight(weights: Weights) -> None:
    said = _run(embedding_graph(weights, side_px=_SIDE), _picture(80, 80))
    assert said.shape == (said_width(),)
    ends = np.cumsum([HEAD_CHANNELS, said_width() - HEAD_CHANNELS - COLOURS, COLOURS])
    parts = np.split(said, ends[:-1])
    assert [float(np.linalg.norm(part)) for part in parts] == pytest.approx(PARTS, abs=0.02)


def test_only_the_middle_square_is_seen(weights: Weights) -> None:
    graph = embedding_graph(weights, side_px=_SIDE)
    square = _picture(80, 80)
    wide = np.concatenate([np.full((80, 30, 3), 9, np.uint8), square, np.full((80, 30, 3), 250, np.uint8)], axis=1)
    assert np.allclose(_run(graph, wide), _run(graph, square), atol=1e-5)


def test_a_projection_turns_what_is_said(weights: Weights) -> None:
    rng = np.random.default_rng(0)
    centre, matrix = rng.normal(size=said_width()), rng.normal(size=(said_width(), 5)) * 0.1
    projection = Projection(centre.astype(np.float32), matrix.astype(np.float32))
    picture = _picture(70, 90)
    said = _run(embedding_graph(weights, side_px=_SIDE), picture)
    turned = _run(embedding_graph(weights, Learnt(projection=projection), side_px=_SIDE), picture)
    assert np.allclose(turned, (said - centre) @ matrix, atol=1e-3)


def test_learnt_tensors_take_the_place_of_the_networks_own(weights: Weights) -> None:
    picture = _picture(80, 80)
    changed = Learnt({"_conv_head.weight": np.asarray(weights["_conv_head.weight"]) * 0.5})
    plain = _run(embedding_graph(weights, side_px=_SIDE), picture)
    other = _run(embedding_graph(weights, changed, side_px=_SIDE), picture)
    assert not np.allclose(plain[:HEAD_CHANNELS], other[:HEAD_CHANNELS], atol=1e-3)
    assert np.allclose(plain[HEAD_CHANNELS:], other[HEAD_CHANNELS:], atol=1e-5)


def test_another_member_of_the_family_says_as_many_numbers_as_it_has(weights: Weights) -> None:
    said = _run(embedding_graph(read_weights(LITE0), network=LITE0, side_px=_SIDE), _picture(80, 80))
    assert said.shape == (said_width(LITE0),) and said_width(LITE0) < said_width(LITE2)
