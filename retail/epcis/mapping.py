"""Documents of the ledger as EPCIS events: what was received, put out, sold, returned, counted, written off.

A document gives one event for each business step, disposition, place and moment in it, with the quantities of each
product and lot. What takes a document back is told as EPCIS tells it: the same event again, declared an error.
Source: CBV 2.0, 7.1 and 7.2; which of them for what is this project's choice (docs/retail/epcis.md).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import count
from typing import Any, NamedTuple

from retail.epcis.naming import PREFIX, Naming
from retail.epcis.shape import moment_text
from retail.ledger.document import CUSTOMER, OUTSIDE, SHRINK, SUPPLIER, TRANSFER, WASTE, Document, Line

#: A slot of a shelf as the camera sees it: `slot`, `gtin`, `state`, `facings`, `confidence`.
Seen = Mapping[str, Any]


class _Step(NamedTuple):
    biz_step: str
    disposition: str
    read_point: str
    biz_location: str
    at_ms: int


def events_of(document: Document, naming: Naming) -> list[dict[str, Any]]:
    """In the order of the lines; empty for a document that only takes back."""
    found: dict[_Step, dict[tuple[str, str], int]] = {}
    for line in document.lines:
        if line.gtin:
            at_ms = _ms(document.at_utc_s if line.at_utc_s is None else line.at_utc_s)
            for step in _steps(document, line, naming, at_ms):
                amounts = found.setdefault(step, {})
                amounts[line.gtin, line.lot] = amounts.get((line.gtin, line.lot), 0) + line.thousandths
    for one in document.counts:
        step = _counted(document, one.place, naming)
        found.setdefault(step, {})[one.gtin, one.lot] = one.thousandths
    return [_event(document, naming, number, step, amounts) for number, (step, amounts) in enumerate(found.items(), 1)]


def taken_back(document: Document, void: Document, naming: Naming) -> list[dict[str, Any]]:
    """What is said when `void` takes `document` back, whole or some lines of it; what else the void moves comes first.

    Whole: each event again, it did not occur. In part: each event again, its data were incorrect, and the events that
    hold instead, which are named after the void.
    """
    own = events_of(void, naming)
    lines = None if void.voids is None else void.voids.lines
    declared = {"declarationTime": moment_text(_ms(void.at_utc_s))}
    before = events_of(document, naming)
    if lines is None:
        return own + [event | {"errorDeclaration": {**declared, "reason": "did_not_occur"}} for event in before]
    left = replace(
        document,
        lines=[line for line in document.lines if line.number not in lines],
        counts=[one for one in document.counts if one.number not in lines],
    )
    names = (naming.event(void.source, void.ref, number) for number in count(len(own) + 1))
    corrected = [event | {"eventID": name} for event, name in zip(events_of(left, naming), names, strict=False)]
    error = {**declared, "reason": "incorrect_data", "correctiveEventIDs": [event["eventID"] for event in corrected]}
    return own + [event | {"errorDeclaration": error} for event in before] + corrected


def seen_of(slots: Sequence[Seen], place: str, at_utc_s: float, naming: Naming, device: str = "") -> dict[str, Any]:
    """What a shelf camera saw, as sensor_reporting: facings are the least that is there, never a count of stock.

    Raises ValueError without a slot.
    """
    if not slots:
        raise ValueError("no slot was seen")
    at = moment_text(_ms(at_utc_s))
    reports = [
        {
            "type": "Count", "value": slot.get("facings", 0), f"{PREFIX}:slot": str(slot["slot"]),
            f"{PREFIX}:product": str(slot.get("gtin", "")), f"{PREFIX}:state": str(slot["state"]),
            f"{PREFIX}:confidence": slot.get("confidence", 0.0),
        }
        for slot in slots
    ]  # fmt: skip
    seen: dict[str, int] = {}
    for slot in slots:
        if slot.get("gtin") and slot["state"] not in ("blocked", "unknown", "wrong"):
            seen[slot["gtin"]] = seen.get(slot["gtin"], 0) + int(slot.get("facings", 0))
    metadata = {"time": at, **({"deviceID": f"urn:x-edgewise:device:{device}"} if device else {})}
    said = {
        "type": "ObjectEvent", "eventTime": at, "eventTimeZoneOffset": naming.offset(at_utc_s), "action": "OBSERVE",
        "bizStep": "sensor_reporting", "readPoint": {"id": naming.place(place)},
        "bizLocation": {"id": naming.place(place)},
        "sensorElementList": [{"sensorMetadata": metadata, "sensorReport": reports}],
    }  # fmt: skip
    quantities = [naming.quantity(gtin, "", facings * 1000) for gtin, facings in sorted(seen.items())]
    return said | ({"quantityList": quantities} if quantities else {})


def _steps(document: Document, line: Line, naming: Naming, at_ms: int) -> Iterator[_Step]:
    here, there = line.from_account, line.to_account
    if there in OUTSIDE:
        biz_step, disposition = _gone(document, line)
        yield _Step(biz_step, disposition, here, "", at_ms)
        return
    sellable = "sellable_accessible" if there in naming.sales_places else "sellable_not_accessible"
    if here == CUSTOMER:
        yield _Step("receiving", "returned", there, there, at_ms)
        yield _Step("inspecting", sellable, there, there, at_ms)
    elif here in (SUPPLIER, TRANSFER):
        yield _Step("receiving", sellable, there, there, at_ms)
    elif here in OUTSIDE:  # found, or stock at the beginning
        yield _Step("stock_taking" if document.kind == "opening" else "inspecting", sellable, there, there, at_ms)
    else:
        biz_step = "stocking" if there in naming.sales_places else "storing"
        yield _Step(biz_step, sellable, there, there, at_ms)


def _gone(document: Document, line: Line) -> tuple[str, str]:
    if line.to_account == CUSTOMER:
        return "retail_selling", "retail_sold"
    if line.to_account in (TRANSFER, SUPPLIER):
        return "shipping", "in_transit"
    if line.to_account == WASTE:
        return "inspecting", "expired" if document.kind == "expiry" else "damaged"
    reason = line.reason or document.reason
    return "inspecting", "stolen" if line.to_account == SHRINK and reason.startswith("theft") else "unknown"


def _counted(document: Document, place: str, naming: Naming) -> _Step:
    whole = document.about.get("scope") == "store"
    sellable = "sellable_accessible" if place in naming.sales_places else "sellable_not_accessible"
    return _Step("stock_taking" if whole else "cycle_counting", sellable, place, place, _ms(document.at_utc_s))


def _event(
    document: Document, naming: Naming, number: int, step: _Step, amounts: Mapping[tuple[str, str], int]
) -> dict[str, Any]:
    said: dict[str, Any] = {
        "eventID": naming.event(document.source, document.ref, number), "type": "ObjectEvent",
        "eventTime": moment_text(step.at_ms), "eventTimeZoneOffset": naming.offset(step.at_ms / 1000),
        "action": "OBSERVE", "bizStep": step.biz_step, "disposition": step.disposition,
        "readPoint": {"id": naming.place(step.read_point)},
    }  # fmt: skip
    if step.biz_location:
        said["bizLocation"] = {"id": naming.place(step.biz_location)}
    transaction: dict[str, Any] = {"bizTransaction": naming.transaction(document.source, document.ref)}
    if document.kind == "receipt":
        transaction = {"type": "recadv", **transaction}
    said["bizTransactionList"] = [transaction]
    said["quantityList"] = [naming.quantity(gtin, lot, amount) for (gtin, lot), amount in amounts.items()]
    return said


def _ms(at_utc_s: float) -> int:
    return round(at_utc_s * 1000)
