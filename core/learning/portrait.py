"""What a head sees of a picture: its pooled features, how its heat is distributed, and how its hottest places look.

All three come from what the inspection computes anyway: the feature grid, the standardised map and the mean of the
good parts. Here they are in numpy, for teaching, and as graph nodes, for judging; a test holds one against the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import onnx
from numpy.typing import NDArray

from core.learning.graph import GraphWriter
from core.learning.place_gaussian import Fitted, Numbers, PlaceGaussian, Row, Vectors
from core.learning.place_scoring import TOP_SHARE, held_out_maps

#: Shares of the positions, the hottest first: the means over so many of them, then the heat that is reached there.
_TOP_SHARES = (0.0, 0.01, TOP_SHARE, 0.1, 0.3)
_HOTTEST = _TOP_SHARES.index(TOP_SHARE)
_LEVELS = (0.1, 0.25, 0.5, 0.75)
STATISTICS = len(_TOP_SHARES) + len(_LEVELS)

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class PictureFeatures:
    """One row per picture. `background` and `brightness` are for the shortcut check alone; a head never sees them."""

    pooled: Floats
    map_statistics: Floats
    residual: Floats
    background: Floats
    brightness: Floats

    def __len__(self) -> int:
        return len(self.pooled)

    @property
    def seen(self) -> NDArray[np.float64]:
        """What the head sees, pictures x measurements, in the order of the graph."""
        return np.concatenate([self.pooled, self.map_statistics, self.residual], axis=1, dtype=np.float64)

    def with_background(self, background: Floats, brightness: Floats) -> PictureFeatures:
        """`background` pictures x channels, `brightness` one value per picture."""
        return replace(self, background=background, brightness=brightness)


def joined(sets: Sequence[PictureFeatures]) -> PictureFeatures:
    """The rows of all `sets`, in their order."""
    names = ("pooled", "map_statistics", "residual", "background", "brightness")
    return PictureFeatures(*(np.concatenate([getattr(one, name) for one in sets]) for name in names))


def portray(
    vectors: NDArray[np.floating], standard: NDArray[np.float64], usual: Floats, scale: Floats
) -> PictureFeatures:
    """Of one picture: `vectors` positions x channels, its `standard` map, `usual` the mean of good parts at each
    position; `scale` is the Gaussian's. Background and brightness stay empty."""
    ordered = -np.sort(-standard)
    counts = _counts(len(standard))
    means = np.cumsum(ordered)[counts - 1] / counts
    heat = np.concatenate([means, ordered[_level_places(len(standard))]])
    hottest = np.argsort(-standard, kind="stable")[: counts[_HOTTEST]]
    beside = (vectors[hottest].astype(np.float32) - usual[hottest]) * scale
    nothing = np.empty((1, 0), np.float32)
    return PictureFeatures(
        vectors.mean(0, dtype=np.float64).astype(np.float32)[None],
        np.log(np.maximum(heat, 0) + 1).astype(np.float32)[None],
        beside.mean(0)[None], nothing, nothing,
    )  # fmt: skip


def portray_good(vectors: Vectors, rows: Sequence[Row], fitted: Fitted) -> PictureFeatures:
    """Of the pictures that were taught from, copies left out, each seen by the others: its whole part is taken out.

    `vectors` lie row by row, as they were fitted.
    """
    mean = fitted.gaussian.mean
    counts = np.bincount(vectors.places, minlength=len(mean))
    parts = np.array([row.part for row in rows])
    starts = np.searchsorted(vectors.rows, np.arange(len(rows) + 1))
    standard = _held_out_standard(vectors, parts, fitted)
    found: dict[int, PictureFeatures] = {}
    for part in np.unique(parts):
        own = parts[vectors.rows] == part
        gone = np.bincount(vectors.places[own], minlength=len(mean))
        total = _sums(vectors.values[own] - mean[vectors.places[own]], vectors.places[own], len(mean))
        # Without its vectors Y, the mean of the others lies at -1'(Y - mean) / (n - g); alone at a place, where it was.
        usual = (mean - total / np.maximum(counts - gone, 1)[:, None] * (counts > gone)[:, None]).astype(np.float32)
        for row in np.flatnonzero(parts == part).tolist():
            if not rows[row].copy:
                at = slice(starts[row], starts[row + 1])
                found[row] = portray(vectors.values[at], standard[at], usual[vectors.places[at]], fitted.gaussian.scale)
    return joined([found[row] for row in sorted(found)])


