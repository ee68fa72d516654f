"""The work in the store as CSV: tasks, beliefs, orders, deliveries, booked counts, days. Times are UTC."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, text

from core.clock import iso_utc

#: By file: what is read. What an open count expects stays out: who counts may read this too.
_QUERIES: Mapping[str, str] = {
    "tasks.csv": "SELECT id, kind, gtin, slot, place, lot, state, value_cents_h, source, reason, opened_ms, "
    "changed_ms, ended_ms, taken_by, ended_by, how FROM tasks ORDER BY opened_ms, id",
    "beliefs.csv": "SELECT gtin, place, on_hand, low, high, confidence, empty, reason, changed_ms FROM beliefs b "
    "WHERE NOT EXISTS (SELECT 1 FROM count_items i JOIN count_sheets s ON s.id = i.sheet "
    "WHERE i.gtin = b.gtin AND s.state IN ('open', 'recount')) ORDER BY gtin, place",
    "slots.csv": "SELECT slot, bay, gtin, state, facings, facings_of, confidence, found, label, since_ms "
    "FROM slot_states ORDER BY slot",
    "orders.csv": 'SELECT o.id AS "order", o.supplier, o.state, o.made_by, o.made_ms, o.sent_by, o.sent_ms, '
    "o.expected_ms, l.gtin, l.thousandths, l.received, l.reason FROM purchase_orders o "
    "LEFT JOIN purchase_order_lines l ON l.order_id = o.id ORDER BY o.made_ms, o.id, l.gtin",
    "deliveries.csv": 'SELECT r.id AS delivery, r.order_id AS "order", r.supplier, r.ref, r.state, l.gtin, l.code, '
    "l.lot, l.expiry, l.thousandths, l.damaged, l.at_ms, l.who FROM receivings r "
    "LEFT JOIN receiving_lines l ON l.receiving = r.id ORDER BY r.opened_ms, r.id, l.at_ms, l.key",
    "sheets.csv": "SELECT s.id AS sheet, s.title, s.state, s.approved_by, s.posted_ms, i.number, i.gtin, i.place, "
    "i.slot, i.counted, i.expected, i.variance, i.value_cents, i.reason FROM count_sheets s "
    "JOIN count_items i ON i.sheet = s.id WHERE s.state = 'posted' ORDER BY s.posted_ms, s.id, i.number",
    "days.csv": "SELECT day, osa, slots, sales_cents, shrink_cents FROM store_days ORDER BY day",
}
WORK_EXPORTS = tuple(_QUERIES)
_UNITS = frozenset({"thousandths", "received", "damaged", "counted", "expected", "variance", "on_hand", "low", "high"})
_NAMES: Mapping[str, str] = {"thousandths": "quantity"}
_PAGE = 2000
#: A cell that begins so is run as a formula by spreadsheet programs.
_FORMULA = ("=", "+", "@", "\t", "\r")


def work_rows(connection: Connection, name: str) -> Iterator[bytes]:
    """The file `name` of `WORK_EXPORTS`, page by page, the names of the columns first."""
    found = connection.execute(text(_QUERIES[name]))
    columns = list(found.keys())
    paper = io.StringIO()
    writer = csv.writer(paper, lineterminator="\r\n")
    writer.writerow([_named(column) for column in columns])
    while page := found.fetchmany(_PAGE):
        for row in page:
            writer.writerow([_cell(column, value) for column, value in zip(columns, row, strict=True)])
        yield paper.getvalue().encode()
        paper.seek(0)
        paper.truncate()
    yield paper.getvalue().encode()


def _named(column: str) -> str:
    return f"{column.removesuffix('_ms')}_utc" if column.endswith("_ms") else _NAMES.get(column, column)


def _cell(column: str, value: Any) -> Any:
    if value is None:
        return ""
    if column.endswith("_ms"):
        return iso_utc(value / 1000)
    if column in _UNITS:
        return f"{value / 1000:.3f}".rstrip("0").rstrip(".")
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
