"""Products and planogram from CSV: parsed whole, without a store and without a clock."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from retail.catalogue.product import KILOGRAM, PIECE, Product, Slot
from retail.catalogue.sheet import Row, Sheet, read_rows
from retail.ledger.document import OUTSIDE

PRODUCT_COLUMNS = ("gtin", "name", "unit", "price", "case_size", "supplier", "lead_days", "category", "codes")
SLOT_COLUMNS = ("fixture", "shelf", "slot", "gtin", "wide", "high", "deep", "min", "capacity", "place")
_MOST_CODES = 20


def read_products(content: bytes, name: str) -> list[Product]:
    """Raises InputError, which names each fault by line and column."""
    sheet, rows = read_rows(content, name, PRODUCT_COLUMNS, ("gtin", "name"))
    products: dict[str, Product] = {}
    owners: dict[str, str] = {}
    for row in rows:
        product = _product(row)
        if product.gtin in products:
            sheet.fault(row.line, "gtin", f"{product.gtin} is there already")
        for code in product.codes:
            if owners.setdefault(code, product.gtin) != product.gtin:
                sheet.fault(row.line, "codes", f"'{code}' is {owners[code]}'s already")
        products[product.gtin] = product
    sheet.require_none()
    return list(products.values())


def _product(row: Row) -> Product:
    codes = row.text("codes", 400).split()
    if len(codes) > _MOST_CODES or any(len(code) > 80 for code in codes):
        row.sheet.fault(row.line, "codes", f"at most {_MOST_CODES} codes of up to 80 characters, with spaces between")
    return Product(
        gtin=row.gtin("gtin"),
        name=row.text("name", 120, needed=True),
        unit=row.one_of("unit", (PIECE, KILOGRAM), PIECE),
        price_cents=row.cents("price") or 0,
        case_units=row.whole("case_size"),
        supplier=row.text("supplier", 60),
        lead_days=row.whole("lead_days", most=365),
        category=row.text("category", 60),
        codes=tuple(codes),
    )


def read_slots(content: bytes, name: str, known: Collection[str], places: Sequence[str]) -> list[Slot]:
    """The planogram; each product must be `known`, each place the store's. Raises InputError."""
    sheet, rows = read_rows(content, name, SLOT_COLUMNS, ("fixture", "shelf", "slot", "gtin"))
    slots: dict[tuple[str, int, int], Slot] = {}
    for row in rows:
        slot = _slot(row, places)
        if (slot.fixture, slot.shelf, slot.slot) in slots:
            sheet.fault(
                row.line, "slot", f"fixture {slot.fixture}, shelf {slot.shelf}, slot {slot.slot} is there already"
            )
        _check_slot(sheet, row, slot, known)
        slots[slot.fixture, slot.shelf, slot.slot] = slot
    sheet.require_none()
    return list(slots.values())


def _slot(row: Row, places: Sequence[str]) -> Slot:
    return Slot(
        fixture=row.text("fixture", 40, needed=True),
        shelf=row.whole("shelf", most=999, needed=True),
        slot=row.whole("slot", most=9999, needed=True),
        gtin=row.gtin("gtin"),
        facings_wide=row.whole("wide", 1, most=999),
        facings_high=row.whole("high", 1, most=999),
        facings_deep=row.whole("deep", 1, most=999),
        min_presentation=row.whole("min"),
        capacity=row.whole("capacity"),
        place=row.one_of("place", [place for place in places if place not in OUTSIDE], places[0]),
    )


def _check_slot(sheet: Sheet, row: Row, slot: Slot, known: Collection[str]) -> None:
    if slot.gtin and slot.gtin not in known:
        sheet.fault(row.line, "gtin", f"{slot.gtin} is no product of this store: import the products first")
    if slot.capacity and slot.min_presentation > slot.capacity:
        sheet.fault(row.line, "min", f"{slot.min_presentation} is more than the capacity {slot.capacity}")