def add_portrait(graph: GraphWriter, vectors: str, standard: str, places: str, gaussian: PlaceGaussian) -> str:
    """The name of a vector, `PictureFeatures.seen` of one picture.

    `vectors` is positions x channels, `standard` and `places` have one value per position, however many there are.
    """
    positions = graph.node("Shape", standard)
    number = graph.node("Cast", positions, to=onnx.TensorProto.FLOAT)
    ordered = graph.node("TopK", standard, positions, outputs=2)
    counts = graph.node("Round", graph.node("Mul", number, graph.constant(_TOP_SHARES)))
    counts = graph.node("Max", counts, graph.constant(1.0))
    whole = graph.node("Cast", counts, to=onnx.TensorProto.INT64)
    sums = graph.node("CumSum", ordered, _ints(graph, 0))
    means = graph.node("Div", graph.node("Gather", sums, graph.node("Sub", whole, _ints(graph, 1))), counts)
    levels = graph.node("Cast", graph.node("Mul", number, graph.constant(_LEVELS)), to=onnx.TensorProto.INT64)
    reached = graph.node("Gather", ordered, levels)
    warm = graph.node("Max", graph.node("Concat", means, reached, axis=0), graph.constant(0.0))
    statistics = graph.node("Log", graph.node("Add", warm, graph.constant(1.0)))
    count = graph.node("Slice", whole, _ints(graph, [_HOTTEST]), _ints(graph, [_HOTTEST + 1]))
    hottest = graph.node("Slice", f"{ordered}.1", _ints(graph, [0]), count)
    usual = graph.node("Gather", graph.constant(gaussian.mean), graph.node("Gather", places, hottest))
    beside = graph.node("Sub", graph.node("Gather", vectors, hottest), usual)
    scaled = graph.node("Mul", beside, graph.constant(gaussian.scale))
    residual, pooled = (graph.node("ReduceMean", name, _ints(graph, [0]), keepdims=0) for name in (scaled, vectors))
    return graph.node("Concat", pooled, statistics, residual, axis=0)


def _sums(values: Floats, places: Numbers, count: int) -> Floats:
    """count x channels: the sum of `values` at every place."""
    order = np.argsort(places, kind="stable")
    shown, starts = np.unique(places[order], return_index=True)
    sums = np.zeros((count, values.shape[1]), np.float32)
    sums[shown] = np.add.reduceat(values[order], starts, axis=0)
    return sums


def _held_out_standard(vectors: Vectors, parts: Numbers, fitted: Fitted) -> NDArray[np.float64]:
    """The standardised map of every picture by the other parts, NaN for copies."""
    judged = ~np.isnan(fitted.held_out)
    standard = np.full(len(judged), np.nan)
    standard[judged] = held_out_maps(
        fitted.held_out[judged], vectors.places[judged], parts[vectors.rows[judged]],
        np.ones(int(judged.sum()), bool), len(fitted.gaussian.mean),
    )  # fmt: skip
    return standard


def _counts(positions: int) -> NDArray[np.int64]:
    """How many positions each of the top shares is; rounded as the graph rounds."""
    shares = np.round(np.array(_TOP_SHARES, np.float32) * np.float32(positions))
    return np.maximum(shares, 1).astype(np.int64)


def _level_places(positions: int) -> NDArray[np.int64]:
    return (np.array(_LEVELS, np.float32) * np.float32(positions)).astype(np.int64)


def _ints(graph: GraphWriter, values: Sequence[int] | int) -> str:
    return graph.constant(values, np.int64)
