"""Shoppers of a simulated store and its tills: what is bought, stolen, broken, misplaced; what is recorded."""

from __future__ import annotations

from collections.abc import Sequence

from simulators.store_facts import CUSTOMER, FLOOR, WASTE, Document, Line
from simulators.store_scene import Scene
from simulators.store_settings import CLOSES_H, DAY_S, HOUR_S, OPENS_H

_TO_TILL_S = 420.0
_TIDIED = 0.35


class Tills:
    """Each till tells its sales at once, or all of them when it is online again."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._offline_until_utc_s = [0.0] * scene.settings.tills

    def go_offline(self, till: int) -> None:
        lasts_s = self._scene.settings.offline_s * self._scene.rng.uniform(0.5, 1.5)
        self._offline_until_utc_s[till] = self._scene.now_utc_s + lasts_s

    def shop(self, wishes: Sequence[tuple[int, int]]) -> None:
        """A shopper takes what is there of (product, pieces) and goes to a till; the rest is lost."""
        scene, basket = self._scene, []
        for product, pieces in wishes:
            taken = scene.stocks[product].take(pieces, scene.rng)
            scene.wanted[scene.day, product] += pieces
            scene.lost[scene.day, product] += pieces - taken
            if taken:
                basket.append((product, taken))
                self._misplace(product, taken)
        if basket:
            scene.at(scene.now_utc_s + _TO_TILL_S, lambda: self._pay(basket))

    def _misplace(self, product: int, taken: int) -> None:
        scene = self._scene
        if scene.rng.random() < scene.settings.misplaced * taken and scene.stocks[product].take(1, scene.rng):
            scene.stocks[product].astray += 1

    def tidy(self) -> None:
        """In the evening some of what stood astray goes back to its slot."""
        for stock in self._scene.stocks:
            back = sum(1 for _ in range(stock.astray) if self._scene.rng.random() < _TIDIED)
            stock.astray -= back
            stock.put_back(back)

    def _pay(self, basket: Sequence[tuple[int, int]]) -> None:
        scene, scanned = self._scene, []
        for product, pieces in basket:
            seen = sum(1 for _ in range(pieces) if scene.rng.random() >= scene.settings.unscanned)
            scene.causes["unscanned"] += pieces - seen
            said = product
            if seen and scene.rng.random() < scene.settings.wrong_item:
                said = scene.products[product].sibling
                scene.causes["wrong item"] += seen if said != product else 0
            if seen:
                scanned.append((said, seen))
            if scene.rng.random() < scene.settings.returns:
                self._will_return(product)
        if scanned:
            self._ring_up(scanned, basket)

    def _ring_up(self, scanned: Sequence[tuple[int, int]], basket: Sequence[tuple[int, int]]) -> None:
        scene = self._scene
        till = scene.rng.randrange(scene.settings.tills)
        heard_utc_s = max(scene.now_utc_s, self._offline_until_utc_s[till])
        lines = tuple(
            Line(number + 1, scene.products[product].gtin, pieces, FLOOR, CUSTOMER)
            for number, (product, pieces) in enumerate(scanned)
        )
        source = f"pos-{till + 1}"
        sale = Document("sale", source, scene.number(source), scene.now_utc_s, heard_utc_s, lines)
        scene.tell(sale)
        if scene.rng.random() < scene.settings.voids:
            back = tuple(Line(each.line, each.gtin, each.quantity, CUSTOMER, FLOOR) for each in lines)
            void = Document("void", source, scene.number(source), scene.now_utc_s, heard_utc_s, back, sale.doc_ref)
            scene.tell(void)
            for product, pieces in basket:
                scene.stocks[product].put_back(pieces)

    def _will_return(self, product: int) -> None:
        rng = self._scene.rng
        days, hour = rng.randint(1, 6), rng.uniform(OPENS_H, CLOSES_H)
        midnight_utc_s = self._scene.settings.begin_utc_s + self._scene.day * DAY_S
        self._scene.at(midnight_utc_s + days * DAY_S + hour * HOUR_S, lambda: self._bring_back(product))

    def _bring_back(self, product: int) -> None:
        """Sound pieces go back to the shelf, others to waste."""
        scene = self._scene
        sound = scene.rng.random() < 0.7
        if sound:
            scene.stocks[product].put_back(1)
        line = Line(1, scene.products[product].gtin, 1, CUSTOMER, FLOOR if sound else WASTE)
        number = scene.number("pos-1")
        scene.tell(Document("return", "pos-1", number, scene.now_utc_s, scene.now_utc_s, (line,)))

    def steal(self, product: int) -> None:
        pieces = self._scene.rng.choice((1, 1, 1, 2, 2, 4))
        self._scene.causes["theft"] += self._scene.stocks[product].take(pieces, self._scene.rng)

    def sweep(self, product: int) -> None:
        """Thieves empty the shelf."""
        stock = self._scene.stocks[product]
        self._scene.causes["theft"] += stock.take(stock.floor, self._scene.rng)

    def damage(self, product: int) -> None:
        """A piece breaks on the floor; mostly it is written off."""
        scene = self._scene
        if not scene.stocks[product].take(1, scene.rng):
            return
        if scene.rng.random() < scene.settings.damage_unrecorded:
            scene.causes["damage"] += 1
            return
        line = Line(1, scene.products[product].gtin, 1, FLOOR, WASTE)
        number = scene.number("handheld")
        scene.tell(Document("waste", "handheld", number, scene.now_utc_s, scene.now_utc_s, (line,)))
