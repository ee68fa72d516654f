"""Cuts the part out of a picture where it lies, as graph nodes: from the picture as it comes, from few of its pixels.

Every pixel of what is cut out is the mean of a few pixels of the picture that lie where it looks. Nothing else of the
picture is touched, so that a large one costs no more than a small one.
"""

from __future__ import annotations

import numpy as np
import onnx
from numpy.typing import NDArray

from core.learning.graph import GraphWriter
from core.learning.means import add_means

_FEWEST, _MOST = 2, 3


def samples_for(shape_px: tuple[int, int], region: tuple[float, float, float, float], size_px: tuple[int, int]) -> int:
    """How many pixels of a picture of `shape_px` are taken along each side of one pixel of `size_px`."""
    height, width = shape_px
    pixels = region[2] * region[3] * height * width / (size_px[0] * size_px[1])
    return int(np.clip(round(pixels**0.5), _FEWEST, _MOST))


def add_cutting(
    graph: GraphWriter,
    image: str,
    place: str,
    shape_px: tuple[int, int],
    region: tuple[float, float, float, float],
    size_px: tuple[int, int],
) -> str:
    """The name of 1 x 3 x `size_px` float32: the `region` of the reference, in shares of it, seen in `image`.

    `image` is height x width x 3 uint8 of any size, usually `shape_px`; `place` as in `registration`.
    """
    samples = samples_for(shape_px, region, size_px)
    aspect = shape_px[1] / shape_px[0]
    height, width = size_px
    # All samples as one picture, row by row: its pixels lie near each other in the one they are taken from.
    x = _middles(region[0], region[2], width * samples)[None]
    y = _middles(region[1], region[3], height * samples)[:, None]
    points = graph.constant(x * aspect), graph.constant(y)
    sides = graph.node("Cast", graph.node("Shape", image, end=2), to=onnx.TensorProto.FLOAT)
    rows, columns = (graph.node("Gather", sides, graph.constant([axis], np.int64)) for axis in (0, 1))
    column = _along(graph, place, 0, points, columns, 1 / aspect)
    row = _along(graph, place, 1, points, rows, 1.0)
    count = graph.node("Cast", columns, to=onnx.TensorProto.INT32)
    number = graph.node("Add", graph.node("Mul", row, count), column)
    pixels = graph.node("Reshape", image, graph.constant([-1, 3], np.int64))
    taken = graph.node("Gather", pixels, number)
    return add_means(graph, taken, samples, samples)


def _along(graph: GraphWriter, place: str, axis: int, points: tuple[str, str], side: str, scale: float) -> str:
    """The row or column of the picture that every sample lies in; beyond the picture, that of its edge."""
    weights = graph.node("Gather", place, graph.constant([axis], np.int64))
    half = graph.node("Mul", side, graph.constant(scale / 2))
    pixels = graph.node("Mul", weights, half)
    x, y, shift = (graph.node("Gather", pixels, graph.constant([one], np.int64), axis=1) for one in range(3))
    middle = graph.node("Add", shift, graph.node("Mul", side, graph.constant(0.5)))
    down = graph.node("Add", graph.node("Mul", points[1], y), middle)
    at = graph.node("Add", graph.node("Mul", points[0], x), down)
    inside = graph.node("Clip", at, graph.constant(0.0), graph.node("Sub", side, graph.constant(0.5)))
    return graph.node("Cast", inside, to=onnx.TensorProto.INT32)


def _middles(start: float, length: float, count: int) -> NDArray[np.float64]:
    """The middles of `count` samples, -1..1 over the whole reference."""
    return (start + length * (np.arange(count) + 0.5) / count) * 2 - 1
