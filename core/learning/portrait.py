"""What a head sees of a picture: its pooled features, how its heat is distributed, and how its hottest places look.

All three come from what the inspection computes anyway: the feature grid, the standardised map and the mean of the
good parts. Here they are in numpy, for teaching, and as graph nodes, for judging; a test holds one against the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from core.learning.gaussian import Row
from core.learning.graph import GraphWriter
from core.learning.scoring import norm_of, top_count

#: Shares of the positions, the hottest first: the means over so many of them, then the heat that is reached there.
_TOP_SHARES = (0.0, 0.01, 0.03, 0.1, 0.3)
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


def portray(features: Floats, standard: NDArray[np.floating], mean: Floats, scale: Floats) -> PictureFeatures:
    """Of new pictures: `features` pictures x positions x channels, their `standard` maps pictures x positions.

    `mean` positions x channels and `scale` channels are the Gaussian's. Background and brightness stay empty.
    """
    vectors = ((hot - mean[places]) * scale for hot, places in _hottest(features, standard))
    residual = np.stack([one.mean(0) for one in vectors])
    return _features(features.mean(1), standard, residual)


def portray_good(
    vectors: Floats, rows: Sequence[Row], held_out: NDArray[np.float64], mean: Floats, scale: Floats
) -> PictureFeatures:
    """Of the pictures that were taught from, copies left out, each seen by the others: its whole part is taken out.

    `vectors` rows x positions x channels are standardised, as `gaussian.fit` leaves them; `held_out` its maps.
    """
    parts = np.array([row.part for row in rows])
    judged = np.flatnonzero([not row.copy for row in rows])
    residual = np.empty((len(judged), vectors.shape[2]), np.float32)
    standard = np.empty_like(held_out)
    for part in np.unique(parts[judged]):
        own, places = np.flatnonzero(parts == part), np.flatnonzero(parts[judged] == part)
        standard[places] = norm_of(held_out[parts[judged] != part]).standardise(held_out[places])
        # Without its rows Y, the mean of the others lies at -1'Y / (n - g).
        moved = vectors[own].sum(0) / (len(rows) - len(own))
        for place, (hot, hottest) in zip(places, _hottest(vectors[judged[places]], standard[places]), strict=True):
            residual[place] = (hot + moved[hottest]).mean(0)
    pooled = vectors[judged].mean(1) / scale + mean.mean(0)
    return _features(pooled, standard, residual)


def add_portrait(graph: GraphWriter, features: str, standard: str, mean: str, scale: str, positions: int) -> str:
    """The name of a vector, `PictureFeatures.seen` of one picture.

    `features` is 1 x positions x channels, `standard` a vector of positions, `mean` and `scale` the Gaussian's.
    """
    flat = graph.node("Squeeze", features, _ints(graph, [0]))
    pooled = graph.node("ReduceMean", flat, _ints(graph, [0]), keepdims=0)
    ordered = graph.node("TopK", standard, _ints(graph, [positions]), outputs=2)
    mixed = graph.node("MatMul", ordered, graph.constant(_mixing(positions)))
    warm = graph.node("Max", mixed, graph.constant(0.0))
    statistics = graph.node("Log", graph.node("Add", warm, graph.constant(1.0)))
    hottest = graph.node("Slice", f"{ordered}.1", _ints(graph, [0]), _ints(graph, [top_count(positions)]))
    beside = graph.node("Sub", graph.node("Gather", flat, hottest), graph.node("Gather", mean, hottest))
    vectors = graph.node("Mul", beside, scale)
    residual = graph.node("ReduceMean", vectors, _ints(graph, [0]), keepdims=0)
    return graph.node("Concat", pooled, statistics, residual, axis=0)


def _features(
    pooled: NDArray[np.floating], standard: NDArray[np.floating], residual: NDArray[np.floating]
) -> PictureFeatures:
    ordered = -np.sort(-standard, axis=1)
    mixed = ordered @ _mixing(standard.shape[1])
    nothing = np.empty((len(pooled), 0), np.float32)
    return PictureFeatures(
        pooled.astype(np.float32), np.log(np.maximum(mixed, 0) + 1).astype(np.float32), residual.astype(np.float32),
        nothing, nothing,
    )  # fmt: skip


def _hottest(features: Floats, standard: NDArray[np.floating]) -> list[tuple[Floats, NDArray[np.intp]]]:
    """Per picture the vectors of its hottest positions and where they are; of equal heat the first position."""
    count = top_count(standard.shape[1])
    places = np.argsort(-standard, axis=1, kind="stable")[:, :count]
    return [(features[index, place], place) for index, place in enumerate(places)]


def _mixing(positions: int) -> Floats:
    """positions x STATISTICS: what turns heat, the hottest first, into means of the hottest and levels."""
    mixing = np.zeros((positions, STATISTICS), np.float32)
    for column, share in enumerate(_TOP_SHARES):
        count = max(1, round(share * positions))
        mixing[:count, column] = 1 / count
    for column, level in enumerate(_LEVELS, len(_TOP_SHARES)):
        mixing[min(positions - 1, int(level * positions)), column] = 1
    return mixing


def _ints(graph: GraphWriter, values: Sequence[int]) -> str:
    return graph.constant(values, np.int64)
