"""The REST interface of EPCIS 2.0 for programs: capture and query, each request signed (`verticals/signature.py`).

Source: GS1 EPCIS 2.0, 12 (REST binding). What is not offered here answers 404; a query parameter that is not known
is refused.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import select

from core.errors import InputError
from retail.catalogue import tables as catalogue
from retail.catalogue.product import KILOGRAM
from retail.epcis import tables
from retail.epcis.capture import KIND, capture_id, event_id
from retail.epcis.document import query_document, read_document, read_json
from retail.epcis.event import check_event
from retail.epcis.naming import OWN_CONTEXT, Naming
from retail.epcis.proposals import naming_of
from retail.epcis.query import read_query
from retail.epcis.search import PageOfEvents, event_called, search
from retail.epcis.shape import moment_text
from retail.settings import RetailSettings
from verticals.signature import read_secret
from verticals.web import Answered, Data, Desk, Hook, Posted, Secret

#: Said with every answer (12.4).
HEADERS: Mapping[str, str] = {
    "GS1-EPCIS-Version": "2.0.0", "GS1-EPCIS-Min": "2.0.0", "GS1-EPCIS-Max": "2.0.0", "GS1-CBV-Version": "2.0.0",
    "GS1-EPC-Format": "Always_GS1_Digital_Link", "GS1-CBV-XML-Format": "Never_Translates",
    "GS1-EPCIS-Capture-Limit": "20000", "GS1-EPCIS-Capture-File-Size-Limit": str(8 << 20),
}  # fmt: skip
_BEHAVIOURS = ("rollback", "proceed")


def capture(desk: Desk, posted: Posted) -> Answered:
    """202 when the document is stored; what became of it is told under `Location`.

    `GS1-Capture-Error-Behaviour: rollback` (as without it) takes all events or none; `proceed` takes the good ones.
    """
    said = read_json(posted.content)
    behaviour = posted.headers.get("gs1-capture-error-behaviour", "rollback").lower()
    if behaviour not in _BEHAVIOURS:
        raise InputError(f"GS1-Capture-Error-Behaviour: '{behaviour[:40]}', expected: rollback or proceed")
    refused: list[str] = []
    if behaviour == "proceed":
        said, refused = _good_alone(said)
    name = capture_id(posted.content)
    _bring(desk, name, read_document(said).standing(), refused)
    return Data({"captureID": name}, 202, {**HEADERS, "Location": f"/epcis/capture/{name}"})


def one_event(desk: Desk, posted: Posted) -> Answered:
    """A single event: 201 when it is stored, with its address."""
    said = read_json(posted.content)
    if not isinstance(said, Mapping) or said.get("type") == "EPCISDocument":
        raise InputError("POST /epcis/events takes one event", hint="Send documents to /epcis/capture.")
    [event] = read_document(said).standing()
    _bring(desk, capture_id(posted.content), [event], [])
    return Data({"eventID": event_id(event)}, 201, {**HEADERS, "Location": f"/epcis/events/{event_id(event)}"})


def job(desk: Desk, posted: Posted) -> Answered:
    """How a capture went; it is running until the line has taken it from the inbox."""
    name = posted.path["capture"]
    with desk.read() as connection:
        row = connection.execute(select(tables.captures).where(tables.captures.c.id == name)).mappings().first()
    if row is None:
        return Data({"captureID": name, "running": True, "success": False, "errors": []}, 200, HEADERS)
    errors = [{"type": "epcisException:ValidationException", "detail": one} for one in json.loads(row["refused"])]
    at = moment_text(row["at_ms"])
    told = {"captureID": name, "createdAt": at, "finishedAt": at, "running": False, "success": not errors}
    return Data(told | {"taken": row["taken"], "known": row["known"], "errors": errors}, 200, HEADERS)


def events(desk: Desk, posted: Posted) -> Answered:
    """The simple event query; `Link` names the next page."""
    return _found(desk, posted, dict(posted.query))


def about(parameter: str, part: str) -> Callable[[Desk, Posted], Answered]:
    """The events of one resource: an EPC, a business step, ..."""

    def view(desk: Desk, posted: Posted) -> Answered:
        return _found(desk, posted, {**posted.query, parameter: posted.path[part]})

    return view


def event(desk: Desk, posted: Posted) -> Answered:
    """One event with its error declarations; 404 where there is none."""
    with desk.read() as connection:
        naming = naming_for(connection, desk.settings)
        found = event_called(connection, posted.path["event_id"], naming)
    if not found:
        said = {"type": "epcisException:NoSuchResourceException", "title": "no event has this eventID", "status": 404}
        return Data(said, 404, HEADERS)
    return _answer(desk, PageOfEvents(found))


def naming_for(connection: Any, settings: RetailSettings) -> Naming:
    """How the store is called, and which of its products are sold by weight."""
    product = catalogue.products.c
    return naming_of(settings, frozenset(connection.scalars(select(product.gtin).where(product.unit == KILOGRAM))))


def _found(desk: Desk, posted: Posted, asked: Mapping[str, str]) -> Answered:
    query = read_query(asked)
    with desk.read() as connection:
        page = search(connection, query, naming_for(connection, desk.settings))
    more = {}
    if page.token:
        again = urlencode({**posted.query, "nextPageToken": page.token})
        more = {"Link": f'<?{again}>; rel="next"', "GS1-Next-Page-Token-Expires": "9999-12-31T23:59:59Z"}
    return _answer(desk, page, more)


def _answer(desk: Desk, page: PageOfEvents, more: Mapping[str, str] | None = None) -> Answered:
    said = query_document(page.events, [dict(OWN_CONTEXT)], round(desk.clock.now().utc_s * 1000))
    return Data(said, 200, {**HEADERS, **(more or {})})


def _good_alone(said: Any) -> tuple[Any, list[str]]:
    """The document without the events that are none, and why each is not."""
    body = said.get("epcisBody") if isinstance(said, Mapping) else None
    listed = body.get("eventList") if isinstance(body, Mapping) else None
    if not isinstance(body, Mapping) or not isinstance(listed, list):
        return said, []
    good, refused = [], []
    for place, one in enumerate(listed):
        try:
            good.append(check_event(one, f"epcisBody.eventList[{place}]"))
        except InputError as error:
            refused.append(error.message)
    return {**said, "epcisBody": {**body, "eventList": good}}, refused


def _bring(desk: Desk, name: str, told: list[dict[str, Any]], refused: list[str]) -> None:
    if told or refused:
        desk.bring(KIND, name, {"kind": KIND, "capture": name, "events": told, "refused": refused[:100]})


def secret(desk: Desk) -> Secret | None:
    """None where the site lets nobody capture and query."""
    epcis = desk.settings.epcis
    return Secret(read_secret(Path(epcis.secret_file)), epcis.within) if epcis.secret_file else None


HOOKS = (
    Hook("/epcis/capture", capture, secret),
    Hook("/epcis/capture/<capture>", job, secret, methods=("GET",)),
    Hook("/epcis/events", one_event, secret),
    Hook("/epcis/events", events, secret, methods=("GET",)),
    Hook("/epcis/events/<path:event_id>", event, secret, methods=("GET",)),
    Hook("/epcis/epcs/<path:epc>/events", about("MATCH_anyEPC", "epc"), secret, methods=("GET",)),
    Hook("/epcis/bizSteps/<step>/events", about("EQ_bizStep", "step"), secret, methods=("GET",)),
    Hook("/epcis/eventTypes/<kind>/events", about("eventType", "kind"), secret, methods=("GET",)),
)
