"""Reads the ledger for people: what happened to a product, and what the newest documents are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import BigInteger, Connection, Integer, cast, literal, null, select, union_all

from retail.ledger import tables
from retail.ledger.document import OUTSIDE


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


def conflicts(connection: Connection, *, gtin: str = "", most: int = 50) -> list[dict[str, Any]]:
    """Lines that were told again and differently, the newest first: what `stands`, and what was `said` later. They end
    when every product and place that they are about was counted since: what is there was looked at.

    `{"source", "ref", "kind", "who", "line", "at_ms", "stands", "said"}`; both are `{"gtin", "code", "thousandths",
    "from", "to", "lot", "expiry", "price_cents"}`. With `gtin`: of that product alone, whichever of the two names it.
    """
    conflict, document = tables.conflicts.c, tables.documents.c
    query = select(tables.conflicts, document.source, document.ref, document.kind, document.who, document.at_ms)
    query = query.join(tables.documents, document.id == conflict.document)
    found: list[dict[str, Any]] = []
    for row in connection.execute(query.order_by(conflict.sequence.desc(), conflict.document, conflict.line)):
        said = _said(json.loads(row.said), row.line)
        stands = _stands(connection, row.document, row.line)
        if gtin and gtin not in (said["gtin"], stands["gtin"]):
            continue
        if _counted_since(connection, row.sequence, stands, said):
            continue
        named = {name: getattr(row, name) for name in ("source", "ref", "kind", "who", "line", "at_ms")}
        found.append({**named, "stands": stands, "said": said})
        if len(found) == most:
            break
    return found


def _counted_since(connection: Connection, sequence: int, *sides: Mapping[str, Any]) -> bool:
    about = {(side["gtin"], side[way]) for side in sides for way in ("from", "to")}
    pairs = [(gtin, place) for gtin, place in about if gtin and place and place not in OUTSIDE]
    count, document = tables.counts.c, tables.documents.c
    query = select(count.document).join(tables.documents, document.id == count.document)
    query = query.where(document.sequence > sequence, count.voided.is_(False)).limit(1)
    return bool(pairs) and all(
        connection.execute(query.where(count.gtin == gtin, count.place == place)).first() for gtin, place in pairs
    )


def _said(document: Mapping[str, Any], number: int) -> dict[str, Any]:
    line: Mapping[str, Any] = next((one for one in document.get("lines", ()) if one["line"] == number), {})
    texts = {name: line.get(name, "") for name in ("gtin", "code", "from", "to", "lot", "expiry")}
    return {**texts, "thousandths": line.get("thousandths"), "price_cents": line.get("price_cents")}


def _stands(connection: Connection, document: int, number: int) -> dict[str, Any]:
    """As it was booked, or as it waits for its code."""
    line, waits = tables.lines.c, tables.unknown.c
    row = connection.execute(select(tables.lines).where(line.document == document, line.line == number)).first()
    if row is not None:
        return {"gtin": row.gtin, "code": "", "from": row.from_account, "to": row.to_account, "lot": row.lot,
                "expiry": row.expiry, "thousandths": row.thousandths, "price_cents": row.price_cents}  # fmt: skip
    said = connection.scalar(select(waits.said).where(waits.document == document, waits.line == number))
    return _said({"lines": [json.loads(said)] if said else []}, number)
