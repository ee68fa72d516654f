"""Where the part lies in a picture: shift, turn and size against the median good part, found inside the graph.

Pictures and reference are small grey images of several sizes. A place is a 3 x 3 matrix that takes a point of the
reference to a point of the picture; points count from the middle, in half heights, so that turning keeps shapes.

1. Every few rows of the picture are squeezed to the largest small image, and that to the others.
2. The coarsest is compared with the reference in every place of a lattice; the best of them is the start.
3. The grey levels of a finer image, brought to mean 0 and spread 1 where the reference now lies on it, less those of
   the reference, times a constant matrix, are the next step (inverse compositional Gauss-Newton); a few steps a size.
4. The place is kept only when it is near enough to believe, and the picture agrees with the reference there well
   enough, and better than where it lay.

Source: Baker and Matthews, "Lucas-Kanade 20 years on" (2004), section 3.2; brightness as in Evangelidis and Psarakis,
"Enhanced correlation coefficient" (2008).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from core.learning.graph import GraphWriter, Port
from core.learning.means import add_means

#: Long sides of the small images and the steps taken on each; the first is searched instead.
LEVELS = ((32, 0), (64, 4), (192, 3))
#: The size at which it is judged whether a place is right.
_JUDGED = 1
#: The lattice that is searched: shifts of one pixel of the coarsest image up to a share of its sides, and turns.
_SEARCHED_SHARE = 0.1
_SEARCHED_DEGREES = (-8, -4, 0, 4, 8)
#: No part is believed to lie further off than this: share of the sides, turn in radians, growth.
_FURTHEST_SHARE, _FURTHEST_TURN, _FURTHEST_GROWTH = 0.15, 0.2, 0.15
#: Shift right and down, turn, grow: what a small step of each does to a point.
_STEPS = np.array([
    [[0, 0, 1], [0, 0, 0], [0, 0, 0]], [[0, 0, 0], [0, 0, 1], [0, 0, 0]],
    [[0, -1, 0], [1, 0, 0], [0, 0, 0]], [[1, 0, 0], [0, 1, 0], [0, 0, 0]],
], np.float32)  # fmt: skip
#: The outermost share of the reference is not compared: a part that moved shows something else there.
_RIM_SHARE = 0.06
#: So many pixels at most are compared at a size. A flat one costs as much as a steep one and tells nothing.
_MOST_COMPARED = 6000
_LINEAR: dict[str, Any] = {"mode": "linear", "coordinate_transformation_mode": "half_pixel", "antialias": 1}

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Registration:
    """`reference` holds the small grey images of the median good part, one per size, coarse to fine.

    `shape_px` is the height and width of the pictures that it was learnt from. A picture that agrees with the
    reference less than `least` (-1..1) is left where it lies.
    """

    reference: tuple[Floats, ...] = field(repr=False)
    shape_px: tuple[int, int]
    least: float = 0.0

    @property
    def aspect(self) -> float:
        return self.shape_px[1] / self.shape_px[0]


def small_sizes(shape_px: tuple[int, int]) -> list[tuple[int, int]]:
    """Height and width of every small image, coarse to fine."""
    longest = max(shape_px)
    return [
        (max(8, round(side * shape_px[0] / longest)), max(8, round(side * shape_px[1] / longest))) for side, _ in LEVELS
    ]


def add_registration(graph: GraphWriter, image: str, registration: Registration) -> str:
    """The name of the 3 x 3 place of the part in `image`, height x width x 3 uint8."""
    return _add_place(graph, _add_smalls(graph, image, registration.shape_px), registration)[0]


def registration_graph(registration: Registration) -> onnx.ModelProto:
    """`image` to `place` 3 x 3, `agreement` 1 x 1, and `seen<n>`, the small grey images in that place.

    Without a reference yet, the place is where the picture lies.
    """
    graph = GraphWriter()
    smalls = _add_smalls(graph, "image", registration.shape_px)
    place, agreement = graph.constant(np.eye(3)), graph.constant(np.zeros((1, 1)))
    if registration.reference:
        place, agreement = _add_place(graph, smalls, registration)
    graph.node("Identity", place, named="place")
    graph.node("Identity", agreement, named="agreement")
    outputs = [Port("place", np.float32, (3, 3)), Port("agreement", np.float32, (1, 1))]
    for index, (small, size) in enumerate(zip(smalls, small_sizes(registration.shape_px), strict=True)):
        seen = _sampled(graph, small, graph.constant(_points(size, registration.aspect)), place, registration.aspect)
        graph.node("Reshape", seen, graph.constant([*size], np.int64), named=f"seen{index}")
        outputs.append(Port(f"seen{index}", np.float32, size))
    return graph.model([Port("image", np.uint8, ("height", "width", 3))], outputs)


def _add_smalls(graph: GraphWriter, image: str, shape_px: tuple[int, int]) -> list[str]:
    """The small grey images, 1 x 1 x height x width, coarse to fine.

    Most of the time goes into reading the picture: two of its rows for each of the small image's are enough, and of
    these the mean of so many pixels that two are left for each.
    """
    sizes = small_sizes(shape_px)
    down, across = (max(1, side // (2 * small)) for side, small in zip(shape_px, sizes[-1], strict=True))
    first, last, axis, steps = (graph.constant([value], np.int64) for value in (down // 2, 2**31 - 1, 0, down))
    rows = graph.node("Slice", image, first, last, axis, steps)
    grey = add_means(graph, rows, 1, across, grey=True)
    smalls = [graph.node("Resize", grey, "", "", graph.constant([1, 1, *sizes[-1]], np.int64), **_LINEAR)]
    for size in reversed(sizes[:-1]):
        smalls.append(graph.node("Resize", smalls[-1], "", "", graph.constant([1, 1, *size], np.int64), **_LINEAR))
    return smalls[::-1]


def _add_place(graph: GraphWriter, smalls: list[str], registration: Registration) -> tuple[str, str]:
    """The names of the place and of the agreement there, 1 x 1."""
    start = graph.constant(np.eye(3))
    place = _add_search(graph, smalls[0], registration.reference[0], registration.aspect)
    levels = [
        _Level(graph, small, reference, registration.aspect)
        for small, reference in zip(smalls, registration.reference, strict=True)
    ]
    for level, (_, steps) in zip(levels, LEVELS, strict=True):
        for _ in range(steps):
            place = level.step(place)
    found, before = levels[_JUDGED].agreement(place), levels[_JUDGED].agreement(start)
    limits = [_FURTHEST_GROWTH, _FURTHEST_TURN, 2 * registration.aspect * _FURTHEST_SHARE]
    limits += [_FURTHEST_TURN, _FURTHEST_GROWTH, 2 * _FURTHEST_SHARE, 1.0, 1.0, 1.0]
    off = graph.node(
        "Div", graph.node("Abs", graph.node("Sub", place, start)), graph.constant(np.reshape(limits, (3, 3)))
    )
    near = graph.node("Less", graph.node("ReduceMax", off, keepdims=1), graph.constant(1.0))
    better = graph.node("Greater", found, graph.node("Max", before, graph.constant(registration.least)))
    believed = graph.node("And", near, better)
    return graph.node("Where", believed, place, start), graph.node("Where", believed, found, before)


def _add_search(graph: GraphWriter, small: str, reference: Floats, aspect: float) -> str:
    """The place of the lattice in which the reference agrees best with the `small` picture."""
    places = _lattice((reference.shape[0], reference.shape[1]), aspect)
    templates, shares = _templates(reference, aspect, places)
    flat = graph.node("Reshape", small, graph.constant([1, -1], np.int64))
    along = graph.node("MatMul", flat, graph.constant(templates))
    mean = graph.node("MatMul", flat, graph.constant(shares))
    squares = graph.node("MatMul", graph.node("Mul", flat, flat), graph.constant(shares))
    variance = graph.node("Sub", squares, graph.node("Mul", mean, mean))
    spread = graph.node("Sqrt", graph.node("Max", variance, graph.constant(1e-2)))
    best = graph.node("ArgMax", graph.node("Div", along, spread), axis=1, keepdims=0)
    return graph.node("Reshape", graph.node("Gather", graph.constant(places), best), graph.constant([3, 3], np.int64))


def _lattice(size: tuple[int, int], aspect: float) -> Floats:
    """Places x 3 x 3, the place where the picture lies first: it wins where nothing is better."""
    reach_x, reach_y = (int(np.ceil(_SEARCHED_SHARE * side)) for side in (size[1], size[0]))
    steps = [
        (x, y, turn)
        for turn in sorted(_SEARCHED_DEGREES, key=abs)
        for y in sorted(range(-reach_y, reach_y + 1), key=abs)
        for x in sorted(range(-reach_x, reach_x + 1), key=abs)
    ]
    places = np.zeros((len(steps), 3, 3), np.float32)
    for place, (x, y, turn) in zip(places, steps, strict=True):
        cosine, sine = np.cos(np.radians(turn)), np.sin(np.radians(turn))
        place[:] = [[cosine, -sine, 2 * aspect * x / size[1]], [sine, cosine, 2 * y / size[0]], [0, 0, 1]]
    return places


def _templates(reference: Floats, aspect: float, places: Floats) -> tuple[Floats, Floats]:
    """Pixels x places each: the reference as it looks in a place, mean 0 and spread 1, divided by the count of pixels
    that it covers; and what each of these counts in their mean.
    """
    size = reference.shape[0], reference.shape[1]
    rim_y, rim_x = _rim(size)
    back = np.linalg.inv(places.astype(np.float64))[:, :2]
    moved = np.einsum("kij,nj->nki", back, _points(size, aspect).astype(np.float64))
    column = (moved[..., 0] / aspect + 1) / 2 * size[1] - 0.5
    row = (moved[..., 1] + 1) / 2 * size[0] - 0.5
    covered = (column >= rim_x) & (column <= size[1] - 1 - rim_x) & (row >= rim_y) & (row <= size[0] - 1 - rim_y)
    shares = covered / covered.sum(0)
    seen = _interpolated(reference.astype(np.float64), row, column)
    centred = seen - (seen * shares).sum(0)
    spread = np.sqrt(np.maximum((centred**2 * shares).sum(0), 1e-12))
    return np.asarray(centred * shares / spread, np.float32), np.asarray(shares, np.float32)


def _interpolated(plane: NDArray[np.float64], row: NDArray[np.float64], column: NDArray[np.float64]) -> Any:
    """`plane` between its pixels; beyond its rim it goes on as it ends."""
    row, column = (np.clip(at, 0, side - 1.001) for at, side in zip((row, column), plane.shape, strict=True))
    top, left = row.astype(np.intp), column.astype(np.intp)
    down, across = row - top, column - left
    upper = plane[top, left] * (1 - across) + plane[top, left + 1] * across
    lower = plane[top + 1, left] * (1 - across) + plane[top + 1, left + 1] * across
    return upper * (1 - down) + lower * down


class _Level:
    """One size of the picture and the reference, without the rim, and without what tells least where the part lies."""

    def __init__(self, graph: GraphWriter, small: str, reference: Floats, aspect: float) -> None:
        self._graph = graph
        self._small = small
        self._aspect = aspect
        size = reference.shape[0], reference.shape[1]
        inner = _telling(reference, _inner(size))
        points = _points(size, aspect)[inner]
        compared = reference.ravel()[inner]
        mean, spread = float(compared.mean()), max(float(compared.std()), 1e-6)
        template = (reference - mean) / spread
        self._axes = graph.constant([1], np.int64)
        self._points = graph.constant(points)
        self._template = graph.constant(template.ravel()[inner][None])
        self._solver = graph.constant(_solver(template, inner, points, aspect))

    def step(self, place: str) -> str:
        """A better place: `place`, undone by the step that the reference would need to look like the picture."""
        graph = self._graph
        off = graph.node("Sub", self._seen(place), self._template)
        wanted = graph.node("MatMul", off, self._solver)  # 1 x 9, what the step adds to the unit matrix
        change = graph.node("Reshape", wanted, graph.constant([3, 3], np.int64))
        return graph.node("Sub", place, graph.node("MatMul", place, change))

    def agreement(self, place: str) -> str:
        """1 x 1: the correlation of picture and reference, -1..1."""
        both = self._graph.node("Mul", self._seen(place), self._template)
        return self._graph.node("ReduceMean", both, self._axes, keepdims=1)

    def _seen(self, place: str) -> str:
        """1 x pixels, mean 0 and spread 1: the picture where the reference now lies on it."""
        graph = self._graph
        flat = _sampled(graph, self._small, self._points, place, self._aspect)
        centred = graph.node("Sub", flat, graph.node("ReduceMean", flat, self._axes, keepdims=1))
        squares = graph.node("ReduceMean", graph.node("Mul", centred, centred), self._axes, keepdims=1)
        return graph.node("Div", centred, graph.node("Sqrt", graph.node("Max", squares, graph.constant(1e-2))))


def _sampled(graph: GraphWriter, plane: str, points: str, place: str, aspect: float) -> str:
    """1 x points: `plane` where `place` takes them."""
    shares = graph.node("MatMul", graph.constant(np.array([[1 / aspect, 0, 0], [0, 1, 0]])), place)
    moved = graph.node("MatMul", points, graph.node("Transpose", shares, perm=[1, 0]))
    grid = graph.node("Reshape", moved, graph.constant([1, 1, -1, 2], np.int64))
    seen = graph.node("GridSample", plane, grid, mode="bilinear", padding_mode="border", align_corners=0)
    return graph.node("Reshape", seen, graph.constant([1, -1], np.int64))


def _points(size: tuple[int, int], aspect: float) -> Floats:
    """The middles of the pixels of an image of `size`, count x (x, y, 1)."""
    height, width = size
    across, down = np.meshgrid(
        ((np.arange(width) + 0.5) / width * 2 - 1) * aspect, (np.arange(height) + 0.5) / height * 2 - 1
    )
    return np.stack([across.ravel(), down.ravel(), np.ones(across.size)], 1).astype(np.float32)


def _rim(size: tuple[int, int]) -> tuple[int, int]:
    """Rows and columns of the rim."""
    return max(1, round(_RIM_SHARE * size[0])), max(1, round(_RIM_SHARE * size[1]))


def _inner(size: tuple[int, int]) -> NDArray[np.intp]:
    """The pixels that are compared, counted row by row."""
    rows, columns = _rim(size)
    numbers = np.arange(size[0] * size[1]).reshape(size)
    return numbers[rows : size[0] - rows, columns : size[1] - columns].ravel()


def _telling(reference: Floats, inner: NDArray[np.intp]) -> NDArray[np.intp]:
    """The pixels of `inner` where the reference is steepest, in their order; all of them where they are few."""
    slope = np.hypot(*np.gradient(reference.astype(np.float64))).ravel()[inner]
    return np.sort(inner[np.argsort(-slope, kind="stable")[:_MOST_COMPARED]])


def _solver(template: Floats, inner: NDArray[np.intp], points: Floats, aspect: float) -> Floats:
    """Pixels x 9: takes a difference image to the change of the unit matrix that explains it."""
    height, width = template.shape
    down, across = np.gradient(template.astype(np.float64))
    gradient = np.stack([across.ravel() * width / (2 * aspect), down.ravel() * height / 2], 1)[inner]
    moves = np.einsum("kij,nj->nki", _STEPS[:, :2].astype(np.float64), points.astype(np.float64))
    slopes = np.einsum("nki,ni->nk", moves, gradient)
    normal = slopes.T @ slopes
    inverse = np.linalg.inv(normal + (1e-3 * np.trace(normal) / 4 + 1e-9) * np.eye(4))
    return np.asarray(slopes @ inverse @ _STEPS.reshape(4, 9), np.float32)
