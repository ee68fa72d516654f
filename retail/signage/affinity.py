"""Which products are bought together more often than chance would have it: lift with its support and its limits.

1. Count baskets with each product, and with each pair of products that are both frequent enough.
2. lift = P(a and b) / (P(a) P(b)); 1 is chance.
3. Limits of the lift by the delta method on its logarithm, from the multinomial of the four cells:
   var(ln lift) = (1/p_ab - 1/p_a - 1/p_b + 2 lift - 1) / n.
4. Many pairs are looked at, so the limits are simultaneous (Bonferroni): a pair counts when its lower limit is above 1.

A basket is a set of products; whose it was is not known here.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from statistics import NormalDist
from typing import Any

#: A basket of more different products says little about any two of them, and costs the square of its size.
MOST_IN_BASKET = 60


@dataclass(frozen=True, slots=True)
class Pair:
    """`baskets` held both products, `of` were looked at. `low` and `high` are the limits of `lift`."""

    first: str
    second: str
    baskets: int
    of: int
    lift: float
    low: float
    high: float

    @property
    def support(self) -> float:
        """The share of baskets with both."""
        return self.baskets / self.of

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def limits(together: int, first: int, second: int, baskets: int, z: float) -> tuple[float, float, float]:
    """The lift and its lower and upper limit; `z` standard errors of its logarithm. `together` is above 0."""
    both, one, other = together / baskets, first / baskets, second / baskets
    lift = both / (one * other)
    variance = max(0.0, 1 / both - 1 / one - 1 / other + 2 * lift - 1) / baskets
    width = math.exp(z * math.sqrt(variance))
    return lift, lift / width, lift * width


def learn(
    baskets: Iterable[Collection[str]], *, least: int = 20, confidence: float = 0.95, most: int = 300
) -> list[Pair]:
    """The pairs whose lift is above 1 beyond doubt, the surest first. `least` baskets must hold both."""
    kept = [frozenset(basket) for basket in baskets]
    kept = [basket for basket in kept if 0 < len(basket) <= MOST_IN_BASKET]
    single = Counter(product for basket in kept for product in basket)
    frequent = {product for product, count in single.items() if count >= least}
    pairs: Counter[tuple[str, str]] = Counter()
    for basket in kept:
        pairs.update(combinations(sorted(basket & frequent), 2))
    tried = [(pair, count) for pair, count in pairs.items() if count >= least]
    if not tried:
        return []
    z = NormalDist().inv_cdf(1 - (1 - confidence) / (2 * len(tried)))
    found = []
    for (first, second), count in tried:
        lift, low, high = limits(count, single[first], single[second], len(kept), z)
        if low > 1.0:
            found.append(Pair(first, second, count, len(kept), lift, low, high))
    found.sort(key=lambda pair: (-pair.low, pair.first, pair.second))
    return found[:most]


def read_pairs(said: Any) -> list[Pair]:
    """What `as_json` wrote; anything else is left out."""
    found = []
    for one in said if isinstance(said, Sequence) and not isinstance(said, str) else ():
        try:
            found.append(Pair(**one))
        except TypeError:
            continue
    return found
