"""The store's own tables, from the events alone, and what its stations are handed from them.

Each room declares its tables in `retail.metadata` and its writers here: what a writer returns goes to the desk.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, select

from core.clock import Instant
from retail.catalogue import shelf
from retail.catalogue.item_code import resolve
from retail.epcis import capture, kept
from retail.ledger import balance, lots, tables
from retail.ledger.book import Booked, book, book_unknown
from retail.ledger.document import recorded_document
from retail.metadata import metadata
from retail.settings import STORE
from retail.signage import log, rows
from retail.work import recalling
from retail.work.writers import WRITERS as WORK
from verticals.contract import Event, Sample

__all__ = ["metadata", "project", "recall"]

_PAGE = 1000
Told = Mapping[str, Any]


def project(event: Event, connection: Connection) -> Iterable[tuple[str, Sample]]:
    """Writes what an event means; what the desk is told of it after the commit."""
    write = _WRITERS.get(event.kind)
    told = () if write is None else write(event, connection)
    return [_sample(one, event.at_utc_s) for one in told]


def recall(connection: Connection) -> Iterator[tuple[str, Sample]]:
    """The whole catalogue and every balance, in portions."""
    for page in shelf.pages(connection):
        yield _sample({"kind": "catalogue", **page}, 0.0)
    counted = balance.every_newest_count(connection)
    held: list[dict[str, Any]] = []
    for one in balance.every_on_hand(connection, counted):
        held.append(one)
        if len(held) == _PAGE:
            yield _sample({"kind": "ledger", "balances": held}, 0.0)
            held = []
    if held:
        yield _sample({"kind": "ledger", "balances": held}, 0.0)
        held = []
    waiting = select(tables.unknown.c.code).where(tables.unknown.c.booked.is_(False)).distinct()
    codes = list(connection.scalars(waiting))
    if codes:
        yield _sample({"kind": "ledger", "unknown": [{"code": code} for code in codes]}, 0.0)
    for (gtin, lot), expiry in lots.expiries(connection).items():
        held.append({"gtin": gtin, "lot": lot, "expiry": expiry})
    for first in range(0, len(held), _PAGE):
        yield _sample({"kind": "ledger", "lots": held[first : first + _PAGE]}, 0.0)
    for told in recalling.recall(connection):
        yield _sample(told, 0.0)


def _documents(event: Event, connection: Connection) -> Iterator[Told]:
    documents = [recorded_document(one) for one in event.data["documents"]]
    told = _told(book(connection, documents, event.sequence, resolve))
    dated = {line.gtin for one in documents for line in one.lines if line.expiry}
    dated |= {count.gtin for one in documents for count in one.counts if count.expiry}
    yield {**told, "lots": lots.dates_of(connection, dated)} if dated else told


def _catalogue(event: Event, connection: Connection) -> Iterator[Told]:
    codes = shelf.write(connection, event.data)
    yield {
        "kind": "catalogue",
        **{name: event.data[name] for name in ("products", "slots", "codes") if name in event.data},
    }
    booked = book_unknown(connection, codes)
    if booked.moved:
        yield {**_told(booked), "lots": lots.dates_of(connection, codes.values())}


def _epcis(event: Event, connection: Connection) -> Iterator[Told]:
    kept.write(event, connection)
    yield from ()


def _signage(event: Event, connection: Connection) -> Iterator[Told]:
    rows.write(event, connection)
    yield from ()


def _told(booked: Booked) -> Told:
    said = {"balances": booked.balances, "moved": booked.moved, "variances": booked.variances}
    return {"kind": "ledger", **said, "unknown": booked.unknown}


def _sample(told: Told, at_utc_s: float) -> tuple[str, Sample]:
    values = {
        name: value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
        for name, value in told.items()
    }
    return STORE, Sample("tables", Instant(0.0, at_utc_s), values)


_WRITERS: Mapping[str, Callable[[Event, Connection], Iterable[Told]]] = {
    **WORK,
    "documents": _documents,
    "catalogue": _catalogue,
    capture.KIND: _epcis,
    log.KIND: _signage,
}
