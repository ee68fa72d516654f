"""Gathers how a product stands, from everything the desk knows: what the rules of tasks and orders look at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from retail.catalogue.product import Product
from retail.known import Known, slot_name
from retail.ledger import lots
from retail.stock.pace import Pace
from retail.stock.phantom import Silence, Suspicion, suspect
from retail.stock.telling import Belief
from retail.work.believing import Believing
from retail.work.replenish import Need
from retail.work.sales import Sales
from retail.work.sight import EMPTY, LOW, OUT, Look, Sight
from retail.work.stand import HeldLot, Stand


@dataclass(frozen=True, slots=True)
class Sources:
    """The desk's own, for looking only."""

    known: Known
    sales: Sales
    sight: Sight
    believing: Believing
    zone: ZoneInfo


def stand_of(
    sources: Sources, product: Product, now_utc_s: float, *, point: int | None, kinds: frozenset[str], counting: str
) -> Stand:
    known, gtin = sources.known, product.gtin
    settings = known.settings
    looks = sources.sight.of(gtin)
    unit = sources.believing.unit_of(gtin)
    floor, behind = sources.believing.of(gtin, now_utc_s)
    fullest = known.fullest_behind(gtin)
    slots = known.slots_of.get(gtin, ())
    held = known.holdings.of(gtin)
    pace = sources.sales.pace(gtin, now_utc_s, unit)
    return Stand(
        product, now_utc_s, sources.zone, known.on_floor(gtin), known.behind(gtin),
        fullest.place if fullest else settings.back_places[0], fullest.thousandths if fullest else 0, pace, unit,
        slot=slot_name(slots[0]) if slots else "",
        sales_place=slots[0].place if slots else settings.sales_places[0],
        looks=looks, on_floor=floor, in_back=behind, tags=sources.believing.tags.get(gtin),
        found_names={look.slot: known.products[look.found].name for look in looks if look.found in known.products},
        least=1000 * sum(slot.min_presentation for slot in slots),
        capacity=sum(slot.capacity for slot in slots), point=point, lots=held_lots(known, gtin),
        suspicion=_suspicion(sources, gtin, looks, pace, floor, behind, now_utc_s),
        disagree_since_utc_s=sources.believing.disagrees.get(gtin),
        negative=[place for place, one in sorted(held.items()) if one.thousandths < 0],
        counting=counting, kinds=kinds,
    )  # fmt: skip


def need_of(sources: Sources, product: Product, now_utc_s: float, on_order: int, *, drafted: bool) -> Need:
    gtin = product.gtin
    believed = [one for one in sources.believing.of(gtin, now_utc_s) if one is not None]
    held = sources.known.everywhere(gtin)
    unit = sources.believing.unit_of(gtin)
    return Need(product, sources.sales.demand(gtin), held, on_order, drafted, believed, unit)


def held_lots(known: Known, gtin: str) -> list[HeldLot]:
    """Dated lots in the whole store, the first to expire first; what was sold without a lot was of these."""
    together: Counter[str] = Counter()
    for holding in known.holdings.of(gtin).values():
        together.update(holding.lots)
    dates: Mapping[str, str] = {lot: known.dates.get((gtin, lot), "") for lot in together if lot}
    if not any(dates.values()):
        return []
    left = lots.remaining(together, dates)
    return [HeldLot(one.lot, date.fromisoformat(one.expiry), one.thousandths) for one in left if one.expiry]


def state_of(looks: list[Look], floor: int, belief: Belief | None) -> dict[str, str]:
    """State of each watched slot by name; of an unwatched product under the empty name, as believed."""
    if looks:
        return {look.slot: look.state for look in looks}
    empty = belief.empty > 0.5 if belief is not None else floor <= 0
    return {"": EMPTY if empty else "full"}


def _suspicion(
    sources: Sources, gtin: str, looks: list[Look], pace: Pace, floor: Belief | None, behind: Belief | None, now: float
) -> Suspicion | None:
    sold = sources.believing.sold_utc_s.get(gtin)
    if sold is None or not looks:
        return None
    camera = EMPTY if all(one.state in OUT for one in looks) else LOW if any(one.state == LOW for one in looks) else ""
    unit = sources.believing.unit_of(gtin)
    return suspect(
        Silence(
            gtin,
            sources.known.everywhere(gtin) // unit,
            pace.expected(sold, now) / pace.lump,
            (now - sold) / 3600,
            camera,
            sum(one.facings for one in looks),
            0.0 if behind is None else 1 - behind.empty,
            0.0 if floor is None else floor.empty,
        )
    )
