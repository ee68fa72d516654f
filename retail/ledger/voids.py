"""Voids: each line of a document is taken back by at most one, the earliest by its own time, whatever came first.

A reversal is a line of the void's document that moves the same goods the other way at the void's time. It follows from
the facts alone, so that a void that arrives before what it takes back, or after another one, ends in the same ledger.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, insert, select, update

from retail.ledger import tables
from retail.ledger.balance import Changes

_WHOLE = -1
#: Reversal lines are numbered from here, so that they never meet the void's own lines.
REVERSALS = 1_000_000


def settle(connection: Connection, target: int, source: str, ref: str, changes: Changes) -> list[dict[str, Any]]:
    """Brings the reversals of document `target` to what its voids say; the rows that were added."""
    found = claims(connection, source, ref)
    wanted = reversals(connection, target, found)
    there = {(row.document, row.line): row for row in _written(connection, target, found)}
    gone = [key for key, row in there.items() if key not in wanted or wanted[key]["at_ms"] != row.at_ms]
    for key in gone:
        changes.moved(there[key]._mapping, back=True)
    if gone:
        here = (tables.lines.c.document == bindparam("of")) & (tables.lines.c.line == bindparam("number"))
        connection.execute(delete(tables.lines).where(here), [{"of": key[0], "number": key[1]} for key in gone])
    added = [row for key, row in wanted.items() if key not in there or key in gone]
    if added:
        connection.execute(insert(tables.lines), added)
    for row in added:
        changes.moved(row)
    _void_counts(connection, target, found, changes)
    return added


def reversals(connection: Connection, target: int, found: Sequence[Row[Any]]) -> dict[tuple[int, int], dict[str, Any]]:
    """What takes back the lines of `target`, by the void's document and line number there."""
    column = tables.lines.c
    rows = connection.execute(select(tables.lines).where(column.document == target, column.reverses.is_(None)))
    wanted: dict[tuple[int, int], dict[str, Any]] = {}
    for row in rows.mappings():
        claim = _claim(found, row["line"])
        if claim is not None:
            made = _reversal(row, claim)
            wanted[made["document"], made["line"]] = made
    return wanted


def claims(connection: Connection, source: str, ref: str) -> Sequence[Any]:
    """The voids of a document, the one that counts first: by time, then by name."""
    void, document = tables.voids.c, tables.documents.c
    query = select(void.document, void.line, void.at_ms).join(tables.documents, document.id == void.document)
    query = query.where(void.source == source, void.ref == ref)
    order = (void.at_ms, document.source, document.ref, void.line)
    rows: Sequence[Any] = connection.execute(query.order_by(*order)).all()
    return rows


def _claim(found: Sequence[Row[Any]], line: int) -> Row[Any] | None:
    return next((claim for claim in found if claim.line in (_WHOLE, line)), None)


def _written(connection: Connection, target: int, found: Sequence[Row[Any]]) -> Sequence[Row[Any]]:
    column = tables.lines.c
    documents = {claim.document for claim in found}
    query = select(tables.lines).where(column.document.in_(documents), column.reverses == target)
    rows: Sequence[Row[Any]] = connection.execute(query).all()
    return rows


def _reversal(row: Mapping[Any, Any], claim: Row[Any]) -> dict[str, Any]:
    return {
        **row,
        "document": claim.document,
        "line": REVERSALS + row["line"],
        "from_account": row["to_account"],
        "to_account": row["from_account"],
        "at_ms": claim.at_ms,
        "price_cents": None if row["price_cents"] is None else -row["price_cents"],
        "reverses": row["document"],
    }


def _void_counts(connection: Connection, target: int, found: Sequence[Row[Any]], changes: Changes) -> None:
    column = tables.counts.c
    for row in connection.execute(select(tables.counts).where(column.document == target)).mappings().all():
        if not row["voided"] and _claim(found, row["line"]) is not None:
            here = (column.document == target) & (column.line == row["line"])
            connection.execute(update(tables.counts).where(here).values(voided=True))
            changes.counted(row)
