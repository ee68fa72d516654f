"""EPCIS for people: export of a span of time, and what captured events would mean for the ledger."""

from __future__ import annotations

import json

from sqlalchemy import select

from core.errors import InputError, RefusedError
from retail.epcis import tables
from retail.epcis.capture import KIND
from retail.epcis.export import as_document, as_table
from retail.epcis.hooks import naming_for
from retail.epcis.proposal_rows import waiting
from retail.epcis.query import Query, read_query
from retail.epcis.search import PageOfEvents, search
from retail.office_frame import given
from retail.settings import STORE
from verticals.web import Answered, Asked, Data, Desk, Go, Page, Stream


def export(desk: Desk, asked: Asked) -> Answered:
    """Everything that fits the query, the oldest first: `format` is `epcis` or `csv`."""
    said = dict(asked.query)
    form = said.pop("format", "epcis")
    if form not in ("epcis", "csv"):
        raise InputError(f"format: '{form[:40]}', expected: epcis or csv")
    query = read_query({"perPage": "500", "orderDirection": "ASC", **said})

    def more(query: Query) -> PageOfEvents:
        with desk.read() as connection:
            return search(connection, query, naming_for(connection, desk.settings))

    if form == "csv":
        return Stream(as_table(query, more), "text/csv; charset=utf-8", "epcis-events.csv")
    created_ms = round(desk.clock.now().utc_s * 1000)
    return Stream(as_document(query, more, created_ms), "application/ld+json", "epcis-events.jsonld")


def proposals(desk: Desk, asked: Asked) -> Answered:
    """What waits for an answer."""
    with desk.read() as connection:
        return Data({"proposals": list(waiting(connection))})


def answer(desk: Desk, asked: Asked) -> Answered:
    """`act`: `book` books the document, `dismiss` puts it away; by a program or by a form. Raises RefusedError."""
    ref, act = asked.path["ref"], given(asked).get("act")
    if act not in ("book", "dismiss"):
        raise InputError("act: expected: book or dismiss")
    with desk.read() as connection:
        column = tables.proposals.c
        said = connection.execute(select(column.document).where(column.ref == ref, column.state == "open")).scalar()
    if said is None:
        raise RefusedError("this proposal is answered already, or was taken back", hint="Load the list anew.")
    if act == "dismiss":
        desk.bring(KIND, f"dismiss/{ref}", {"kind": KIND, "dismiss": ref, "who": asked.who})
        return Data({"accepted": True}) if asked.body is not None else Go("/ledger?said=dismissed")
    reply = desk.ask(STORE, "book", {"document": json.loads(said)}, who=asked.who, role=asked.role)
    if asked.body is None and reply.accepted:
        return Go("/ledger?said=booked")
    if asked.body is None:
        raise RefusedError(reply.reason)
    return Data({"accepted": reply.accepted, "reason": reply.reason}, 200 if reply.accepted else 409)


PAGES = (
    Page("/export/epcis", export, "viewer"),
    Page("/epcis/proposals", proposals, "associate"),
    Page("/epcis/proposals/<ref>", answer, "lead", methods=("POST",)),
)
