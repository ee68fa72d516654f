"""Staff of a simulated store: orders, deliveries, refills, pulls of expired lots, counts, each with its mistakes."""

from __future__ import annotations

import math
from collections.abc import Sequence

from simulators.store_facts import BACKROOM, FLOOR, PLACES, SUPPLIER, WASTE, Count, Document, Line
from simulators.store_products import Product
from simulators.store_scene import Scene
from simulators.store_settings import DAY_S
from simulators.store_shelf import Lot

_SAFETY = 1.5  # of the root of the demand over lead and review
_DELIVERY_H, _RECOUNT_S = 6.5, 1800.0


class Staff:
    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        by_value = sorted(range(len(scene.products)), key=lambda each: -_value(scene.products[each]))
        first, second = len(by_value) // 5, len(by_value) // 2
        daily, weekly, rarely = scene.settings.count_days
        self._every_days = {
            product: daily if rank < first else weekly if rank < second else rarely
            for rank, product in enumerate(by_value)
        }

    def order(self) -> None:
        """In the evening, by what the book says; it comes the lead time later."""
        scene = self._scene
        for number, product in enumerate(scene.products):
            span = product.per_day * (product.lead_days + 1)
            point = span + _SAFETY * math.sqrt(span * product.lump)
            target = max(product.capacity * 0.9, point + product.per_day + product.case / 2)
            position = sum(scene.book[number, place] for place in PLACES) + scene.on_order[number]
            if position <= point:
                cases = max(1, math.ceil((target - position) / product.case))
                scene.on_order[number] += cases * product.case
                days = product.lead_days + (scene.rng.random() < scene.settings.delivery_late)
                self._send(number, cases, scene.settings.begin_utc_s + (scene.day + days) * DAY_S + _DELIVERY_H * 3600)

    def _send(self, product: int, cases: int, at_utc_s: float) -> None:
        self._scene.at(at_utc_s, lambda: self._deliver(product, cases))

    def _deliver(self, number: int, cases: int) -> None:
        """A case may be missing or hold the sibling; who does not check records what was ordered."""
        scene = self._scene
        product = scene.products[number]
        ordered = cases * product.case
        came = ordered
        if scene.rng.random() < scene.settings.delivery_short:
            came -= product.case if scene.rng.random() < 0.5 else scene.rng.randint(1, 3)
        wrong = scene.rng.random() < scene.settings.delivery_wrong and came >= product.case
        if wrong:
            came -= product.case
            self._store(product.sibling, product.case)
        self._store(number, came)
        checked = scene.rng.random() < scene.settings.delivery_checked
        if not checked:
            scene.causes["delivery"] += ordered - came
        lot, expiry = self._lot(product)
        entries = [(number, came if checked else ordered)] + (
            [(product.sibling, product.case)] if wrong and checked else []
        )
        lines = tuple(
            Line(place + 1, scene.products[each].gtin, pieces, SUPPLIER, BACKROOM, lot, expiry)
            for place, (each, pieces) in enumerate(entries)
        )
        scene.on_order[number] -= ordered
        self._write("receipt", lines)

    def _store(self, number: int, pieces: int) -> None:
        if pieces:
            life_days = self._scene.products[number].life_days
            expires_utc_s = self._scene.now_utc_s + life_days * DAY_S if life_days else float("inf")
            self._scene.stocks[number].receive(Lot(f"L{self._scene.day}", expires_utc_s, pieces))

    def _lot(self, product: Product) -> tuple[str, str]:
        """Lot and the day (of the simulation) on which it expires, as text."""
        day = self._scene.day
        return f"L{day}", f"day {day + product.life_days}" if product.life_days else ""

    def refill_all(self) -> None:
        for number, product in enumerate(self._scene.products):
            low = self._scene.stocks[number].floor < self._scene.settings.refill_below * product.capacity
            if low and self._scene.rng.random() >= self._scene.settings.refill_skipped:
                self.refill(number)

    def refill(self, number: int) -> None:
        """From the back room up to the capacity of the shelf; not always recorded, not always rightly."""
        scene = self._scene
        stock = scene.stocks[number]
        brought = stock.refill(max(0, stock.room))
        if not brought:
            return
        if scene.rng.random() < scene.settings.refill_unrecorded:
            return
        said = brought
        if scene.rng.random() < scene.settings.refill_miscounted:
            said = max(1, brought + scene.rng.choice((-2, -1, 1, 2)))
        self._write("move", (Line(1, scene.products[number].gtin, said, BACKROOM, FLOOR),))

    def pull_expired(self) -> None:
        scene = self._scene
        for number, stock in enumerate(scene.stocks):
            if scene.products[number].life_days:
                pulled = zip(PLACES, stock.pull(scene.now_utc_s, scene.rng), strict=True)
                gtin = scene.products[number].gtin
                lines = [Line(line + 1, gtin, n, place, WASTE) for line, (place, n) in enumerate(pulled) if n]
                if lines:
                    self._write("waste", lines)

    def count_due(self) -> None:
        for number in range(len(self._scene.products)):
            if (self._scene.day + number) % self._every_days[number] == 0:
                self.count(number)

    def count(self, number: int) -> None:
        """Floor and back room, sometimes once more by somebody else."""
        for place in PLACES:
            self.count_place(number, place, "associate-1")
            if self._scene.rng.random() < self._scene.settings.recounted:
                self._later(number, place)

    def _later(self, number: int, place: str) -> None:
        self._scene.at(self._scene.now_utc_s + _RECOUNT_S, lambda: self.count_place(number, place, "associate-2"))

    def count_place(self, number: int, place: str, by: str) -> None:
        scene = self._scene
        stock, now_utc_s = scene.stocks[number], scene.now_utc_s
        found = stock.floor if place == FLOOR else stock.backroom
        if scene.rng.random() < scene.settings.count_mistaken:
            found = max(0, found + scene.rng.choice((-1, 1)) * scene.rng.randint(1, 2 + found // 8))
        gtin = scene.products[number].gtin
        scene.tell(Count("handheld", scene.number("count"), gtin, place, found, now_utc_s, now_utc_s, by))

    def open_store(self) -> None:
        """The stock at the begin, and what the record to import says of it: wrong for many products, phantom for
        some.
        """
        scene = self._scene
        for number, product in enumerate(scene.products):
            stock = scene.stocks[number]
            gone = scene.rng.random() < scene.settings.opening_phantoms
            if not gone:
                self._store(number, scene.rng.randint(product.capacity // 2, product.capacity))
                stock.refill(product.capacity)
                self._store(number, round(product.per_day * scene.rng.uniform(0.5, 2) + product.case / 2))
            for place in PLACES:
                true = stock.floor if place == FLOOR else stock.backroom
                said = true
                if gone and place == FLOOR:
                    said = scene.rng.randint(2, 3 + product.capacity // 2)
                elif scene.rng.random() < scene.settings.opening_wrong / 2:
                    said = max(0, true + round(scene.rng.gauss(0, 1.5 + 0.15 * true)))
                now_utc_s = scene.now_utc_s
                scene.tell(Count("import", scene.number("import"), product.gtin, place, said, now_utc_s, now_utc_s))

    def _write(self, kind: str, lines: Sequence[Line]) -> None:
        scene = self._scene
        number = scene.number("handheld")
        scene.tell(Document(kind, "handheld", number, scene.now_utc_s, scene.now_utc_s, tuple(lines)))


def _value(product: Product) -> float:
    return product.per_day * product.price_cents
