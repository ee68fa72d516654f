"""What is captured, over real stores: once, whatever comes how often; and found again, page by page."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import Engine, select

from core.clock import Instant
from retail.epcis import tables
from retail.epcis.capture import capture_id
from retail.epcis.event_hash import hash_id
from retail.epcis.proposals import naming_of
from retail.epcis.query import read_query
from retail.epcis.search import event_called, search
from tests.retail.epcis.conftest import servers
from tests.retail.epcis.examples import EVENTS, MADE, OBJECT, PACKED, TAG, WRONG
from tests.retail.epcis.stores import SETTINGS, bring, keep, standing
from tests.support.ledgers import MORNING, OATS, TEA, count, receipt, record, sale, void
from verticals.contract import Sample
from verticals.store.database import reading

NAMING = naming_of(SETTINGS)
RIGHT = {name: value for name, value in WRONG.items() if name != "errorDeclaration"}


def found(engine: Engine, **asked: str) -> list[dict[str, Any]]:
    with reading(engine) as connection:
        return search(connection, read_query(asked), NAMING).events


def capture(engine: Engine, name: str = "c1") -> dict[str, Any]:
    with reading(engine) as connection:
        row = connection.execute(select(tables.captures).where(tables.captures.c.id == name)).mappings().one()
    return {**row, "refused": json.loads(row["refused"])}


@servers
def test_every_event_comes_back_as_it_came_with_its_id_and_when_it_was_recorded(engine: Engine) -> None:
    bring(engine, *EVENTS)
    back = found(engine, perPage="100")
    assert len(back) == len(EVENTS)
    for event in standing(*EVENTS):
        named = {"eventID": hash_id(event), "recordTime": "2026-11-23T08:00:00.000Z"} | event
        assert named in back


def test_the_same_event_once_more_is_known_whoever_brings_it_and_however_it_is_written(engine: Engine) -> None:
    bring(engine, OBJECT, OBJECT)
    again = {**OBJECT, "epcList": ["https://example.com/01/80614141123458/21/6789"]}
    bring(engine, dict(reversed(again.items())), name="c2")
    assert len(found(engine)) == 1
    assert (capture(engine)["taken"], capture(engine)["known"]) == (1, 1)
    assert (capture(engine, "c2")["taken"], capture(engine, "c2")["known"]) == (0, 1)


def test_another_event_under_a_known_id_is_refused_and_the_capture_says_so(engine: Engine) -> None:
    bring(engine, RIGHT)
    bring(engine, {**RIGHT, "bizStep": "receiving"}, PACKED, name="c2")
    assert capture(engine, "c2")["refused"] == [f"{RIGHT['eventID']}: another event is known under this eventID"]
    assert {event["bizStep"] for event in found(engine)} == {"shipping", "packing"}


@pytest.mark.parametrize("order", [(RIGHT, WRONG), (WRONG, RIGHT)])
def test_a_declared_error_stands_beside_its_event_whichever_came_first(engine: Engine, order: Any) -> None:
    for number, event in enumerate(order):
        bring(engine, event, name=f"c{number}")
    with reading(engine) as connection:
        both = event_called(connection, RIGHT["eventID"], NAMING)
    assert ["errorDeclaration" in event for event in both] == [False, True]
    assert len(found(engine, EXISTS_errorDeclaration="false")) == 1


def test_what_cannot_be_taken_is_said_and_the_rest_is_taken(engine: Engine) -> None:
    bring(engine, OBJECT, {"type": "ObjectEvent"})
    assert capture(engine)["taken"] == 1
    assert capture(engine)["refused"] == ["eventList[1]: it has no eventTime and no eventTimeZoneOffset and no action"]


@pytest.mark.parametrize("said", ["{", "5", '[{"type": NaN}]', "[" * 5000, '[5, null, "x", [], {}]'])
def test_no_sample_is_trusted(engine: Engine, said: str) -> None:
    sample = Sample("epcis", Instant(0.0, MORNING), {"kind": "epcis", "capture": "c1", "events": said}, "c1")
    [event] = keep(engine, sample)
    assert event.data["refused"]
    assert found(engine) == []


def test_the_same_content_is_the_same_capture() -> None:
    assert capture_id(b"one") == capture_id(b"one") != capture_id(b"two")


def test_an_item_is_found_by_any_writing_of_it_and_of_its_class(engine: Engine) -> None:
    bring(engine, OBJECT, MADE, PACKED)
    assert len(found(engine, MATCH_epc=TAG)) == 2
    assert len(found(engine, MATCH_anyEPC="https://id.gs1.org/01/80614141123458")) == 2
    assert len(found(engine, MATCH_anyEPCClass="urn:epc:idpat:sgtin:4012345.012345.*")) == 1
    assert len(found(engine, MATCH_epc="urn:epc:idpat:sgtin:0614141.*.*")) == 2


@servers
def test_the_stores_own_documents_are_found_beside_what_was_captured(engine: Engine) -> None:
    sold = sale("7", 2, at=MORNING + 10)
    record(engine, receipt("r", 6, to="backroom"), sold, void("8", sold, MORNING + 20), count("c", 3, at=MORNING + 30))
    bring(engine, {**OBJECT, "eventTime": "2026-11-23T08:00:15Z"})
    steps = [(event["bizStep"], "errorDeclaration" in event) for event in found(engine)]
    assert steps == [
        ("cycle_counting", False), ("retail_selling", True), ("shipping", False), ("retail_selling", False),
        ("receiving", False),
    ]  # fmt: skip
    assert [event["bizStep"] for event in found(engine, MATCH_anyEPCClass=f"https://id.gs1.org/01/{OATS}")] == []
    assert len(found(engine, MATCH_anyEPCClass=f"https://id.gs1.org/01/{TEA}")) == 4
    assert all("recordTime" in event for event in found(engine))


def test_an_own_event_is_found_by_its_id_with_what_took_it_back(engine: Engine) -> None:
    sold = sale("7/a", 2)
    record(engine, sold, void("8", sold, MORNING + 20))
    wanted = NAMING.event("till-3", "7/a", 1)
    with reading(engine) as connection:
        both = event_called(connection, wanted, NAMING)
        assert event_called(connection, "urn:uuid:0", NAMING) == []
    assert ["errorDeclaration" in event for event in both] == [False, True]
    assert [event["eventID"] for event in found(engine, EQ_eventID=wanted, EXISTS_errorDeclaration="false")] == [wanted]


@servers
@pytest.mark.parametrize("direction", ["ASC", "DESC"])
def test_pages_hold_everything_once_in_order(engine: Engine, direction: str) -> None:
    for number in range(7):
        record(engine, sale(f"s{number}", at=MORNING + number // 2))
        bring(
            engine, {**OBJECT, "eventTime": f"2026-11-23T08:00:0{number // 3}Z", "example:n": number}, name=f"c{number}"
        )
    asked, back = {"perPage": "3", "orderDirection": direction}, []
    for _ in range(20):
        with reading(engine) as connection:
            page = search(connection, read_query(asked), NAMING)
        back += page.events
        if not page.token:
            break
        asked["nextPageToken"] = page.token
    times = [event["eventTime"] for event in back]
    assert len({event["eventID"] for event in back}) == len(back) == 14
    assert [t[:19] for t in times] == sorted((t[:19] for t in times), reverse=direction == "DESC")


def test_a_limit_ends_the_query(engine: Engine) -> None:
    bring(engine, *EVENTS)
    with reading(engine) as connection:
        page = search(connection, read_query({"eventCountLimit": "2"}), NAMING)
    assert (len(page.events), page.token) == (2, "")
