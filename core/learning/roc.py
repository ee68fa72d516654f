"""How well a score separates defects from good parts, and how sure counted shares are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def auroc(good: NDArray[np.floating], defect: NDArray[np.floating]) -> float | None:
    """The share of pairs in which the defect scores higher, ties counting half; None when a side is empty."""
    if good.size == 0 or defect.size == 0:
        return None
    ordered = np.sort(good, axis=None)
    below = np.searchsorted(ordered, defect.ravel(), "left").sum(dtype=np.float64)
    up_to = np.searchsorted(ordered, defect.ravel(), "right").sum(dtype=np.float64)
    return float((below + up_to) / 2 / good.size / defect.size)


def share_interval(hits: int, count: int, confidence: float = 0.95) -> tuple[float, float]:
    """The exact two-sided interval of a share, `hits` of `count`; (0, 1) when nothing was counted.

    Source: Clopper and Pearson (1934).
    """
    from scipy.special import betaincinv  # loaded late; the same as scipy.stats.beta.ppf, which takes a second to load

    tail = (1 - confidence) / 2
    low = 0.0 if hits == 0 else float(betaincinv(hits, count - hits + 1, tail))
    high = 1.0 if hits == count else float(betaincinv(hits + 1, count - hits, 1 - tail))
    return low, high
