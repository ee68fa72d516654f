"""How often good parts are rejected and bad ones pass, as far as people's labels tell, and how sure that is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.learning.roc import share_interval


@dataclass(frozen=True, slots=True)
class Estimate:
    """`share` of `of`, with its 95 % interval (Clopper-Pearson); `hits` of `looked_at` is what was counted.

    None in `share`: nobody has looked at a part yet.
    """

    hits: int
    looked_at: int
    share: float | None
    low: float
    high: float


def false_rejects(labels: Mapping[tuple[str, bool], int], good: int, rejected: int) -> Estimate:
    """The share of good parts that were rejected: of the labelled rejects so many were good, and all others alike.

    The good parts are those that passed and the good ones among the rejects; what escaped is too little to matter.
    """
    hits = labels.get(("false-reject", False), 0)
    looked_at = hits + labels.get(("right", False), 0) + labels.get(("other-defect", False), 0)
    if not looked_at or not good + rejected:
        return Estimate(hits, looked_at, None, 0.0, 1.0)
    if looked_at >= rejected:  # everything was looked at: nothing is left to guess
        share = _of_good(hits / looked_at, good, rejected)
        return Estimate(hits, looked_at, share, share, share)
    low, high = share_interval(hits, looked_at)
    return Estimate(hits, looked_at, *(_of_good(it, good, rejected) for it in (hits / looked_at, low, high)))


def _of_good(share_of_rejects: float, good: int, rejected: int) -> float:
    wrong = share_of_rejects * rejected
    return wrong / (good + wrong) if good + wrong else 0.0


def escapes(labels: Mapping[tuple[str, bool], int]) -> Estimate:
    """The share of bad parts that passed, among the bad parts that somebody saw."""
    hits = labels.get(("missed-defect", True), 0)
    caught = labels.get(("right", False), 0) + labels.get(("other-defect", False), 0)
    looked_at = hits + caught
    low, high = share_interval(hits, looked_at)
    return Estimate(hits, looked_at, hits / looked_at if looked_at else None, low, high)
