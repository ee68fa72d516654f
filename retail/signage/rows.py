"""Reads what a screen's rules need, and what became of what was shown, from the store's tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, func, select

from retail.catalogue import tables as catalogue
from retail.ledger import tables as ledger
from retail.ledger.document import CUSTOMER
from retail.ledger.lots import remaining
from retail.signage import tables
from retail.signage.experiment import Outcome
from retail.signage.rules import Offer
from verticals.contract import Event
from verticals.store.database import upsert


def write(event: Event, connection: Connection) -> None:
    """One row a slot: the first that was told stands."""
    data = event.data
    there = select(tables.slots.c.slot_ms).where(tables.slots.c.slot_ms == int(data["slot_ms"]))
    if connection.execute(there).first() is None:
        row = {name: data[name] for name in ("slot_ms", "content", "rule", "bucket", "held_out")}
        upsert(connection, tables.slots, ["slot_ms"], [row])


def offers(connection: Connection, place: str, at: datetime, since_ms: int) -> dict[str, Offer]:
    """What lies at `place` and has a price: how much of it, when its earliest lot expires, what was sold lately."""
    product, held = catalogue.products.c, ledger.balances.c
    query = select(catalogue.products, held.lot, held.thousandths).join(ledger.balances, held.gtin == product.gtin)
    query = query.where(held.place == place, held.thousandths != 0, product.price_cents > 0)
    about: dict[str, Mapping[Any, Any]] = {}
    lots: dict[str, dict[str, int]] = {}
    for row in connection.execute(query.order_by(product.gtin, held.lot)).mappings():
        about[row["gtin"]] = row
        lots.setdefault(row["gtin"], {})[row["lot"]] = row["thousandths"]
    dates, sold = _dates(connection), _sold(connection, since_ms)
    return {
        gtin: Offer(
            gtin, row["name"] or gtin, row["unit"], row["category"], row["price_cents"], sum(lots[gtin].values()),
            _days_left(lots[gtin], dates.get(gtin, {}), at.date()), sold.get(gtin, 0.0),
        )
        for gtin, row in about.items() if sum(lots[gtin].values()) > 0
    }  # fmt: skip


def _dates(connection: Connection) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for row in connection.execute(select(ledger.lots)):
        found.setdefault(row.gtin, {})[row.lot] = row.expiry
    return found


def _days_left(lots: Mapping[str, int], dates: Mapping[str, str], today: date) -> int | None:
    left = [one.expiry for one in remaining(lots, dates) if one.expiry and one.thousandths > 0]
    return (date.fromisoformat(left[0]) - today).days if left else None


def _sold(connection: Connection, since_ms: int, until_ms: int = 2**62) -> dict[str, float]:
    """Units of each product that went to customers, what was taken back left out."""
    line = ledger.lines.c
    query = select(line.gtin, func.sum(line.thousandths).label("amount")).where(
        line.to_account == CUSTOMER, line.reverses.is_(None), line.at_ms >= since_ms, line.at_ms < until_ms
    )
    return {row.gtin: float(row.amount) / 1000 for row in connection.execute(query.group_by(line.gtin))}


def slot_shown(connection: Connection, slot: int) -> Mapping[Any, Any] | None:
    return connection.execute(select(tables.slots).where(tables.slots.c.slot_ms == slot)).mappings().first()


def outcomes(connection: Connection, since_ms: int, until_ms: int, length_ms: int) -> list[Outcome]:
    """Of every slot that is over and showed, or held out, a product: how much of it was sold while it lasted."""
    column = tables.slots.c
    query = select(tables.slots).where(column.slot_ms >= since_ms, column.slot_ms + length_ms <= until_ms)
    shown = [row for row in connection.execute(query).mappings() if "/" in row["content"]]
    sold = _sold_by_slot(connection, sorted({row["content"].rpartition("/")[2] for row in shown}), since_ms, length_ms)
    return [
        Outcome(row["bucket"], row["held_out"], sold.get((row["content"].rpartition("/")[2], row["slot_ms"]), 0.0))
        for row in shown
    ]


def _sold_by_slot(
    connection: Connection, gtins: Sequence[str], since_ms: int, length_ms: int
) -> dict[tuple[str, int], float]:
    line = ledger.lines.c
    query = select(line.gtin, line.at_ms, line.thousandths).where(
        line.gtin.in_(gtins), line.to_account == CUSTOMER, line.reverses.is_(None), line.at_ms >= since_ms
    )
    found: dict[tuple[str, int], float] = {}
    for row in connection.execute(query):
        key = row.gtin, row.at_ms // length_ms * length_ms
        found[key] = found.get(key, 0.0) + row.thousandths / 1000
    return found


def baskets(connection: Connection, since_ms: int, most: int = 500_000) -> Iterator[set[str]]:
    """The products of each sale, by document; nothing else of it is read."""
    line, document = ledger.lines.c, ledger.documents.c
    query = select(line.document, line.gtin).join(ledger.documents, document.id == line.document)
    query = query.where(document.kind == "sale", document.at_ms >= since_ms, line.to_account == CUSTOMER)
    query = query.where(line.reverses.is_(None)).order_by(line.document).limit(most)
    number, basket = None, set[str]()
    for row in connection.execute(query):
        if row.document != number:
            if basket:
                yield basket
            number, basket = row.document, set()
        basket.add(row.gtin)
    if basket:
        yield basket
