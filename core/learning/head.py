"""A head trained on labelled defects, added to the score of the inspection: score + contribution of the head.

It never stands alone: a head knows the defects that it was shown, the score knows when a part is unlike good ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.learning.discriminant import Discriminant, discriminate
from core.learning.graph import GraphWriter
from core.learning.portrait import PictureFeatures

#: From so many labelled defects the head counts as much as the score, from few half as much.
_FULL_WEIGHT_LABELS = 30
_LEAST_WEIGHT = 0.5
#: What the head may take away from and add to a score, in spreads of good parts: a defect of a type that nobody
#: labelled must not be talked away.
LOWEST, HIGHEST = -2.0, 6.0

Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Head:
    """`direction` over `PictureFeatures.seen`; the contribution is kept within `low` and `high`, units of the score."""

    direction: NDArray[np.float32]
    offset: float
    low: float
    high: float

    def contribution(self, features: PictureFeatures) -> Scores:
        return np.clip(features.seen @ self.direction.astype(np.float64) + self.offset, self.low, self.high)

    def apply(self, features: PictureFeatures, scores: Scores) -> Scores:
        """The final scores of pictures whose scores are `scores`."""
        return scores + self.contribution(features)


@dataclass(frozen=True, slots=True)
class Gauge:
    """How the values of a head become contributions: in `spread` of good scores, by what is usual of good parts."""

    usual: float
    deviation: float
    spread: float
    weight: float

    @classmethod
    def of(cls, good_values: Scores, good_scores: Scores, weight: float) -> Gauge:
        """From values and scores of good parts that neither the head nor the Gaussian was taught from."""
        deviation = max(float(good_values.std(ddof=1)), 1e-6)
        return cls(float(good_values.mean()), deviation, float(good_scores.std(ddof=1)), weight)

    def contribution(self, values: Scores) -> Scores:
        standard = (values - self.usual) / self.deviation
        return np.asarray(self.weight * self.spread * np.clip(standard, LOWEST, HIGHEST))

    def head(self, found: Discriminant) -> Head:
        """`found` with this gauge, as one linear form."""
        factor = self.weight * self.spread / self.deviation
        offset = -factor * (float(found.centre @ found.direction) + self.usual)
        unit = self.weight * self.spread
        return Head((factor * found.direction).astype(np.float32), offset, LOWEST * unit, HIGHEST * unit)


def weight_for(labels: int) -> float:
    """0.5 for few labelled defects, rising to 1 at 30."""
    return _LEAST_WEIGHT + (1 - _LEAST_WEIGHT) * min(1.0, labels / _FULL_WEIGHT_LABELS)


def folds_of(parts: Sequence[int], defect: NDArray[np.bool_], count: int, seed: int) -> NDArray[np.intp]:
    """A fold 0 .. `count` - 1 for every row; the rows of a part stay together, parts with defects are dealt evenly."""
    parts_of = np.asarray(parts)
    flawed = np.unique(parts_of[defect])
    rng = np.random.default_rng(seed)
    dealt = [*rng.permutation(flawed), *rng.permutation(np.setdiff1d(parts_of, flawed))]
    fold = {int(part): place % count for place, part in enumerate(dealt)}
    return np.array([fold[int(part)] for part in parts_of])


def out_of_fold(x: NDArray[np.float64], defect: NDArray[np.bool_], folds: NDArray[np.intp]) -> Scores:
    """The value of each row by a discriminant that was found without its fold."""
    values = np.empty(len(x))
    for fold in np.unique(folds):
        own = folds == fold
        values[own] = discriminate(x[~own], defect[~own]).values(x[own])
    return values


def add_head(graph: GraphWriter, seen: str, score: str, head: Head, named: str | None = None) -> str:
    """The name of the final score, of the shape of `score`; `seen` is the vector of `add_portrait`."""
    along = graph.node("MatMul", seen, graph.constant(head.direction[:, None]))
    moved = graph.node("Add", along, graph.constant(head.offset))
    kept = graph.node("Clip", moved, graph.constant(head.low), graph.constant(head.high))
    return graph.node("Add", score, kept, named=named)
