"""Writes `catalogue` events into the tables, and reads them: products, their codes, the planogram."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, delete, select

from retail.catalogue import tables
from retail.catalogue.bring import Known
from retail.catalogue.item_code import gtin_of
from retail.catalogue.product import Product, Slot, read_product, read_slot
from verticals.store.database import upsert

_PAGE = 500


def write(connection: Connection, said: Mapping[str, Any]) -> dict[str, str]:
    """Products are added or changed; a planogram replaces that of the fixtures it names. The codes that are known now.

    `said` is the data of an event `catalogue`: `products`, `slots`, `codes` ({code: gtin}).
    """
    products = [read_product(one) for one in said.get("products", ())]
    upsert(connection, tables.products, ["gtin"], [_product_row(one) for one in products])
    codes = {code: one.gtin for one in products for code in one.codes}
    codes |= {str(code): str(gtin) for code, gtin in said.get("codes", {}).items()}
    upsert(connection, tables.item_codes, ["code"], [{"code": code, "gtin": gtin} for code, gtin in codes.items()])
    slots = [read_slot(one) for one in said.get("slots", ())]
    if slots:
        connection.execute(delete(tables.slots).where(tables.slots.c.fixture.in_({one.fixture for one in slots})))
        upsert(connection, tables.slots, ["fixture", "shelf", "slot"], [one.as_json() for one in slots])
    return codes | {code: one.gtin for one in products for code in _written(one.gtin)}


def _written(gtin: str) -> list[str]:
    """How a till may write this GTIN: with fewer of the leading zeros."""
    return [gtin[14 - length :] for length in (8, 12, 13, 14) if gtin_of(gtin[14 - length :]) == gtin]


def _product_row(product: Product) -> dict[str, Any]:
    row = product.as_json()
    del row["codes"]
    return row


def read_products(connection: Connection) -> list[Product]:
    """All of them by GTIN, with their codes."""
    codes: dict[str, list[str]] = {}
    for row in connection.execute(select(tables.item_codes).order_by(tables.item_codes.c.code)):
        codes.setdefault(row.gtin, []).append(row.code)
    rows = connection.execute(select(tables.products).order_by(tables.products.c.gtin)).mappings()
    return [Product(**row, codes=tuple(codes.get(row["gtin"], ()))) for row in rows]


def read_slots(connection: Connection) -> list[Slot]:
    """The whole planogram by fixture, shelf and slot."""
    order = (tables.slots.c.fixture, tables.slots.c.shelf, tables.slots.c.slot)
    return [Slot(**row) for row in connection.execute(select(tables.slots).order_by(*order)).mappings()]


def pages(connection: Connection) -> Iterator[dict[str, Any]]:
    """The catalogue in portions, each like the data of an event `catalogue`; a planogram is in one piece."""
    products = read_products(connection)
    for first in range(0, len(products), _PAGE):
        yield {"products": [one.as_json() for one in products[first : first + _PAGE]]}
    slots: Sequence[Slot] = read_slots(connection)
    if slots:
        yield {"slots": [one.as_json() for one in slots]}


def known(connection: Connection) -> Known:
    """What an import may name that is there already."""
    codes = {row.code: row.gtin for row in connection.execute(select(tables.item_codes))}
    return Known(frozenset(connection.scalars(select(tables.products.c.gtin))), codes)
