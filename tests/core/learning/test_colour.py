from typing import Any

import cv2
import numpy as np
import onnxruntime as ort
import pytest
from numpy.typing import NDArray

from core.learning.colour import BINS, COLOURS, add_colours
from core.learning.graph import GraphWriter, Port


def _spread(picture: NDArray[Any]) -> NDArray[np.float32]:
    """Lightness x red x yellow of a height x width x 3 picture."""
    graph = GraphWriter()
    graph.node("Identity", add_colours(graph, "planes"), named="colours")
    planes = picture.transpose(2, 0, 1)[None].astype(np.float32)
    model = graph.model([Port("planes", np.float32, planes.shape)], [Port("colours", np.float32, (1, COLOURS))])
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    (colours,) = session.run(None, {"planes": planes})
    return np.asarray(colours).reshape(BINS)


def _plain(*colour: int) -> NDArray[np.uint8]:
    return np.full((6, 5, 3), colour, np.uint8)


@pytest.mark.parametrize("colour", [(255, 255, 255), (0, 0, 0), (119, 119, 119), (200, 80, 60), (60, 90, 160)])
def test_a_plain_colour_lies_where_another_library_says(colour: tuple[int, int, int]) -> None:
    spread = _spread(_plain(*colour))
    lab = cv2.cvtColor(np.array([[colour]], np.float32) / 255, cv2.COLOR_RGB2Lab)[0, 0]
    ends = ((12.5, 87.5), (-56.0, 56.0), (-56.0, 56.0))
    for axis, (value, (low, high), count) in enumerate(zip(lab, ends, BINS, strict=True)):
        along = spread.sum(tuple(other for other in range(3) if other != axis))
        centre = float(along @ np.linspace(low, high, count))
        assert centre == pytest.approx(np.clip(value, low, high), abs=0.5)


def test_the_shares_are_one_in_all() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (24, 24, 3))
    assert float(_spread(picture).sum()) == pytest.approx(1.0, abs=1e-5)


def test_a_little_more_light_moves_the_spread_a_little() -> None:
    picture = np.random.default_rng(1).integers(20, 200, (24, 24, 3))
    moved = np.abs(_spread(picture) - _spread(picture + 1)).sum()
    assert 0 < moved < 0.03
