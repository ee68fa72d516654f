"""Everything as CSV: products, planogram and stock as they can be imported again, the ledger line by line."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select

from core.clock import iso_utc
from retail.catalogue import shelf
from retail.catalogue.import_catalogue import PRODUCT_COLUMNS, SLOT_COLUMNS
from retail.catalogue.import_stock import STOCK_COLUMNS
from retail.ledger import balance, tables
from retail.ledger.lots import expiries
from retail.ledger.quantity import shown

MOVE_COLUMNS = (
    "time", "source", "ref", "line", "kind", "gtin", "from", "to", "quantity", "lot", "expiry", "reason", "who",
    "amount", "reverses",
)  # fmt: skip
COUNT_COLUMNS = (
    "time", "source", "ref", "line", "gtin", "place", "lot", "counted", "expected", "variance", "reason", "who",
    "voided",
)  # fmt: skip
_PAGE = 2000
#: A cell that begins so is run as a formula by spreadsheet programs.
_FORMULA = ("=", "+", "@", "\t", "\r")

Row = Sequence[Any]


def products(connection: Connection) -> Iterator[bytes]:
    rows = (
        (one.gtin, one.name, one.unit, _money(one.price_cents), one.case_units, one.supplier, one.lead_days,
         one.category, " ".join(one.codes))
        for one in shelf.read_products(connection)
    )  # fmt: skip
    return _csv(PRODUCT_COLUMNS, rows)


def planogram(connection: Connection) -> Iterator[bytes]:
    rows = (
        (one.fixture, one.shelf, one.slot, one.gtin, one.facings_wide, one.facings_high, one.facings_deep,
         one.min_presentation, one.capacity, one.place)
        for one in shelf.read_slots(connection)
    )  # fmt: skip
    return _csv(SLOT_COLUMNS, rows)


def stock(connection: Connection) -> Iterator[bytes]:
    """What there is of each lot at each place; balances below zero too, which no import takes."""
    dates = expiries(connection)

    def rows() -> Iterator[Row]:
        for held in balance.every_on_hand(connection, {}):
            for lot, amount in sorted(held["lots"].items()):
                named = "" if lot.startswith("@") else lot
                yield held["gtin"], held["place"], shown(amount), named, dates.get((held["gtin"], lot), "")

    return _csv(STOCK_COLUMNS, rows())


def moves(connection: Connection) -> Iterator[bytes]:
    """Every line of the ledger in the order of the documents' arrival, reversals too."""
    line, document = tables.lines.c, tables.documents.c
    query = select(tables.lines, document.source, document.ref, document.kind, document.who)
    query = query.join(tables.documents, document.id == line.document)

    def cells(row: Mapping[Any, Any]) -> Row:
        amount = "" if row["price_cents"] is None else _money(row["price_cents"])
        return (
            iso_utc(row["at_ms"] / 1000), row["source"], row["ref"], row["line"], row["kind"], row["gtin"],
            row["from_account"], row["to_account"], shown(row["thousandths"]), row["lot"], row["expiry"],
            row["reason"], row["who"], amount, "" if row["reverses"] is None else row["reverses"],
        )  # fmt: skip

    return _csv(MOVE_COLUMNS, _paged(connection, query, line.document, line.line, cells))


def counts(connection: Connection) -> Iterator[bytes]:
    """Every count, and what it found."""
    count, document = tables.counts.c, tables.documents.c
    query = select(tables.counts, document.source, document.ref, document.who)
    query = query.join(tables.documents, document.id == count.document)

    def cells(row: Mapping[Any, Any]) -> Row:
        return (
            iso_utc(row["at_ms"] / 1000), row["source"], row["ref"], row["line"], row["gtin"], row["place"],
            row["lot"], shown(row["thousandths"]), shown(row["expected"]), shown(row["variance"]), row["reason"],
            row["who"], "yes" if row["voided"] else "",
        )  # fmt: skip

    return _csv(COUNT_COLUMNS, _paged(connection, query, count.document, count.line, cells))


#: By the name of the file.
EXPORTS: Mapping[str, Callable[[Connection], Iterator[bytes]]] = {
    "products.csv": products,
    "planogram.csv": planogram,
    "stock.csv": stock,
    "moves.csv": moves,
    "counts.csv": counts,
}


def _paged(
    connection: Connection, query: Any, document: Any, line: Any, cells: Callable[[Mapping[Any, Any]], Row]
) -> Iterator[Row]:
    """Document by document: the table may be far longer than memory."""
    last = 0
    while True:
        page = connection.execute(query.where(document > last).order_by(document, line).limit(_PAGE)).mappings().all()
        if len(page) == _PAGE:  # the last document may go on: it begins the next page, unless it fills this one
            whole = [row for row in page if row["document"] != page[-1]["document"]]
            if not whole:
                one = query.where(document == page[-1]["document"]).order_by(line)
                whole = list(connection.execute(one).mappings())
            page = whole
        yield from (cells(row) for row in page)
        if len(page) == 0:
            return
        last = page[-1]["document"]


def _csv(columns: Sequence[str], rows: Iterable[Row]) -> Iterator[bytes]:
    """Page by page, the names of the columns first."""
    paper = io.StringIO()
    writer = csv.writer(paper, lineterminator="\r\n")
    writer.writerow(columns)
    for number, row in enumerate(rows, start=1):
        writer.writerow([_harmless(cell) for cell in row])
        if number % _PAGE == 0:
            yield paper.getvalue().encode()
            paper.seek(0)
            paper.truncate()
    yield paper.getvalue().encode()


def _harmless(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def _money(cents: int) -> str:
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02d}"
