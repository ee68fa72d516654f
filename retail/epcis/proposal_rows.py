"""Keeps proposals until somebody answers them. An event that is declared an error takes its proposal back."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, insert, select, update

from retail.catalogue import tables as catalogue
from retail.epcis import tables
from retail.epcis.proposals import SOURCE
from retail.ledger import tables as ledger


def follow(connection: Connection, row: Mapping[str, Any], document: Mapping[str, Any] | None) -> None:
    """A new event: its proposal, where it has one and all of its products are known; or the end of one."""
    if row["declared_ms"]:
        _set(connection, row["name"], "withdrawn")
        return
    declared = select(tables.events.c.id).where(tables.events.c.name == row["name"], tables.events.c.declared_ms > 0)
    if document is None or connection.execute(declared).first() is not None or not _known(connection, document):
        return
    values = {"ref": row["name"], "at_ms": row["at_ms"], "state": "open", "who": ""}
    connection.execute(insert(tables.proposals).values(document=json.dumps(document), **values))


def answer(connection: Connection, ref: str, who: str) -> None:
    """Somebody does not want it."""
    _set(connection, ref, "dismissed", who)


def waiting(connection: Connection, most: int = 200) -> Iterator[dict[str, Any]]:
    """Those that nobody has answered, the oldest first: `{"ref", "document"}`."""
    column = tables.proposals.c
    query = select(column.ref, column.document).where(column.state == "open").order_by(column.at_ms).limit(most)
    booked = ledger.documents.c
    for row in connection.execute(query).all():
        document = json.loads(row.document)
        same = (booked.source == SOURCE, booked.ref == document["ref"])
        if connection.execute(select(booked.id).where(*same)).first() is None:
            yield {"ref": row.ref, "document": document}


def _set(connection: Connection, ref: str, state: str, who: str = "") -> None:
    column = tables.proposals.c
    here = (column.ref == ref, column.state == "open")
    connection.execute(update(tables.proposals).where(*here).values(state=state, who=who))


def _known(connection: Connection, document: Mapping[str, Any]) -> bool:
    wanted = {line["gtin"] for line in document["lines"]}
    product = catalogue.products.c
    there = connection.scalars(select(product.gtin).where(product.gtin.in_(wanted))).all()
    return wanted == set(there)
