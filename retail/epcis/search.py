"""Finds events: what was captured, and what the store's own documents say, in one order, page by page."""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, or_, select

from retail.epcis import tables
from retail.epcis.capture import digest, event_id, thing
from retail.epcis.mapping import events_of, taken_back
from retail.epcis.naming import Naming, own_event
from retail.epcis.query import Position, Query
from retail.epcis.shape import moment_text
from retail.ledger import tables as ledger
from retail.ledger.document import Count, Document, Line, Voided
from verticals.store.tables import events as recorded

#: So many documents and captured events are looked at for one page; the next one goes on from there.
MOST_LOOKED_AT = 5000
_PORTION = 200
#: A line may have a time of its own: documents this much earlier or later are looked at too.
_AROUND_MS = 24 * 3600 * 1000
_WHOLE = -1

Found = tuple[Position, list[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class PageOfEvents:
    """`token` gives the next page; empty when there is none."""

    events: list[dict[str, Any]]
    token: str = ""


def search(connection: Connection, query: Query, naming: Naming) -> PageOfEvents:
    """The next page of what fits, both of others and our own."""
    sources = [_captured(connection, query), _own(connection, query, naming)]
    sign = -1 if query.newest_first else 1
    found: list[dict[str, Any]] = []
    most = query.limit or query.per_page
    for looked_at, (position, events) in enumerate(
        heapq.merge(*sources, key=lambda one: (sign * one[0].at_ms, one[0].whose, sign * one[0].number)), 1
    ):
        found += [event for event in events if query.fits(event)]
        if len(found) >= most or looked_at >= MOST_LOOKED_AT:
            return PageOfEvents(found[: query.limit]) if query.limit else PageOfEvents(found, position.token())
    return PageOfEvents(found)


def event_called(connection: Connection, name: str, naming: Naming) -> list[dict[str, Any]]:
    """The event of this id and its error declarations, the event first; empty when there is none."""
    column = tables.events.c
    query = select(tables.events).where(column.name == digest(name)).order_by(column.declared_ms)
    found = [_said(row) for row in connection.execute(query).mappings()]
    document = own_event(name)
    if document is not None:
        rows = _documents(connection, [ledger.documents.c.source == document[0], ledger.documents.c.ref == document[1]])
        for row in rows:
            found += [event for event in _events(connection, [row], naming)[0][1] if event["eventID"] == name]
            found += [event for event in _voiding(connection, row, naming) if event["eventID"] == name]
    return found


# What was captured


def _captured(connection: Connection, query: Query) -> Iterator[Found]:
    column = tables.events.c
    wanted = [column.at_ms >= query.begin_ms, column.at_ms < query.end_ms]
    if query.event_ids:
        wanted.append(column.name.in_([digest(one) for one in query.event_ids]))
    for some in query.things:
        about = select(tables.things.c.event).where(tables.things.c.thing.in_([thing(one) for one in some]))
        wanted.append(column.id.in_(about))
    for row in _pages(connection, select(tables.events), column, "captured", query, wanted):
        yield Position(row["at_ms"], "captured", row["id"]), [_said(row)]


def _said(row: Mapping[Any, Any]) -> dict[str, Any]:
    """As it came, with the id it is known by and when it was recorded here."""
    said: dict[str, Any] = json.loads(row["said"])
    return said | {"eventID": event_id(said), "recordTime": moment_text(row["recorded_ms"])}


def _pages(
    connection: Connection, select_from: Any, column: Any, whose: str, query: Query, wanted: Sequence[Any]
) -> Iterator[Mapping[Any, Any]]:
    """Rows in the order of the query, after its position, read in portions."""
    after = query.after
    order = (column.at_ms.desc(), column.id.desc()) if query.newest_first else (column.at_ms, column.id)
    while True:
        here = list(wanted)
        if after is not None:
            here.append(_behind(column, whose, after, query.newest_first))
        rows = connection.execute(select_from.where(*here).order_by(*order).limit(_PORTION)).mappings().all()
        yield from rows
        if len(rows) < _PORTION:
            return
        after = Position(rows[-1]["at_ms"], whose, rows[-1]["id"])


def _behind(column: Any, whose: str, after: Position, newest_first: bool) -> Any:
    later = column.at_ms < after.at_ms if newest_first else column.at_ms > after.at_ms
    if whose == after.whose:
        number = column.id < after.number if newest_first else column.id > after.number
        return or_(later, and_(column.at_ms == after.at_ms, number))
    if whose > after.whose:  # of one moment the other's come first: those of this one are still to come
        return or_(later, column.at_ms == after.at_ms)
    return later


# Our own


def _own(connection: Connection, query: Query, naming: Naming) -> Iterator[Found]:
    column = ledger.documents.c
    begin_ms, end_ms = max(query.begin_ms, -(2**60)) - _AROUND_MS, min(query.end_ms, 2**60) + _AROUND_MS
    within = or_(column.at_ms < end_ms, column.kind == "void")  # what takes back speaks of an earlier time
    wanted: list[Any] = [column.at_ms >= begin_ms, within]
    if query.event_ids:
        named = [one for one in map(own_event, query.event_ids) if one is not None]
        if not named:
            return
        wanted.append(or_(*(and_(column.source == source, column.ref == ref) for source, ref in named)))
    joined = select(ledger.documents, recorded.c.at_utc_s.label("recorded_utc_s"))
    joined = joined.outerjoin(recorded, recorded.c.sequence == column.sequence)
    portion: list[Mapping[Any, Any]] = []
    for row in _pages(connection, joined, column, "own", query, wanted):
        portion.append(row)
        if len(portion) == _PORTION:
            yield from _events(connection, portion, naming)
            portion = []
    yield from _events(connection, portion, naming)


def _documents(connection: Connection, wanted: Sequence[Any]) -> Sequence[Mapping[Any, Any]]:
    joined = select(ledger.documents, recorded.c.at_utc_s.label("recorded_utc_s"))
    joined = joined.outerjoin(recorded, recorded.c.sequence == ledger.documents.c.sequence)
    return connection.execute(joined.where(*wanted)).mappings().all()


def _events(connection: Connection, rows: Sequence[Mapping[Any, Any]], naming: Naming) -> list[Found]:
    documents = read_documents(connection, rows)
    found = []
    for row in rows:
        document = documents[row["id"]]
        target = (
            None if document.voids is None else document_called(connection, document.voids.source, document.voids.ref)
        )
        events = events_of(document, naming) if target is None else taken_back(target, document, naming)
        at_ms = row["at_ms"] if row["recorded_utc_s"] is None else round(row["recorded_utc_s"] * 1000)
        told = [event | {"recordTime": moment_text(at_ms)} for event in events]
        found.append((Position(row["at_ms"], "own", row["id"]), told))
    return found


def _voiding(connection: Connection, row: Mapping[Any, Any], naming: Naming) -> list[dict[str, Any]]:
    """What the voids of a document say."""
    column = ledger.voids.c
    query = select(column.document).where(column.source == row["source"], column.ref == row["ref"]).distinct()
    numbers = list(connection.scalars(query))
    if not numbers:
        return []
    rows = _documents(connection, [ledger.documents.c.id.in_(numbers)])
    return [event for _, events in _events(connection, rows, naming) for event in events]


def document_called(connection: Connection, source: str, ref: str) -> Document | None:
    """None while it has not come."""
    column = ledger.documents.c
    rows = _documents(connection, [column.source == source, column.ref == ref])
    return next(iter(read_documents(connection, rows).values()), None)


def read_documents(connection: Connection, rows: Sequence[Mapping[Any, Any]]) -> dict[int, Document]:
    """The documents of these rows of `ledger_documents` as they were told, without what was derived from them."""
    numbers = [row["id"] for row in rows]
    if not numbers:
        return {}
    lines, counts, voids = (_of(connection, table, numbers) for table in (ledger.lines, ledger.counts, ledger.voids))
    found = {}
    for row in rows:
        number = row["id"]
        told = [_line(one, row["at_ms"]) for one in lines.get(number, ()) if one["reverses"] is None]
        counted = [_count(one) for one in counts.get(number, ())]
        found[number] = Document(
            row["source"], row["ref"], row["kind"], row["at_ms"] / 1000, told, counted, _voided(voids.get(number, ())),
            row["who"], row["reason"],
        )  # fmt: skip
    return found


def _of(connection: Connection, table: Any, numbers: Sequence[int]) -> dict[int, list[Mapping[Any, Any]]]:
    query = select(table).where(table.c.document.in_(numbers)).order_by(table.c.document, table.c.line)
    found: dict[int, list[Mapping[Any, Any]]] = {}
    for row in connection.execute(query).mappings():
        found.setdefault(row["document"], []).append(row)
    return found


def _line(row: Mapping[Any, Any], document_ms: int) -> Line:
    at_utc_s = None if row["at_ms"] == document_ms else row["at_ms"] / 1000
    return Line(
        row["line"], row["thousandths"], row["from_account"], row["to_account"], row["gtin"], "", row["lot"],
        row["expiry"], row["reason"], row["price_cents"], at_utc_s,
    )  # fmt: skip


def _count(row: Mapping[Any, Any]) -> Count:
    return Count(row["line"], row["gtin"], row["place"], row["thousandths"], row["lot"], row["expiry"], row["reason"])


def _voided(rows: Sequence[Mapping[Any, Any]]) -> Voided | None:
    if not rows:
        return None
    lines = tuple(row["line"] for row in rows)
    return Voided(rows[0]["source"], rows[0]["ref"], None if _WHOLE in lines else lines)
