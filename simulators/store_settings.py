"""How a simulated store is set up: its size, its habits, and how often each thing goes wrong."""

from __future__ import annotations

from dataclasses import dataclass

#: Monday 5 January 2026, 00:00 UTC; the store keeps UTC.
MONDAY_UTC_S = 1_767_571_200.0
HOUR_S, DAY_S = 3600.0, 86_400.0
OPENS_H, CLOSES_H = 8, 21


@dataclass(frozen=True, slots=True)
class WorldSettings:
    """Shares are probabilities from 0 to 1 of the thing named; `..._s` are seconds.

    `camera_share` and `tagged_share` are shares of the products; `theft_share`, `unscanned` and `wrong_item` of the
    pieces that leave the shelf; `sweeps_per_day` is the chance that thieves empty a product's shelf that day.
    `level_walk` is the daily step of the logarithm of a product's demand. `count_days`: days between counts of the
    fifth of the products of most value, of those up to half, of the rest. `demand` multiplies what each product sells,
    on shelves of the same size.
    """

    products: int = 200
    begin_utc_s: float = MONDAY_UTC_S
    slow_share: float = 0.25
    demand: float = 1.0
    camera_share: float = 0.75
    tagged_share: float = 0.3
    level_walk: float = 0.04
    basket_lines: float = 6.0
    tills: int = 3
    opening_wrong: float = 0.45
    opening_phantoms: float = 0.03
    unscanned: float = 0.006
    wrong_item: float = 0.012
    theft_share: float = 0.012
    sweeps_per_day: float = 0.001
    damage_share: float = 0.004
    damage_unrecorded: float = 0.3
    misplaced: float = 0.006
    returns: float = 0.006
    voids: float = 0.004
    delivery_short: float = 0.03
    delivery_wrong: float = 0.01
    delivery_checked: float = 0.5
    delivery_late: float = 0.1
    refill_hours: tuple[float, ...] = (7.5, 11.0, 14.0, 17.0, 19.5)
    refill_below: float = 0.6
    refill_skipped: float = 0.15
    refill_unrecorded: float = 0.1
    refill_miscounted: float = 0.04
    offline_per_week: float = 1.5
    offline_s: float = 3 * HOUR_S
    camera_every_s: float = 1200.0
    camera_repeats_s: float = 2 * HOUR_S
    camera_blocked: float = 0.03
    camera_mistaken: float = 0.04
    tag_round_s: float = 2 * HOUR_S
    tag_read: float = 0.95
    tag_through_wall: float = 0.01
    count_days: tuple[int, int, int] = (7, 14, 28)
    count_mistaken: float = 0.03
    recounted: float = 0.1
