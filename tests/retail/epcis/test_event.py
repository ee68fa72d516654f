from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from core.errors import InputError
from retail.epcis.event import TYPES, check_event
from tests.retail.epcis.examples import (
    EVENTS,
    HEAD,
    JOINED,
    LOT,
    MADE,
    OBJECT,
    ORDERED,
    PACKED,
    PLACE,
    SENSED,
    TAG,
    TURNED,
    WRONG,
)


def test_an_event_of_every_kind_is_taken_as_it_is() -> None:
    for event in EVENTS:
        assert check_event(event) is event
    assert {event["type"] for event in EVENTS} == TYPES


def test_an_event_of_somebody_elses_kind_keeps_its_own_words() -> None:
    own = {**HEAD, "type": "example:Weighed", "weight": 4, "example:scale": 2}
    assert check_event(own) is own


@pytest.mark.parametrize(
    ("event", "change", "said"),
    [
        (OBJECT, {"action": "SEEN"}, r"event.action: 'SEEN', expected: one of ADD, DELETE, OBSERVE"),
        (OBJECT, {"bizStep": "walking"}, r"event.bizStep: 'walking', expected: a business step of the CBV"),
        (OBJECT, {"bizStep": "urn:epcglobal:cbv:bizstep:shipping"}, r"event.bizStep: .*bare word"),
        (OBJECT, {"disposition": "https://ns.gs1.org/cbv/Disp-sold"}, r"event.disposition: .*bare word"),
        (OBJECT, {"eventTimeZoneOffset": "+14:30"}, r"event.eventTimeZoneOffset: '\+14:30', expected: an offset"),
        (OBJECT, {"eventTime": "2026-11-23T08:00:00"}, r"event.eventTime: .*with its offset"),
        (OBJECT, {"eventTime": "2026-02-30T08:00:00Z"}, r"event.eventTime: .*a day and a time of day that there are"),
        (OBJECT, {"epcList": [TAG, TAG]}, r"event.epcList: .*nothing stands twice"),
        (OBJECT, {"epcList": ["4711"]}, r"event.epcList\[0\]: '4711', expected: a URI"),
        (OBJECT, {"readPoint": {"id": "door 3"}}, r"event.readPoint.id: 'door 3', expected: a URI"),
        (OBJECT, {"readPoint": {}}, r"event.readPoint: it has no id"),
        (OBJECT, {"sender": "me"}, r"event.sender: 'me', expected: nothing under this name"),
        (OBJECT, {"ilmd": {"example:lot": "7"}}, r"event.ilmd: .*action ADD alone, not with OBSERVE"),
        (MADE, {"ilmd": {"lot": "7"}}, r"event.ilmd.lot: '7', expected: nothing under this name"),
        (MADE, {"persistentDisposition": {}}, r"event.persistentDisposition: it has no set and no unset"),
        (MADE, {"quantityList": [{**LOT, "uom": "kilo"}]}, r"event.quantityList\[0\].uom: 'kilo', expected: a unit"),
        (MADE, {"quantityList": [{**LOT, "quantity": "7"}]}, r"event.quantityList\[0\].quantity: '7', .*a number"),
        (MADE, {"quantityList": []}, r"event: it needs an epcList, a quantityList, or sensors with a readPoint"),
        (SENSED, {"sensorElementList": [{"sensorReport": []}]}, r"sensorReport: \[\], expected: a list of 1"),
        (SENSED, {"sensorElementList": [{"sensorReport": [{"type": "Warmth"}]}]}, r"type: 'Warmth', .*a measurement"),
        (PACKED, {"childEPCs": []}, r"event: it needs childEPCs or a childQuantityList"),
        (JOINED, {"parentID": 7}, r"event.parentID: 7, expected: a URI"),
        (ORDERED, {"bizTransactionList": []}, r"event.bizTransactionList: \[\], expected: a list of 1"),
        (TURNED, {"transformationID": "x:y", "inputQuantityList": [], "outputEPCList": []}, r"inputs and outputs"),
        (WRONG, {"errorDeclaration": {}}, r"event.errorDeclaration: it has no declarationTime"),
        (OBJECT, {"type": "Event"}, r"event.type: 'Event', expected: .*a type with its namespace"),
    ],
)
def test_a_fault_names_the_field_and_what_was_expected(event: Mapping[str, Any], change: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        check_event({**event, **change})


@pytest.mark.parametrize(
    ("event", "without", "said"),
    [
        (OBJECT, "eventTime", "it has no eventTime"), (OBJECT, "action", "it has no action"),
        (OBJECT, "epcList", "it needs an epcList"), (JOINED, "parentID", "it has no parentID"),
        (SENSED, "readPoint", "it needs an epcList"), (ORDERED, "bizTransactionList", "no bizTransactionList"),
    ],
)  # fmt: skip
def test_what_is_missing_is_named(event: Mapping[str, Any], without: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        check_event({name: value for name, value in event.items() if name != without})


def test_what_ends_needs_no_children_and_a_transformation_may_be_told_in_parts() -> None:
    check_event({**{k: v for k, v in PACKED.items() if k != "childEPCs"}, "action": "DELETE"})
    check_event({k: v for k, v in TURNED.items() if k != "outputEPCList"})
    check_event({**HEAD, "action": "OBSERVE", "epcList": [], "readPoint": {**PLACE, "example:door": "3"}})
