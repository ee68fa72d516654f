from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retail.epcis.document import Document as EpcisDocument
from retail.epcis.document import read_document
from retail.epcis.mapping import events_of, seen_of, taken_back
from retail.epcis.naming import OWN_CONTEXT, Naming
from retail.ledger.document import KINDS, OUTSIDE, Count, Document, Line
from tests.retail.epcis.examples import Schema
from tests.support.ledgers import GRAPES, MORNING, OATS, TEA, count, moved, receipt, sale, void

NAMING = Naming("Corner", "4012345000115", "Europe/Berlin", frozenset({"floor"}), frozenset({GRAPES}))
PLACE = "https://id.gs1.org/414/4012345000115/254"


@pytest.mark.parametrize(
    ("document", "step", "disposition", "here", "there"),
    [
        (receipt("r", 6, to="backroom"), "receiving", "sellable_not_accessible", "backroom", "backroom"),
        (receipt("r", 6), "receiving", "sellable_accessible", "floor", "floor"),
        (moved("m", "backroom", "floor", 6), "stocking", "sellable_accessible", "floor", "floor"),
        (moved("m", "floor", "backroom", 6), "storing", "sellable_not_accessible", "backroom", "backroom"),
        (sale("s", 6), "retail_selling", "retail_sold", "floor", None),
        (moved("t", "backroom", "transfer", 6, kind="transfer"), "shipping", "in_transit", "backroom", None),
        (moved("d", "floor", "waste", 6, kind="damage"), "inspecting", "damaged", "floor", None),
        (moved("e", "floor", "waste", 6, kind="expiry"), "inspecting", "expired", "floor", None),
        (moved("a", "floor", "shrink", 6, kind="adjustment", reason="theft"), "inspecting", "stolen", "floor", None),
        (moved("a", "floor", "shrink", 6, kind="adjustment"), "inspecting", "unknown", "floor", None),
        (moved("o", "variance", "floor", 6, kind="opening"), "stock_taking", "sellable_accessible", "floor", "floor"),
        (count("c", 6), "cycle_counting", "sellable_accessible", "floor", "floor"),
    ],
)
def test_each_kind_of_document_is_its_business_step(
    document: Document, step: str, disposition: str, here: str, there: str | None
) -> None:
    [event] = events_of(document, NAMING)
    assert (event["bizStep"], event["disposition"], event["action"]) == (step, disposition, "OBSERVE")
    assert event["readPoint"]["id"] == f"{PLACE}/{here}"
    assert event.get("bizLocation", {"id": None})["id"] == (there and f"{PLACE}/{there}")
    assert event["quantityList"] == [{"epcClass": f"https://id.gs1.org/01/{TEA}", "quantity": 6}]
    assert (event["eventTime"], event["eventTimeZoneOffset"]) == ("2026-11-23T08:00:00.000Z", "+01:00")


def test_what_comes_back_is_returned_and_then_inspected() -> None:
    events = events_of(moved("r", "customer", "floor", 1, kind="return"), NAMING)
    assert [(event["bizStep"], event["disposition"]) for event in events] == [
        ("receiving", "returned"), ("inspecting", "sellable_accessible"),
    ]  # fmt: skip
    assert events[0]["eventID"] != events[1]["eventID"]


def test_a_whole_count_of_the_store_is_stock_taking_and_keeps_its_zeros() -> None:
    counts = [Count(1, TEA, "floor", 0), Count(2, OATS, "floor", 4000), Count(3, OATS, "backroom", 1000)]
    events = events_of(Document("c", "1", "count", MORNING, counts=counts, about={"scope": "store"}), NAMING)
    assert [event["bizStep"] for event in events] == ["stock_taking", "stock_taking"]
    assert [one["quantity"] for one in events[0]["quantityList"]] == [0, 4]


def test_lines_of_one_step_are_one_event_and_weights_have_their_unit_and_lots_their_class() -> None:
    lines = [
        Line(1, 1000, "floor", "customer", TEA), Line(2, 2000, "floor", "customer", TEA),
        Line(3, 425, "floor", "customer", GRAPES, lot="L1"), Line(4, 1000, "floor", "customer", OATS, at_utc_s=1.0),
        Line(5, 1000, "floor", "customer", code="unknown"),
    ]  # fmt: skip
    first, later = events_of(Document("till", "7", "sale", MORNING, lines), NAMING)
    assert first["quantityList"] == [
        {"epcClass": f"https://id.gs1.org/01/{TEA}", "quantity": 3},
        {"epcClass": f"https://id.gs1.org/01/{GRAPES}/10/L1", "quantity": 0.425, "uom": "KGM"},
    ]
    assert later["eventTime"] == "1970-01-01T00:00:01.000Z"


