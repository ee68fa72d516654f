"""Cuts the part out of a picture where it lies, as graph nodes: from the picture as it comes, from few of its pixels.

Every pixel of what is cut out is the mean of a few pixels of the picture that lie where it looks. Nothing else of the
picture is touched, so that a large one costs no more than a small one.
"""

from __future__ import annotations

import numpy as np
import onnx
from numpy.typing import NDArray

from core.learning.graph import GraphWriter

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
    # samples down x samples across x height x width: the mean over the first two is quickest.
    x = _middles(region[0], region[2], width, samples).T.reshape(1, samples, 1, width)
    y = _middles(region[1], region[3], height, samples).T.reshape(samples, 1, height, 1)
    points = graph.constant(x * aspect), graph.constant(y)
    sides = graph.node("Cast", graph.node("Shape", image, end=2), to=onnx.TensorProto.FLOAT)
    rows, columns = (graph.node("Gather", sides, graph.constant([axis], np.int64)) for axis in (0, 1))
    column = _along(graph, place, 0, points, columns, 1 / aspect)
    row = _along(graph, place, 1, points, rows, 1.0)
    count = graph.node("Cast", columns, to=onnx.TensorProto.INT32)
    number = graph.node("Add", graph.node("Mul", row, count), column)
    pixels = graph.node("Reshape", image, graph.constant([-1, 3], np.int64))
    taken = graph.node("Gather", pixels, number)
    floats = graph.node("Cast", taken, to=onnx.TensorProto.FLOAT)
    mean = graph.node("ReduceMean", floats, graph.constant([0, 1], np.int64), keepdims=0)
    whole = graph.node("Reshape", mean, graph.constant([1, height, width, 3], np.int64))
    return graph.node("Transpose", whole, perm=[0, 3, 1, 2])


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


def _middles(start: float, length: float, count: int, samples: int) -> NDArray[np.float64]:
    """count x samples: the middles of the samples of every pixel, -1..1 over the whole reference."""
    shares = start + length * (np.arange(count * samples) + 0.5) / (count * samples)
    return (shares * 2 - 1).reshape(count, samples)
