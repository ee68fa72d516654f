"""Takes captured events from the inbox and makes an event of the store of them; `kept.py` writes that down.

An event is known by its eventID, or, where it has none, by its hash id.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

from core.errors import InputError
from retail.epcis.document import read_json
from retail.epcis.event import Body, check_event
from retail.epcis.event_hash import hash_id
from retail.epcis.identity import canonical
from retail.epcis.proposals import proposal_of
from retail.epcis.shape import anything
from retail.epcis.shape import listed as listed_of
from retail.reading import listed, text
from retail.settings import RetailSettings
from verticals.contract import Decision, Event, Sample

#: The source of captures in the inbox, and the kind of their events.
KIND = "epcis"
_EPCS = ("epcList", "childEPCs", "inputEPCList", "outputEPCList")
_QUANTITIES = ("quantityList", "childQuantityList", "inputQuantityList", "outputQuantityList")


def capture_id(content: bytes) -> str:
    """The same content is the same capture."""
    return hashlib.sha256(content).hexdigest()[:32]


def event_id(event: Body) -> str:
    """Its own, or its hash id."""
    said = event.get("eventID")
    return said if isinstance(said, str) else hash_id(event)


def captured(sample: Sample, settings: RetailSettings) -> Decision:
    """What a capture from the inbox becomes: one event of the store. Nothing is trusted: each is checked again."""
    name = text(sample, "capture")[:64] or sample.key[:64]
    if text(sample, "dismiss"):
        data: dict[str, Any] = {"dismiss": text(sample, "dismiss")[:64]}
        return Decision(events=(Event(KIND, name, sample.at.utc_s, data, who=text(sample, "who")[:60]),))
    good: list[Body] = []
    refused = [str(one)[:300] for one in listed(sample, "refused")]
    try:
        events = read_json(text(sample, "events") or "[]")
        listed_of(anything)(events, "eventList")
    except InputError as error:
        events, refused = [], [*refused, error.message]
    for place, said in enumerate(events):
        try:
            good.append(check_event(said, f"eventList[{place}]"))
        except InputError as error:
            refused.append(error.message)
    data = {"capture": name, "events": good, "refused": refused}
    if settings.epcis.propose:
        data["proposals"] = proposed(good, settings)
    return Decision(events=(Event(KIND, name, sample.at.utc_s, data),))


def proposed(events: Sequence[Body], settings: RetailSettings) -> dict[str, Any]:
    """By event name, what each would mean for the ledger."""
    found = {}
    for said in events:
        document = proposal_of(said, event_id(said), settings)
        if document is not None:
            found[digest(event_id(said))] = document.as_json()
    return found


def digest(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()


def thing(uri: str) -> str:
    """How an EPC or class is looked up, however it was written."""
    return digest(canonical(uri) or uri)


def named(said: Body) -> Iterator[str]:
    """Every EPC and class in an event, as it stands there."""
    for name in _EPCS:
        yield from said.get(name, ())
    for name in _QUANTITIES:
        yield from (one["epcClass"] for one in said.get(name, ()))
    if "parentID" in said:
        yield said["parentID"]
