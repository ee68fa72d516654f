"""Opening stock and past sales from CSV, as documents of the ledger: parsed whole, without a store."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from retail.catalogue.sheet import Row, read_rows
from retail.ledger.document import CUSTOMER, Count, Document, Line

STOCK_COLUMNS = ("item", "place", "quantity", "lot", "expiry")
SALES_COLUMNS = ("till", "receipt", "time", "item", "quantity", "amount", "kind")
IMPORT = "import"
#: Counts in one document of an opening stock.
_COUNTS_A_DOCUMENT = 2000

#: The GTIN-14 of an item code, empty for one that nobody knows.
Find = Callable[[str], str]


def read_stock(content: bytes, name: str, find: Find, places: Sequence[str], at_utc_s: float) -> list[Document]:
    """What there was at `at_utc_s`, counted. The same file again is the same documents. Raises InputError.

    Each lot is counted first and then the whole, so that lots which the file does not name are gone.
    """
    sheet, rows = read_rows(content, name, STOCK_COLUMNS, ("item", "quantity"))
    held: dict[tuple[str, str], dict[tuple[str, str], int]] = {}
    for row in rows:
        gtin = find(row.text("item", 80, needed=True))
        if not gtin:
            sheet.fault(row.line, "item", "no product of this store has this code")
        key = gtin, row.one_of("place", places, places[0])
        lot = row.text("lot", 20), row.day("expiry")
        if lot in held.setdefault(key, {}):
            sheet.fault(
                row.line, "item", f"{gtin} at {key[1]} is there already" + (f", lot {lot[0]}" if lot[0] else "")
            )
        held[key][lot] = row.quantity("quantity")
    sheet.require_none()
    counts = [_counts(key, lots) for key, lots in sorted(held.items())]
    return _opening(counts, hashlib.sha256(content).hexdigest()[:16], at_utc_s)


def _counts(key: tuple[str, str], lots: Mapping[tuple[str, str], int]) -> list[Count]:
    gtin, place = key
    named = [
        Count(0, gtin, place, amount, lot, expiry, "opening") for (lot, expiry), amount in sorted(lots.items())
        if lot or expiry
    ]  # fmt: skip
    return [*named, Count(0, gtin, place, sum(lots.values()), reason="opening")]


def _opening(counts: Sequence[Sequence[Count]], mark: str, at_utc_s: float) -> list[Document]:
    documents: list[Document] = []
    page: list[Count] = []
    for several in counts:
        page += several
        if len(page) >= _COUNTS_A_DOCUMENT:
            documents.append(_page(page, f"stock/{mark}/{len(documents):05d}", at_utc_s))
            page = []
    return [*documents, _page(page, f"stock/{mark}/{len(documents):05d}", at_utc_s)] if page else documents


def _page(counts: Sequence[Count], ref: str, at_utc_s: float) -> Document:
    numbered = [
        Count(number, one.gtin, one.place, one.thousandths, one.lot, one.expiry, one.reason)
        for number, one in enumerate(counts, start=1)
    ]
    return Document(IMPORT, ref, "opening", at_utc_s, counts=tuple(numbered))


@dataclass(slots=True)
class _Receipt:
    at_utc_s: float
    kind: str
    lines: list[Line] = field(default_factory=list)


def read_sales(content: bytes, name: str, zone: ZoneInfo, place: str) -> list[Document]:
    """Past sales and returns, a row for each line of a receipt. Codes that nobody knows are kept with their lines.

    Raises InputError.
    """
    sheet, rows = read_rows(content, name, SALES_COLUMNS, ("receipt", "time", "item", "quantity"))
    receipts: dict[tuple[str, str], _Receipt] = {}
    for row in rows:
        key = row.text("till", 40, default="till"), row.text("receipt", 100, needed=True)
        kind = row.one_of("kind", ("sale", "return"), "sale")
        at_utc_s = row.moment("time", zone)
        if at_utc_s is None:
            if not row.cells.get("time"):
                sheet.fault(row.line, "time", "a date and time is expected")
            continue
        receipt = receipts.setdefault(key, _Receipt(at_utc_s, kind))
        if receipt.kind != kind:
            sheet.fault(row.line, "kind", f"receipt {key[1]} is a {receipt.kind} in another line")
        receipt.lines.append(_line(row, len(receipt.lines) + 1, kind, place))
    sheet.require_none()
    return [
        Document(f"{IMPORT}:{till}"[:64], ref, receipt.kind, receipt.at_utc_s, tuple(receipt.lines))
        for (till, ref), receipt in receipts.items()
    ]


def _line(row: Row, number: int, kind: str, place: str) -> Line:
    way = (place, CUSTOMER) if kind == "sale" else (CUSTOMER, place)
    amount = row.quantity("quantity", least=1)
    return Line(
        number, amount, *way, code=row.text("item", 80, needed=True), price_cents=row.cents("amount", negative=True)
    )
