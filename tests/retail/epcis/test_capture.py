from __future__ import annotations

import json

from core.clock import Instant
from retail.epcis.capture import capture_id, event_id, named, thing
from retail.epcis.event_hash import hash_id
from retail.settings import STORE
from retail.signage.log import payload
from retail.store import StoreStation
from retail.vertical import Retail
from tests.retail.epcis.examples import MADE, OBJECT, PACKED, TAG, TURNED, WRONG
from tests.retail.epcis.stores import SETTINGS, standing
from tests.support.ledgers import MORNING, TEA
from verticals.contract import Sample


def test_an_event_is_known_by_its_own_id_or_by_its_hash() -> None:
    assert event_id(WRONG) == WRONG["eventID"]
    assert event_id(OBJECT) == hash_id(OBJECT)


def test_every_item_and_class_of_an_event_is_named() -> None:
    assert set(named(PACKED)) == {TAG, PACKED["parentID"]}
    assert set(named(TURNED)) == {TAG, TURNED["inputQuantityList"][0]["epcClass"]}
    assert thing(TAG) == thing("https://example.com/01/80614141123458/21/6789") != thing("urn:x:y")


def test_the_desk_makes_one_event_of_a_capture_and_one_of_a_screens_slot() -> None:
    station, vertical = StoreStation(SETTINGS), Retail()
    capture = {"kind": "epcis", "capture": capture_id(b"x"), "events": json.dumps(standing(OBJECT, MADE))}
    slot = payload(0, f"plenty/{TEA}", "plenty", "morning/weekday", False)
    for values, kind in ((capture, "epcis"), (slot, "signage")):
        sample = Sample(kind, Instant(0.0, MORNING), values, "key")
        assert vertical.route(sample) == STORE
        assert station.prepare(sample) == ()
        [event] = station.decide(sample, ()).events
        assert event.kind == kind
    assert (
        station.decide(Sample("signage", Instant(0.0, MORNING), {**slot, "rule": "Mallory 17"}, "k"), ()).events == ()
    )
