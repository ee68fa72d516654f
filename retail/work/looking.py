"""Looks at one product after another: brings its tasks and its suggestion to how it stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from retail.stock.freshness import Step
from retail.work import gather, rules
from retail.work.calm import Calm, calm_of
from retail.work.gather import Sources
from retail.work.open_day import OpenDay
from retail.work.orders import OrderDesk
from retail.work.replenish import Replenishment
from retail.work.stand import HeldLot
from retail.work.tasks import TaskBoard
from verticals.contract import Event


@dataclass
class Looking:
    """`expiring`: lots that expire soon, and that are over, by product."""

    sources: Sources
    tasks: TaskBoard
    replenishment: Replenishment
    orders: OrderDesk
    day: OpenDay
    ladder: Sequence[Step]
    expiring: dict[str, tuple[int, int]] = field(default_factory=dict)
    _calm: dict[str, Calm] = field(default_factory=dict)

    def settle(self, gtin: str, counting: str, now_utc_s: float) -> list[Event]:
        """`counting`: why it is to be counted again, or empty."""
        self._calm.pop(gtin, None)
        product = self.sources.known.products.get(gtin)
        if product is None:
            return self.tasks.settle(gtin, [], now_utc_s)
        demand = self.sources.sales.demand(gtin)
        kinds = frozenset(task.kind for task in self.tasks.of(gtin))
        point = self.replenishment.levels(product, demand).point if demand.level > 0 else None
        stand = gather.stand_of(self.sources, product, now_utc_s, point=point, kinds=kinds, counting=counting)
        self.sources.believing.set_pace(gtin, stand.pace)
        self._show(gtin, now_utc_s, stand.floor)
        self._note_expiring(gtin, stand.lots, stand.today)
        events = self.tasks.settle(gtin, rules.wanted(stand, self.ladder), now_utc_s, rules.over(stand))
        drafted, on_order = bool(self.orders.drafted(gtin)), self.orders.on_order(gtin)
        need = gather.need_of(self.sources, product, now_utc_s, on_order, drafted=drafted)
        suggested = self.replenishment.settle(need, now_utc_s)
        busy = drafted or gtin in self.replenishment.open or bool(self.tasks.of(gtin))
        calm = calm_of(stand, on_order, busy=busy)
        if calm is not None:
            self._calm[gtin] = calm
        return [*events, suggested] if suggested else events

    def is_calm(self, gtin: str, now_utc_s: float) -> bool:
        """Whether sales alone cannot have changed anything since the last look."""
        calm, known = self._calm.get(gtin), self.sources.known
        if calm is None or now_utc_s >= calm.until_utc_s:
            return False
        return known.on_floor(gtin) >= calm.floor and known.everywhere(gtin) >= calm.whole

    def disturb(self, gtin: str) -> None:
        """Something else than a sale happened."""
        self._calm.pop(gtin, None)

    def _show(self, gtin: str, now_utc_s: float, floor: int) -> None:
        """The day's availability hears how its slots look."""
        looks = self.sources.sight.of(gtin)
        unwatched = f"{gtin}/"
        if looks or not self.sources.known.slots_of.get(gtin):
            self.day.leave(unwatched, now_utc_s)
        if looks or self.sources.known.slots_of.get(gtin):
            belief, _ = self.sources.believing.of(gtin, now_utc_s)
            for slot, state in gather.state_of(looks, floor, belief).items():
                self.day.show(slot or unwatched, gtin, state, now_utc_s)

    def _note_expiring(self, gtin: str, lots: Sequence[HeldLot], today: date) -> None:
        soon = self.sources.known.settings.work.expiring_days
        over = sum(lot.expiry < today for lot in lots)
        coming = sum(today <= lot.expiry <= today + timedelta(days=soon) for lot in lots)
        if over or coming:
            self.expiring[gtin] = coming, over
        else:
            self.expiring.pop(gtin, None)
