"""What the store's rules know: the catalogue, the planogram and the stock, as the tables told it: rules read it."""

from __future__ import annotations

from collections.abc import Sequence

from retail.catalogue.item_code import gtin_of
from retail.catalogue.product import Product, Slot, read_product, read_slot
from retail.ledger.holdings import Holding, Holdings
from retail.reading import listed, mapped
from retail.settings import RetailSettings
from verticals.contract import Sample


class Known:
    """`codes`: from further codes to GTINs; `dates`: the expiry date of each lot that has one, by (GTIN, lot)."""

    def __init__(self, settings: RetailSettings) -> None:
        self.settings = settings
        self.holdings = Holdings()
        self.products: dict[str, Product] = {}
        self.slots: dict[tuple[str, int, int], Slot] = {}
        self.slots_of: dict[str, list[Slot]] = {}
        self.codes: dict[str, str] = {}
        self.unknown_codes: set[str] = set()
        self.dates: dict[tuple[str, str], str] = {}

    def take_catalogue(self, sample: Sample) -> set[str]:
        """Products are added or changed, a planogram replaces that of its fixtures; the GTINs that it is about."""
        changed = {one.gtin: one for one in map(read_product, listed(sample, "products"))}
        self.products |= changed
        given = {code: one.gtin for one in changed.values() for code in one.codes} | mapped(sample, "codes")
        self.codes |= given
        self.unknown_codes.difference_update({*given, *changed})
        placed = self._place([read_slot(one) for one in listed(sample, "slots")])
        return {*changed, *given.values(), *placed}

    def take_ledger(self, sample: Sample) -> set[str]:
        """Balances, dates of lots and unknown codes as they are now; the GTINs whose stock it tells."""
        self.unknown_codes |= {str(one["code"]) for one in listed(sample, "unknown")}
        dated = {(str(one["gtin"]), str(one["lot"])): str(one["expiry"]) for one in listed(sample, "lots")}
        self.dates |= dated
        return self.holdings.take(listed(sample, "balances")) | {gtin for gtin, _ in dated}

    def _place(self, placed: Sequence[Slot]) -> set[str]:
        if not placed:
            return set()
        replaced = {one.fixture for one in placed}
        gone = [key for key, one in self.slots.items() if one.fixture in replaced]
        touched = {self.slots.pop(key).gtin for key in gone}
        self.slots |= {(one.fixture, one.shelf, one.slot): one for one in placed}
        self.slots_of.clear()
        for slot in self.slots.values():
            self.slots_of.setdefault(slot.gtin, []).append(slot)
        return touched | {one.gtin for one in placed}

    def find(self, code: str) -> str:
        """The GTIN-14 of a code that a till or a scanner gives; empty where nobody knows it."""
        if code in self.codes:
            return self.codes[code]
        gtin = gtin_of(code)
        return gtin if gtin in self.products else ""

    def held(self, gtin: str, places: Sequence[str]) -> int:
        """Thousandths at these places together."""
        holdings = self.holdings.of(gtin)
        return sum(holdings[place].thousandths for place in places if place in holdings)

    def on_floor(self, gtin: str) -> int:
        return self.held(gtin, self.settings.sales_places)

    def behind(self, gtin: str) -> int:
        return self.held(gtin, self.settings.back_places)

    def everywhere(self, gtin: str) -> int:
        return sum(holding.thousandths for holding in self.holdings.of(gtin).values())

    def fullest_behind(self, gtin: str) -> Holding | None:
        """Where the most of it waits; None where nothing does."""
        places = self.settings.back_places
        held = [one for place, one in self.holdings.of(gtin).items() if place in places and one.thousandths > 0]
        return max(held, key=lambda one: one.thousandths, default=None)


def slot_name(slot: Slot) -> str:
    """How tasks and shelf cameras call a slot of the planogram: `A7.2/2-8`."""
    return f"{slot.fixture}/{slot.shelf}-{slot.slot}"
