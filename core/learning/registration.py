"""Where the part lies in a picture: shift, turn and size against the median good part, found inside the graph.

Pictures and reference are small grey images of several sizes. A place is a 3 x 3 matrix that takes a point of the
reference to a point of the picture; points count from the middle, in half heights, so that turning keeps shapes.

1. The picture's grey levels at each size, brought to mean 0 and spread 1 where the reference now lies on it.
2. Their difference from the reference, times a constant matrix, is the step (inverse compositional Gauss-Newton).
3. From the coarsest size to the finest, a fixed number of steps each.
4. The place is kept only when the picture agrees with the reference better there than where it lay.

Source: Baker and Matthews, "Lucas-Kanade 20 years on" (2004), section 3.2; brightness as in Evangelidis and Psarakis,
"Enhanced correlation coefficient" (2008).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import onnx
from numpy.typing import NDArray

from core.learning.graph import GraphWriter, Port

#: Long sides of the small images and the steps taken on each.
LEVELS = ((32, 8), (64, 8), (128, 6))
#: Shift right and down, turn, grow: what a small step of each does to a point.
_STEPS = np.array([
    [[0, 0, 1], [0, 0, 0], [0, 0, 0]], [[0, 0, 0], [0, 0, 1], [0, 0, 0]],
    [[0, -1, 0], [1, 0, 0], [0, 0, 0]], [[1, 0, 0], [0, 1, 0], [0, 0, 0]],
], np.float32)  # fmt: skip
#: The outermost share of the reference is not compared: a part that moved shows something else there.
_RIM_SHARE = 0.06

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Registration:
    """`reference` holds the small grey images of the median good part, one per size, coarse to fine.

    `frame_px` is the height and width that pictures are brought to before the part is cut out of them.
    """

    reference: tuple[Floats, ...] = field(repr=False)
    frame_px: tuple[int, int]

    @property
    def aspect(self) -> float:
        return self.frame_px[1] / self.frame_px[0]


def small_sizes(frame_px: tuple[int, int]) -> list[tuple[int, int]]:
    """Height and width of every small image."""
    longest = max(frame_px)
    return [
        (max(8, round(side * frame_px[0] / longest)), max(8, round(side * frame_px[1] / longest))) for side, _ in LEVELS
    ]


def add_registration(graph: GraphWriter, frame: str, registration: Registration) -> str:
    """The name of the 3 x 3 place of the part in `frame`, 1 x 3 x height x width."""
    grey = graph.node("ReduceMean", frame, graph.constant([1], np.int64), keepdims=1)
    place = start = graph.constant(np.eye(3))
    compared = None
    for reference, (_, steps) in zip(registration.reference, LEVELS, strict=True):
        compared = _Level(graph, grey, reference, registration.aspect)
        for _ in range(steps):
            place = compared.step(place)
    assert compared is not None
    better = graph.node("Less", compared.difference(place), compared.difference(start))
    return graph.node("Where", better, place, start)


def add_warp(
    graph: GraphWriter, frame: str, place: str, registration: Registration,
    region: tuple[float, float, float, float], size_px: tuple[int, int],
) -> str:  # fmt: skip
    """The name of 1 x 3 x `size_px`: the `region` of the reference, in shares of it, seen in `frame`."""
    points = graph.constant(_points(size_px, registration.aspect, region))
    return _sampled(graph, frame, points, place, registration.aspect, size_px)


def registration_graph(registration: Registration) -> onnx.ModelProto:
    """`frame` 1 x 3 x height x width float32 to `place` 3 x 3, and `seen<n>`, the small grey images in that place.

    Without a reference yet, the place is where the frame lies.
    """
    graph = GraphWriter()
    height, width = registration.frame_px
    found = add_registration(graph, "frame", registration) if registration.reference else graph.constant(np.eye(3))
    graph.node("Identity", found, named="place")
    outputs = [Port("place", np.float32, (3, 3))]
    grey = graph.node("ReduceMean", "frame", graph.constant([1], np.int64), keepdims=1)
    for index, size in enumerate(small_sizes(registration.frame_px)):
        points = graph.constant(_points(size, registration.aspect))
        small = _small(graph, grey, size)
        seen = _sampled(graph, small, points, "place", registration.aspect, size)
        graph.node("Identity", seen, named=f"seen{index}")
        outputs.append(Port(f"seen{index}", np.float32, (1, 1, *size)))
    return graph.model([Port("frame", np.float32, (1, 3, height, width))], outputs)


def _small(graph: GraphWriter, grey: str, size: tuple[int, int]) -> str:
    sizes = graph.constant([1, 1, *size], np.int64)
    return graph.node(
        "Resize", grey, "", "", sizes, mode="linear", coordinate_transformation_mode="half_pixel", antialias=1
    )


class _Level:
    """One size of the picture and the reference."""

    def __init__(self, graph: GraphWriter, grey: str, reference: Floats, aspect: float) -> None:
        self._graph = graph
        self._size = reference.shape[0], reference.shape[1]
        self._aspect = aspect
        self._grey = _small(graph, grey, self._size)
        points = _points(self._size, aspect)
        template = (reference - reference.mean()) / max(float(reference.std()), 1e-6)
        weights = _weights(self._size)
        self._points = graph.constant(points)
        self._template = graph.constant(template.reshape(1, -1))
        self._weights = graph.constant(weights.reshape(1, -1))
        self._solver = graph.constant(_solver(template, points, weights, aspect))

    def step(self, place: str) -> str:
        """A better place: `place`, undone by the step that the reference would need to look like the picture."""
        graph = self._graph
        wanted = graph.node("MatMul", self._off(place), self._solver)  # 1 x 9, what the step adds to the unit matrix
        change = graph.node("Reshape", wanted, graph.constant([3, 3], np.int64))
        return graph.node("Sub", place, graph.node("MatMul", place, change))

    def difference(self, place: str) -> str:
        """1 x 1: how far picture and reference are apart."""
        squares = self._graph.node("Mul", self._off(place), self._off(place))
        weighted = self._graph.node("Mul", squares, self._weights)
        return self._graph.node("ReduceSum", weighted, self._graph.constant([1], np.int64), keepdims=1)

    def _off(self, place: str) -> str:
        graph = self._graph
        seen = _sampled(graph, self._grey, self._points, place, self._aspect, self._size)
        flat = graph.node("Reshape", seen, graph.constant([1, -1], np.int64))
        axes = graph.constant([1], np.int64)
        centred = graph.node("Sub", flat, graph.node("ReduceMean", flat, axes, keepdims=1))
        squares = graph.node("ReduceMean", graph.node("Mul", centred, centred), axes, keepdims=1)
        spread = graph.node("Sqrt", graph.node("Max", squares, graph.constant(1e-6)))
        return graph.node("Sub", graph.node("Div", centred, spread), self._template)


def _sampled(graph: GraphWriter, planes: str, points: str, place: str, aspect: float, size: tuple[int, int]) -> str:
    """`planes` where `place` takes the `points`, as an image of `size`."""
    moved = graph.node("MatMul", points, graph.node("Transpose", place, perm=[1, 0]))
    flat = graph.node("Slice", moved, *(graph.constant([value], np.int64) for value in (0, 2, 1)))
    shares = graph.node("Mul", flat, graph.constant([1 / aspect, 1.0]))
    grid = graph.node("Reshape", shares, graph.constant([1, *size, 2], np.int64))
    return graph.node("GridSample", planes, grid, mode="bilinear", padding_mode="border", align_corners=0)


def _points(
    size: tuple[int, int], aspect: float, region: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0)
) -> Floats:
    """The middles of the pixels of `region` seen in `size`, count x (x, y, 1)."""
    height, width = size
    x = (region[0] + region[2] * (np.arange(width) + 0.5) / width) * 2 - 1
    y = (region[1] + region[3] * (np.arange(height) + 0.5) / height) * 2 - 1
    across, down = np.meshgrid(x * aspect, y)
    return np.stack([across.ravel(), down.ravel(), np.ones(across.size)], 1).astype(np.float32)


def _weights(size: tuple[int, int]) -> Floats:
    weights = np.zeros(size, np.float32)
    rim = [max(1, round(_RIM_SHARE * side)) for side in size]
    weights[rim[0] : size[0] - rim[0], rim[1] : size[1] - rim[1]] = 1
    return weights


def _solver(template: Floats, points: Floats, weights: Floats, aspect: float) -> Floats:
    """Pixels x 9: takes a difference image to the change of the unit matrix that explains it."""
    height, width = template.shape
    down, across = np.gradient(template.astype(np.float64))
    gradient = np.stack([across.ravel() * width / (2 * aspect), down.ravel() * height / 2], 1)
    moves = np.einsum("kij,nj->nki", _STEPS[:, :2].astype(np.float64), points.astype(np.float64))
    slopes = np.einsum("nki,ni->nk", moves, gradient)
    weighted = slopes * weights.reshape(-1, 1)
    normal = weighted.T @ slopes
    inverse = np.linalg.inv(normal + 1e-3 * np.trace(normal) / 4 * np.eye(4))
    return np.asarray(weighted @ inverse @ _STEPS.reshape(4, 9), np.float32)
