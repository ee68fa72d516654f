"""The assortment of a simulated store: what sells when, how it stands on the shelf, how it is ordered."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

from simulators.store_settings import CLOSES_H, OPENS_H, WorldSettings

#: Category: price in cents, days that it keeps (0: it keeps), how the weekend sells against weekdays, hour of its peak.
_CATEGORIES: dict[str, tuple[int, int, float, float]] = {
    "milk": (129, 9, 1.1, 18.0), "bread": (249, 4, 1.3, 10.0), "yoghurt": (89, 18, 1.1, 17.0),
    "crisps": (199, 0, 1.7, 18.5), "soft drink": (159, 0, 1.5, 17.5), "coffee": (649, 0, 1.0, 12.0),
    "pasta": (119, 0, 1.0, 18.0), "shampoo": (399, 0, 0.9, 15.0), "razor blades": (1299, 0, 0.9, 16.0),
    "wine": (799, 0, 2.0, 18.5), "soup": (179, 0, 0.8, 17.0), "detergent": (999, 0, 1.2, 14.0),
}  # fmt: skip
_STOLEN = {"razor blades": 5.0, "wine": 2.5, "coffee": 2.0, "shampoo": 2.0, "detergent": 1.5}


@dataclass(frozen=True, slots=True)
class Product:
    """`week`: factor per weekday, Monday first, mean 1. `hours`: share of a day's demand per hour, sum 1.

    `lump`: pieces wanted at once on average. `life_days` 0: it keeps. `sibling`: index of the product it is mistaken
    for.
    """

    gtin: str
    name: str
    category: str
    supplier: str
    price_cents: int
    cost_cents: int
    case: int
    lead_days: int
    per_day: float
    lump: float
    week: tuple[float, ...]
    hours: tuple[float, ...]
    facings: int
    depth: int
    camera: bool
    tagged: bool
    life_days: int
    theft: float
    sibling: int

    @property
    def capacity(self) -> int:
        return self.facings * self.depth

    def rate_per_hour(self, weekday: int, hour: int) -> float:
        """Pieces an hour at the level the product began with."""
        return self.per_day * self.week[weekday] * self.hours[hour]


def gtin_14(number: int) -> str:
    """`number` as an item of a restricted prefix, with its check digit (GS1: weights 3 and 1 from the right)."""
    body = f"020{number:010d}"
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(body)))
    return body + str(-total % 10)


def assortment(settings: WorldSettings, seed: int) -> tuple[Product, ...]:
    """As many products as set, alike for the same seed; two neighbours of a category are siblings."""
    rng = random.Random(f"assortment {seed}")
    names = list(_CATEGORIES)
    return tuple(_product(rng, settings, index, names[index // 2 % len(names)]) for index in range(settings.products))


def _product(rng: random.Random, settings: WorldSettings, index: int, category: str) -> Product:
    base_cents, life_days, weekend, peak_h = _CATEGORIES[category]
    slow = rng.random() < settings.slow_share
    per_day = rng.uniform(0.06, 0.5) if slow else min(45.0, max(0.6, rng.lognormvariate(math.log(4.5), 0.9)))
    lump = rng.choice((1.0, 1.5, 2.5)) if slow else rng.choice((1.0, 1.2, 1.5))
    facings = max(1, min(8, round(per_day / 3 + rng.random() * 2)))
    depth = rng.randint(3, 5) if slow else rng.randint(4, 9)
    price = max(29, round(base_cents * rng.uniform(0.6, 1.6)))
    return Product(
        gtin=gtin_14(index + 1), name=f"{category} {index + 1}", category=category,
        supplier=f"supplier {index % 7 + 1}",
        price_cents=price, cost_cents=round(price * rng.uniform(0.55, 0.8)), case=rng.choice((4, 6, 6, 8, 12)),
        lead_days=rng.choice((1, 1, 2, 3)), per_day=per_day * settings.demand, lump=lump,
        week=_week(rng, weekend), hours=_hours(peak_h),
        facings=facings, depth=depth, camera=rng.random() < settings.camera_share,
        tagged=rng.random() < settings.tagged_share, life_days=life_days, theft=_STOLEN.get(category, 0.6),
        sibling=min(index ^ 1, settings.products - 1),
    )  # fmt: skip


def _week(rng: random.Random, weekend: float) -> tuple[float, ...]:
    raw = [
        rng.uniform(0.85, 1.15) * (weekend if day in (4, 5) else 0.7 * weekend if day == 6 else 1.0) for day in range(7)
    ]
    return tuple(7 * factor / sum(raw) for factor in raw)


def _hours(peak_h: float) -> tuple[float, ...]:
    raw = [
        0.25 + math.exp(-(((hour + 0.5 - peak_h) / 2.5) ** 2)) if OPENS_H <= hour < CLOSES_H else 0.0
        for hour in range(24)
    ]
    return tuple(share / sum(raw) for share in raw)
