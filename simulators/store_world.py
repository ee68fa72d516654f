"""A simulated store with its truth known: shoppers, deliveries, staff, thieves, and what every sensor says of it.

Event by event, seeded, on a clock that whoever drives it moves: `advance` gives what was heard since, in the order in
which it was heard. What shoppers want does not depend on what is on the shelf, so the true demand is known too.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

import numpy as np

from simulators.store_facts import FLOOR, Fact
from simulators.store_products import Product, assortment
from simulators.store_scene import Scene
from simulators.store_sensors import ShelfCameras, TagReaders
from simulators.store_settings import CLOSES_H, DAY_S, HOUR_S, OPENS_H, WorldSettings
from simulators.store_shelf import Lot
from simulators.store_staff import Staff
from simulators.store_tills import Tills

_COUNTS_H, _PULLS_H, _TIDIES_H, _ORDERS_H = 7.0, 7.2, 21.5, 21.8
_STOLEN_AT_ONCE = 1.8
_BACK_TO_LEVEL = 0.05
#: What goes wrong in a store, by the names of its settings.
_FAULTS = (
    "opening_wrong", "opening_phantoms", "sweeps_per_day", "unscanned", "wrong_item", "theft_share", "damage_share",
    "misplaced", "returns", "voids", "delivery_short", "delivery_wrong", "delivery_late", "refill_skipped",
    "refill_unrecorded", "refill_miscounted", "offline_per_week", "camera_blocked", "camera_mistaken",
    "tag_through_wall", "count_mistaken",
)  # fmt: skip


class World:
    """One store. Not for several threads."""

    def __init__(self, settings: WorldSettings | None = None, seed: int = 0) -> None:
        self.settings = settings or WorldSettings()
        self.products: tuple[Product, ...] = assortment(self.settings, seed)
        self._scene = Scene(self.settings, self.products, seed)
        self._wishes = np.random.default_rng([seed, 1])
        self._levels = np.zeros(len(self.products))
        self._tills, self.staff = Tills(self._scene), Staff(self._scene)
        self._cameras, self._readers = ShelfCameras(self._scene), TagReaders(self._scene)
        self._expected: dict[tuple[int, int], float] = {}
        self._rates = np.array([[product.per_day * hour for hour in product.hours] for product in self.products])
        self._weeks = np.array([product.week for product in self.products])
        self._lumps = np.array([product.lump for product in self.products])
        self._extra = [float(product.lump) - 1.0 for product in self.products]  # the mean of what is bought beyond one
        self.staff.open_store()
        self._scene.at(self.settings.begin_utc_s, self._plan_day)

    @property
    def now_utc_s(self) -> float:
        return self._scene.now_utc_s

    @property
    def day(self) -> int:
        """Days since the begin, 0 on the first."""
        return self._scene.day

    def advance(self, until_utc_s: float) -> list[Fact]:
        """What was heard until then, the opening stock first; an earlier moment gives nothing."""
        self._scene.run(until_utc_s)
        heard, self._scene.heard = self._scene.heard, []
        return heard

    def on_hand(self, gtin: str, place: str) -> int:
        """Pieces that are truly there now; those astray are in neither place."""
        stock = self._scene.stocks[self._scene.index[gtin]]
        return stock.floor if place == FLOOR else stock.backroom

    def lots(self, gtin: str, place: str) -> tuple[Lot, ...]:
        """The pieces of `on_hand` by lot."""
        stock = self._scene.stocks[self._scene.index[gtin]]
        return tuple(stock.floor_lots if place == FLOOR else stock.back_lots)

    def astray(self, gtin: str) -> int:
        return self._scene.stocks[self._scene.index[gtin]].astray

    def book(self, gtin: str, place: str) -> int:
        """What the messages heard so far amount to: newest count and later moves."""
        return self._scene.book[self._scene.index[gtin], place]

    def wanted(self, gtin: str, day: int) -> int:
        """Pieces that shoppers wanted that day, there or not."""
        return self._scene.wanted[day, self._scene.index[gtin]]

    def lost(self, gtin: str, day: int) -> int:
        """Of the wanted pieces those that were not on the shelf."""
        return self._scene.lost[day, self._scene.index[gtin]]

    def expected(self, gtin: str, day: int) -> float:
        """The mean of what was drawn as that day's demand."""
        return self._expected[day, self._scene.index[gtin]]

    @property
    def causes(self) -> Mapping[str, int]:
        """Pieces lost from the record so far, by true cause."""
        return dict(self._scene.causes)

    def count_now(self, gtin: str, place: str, by: str = "associate-1") -> None:
        self.staff.count_place(self._scene.index[gtin], place, by)

    def refill_now(self, gtin: str) -> None:
        self.staff.refill(self._scene.index[gtin])

    def _plan_day(self) -> None:
        midnight_utc_s = self.settings.begin_utc_s + self._scene.day * DAY_S
        self._plan_shoppers(midnight_utc_s)
        self._plan_losses(midnight_utc_s)
        self._plan_staff(midnight_utc_s)
        self._repeat(self.settings.camera_every_s, self._cameras.look, midnight_utc_s, OPENS_H, CLOSES_H)
        self._repeat(self.settings.tag_round_s, self._readers.round, midnight_utc_s, 0.5, 24.0)
        self._scene.at(midnight_utc_s + DAY_S, self._plan_day)

    def _plan_shoppers(self, midnight_utc_s: float) -> None:
        walk = self.settings.level_walk
        self._levels += self._wishes.normal(0.0, walk, len(self.products)) - _BACK_TO_LEVEL * self._levels
        weekday = int(midnight_utc_s // DAY_S + 3) % 7
        rates = self._rates * (self._weeks[:, weekday] * np.exp(self._levels))[:, None]
        for number, expected in enumerate(rates.sum(axis=1)):
            self._expected[self._scene.day, number] = float(expected)
        wishes = self._wishes.poisson(rates / self._lumps[:, None])
        for hour in range(OPENS_H, CLOSES_H):
            wanted = np.repeat(np.arange(len(self.products)), wishes[:, hour])
            self._wishes.shuffle(wanted)
            self._fill_baskets(wanted.tolist(), midnight_utc_s + hour * HOUR_S)

    def _fill_baskets(self, wanted: list[int], hour_utc_s: float) -> None:
        poisson, more, first = self._wishes.poisson, self.settings.basket_lines - 1, 0
        while first < len(wanted):
            lines = 1 + int(poisson(more))
            picked = wanted[first : first + lines]
            first += lines
            basket = [(one, 1 + int(poisson(extra)) if (extra := self._extra[one]) else 1) for one in picked]
            self._shop(basket, hour_utc_s + float(self._wishes.uniform(0, HOUR_S)))

    def _shop(self, basket: list[tuple[int, int]], at_utc_s: float) -> None:
        self._scene.at(at_utc_s, lambda: self._tills.shop(basket))

    def _plan_losses(self, midnight_utc_s: float) -> None:
        settings = self.settings
        for number, product in enumerate(self.products):
            thefts = settings.theft_share * product.theft / _STOLEN_AT_ONCE
            self._plan_some(product.per_day * thefts, partial(self._tills.steal, number), midnight_utc_s)
            self._plan_some(
                product.per_day * settings.damage_share, partial(self._tills.damage, number), midnight_utc_s
            )
            self._plan_some(settings.sweeps_per_day, partial(self._tills.sweep, number), midnight_utc_s)
        for till in range(settings.tills):
            per_day = settings.offline_per_week / 7 / settings.tills
            self._plan_some(per_day, partial(self._tills.go_offline, till), midnight_utc_s)

    def _plan_some(self, mean: float, act: Callable[[], None], midnight_utc_s: float) -> None:
        """At open hours of the day, a Poisson number of times."""
        for _ in range(_poisson(self._scene.rng.random(), mean)):
            self._scene.at(midnight_utc_s + self._scene.rng.uniform(OPENS_H, CLOSES_H) * HOUR_S, act)

    def _plan_staff(self, midnight_utc_s: float) -> None:
        acts: list[tuple[float, Callable[[], None]]] = [
            (_COUNTS_H, self.staff.count_due), (_PULLS_H, self.staff.pull_expired), (_TIDIES_H, self._tills.tidy),
            (_ORDERS_H, self.staff.order), *((hour, self.staff.refill_all) for hour in self.settings.refill_hours),
        ]  # fmt: skip
        for hour, act in acts:
            self._scene.at(midnight_utc_s + hour * HOUR_S, act)

    def _repeat(
        self, every_s: float, act: Callable[[], None], midnight_utc_s: float, first: float, last: float
    ) -> None:
        at_utc_s = midnight_utc_s + first * HOUR_S
        while at_utc_s < midnight_utc_s + last * HOUR_S:
            self._scene.at(at_utc_s, act)
            at_utc_s += every_s


def _poisson(drawn: float, mean: float) -> int:
    """The count whose cumulated Poisson probability first passes `drawn` (0 to 1)."""
    term = total = math.exp(-mean)
    count = 0
    while total < drawn and count < 1000:
        count += 1
        term *= mean / count
        total += term
    return count


def quiet(settings: WorldSettings) -> WorldSettings:
    """The same store in which nothing goes wrong: every record is right, every sensor exact."""
    return replace(settings, **dict.fromkeys(_FAULTS, 0.0))  # type: ignore[arg-type]
