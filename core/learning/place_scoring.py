"""From a map of distances to one score: standardised per place by good parts, then the mean of the hottest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: The share of positions whose mean is the score.
TOP_SHARE = 0.03
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
    count = max(1, round(TOP_SHARE * len(values)))
    return float(np.partition(values, -count)[-count:].mean())


def held_out_scores(
    values: Floats, places: Numbers, rows: Numbers, parts: Numbers, usual: NDArray[np.bool_], count: int
) -> dict[int, float]:
    """The score of every row, by a norm that leaves out everything of the same part.

    Each of `values` lies at a place, in a row and belongs to a part; only `usual` ones make norms.
    """
    standard = held_out_maps(values, places, parts, usual, count)
    return {int(rows[own[0]]): top_mean(standard[own]) for own in _groups(rows)}


def held_out_maps(values: Floats, places: Numbers, parts: Numbers, usual: NDArray[np.bool_], count: int) -> Floats:
    """Every one of `values` in standard deviations above what is usual of the other parts at its place."""
    everything = _Sums.of(values[usual], places[usual], count)
    standard = np.empty(len(values))
    for own in _groups(parts):
        mine = own[usual[own]]
        norm = everything.without(_Sums.of(values[mine], places[mine], count)).norm()
        standard[own] = norm.standardise(values[own], places[own])
    return standard


def _groups(numbers: Numbers) -> list[Numbers]:
    """Where each number stands, in its order."""
    order = np.argsort(numbers, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(numbers[order])) + 1)
