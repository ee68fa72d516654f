"""The graphs of an inspection: from a picture of any size to features, and from there to score and heat map."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import onnx

from core.learning.backbone import STAGES, Weights, add_backbone
from core.learning.graph import GraphWriter
from core.learning.head import Head, add_head
from core.learning.place_gaussian import PlaceGaussian
from core.learning.place_scoring import TOP_SHARE, MapNorm
from core.learning.portrait import add_portrait
from core.learning.view import CELL_PX, IMAGE, LINEAR, PLANES, View, add_view, ints, kept_map, port
from core.models.card import TensorSpec

__all__ = ["FEATURES", "HEAT_MAP", "IMAGE", "SCORE", "STAGES_SEEN", "Places", "feature_graph", "inspector_graph"]

HEAT_MAP_SIDE = 64
#: The backbone's stages whose ends are looked at, and their channels.
STAGES_SEEN = (3, 4, 5)
CHANNELS = sum(STAGES[stage].channels for stage in STAGES_SEEN)
#: What a masked position is set to, in standard deviations: colder than any.
_MASKED = -9.0

SCORE = TensorSpec("score", "float32", (1,), "standard deviations of good parts")
HEAT_MAP = TensorSpec("heat_map", "float32", (HEAT_MAP_SIDE, HEAT_MAP_SIDE), "standard deviations of good parts")
FEATURES = TensorSpec("features", "float32", (1, CHANNELS, -1, -1))


@dataclass(frozen=True, slots=True)
class Places:
    """How many rows and columns of places the map of features is dealt to, whatever its size."""

    rows: int
    columns: int

    @property
    def count(self) -> int:
        return self.rows * self.columns

    def of_grid(self, rows: int, columns: int) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
        """The place of every position of a rows x columns map, row by row."""
        down = np.arange(rows) * self.rows // rows
        across = np.arange(columns) * self.columns // columns
        return (down[:, None] * self.columns + across[None, :]).ravel()


def feature_graph(weights: Weights) -> onnx.ModelProto:
    """`planes` to `features`, 1 x channels x rows x columns, one vector per 16 x 16 pixels."""
    graph = GraphWriter()
    graph.node("Identity", _add_features(graph, PLANES.name, weights), named=FEATURES.name)
    return graph.model([port(PLANES)], [port(FEATURES)])


def inspector_graph(
    backbone: onnx.ModelProto, view: View, places: Places, gaussian: PlaceGaussian, norm: MapNorm,
    head: Head | None = None,
) -> onnx.ModelProto:  # fmt: skip
    """`image` to `score` and `heat_map`: everything between picture and verdict in one graph.

    `backbone` is the feature graph that gaussian and norm were fitted with, in whatever precision. A `head` is added
    to the score, not to the heat map.
    """
    graph = GraphWriter()
    (features,) = graph.include(backbone, {PLANES.name: add_view(graph, view)})
    size = graph.node("Shape", features, start=2)
    if view.scale > 0:
        standard = _add_dealt(graph, features, size, places, gaussian, norm)
    else:
        standard = _add_fixed(graph, features, places, view, gaussian, norm)
    grid = graph.node("Reshape", standard, graph.node("Concat", ints(graph, [1, 1]), size, axis=0))
    if view.masks:
        grid = _masked(graph, grid, size, view)
    flat = graph.node("Reshape", grid, ints(graph, [-1]))
    hottest = graph.node("TopK", flat, _top_count(graph, flat), outputs=2)
    score = graph.node("ReduceMean", hottest, ints(graph, [0]), keepdims=1, named=None if head else SCORE.name)
    if head is not None:
        dealt = _places_of(graph, size, places, view)
        seen = add_portrait(graph, _rows_of(graph, features), standard, dealt, gaussian)
        add_head(graph, seen, score, head, named=SCORE.name)
    large = graph.node("Resize", grid, "", "", ints(graph, [1, 1, HEAT_MAP_SIDE, HEAT_MAP_SIDE]), **LINEAR)
    graph.node("Reshape", large, ints(graph, [HEAT_MAP_SIDE, HEAT_MAP_SIDE]), named=HEAT_MAP.name)
    return graph.model([port(IMAGE)], [port(SCORE), port(HEAT_MAP)])


def _add_features(graph: GraphWriter, planes: str, weights: Weights) -> str:
    """The name of 1 x channels x rows x columns; the deeper stages are brought to the grid of the first."""
    # Sizes are multiples of 32, so that every one pads as 256 does.
    taps = add_backbone(graph, planes, weights, 256, STAGES_SEEN)
    maps = []
    for tap in taps:
        factor = taps[0].grid // tap.grid
        scales = graph.constant([1.0, 1.0, float(factor), float(factor)])
        maps.append(tap.name if factor == 1 else graph.node("Resize", tap.name, "", scales, **LINEAR))
    return graph.node("Concat", *maps, axis=1)


def _rows_of(graph: GraphWriter, features: str) -> str:
    """Positions x channels."""
    flat = graph.node("Reshape", features, ints(graph, [CHANNELS, -1]))
    return graph.node("Transpose", flat, perm=[1, 0])


def _add_fixed(
    graph: GraphWriter, features: str, places: Places, view: View, gaussian: PlaceGaussian, norm: MapNorm
) -> str:
    """One standardised distance per position, for a grid of known size."""
    rows, columns = view.grid
    dealt = places.of_grid(rows, columns)
    order = np.argsort(dealt, kind="stable")
    counts = np.bincount(dealt, minlength=places.count)
    vectors = _rows_of(graph, features)
    if counts.min() == counts.max() == 1:
        slots = graph.node("Reshape", vectors, ints(graph, [places.count, 1, CHANNELS]))
        return graph.node("Reshape", _standard(graph, slots, gaussian, norm), ints(graph, [-1]))
    most = int(counts.max())
    starts = np.cumsum(counts) - counts
    taken = starts[:, None] + np.minimum(np.arange(most), counts[:, None] - 1)
    slots = graph.node("Gather", vectors, ints(graph, order[taken]), axis=0)
    standard = graph.node("Reshape", _standard(graph, slots, gaussian, norm), ints(graph, [-1]))
    back = np.empty(len(dealt), np.int64)
    back[order] = dealt[order] * most + np.arange(len(dealt)) - starts[dealt[order]]
    return graph.node("Gather", standard, ints(graph, back), axis=0)


def _add_dealt(
    graph: GraphWriter, features: str, size: str, places: Places, gaussian: PlaceGaussian, norm: MapNorm
) -> str:
    """One standardised distance per position, for a grid whose size is known only when it comes.

    Every place gets as many slots as the place with the most positions; spare slots repeat its last position.
    """
    down, across = _axes(graph, size, places)
    count = graph.node("Gather", size, ints(graph, 1))
    rows = graph.node("Reshape", down.taken, ints(graph, [places.rows, 1, -1, 1]))
    columns = graph.node("Reshape", across.taken, ints(graph, [1, places.columns, 1, -1]))
    cells = graph.node("Add", graph.node("Mul", rows, count), columns)
    shaped = graph.node("Reshape", cells, ints(graph, [places.count, -1]))
    slots = graph.node("Gather", _rows_of(graph, features), shaped, axis=0)
    standard = graph.node("Reshape", _standard(graph, slots, gaussian, norm), ints(graph, [-1]))
    # Position (i, j) lies in slot ((place_i * columns + place_j) * most_i + rank_i) * most_j + rank_j.
    place = graph.node("Add", graph.node("Mul", down.place(1), ints(graph, places.columns)), across.place(0))
    ranked = graph.node("Add", graph.node("Mul", place, down.most), down.rank(1))
    back = graph.node("Add", graph.node("Mul", ranked, across.most), across.rank(0))
    return graph.node("Gather", standard, graph.node("Reshape", back, ints(graph, [-1])), axis=0)


def _places_of(graph: GraphWriter, size: str, places: Places, view: View) -> str:
    """The place of every position."""
    if view.scale == 0:
        return ints(graph, places.of_grid(*view.grid))
    down, across = _axes(graph, size, places)
    cells = graph.node("Add", graph.node("Mul", down.place(1), ints(graph, places.columns)), across.place(0))
    return graph.node("Reshape", cells, ints(graph, [-1]))


def _axes(graph: GraphWriter, size: str, places: Places) -> tuple[_Dealt, _Dealt]:
    rows, columns = (graph.node("Gather", size, ints(graph, axis)) for axis in (0, 1))
    return _Dealt(graph, rows, places.rows), _Dealt(graph, columns, places.columns)


class _Dealt:
    """Positions 0..size - 1 along one axis, position i dealt to place i * count // size."""

    def __init__(self, graph: GraphWriter, size: str, count: int) -> None:
        self._graph = graph
        places = np.arange(count, dtype=np.int64)
        one, number = ints(graph, 1), ints(graph, count)
        # The first position of place p is ceil(p * size / count).
        self._first = self._ceil(graph.node("Mul", ints(graph, places), size), number)
        last = graph.node("Sub", self._ceil(graph.node("Mul", ints(graph, places + 1), size), number), one)
        self.most = self._ceil(size, number)
        slots = graph.node("Range", ints(graph, 0), self.most, one)
        spread = graph.node("Add", graph.node("Unsqueeze", self._first, ints(graph, [1])), slots)
        self.taken = graph.node("Min", spread, graph.node("Unsqueeze", last, ints(graph, [1])))
        positions = graph.node("Range", ints(graph, 0), size, one)
        self._place = graph.node("Div", graph.node("Mul", positions, number), size)
        self._rank = graph.node("Sub", positions, graph.node("Gather", self._first, self._place, axis=0))

    def place(self, axis: int) -> str:
        return self._graph.node("Unsqueeze", self._place, ints(self._graph, [axis]))

    def rank(self, axis: int) -> str:
        return self._graph.node("Unsqueeze", self._rank, ints(self._graph, [axis]))

    def _ceil(self, value: str, divisor: str) -> str:
        graph = self._graph
        above = graph.node("Add", value, graph.node("Sub", divisor, ints(graph, 1)))
        return graph.node("Div", above, divisor)


