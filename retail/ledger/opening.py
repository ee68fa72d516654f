"""Where a record begins: a first count of a product at a place, before which the book held none, finds no surplus. It
says what was there all along.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, exists

from retail.ledger import tables


def is_opening() -> ColumnElement[bool]:
    """Of a row of `ledger_counts`."""
    count, earlier = tables.counts.c, tables.counts.alias("earlier").c
    before = exists().where(
        earlier.gtin == count.gtin, earlier.place == count.place, earlier.voided.is_(False), earlier.at_ms < count.at_ms
    )
    return and_(count.expected <= 0, ~before)