def test_a_void_says_the_same_event_again_and_that_it_did_not_occur() -> None:
    sold = sale("7", 2)
    [before], [after] = events_of(sold, NAMING), taken_back(sold, void("8", sold, MORNING + 60), NAMING)
    assert after == before | {
        "errorDeclaration": {"declarationTime": "2026-11-23T08:01:00.000Z", "reason": "did_not_occur"}
    }


def test_a_void_of_some_lines_names_the_event_that_holds_instead() -> None:
    sold = Document(
        "till", "7", "sale", MORNING, [Line(n, 1000, "floor", "customer", g) for n, g in ((1, TEA), (2, OATS))]
    )
    wrong, right = taken_back(sold, void("8", sold, lines=(2,)), NAMING)
    assert wrong["errorDeclaration"]["reason"] == "incorrect_data"
    assert wrong["errorDeclaration"]["correctiveEventIDs"] == [right["eventID"]]
    assert [one["epcClass"][-14:] for one in right["quantityList"]] == [TEA]


def test_without_a_gln_everything_has_a_name_of_its_own() -> None:
    [event] = events_of(sale("2026-11-30/17"), Naming("Corner & Co"))
    assert event["readPoint"]["id"] == "urn:x-edgewise:place:Corner%20%26%20Co:floor"
    assert event["bizTransactionList"] == [{"bizTransaction": "urn:x-edgewise:document:till-3:2026-11-30%2F17"}]
    read_document({"@context": [OWN_CONTEXT], **event})


def test_a_shelf_is_reported_as_a_sensor_and_what_is_not_seen_is_not_counted() -> None:
    slots = [
        {"slot": "a/1", "gtin": TEA, "state": "low", "facings": 2, "confidence": 0.9},
        {"slot": "a/2", "gtin": TEA, "state": "full", "facings": 4, "confidence": 0.8},
        {"slot": "a/3", "gtin": OATS, "state": "blocked", "facings": 0, "confidence": 0.0},
    ]
    event = seen_of(slots, "floor", MORNING, NAMING, "bay-a")
    assert event["bizStep"] == "sensor_reporting"
    assert event["quantityList"] == [{"epcClass": f"https://id.gs1.org/01/{TEA}", "quantity": 6}]
    assert [one["value"] for one in event["sensorElementList"][0]["sensorReport"]] == [2, 4, 0]
    read_document({"@context": [OWN_CONTEXT], **event})
    with pytest.raises(ValueError, match="no slot"):
        seen_of([], "floor", MORNING, NAMING)


_accounts = st.sampled_from(["floor", "backroom", *sorted(OUTSIDE)])
_lines = st.builds(
    Line,
    st.just(0),
    st.integers(1, 9_999_999),
    _accounts,
    _accounts,
    st.sampled_from([TEA, OATS, GRAPES]),
    lot=st.sampled_from(["", "L1", "@2026-12-01", "a/b c"]),
    reason=st.sampled_from(["", "theft", "miscount"]),
    at_utc_s=st.none() | st.floats(1, 4e9),
).filter(lambda line: line.from_account != line.to_account and not {line.from_account, line.to_account} <= OUTSIDE)
_texts = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1, max_size=40)
_documents = st.builds(
    Document, _texts, _texts, st.sampled_from(sorted(KINDS)), st.floats(1, 4e9), st.lists(_lines, max_size=5)
)


@given(_documents)
def test_whatever_the_ledger_holds_becomes_events_that_epcis_takes(document: Document) -> None:
    events = events_of(document, NAMING)
    assert len({event["eventID"] for event in events}) == len(events)
    read_document(EpcisDocument(events, [OWN_CONTEXT]).as_json(0))


@pytest.mark.samples
def test_what_is_sent_out_holds_before_the_schema(samples: Path) -> None:
    schema = Schema(samples)
    sold = sale("7", 2, gtin=GRAPES, lot="L 1")
    seen = seen_of([{"slot": "a/1", "gtin": TEA, "state": "low", "facings": 2}], "floor", MORNING, NAMING, "bay-a")
    told = [
        *events_of(sold, NAMING),
        *taken_back(sold, void("8", sold), NAMING),
        seen,
        *events_of(count("c", 3), NAMING),
    ]
    assert schema.accepts(EpcisDocument(told, ["https://example.com/c", OWN_CONTEXT]).as_json(0))
