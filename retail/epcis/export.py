"""Exports what is known of a span of time: as an EPCISDocument, and as a table."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from retail.epcis.document import CONTEXT, VERSION
from retail.epcis.identity import gtin_of, lot_of
from retail.epcis.naming import OWN_CONTEXT
from retail.epcis.query import Position, Query
from retail.epcis.search import PageOfEvents
from retail.epcis.shape import moment_text

_OFFSET = re.compile(r"[+-]\d\d:\d\d", re.ASCII)

#: The next page of a query.
Next = Callable[[Query], PageOfEvents]

COLUMNS = (
    "event_time", "offset", "event_id", "type", "action", "biz_step", "disposition", "read_point", "biz_location",
    "gtin", "lot", "epc", "quantity", "uom", "transaction", "declared_wrong", "record_time",
)  # fmt: skip


def pages(query: Query, more: Next) -> Iterator[list[dict[str, Any]]]:
    """Every page, until there is none."""
    while True:
        page = more(query)
        yield page.events
        if not page.token:
            return
        at_ms, whose, number = page.token.split(".")
        query.after = Position(int(at_ms), whose, int(number))


def as_document(query: Query, more: Next, created_ms: int) -> Iterator[bytes]:
    """One EPCISDocument, written page by page. Events of others bring their own context."""
    head = {"@context": [CONTEXT, dict(OWN_CONTEXT)], "type": "EPCISDocument", "schemaVersion": VERSION}
    begin = json.dumps(head | {"creationDate": moment_text(created_ms)}, ensure_ascii=False)
    yield f'{begin[:-1]}, "epcisBody": {{"eventList": ['.encode()
    behind = ""
    for events in pages(query, more):
        for event in events:
            yield f"{behind}\n{json.dumps(event, ensure_ascii=False)}".encode()
            behind = ","
    yield b"\n]}}\n"


def as_table(query: Query, more: Next) -> Iterator[bytes]:
    """CSV with a row for each EPC and each quantity of an event; one with neither has one row."""
    yield _rows([COLUMNS])
    for events in pages(query, more):
        yield _rows([row for event in events for row in rows_of(event)])


def rows_of(event: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    place, where = event.get("readPoint", {}).get("id", ""), event.get("bizLocation", {}).get("id", "")
    begin = (
        event["eventTime"], event["eventTimeZoneOffset"], event.get("eventID", ""), event["type"],
        event.get("action", ""), event.get("bizStep", ""), event.get("disposition", ""), place, where,
    )  # fmt: skip
    transaction = " ".join(one["bizTransaction"] for one in event.get("bizTransactionList", ()))
    end = (transaction, event.get("errorDeclaration", {}).get("reason", "") if "errorDeclaration" in event else "",
           event.get("recordTime", ""))  # fmt: skip
    found = False
    for name in ("epcList", "childEPCs", "inputEPCList", "outputEPCList"):
        for epc in event.get(name, ()):
            found = True
            yield (*begin, gtin_of(epc), "", epc, 1, "", *end)
    for name in ("quantityList", "childQuantityList", "inputQuantityList", "outputQuantityList"):
        for one in event.get(name, ()):
            found = True
            uri = one["epcClass"]
            yield (*begin, gtin_of(uri), lot_of(uri), "", one.get("quantity", ""), one.get("uom", ""), *end)
    if not found:
        yield (*begin, "", "", "", "", "", *end)


def _rows(rows: Any) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows([[_safe(one) for one in row] for row in rows])
    return text.getvalue().encode()


def _safe(value: Any) -> Any:
    """A spreadsheet must not take a text of somebody else's for a formula; an offset from UTC begins with a sign."""
    if not isinstance(value, str) or value[:1] not in ("=", "+", "-", "@", "\t", "\r") or _OFFSET.fullmatch(value):
        return value
    return f"'{value}"
