"""From a map of distances to one score: standardised per place by good parts, then the mean of the hottest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.learning.scoring import top_count

#: The common spread counts as much as so many parts at every place: the spread of 20 values is a guess,
#: and a place that happened to be calm among them would drown the others.
_COMMON_SPREAD_PARTS = 80

Floats = NDArray[np.float64]
Numbers = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class MapNorm:
    """What is usual at each place: mean and spread (one standard deviation) of distances."""

    mean: Floats
    spread: Floats

    def standardise(self, values: Floats, places: Numbers) -> Floats:
        """In standard deviations above the usual."""
        return (values - self.mean[places]) / self.spread[places]


@dataclass(frozen=True, slots=True)
class _Sums:
    """Of the distances at each place: how many, their sum, the sum of their squares."""

    count: Floats
    total: Floats
    squares: Floats

    @classmethod
    def of(cls, values: Floats, places: Numbers, count: int) -> _Sums:
        return cls(*(np.bincount(places, power, count).astype(np.float64) for power in (None, values, values**2)))

    def without(self, other: _Sums) -> _Sums:
        return _Sums(self.count - other.count, self.total - other.total, self.squares - other.squares)

    def norm(self) -> MapNorm:
        number = np.maximum(self.count, 1)
        mean = self.total / number
        freedom = np.maximum(self.count - 1, 0)
        scatter = np.maximum(self.squares - self.total * mean, 0)
        common = scatter.sum() / max(freedom.sum(), 1)
        mixed = (_COMMON_SPREAD_PARTS * common + scatter) / (_COMMON_SPREAD_PARTS + freedom)
        seen = self.count > 0
        # A place that nobody else shows is held against the mean of all places.
        mean = np.where(seen, mean, self.total.sum() / max(self.count.sum(), 1))
        return MapNorm(mean, np.sqrt(np.maximum(mixed, 1e-12)))


def norm_of(values: Floats, places: Numbers, count: int) -> MapNorm:
    """The norm of held-out distances, each at one of `count` places."""
    return _Sums.of(values, places, count).norm()


def top_mean(values: Floats) -> float:
    """The score of one map: the mean of the hottest 3 % of its positions."""
    count = top_count(len(values))
    return float(np.partition(values, -count)[-count:].mean())


def held_out_scores(
    values: Floats, places: Numbers, rows: Numbers, parts: Numbers, usual: NDArray[np.bool_], count: int
) -> dict[int, float]:
    """The score of every row, by a norm that leaves out everything of the same part.

    Each of `values` lies at a place, in a row and belongs to a part; only `usual` ones make norms.
    """
    everything = _Sums.of(values[usual], places[usual], count)
    order = np.argsort(parts, kind="stable")
    scores: dict[int, float] = {}
    for own in np.split(order, np.flatnonzero(np.diff(parts[order])) + 1):
        usual_own = own[usual[own]]
        norm = everything.without(_Sums.of(values[usual_own], places[usual_own], count)).norm()
        standard = norm.standardise(values[own], places[own])
        for row in np.unique(rows[own]):
            scores[int(row)] = top_mean(standard[rows[own] == row])
    return scores
