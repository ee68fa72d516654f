"""Quantiles of counts: Poisson, and negative binomial where the variance is above the mean.

By adding up; means to thousands.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import count, islice
from statistics import NormalDist

Ratio = Callable[[int], float]
NORMAL = NormalDist()

_LARGE = 600.0  # above it the normal is as good and does not underflow


def probabilities(mean: float, variance: float) -> Iterator[float]:
    """P(0), P(1), ... without end; a variance up to the mean is taken as Poisson."""
    if mean <= 0:
        yield 1.0
        yield from (0.0 for _ in count())
    elif variance <= mean * (1 + 1e-9):
        yield from _recurrence(math.exp(-mean), lambda k: mean / (k + 1))
    else:
        size, success = mean * mean / (variance - mean), mean / variance
        yield from _recurrence(success**size, lambda k: (k + size) / (k + 1) * (1 - success))


def _recurrence(first: float, ratio: Ratio) -> Iterator[float]:
    p = first
    for k in count():
        yield p
        p *= ratio(k)


def quantile(mean: float, variance: float, share: float) -> int:
    """The smallest n with P(X <= n) >= `share`. Raises ValueError unless 0 < share < 1."""
    if not 0 < share < 1:
        raise ValueError(f"a share between 0 and 1 is needed, not {share}")
    if mean > _LARGE:
        return max(0, math.ceil(mean + z_of(share) * math.sqrt(max(variance, mean)) - 0.5))
    total = 0.0
    most = int(mean + 60 * math.sqrt(max(variance, mean)) + 60)
    for n, p in enumerate(islice(probabilities(mean, variance), most)):
        total += p
        if total >= share - 1e-12:
            return n
    return most


def unmet(mean: float, variance: float, pieces: int) -> float:
    """Expected demand beyond `pieces`: E[max(0, X - n)]."""
    if mean > _LARGE:
        return max(0.0, mean - pieces)
    met = total = 0.0
    for n, p in enumerate(islice(probabilities(mean, variance), max(0, pieces))):
        met += n * p
        total += p
    return max(0.0, mean - met - max(0, pieces) * (1 - total))


def z_of(share: float) -> float:
    """The normal quantile: 1.645 at 0.95."""
    return NORMAL.inv_cdf(share)
