"""From a map of distances to one score: standardised per position by good parts, then the mean of the hottest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: The share of positions whose mean is the score.
TOP_SHARE = 0.03
#: The common spread counts as much as so many parts at every position: the spread of 20 values is a guess,
#: and a position that happened to be calm among them would drown the others.
_COMMON_SPREAD_PARTS = 80


@dataclass(frozen=True, slots=True)
class MapNorm:
    """What is usual at each position: mean and spread (one standard deviation) of distances."""

    mean: NDArray[np.float64]
    spread: NDArray[np.float64]

    def standardise(self, maps: NDArray[np.float64]) -> NDArray[np.float64]:
        """In standard deviations above the usual."""
        return (maps - self.mean) / self.spread


def norm_of(maps: NDArray[np.float64]) -> MapNorm:
    """The norm of held-out `maps`, pictures x positions, at least two."""
    variance = maps.var(0, ddof=1)
    common, freedom = variance.mean(), len(maps) - 1
    mixed = (_COMMON_SPREAD_PARTS * common + freedom * variance) / (_COMMON_SPREAD_PARTS + freedom)
    return MapNorm(maps.mean(0), np.sqrt(np.maximum(mixed, 1e-12)))


def top_count(positions: int) -> int:
    return max(1, round(TOP_SHARE * positions))


def top_mean(maps: NDArray[np.float64]) -> NDArray[np.float64]:
    """The score of each map: the mean of the hottest 3 % of positions."""
    count = top_count(maps.shape[-1])
    hottest = np.partition(maps, -count, axis=-1)[..., -count:]
    return np.asarray(hottest.mean(-1))


def held_out_scores(maps: NDArray[np.float64], parts: Sequence[int]) -> NDArray[np.float64]:
    """A score for each of the held-out `maps`, by a norm that leaves out every map of the same part too."""
    parts_of = np.asarray(parts)
    scores = np.empty(len(maps))
    for part in np.unique(parts_of):
        own = parts_of == part
        scores[own] = top_mean(norm_of(maps[~own]).standardise(maps[own]))
    return scores
