"""What the rooms of a simulated store share: the clock, the pieces, the book as the messages so far give it."""

from __future__ import annotations

import heapq
import itertools
import random
from collections import Counter
from collections.abc import Callable, Sequence

from simulators.store_facts import PLACES, Count, Document, Fact
from simulators.store_products import Product
from simulators.store_settings import DAY_S, WorldSettings
from simulators.store_shelf import Stock


class Scene:
    """`causes` counts pieces that left without or against a record, by cause; `wanted` and `lost` pieces by (day,
    product).
    """

    def __init__(self, settings: WorldSettings, products: Sequence[Product], seed: int) -> None:
        self.settings = settings
        self.products = tuple(products)
        self.index = {product.gtin: number for number, product in enumerate(products)}
        self.stocks = [Stock(product.facings, product.depth) for product in products]
        self.rng = random.Random(f"store {seed}")
        self.now_utc_s = settings.begin_utc_s
        self.heard: list[Fact] = []
        self.book: Counter[tuple[int, str]] = Counter()
        self.on_order: Counter[int] = Counter()
        self.causes: Counter[str] = Counter()
        self.wanted: Counter[tuple[int, int]] = Counter()
        self.lost: Counter[tuple[int, int]] = Counter()
        self._counted_utc_s: dict[tuple[int, str], float] = {}
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._numbers: Counter[str] = Counter()

    @property
    def day(self) -> int:
        return int((self.now_utc_s - self.settings.begin_utc_s) // DAY_S)

    def at(self, utc_s: float, act: Callable[[], None]) -> None:
        heapq.heappush(self._events, (utc_s, next(self._order), act))

    def run(self, until_utc_s: float) -> None:
        while self._events and self._events[0][0] <= until_utc_s:
            at_utc_s, _, act = heapq.heappop(self._events)
            self.now_utc_s = max(self.now_utc_s, at_utc_s)
            act()
        self.now_utc_s = max(self.now_utc_s, until_utc_s)

    def number(self, of: str) -> str:
        """The next document number of a kind."""
        self._numbers[of] += 1
        return f"{of}-{self._numbers[of]:07d}"

    def tell(self, fact: Fact) -> None:
        """Now, or when it can first be heard."""
        if fact.heard_utc_s <= self.now_utc_s:
            self._hear(fact)
        else:
            self.at(fact.heard_utc_s, lambda: self._hear(fact))

    def _hear(self, fact: Fact) -> None:
        self.heard.append(fact)
        if isinstance(fact, Count):
            key = self.index[fact.gtin], fact.place
            self._counted_utc_s[key] = fact.at_utc_s
            self.book[key] = fact.quantity
        elif isinstance(fact, Document):
            for line in fact.lines:
                self._move(fact, line.gtin, line.from_account, -line.quantity)
                self._move(fact, line.gtin, line.to_account, line.quantity)

    def _move(self, document: Document, gtin: str, account: str, quantity: int) -> None:
        """A move before the newest count is in that count already."""
        key = self.index[gtin], account
        if account in PLACES and document.at_utc_s > self._counted_utc_s.get(key, 0.0):
            self.book[key] += quantity