def _standard(graph: GraphWriter, slots: str, gaussian: PlaceGaussian, norm: MapNorm) -> str:
    """places x slots of standardised distances, from places x slots x channels."""
    shifted = graph.node("Sub", slots, graph.constant(gaussian.mean[:, None]))
    y = graph.node("Mul", shifted, graph.constant(gaussian.scale))
    along = graph.node("MatMul", y, graph.constant(gaussian.directions.transpose(0, 2, 1)))
    axes = ints(graph, [2])
    squares = [graph.node("ReduceSumSquare", name, axes, keepdims=0) for name in (y, along)]
    beside = graph.node("Max", graph.node("Sub", *squares), graph.constant(0.0))
    distances = graph.node("Sqrt", graph.node("Mul", beside, graph.constant(1 / gaussian.beside[:, None])))
    usual = graph.node("Sub", distances, graph.constant(norm.mean[:, None]))
    return graph.node("Mul", usual, graph.constant(1 / norm.spread[:, None]))


def _masked(graph: GraphWriter, grid: str, size: str, view: View) -> str:
    keep = graph.constant(kept_map(view.masks_seen, 128)[None, None])
    sizes = graph.node("Concat", ints(graph, [1, 1]), size, axis=0)
    share = graph.node("Resize", keep, "", "", sizes, antialias=1, **LINEAR)
    return graph.node("Where", graph.node("Greater", share, graph.constant(0.5)), grid, graph.constant(_MASKED))


def _top_count(graph: GraphWriter, flat: str) -> str:
    count = graph.node("Cast", graph.node("Shape", flat), to=onnx.TensorProto.FLOAT)
    share = graph.node("Round", graph.node("Mul", count, graph.constant(TOP_SHARE)))
    return graph.node("Cast", graph.node("Max", share, graph.constant(1.0)), to=onnx.TensorProto.INT64)


assert CELL_PX == 16  # of stage 3
