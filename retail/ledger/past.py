"""Reads the ledger for people: what happened to a product, and what the newest documents are."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Connection, Integer, cast, literal, null, select, union_all

from retail.ledger import tables


def timeline(connection: Connection, gtin: str, *, before_ms: int = 2**62, most: int = 100) -> list[dict[str, Any]]:
    """What moved and was counted of a product, the newest first, each with its document.

    `{"document", "line", "source", "ref", "kind", "who", "at_ms", "from", "to", "thousandths", "lot", "reason",
    "variance"}`; a count has no `from`, its place in `to` and how many there were in `thousandths`.
    """
    line, count, document = tables.lines.c, tables.counts.c, tables.documents.c
    moved = select(
        line.document, line.line, line.from_account.label("from"), line.to_account.label("to"), line.thousandths,
        line.at_ms, line.lot, line.reason, cast(null(), BigInteger).label("variance"), line.reverses,
    ).where(line.gtin == gtin, line.at_ms < before_ms).order_by(line.at_ms.desc()).limit(most)  # fmt: skip
    counted = select(
        count.document, count.line, literal("").label("from"), count.place.label("to"), count.thousandths,
        count.at_ms, count.lot, count.reason, count.variance, cast(null(), Integer).label("reverses"),
    ).where(count.gtin == gtin, count.at_ms < before_ms, count.voided.is_(False))  # fmt: skip
    counted = counted.order_by(count.at_ms.desc()).limit(most)
    both = union_all(select(moved.subquery()), select(counted.subquery())).subquery("both")
    query = select(both, document.source, document.ref, document.kind, document.who)
    query = query.join(tables.documents, document.id == both.c.document)
    query = query.order_by(both.c.at_ms.desc(), both.c.document.desc(), both.c.line.desc()).limit(most)
    return [dict(row) for row in connection.execute(query).mappings()]


def newest_documents(connection: Connection, most: int = 20) -> list[dict[str, Any]]:
    """In the order in which they came, the last first."""
    query = select(tables.documents).order_by(tables.documents.c.id.desc()).limit(most)
    return [dict(row) for row in connection.execute(query).mappings()]
