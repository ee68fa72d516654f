"""EPCIS documents in JSON-LD: read with every fault named by its place, and written.

Source: GS1 EPCIS 2.0, 9.3 (documents, context) and 8.2.7 (query documents).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

from core.errors import InputError
from retail.epcis.event import Body, check_event, context
from retail.epcis.shape import anything, fault, fields, listed, matching, missing, moment, moment_text, text, uri

CONTEXT = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"
VERSION = "2.0"
_MOST_NESTED = 100

_vocabularies = listed(
    fields(
        {
            "type": uri,
            "vocabularyElementList": listed(
                fields(
                    {"id": uri, "attributes": listed(fields({"id": uri, "attribute": anything}, ["id"])),
                     "children": listed(uri)}, ["id"], open_to_others=True,
                )
            ),
        }, ["type"], open_to_others=True,
    )
)  # fmt: skip
_master_data = fields({"vocabularyList": _vocabularies}, open_to_others=True)
_envelope = fields(
    {
        "@context": context, "id": uri, "type": text,
        "schemaVersion": matching(r"\d+(\.\d+)*", "a version such as 2.0"), "creationDate": moment,
        "instanceIdentifier": text, "sender": text, "receiver": text,
        "epcisHeader": fields({"epcisMasterData": _master_data}, open_to_others=True), "epcisBody": anything,
    },
    ["@context", "type", "schemaVersion", "creationDate", "epcisBody"], open_to_others=True,
    what="an EPCISDocument, an object of JSON",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Document:
    """Events with the context that their extensions' prefixes are explained in. `said` is the document around them,
    as it came: sender, header and what else stands there."""

    events: Sequence[Body]
    context: Any = CONTEXT
    said: Body = field(default_factory=dict)

    def as_json(self, created_ms: int = 0) -> dict[str, Any]:
        """The same that was read; `created_ms` is when a new one was made."""
        if self.said:
            return {**self.said, "epcisBody": {**self.said["epcisBody"], "eventList": list(self.events)}}
        head = {"@context": self.context, "type": "EPCISDocument", "schemaVersion": VERSION}
        return {**head, "creationDate": moment_text(created_ms), "epcisBody": {"eventList": list(self.events)}}

    def standing(self) -> list[dict[str, Any]]:
        """Each event by itself, with the context that it needs."""
        own = self.context
        return [{"@context": event.get("@context", own), **event} for event in self.events]


def read_text(content: bytes | str) -> Document:
    """A document or a single event out of bytes of UTF-8. Raises InputError."""
    return read_document(read_json(content))


def read_json(content: bytes | str) -> Any:
    """JSON without NaN, without a key twice in one object, not nested without end. Raises InputError."""
    try:
        return json.loads(content, object_pairs_hook=_once, parse_constant=_no_number, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise InputError(f"this is no JSON: {str(error)[:120]}", hint="Send UTF-8, one EPCISDocument.") from error


def read_document(said: Any) -> Document:
    """An EPCISDocument, or one event with its context. Raises InputError."""
    if not isinstance(said, Mapping):
        raise fault("", said, "an EPCISDocument, an object of JSON")
    _shallow(said)
    if said.get("type") != "EPCISDocument":
        return _single(said)
    _envelope(said, "")
    body = said["epcisBody"]
    fields({"eventList": listed(anything)}, ["eventList"], open_to_others=True)(body, "epcisBody")
    events = [check_event(one, f"epcisBody.eventList[{place}]") for place, one in enumerate(body["eventList"])]
    return Document(events, said["@context"], said)


def _single(said: Mapping[str, Any]) -> Document:
    event = check_event(said, "event")
    if "@context" not in said:
        raise missing("event", ["@context"])
    return Document([event], said["@context"])


def query_document(events: Sequence[Body], own_context: Sequence[Any], created_ms: int) -> dict[str, Any]:
    """What a query is answered with: an EPCISQueryDocument of the simple event query."""
    results = {"queryName": "SimpleEventQuery", "resultsBody": {"eventList": list(events)}}
    return {
        "@context": [CONTEXT, *own_context], "type": "EPCISQueryDocument", "schemaVersion": VERSION,
        "creationDate": moment_text(created_ms), "epcisBody": {"queryResults": results},
    }  # fmt: skip


def prefixes(said: Any) -> dict[str, str]:
    """From prefix to namespace, as a context of a document explains them."""
    found: dict[str, str] = {}
    for one in said if isinstance(said, list) else [said]:
        if isinstance(one, Mapping):
            found |= {str(name): address for name, address in one.items() if isinstance(address, str)}
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"the key {next(name for name in names if names.count(name) > 1)!r} stands twice")
    return found


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is no number")


def _finite(digits: str) -> float:
    value = float(digits)
    if not isfinite(value):
        raise ValueError(f"{digits[:20]} is too great a number")
    return value


def _shallow(said: Any) -> None:
    """Raises InputError for what is nested deeper than anybody's extension."""
    level, here = 0, [said]
    while here:
        level += 1
        if level > _MOST_NESTED:
            raise InputError(f"the document is nested deeper than {_MOST_NESTED} levels")
        here = [
            inner
            for one in here
            for inner in (one.values() if isinstance(one, Mapping) else one)
            if isinstance(inner, Mapping | list)
        ]
