from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InputError
from retail.epcis.query import Position, read_query
from tests.retail.epcis.examples import EVENTS, MADE, OBJECT, ORDERED, PACKED, SENSED, TAG, TURNED, WRONG

DATED = {**OBJECT, "recordTime": "2026-11-23T08:05:00Z"}


@pytest.mark.parametrize(
    ("asked", "fits", "not_so"),
    [
        ({"eventType": "ObjectEvent,AggregationEvent"}, PACKED, ORDERED),
        ({"GE_eventTime": "2026-11-23T08:00:00Z"}, OBJECT, {**OBJECT, "eventTime": "2026-11-23T07:59:59Z"}),
        ({"LT_eventTime": "2026-11-23T08:00:00.001Z"}, OBJECT, {**OBJECT, "eventTime": "2026-11-23T08:00:01Z"}),
        ({"GE_recordTime": "2026-11-23T08:05:00Z"}, DATED, OBJECT),
        ({"LT_recordTime": "2026-11-23T08:06:00Z"}, DATED, {**OBJECT, "recordTime": "2026-11-23T08:06:00Z"}),
        ({"EQ_action": "ADD"}, MADE, OBJECT),
        ({"EQ_bizStep": "shipping,receiving"}, OBJECT, PACKED),
        ({"EQ_disposition": "in_transit"}, OBJECT, PACKED),
        ({"EQ_persistentDisposition_set": "available"}, MADE, OBJECT),
        ({"EQ_readPoint": "urn:epc:id:sgln:0614141.07346.1234"}, OBJECT, PACKED),
        ({"EQ_readPoint": "https://id.gs1.org/414/0614141073467/254/1234"}, OBJECT, MADE),
        ({"WD_readPoint": "urn:epc:id:sgln:0614141.07346.0"}, OBJECT, MADE),
        ({"EQ_bizLocation": "urn:epc:id:sgln:0614141.07346.1234"}, PACKED, OBJECT),
        ({"EQ_bizTransaction_po": "http://example.com/po/12"}, OBJECT, ORDERED),
        ({"EQ_bizTransaction_": "http://example.com/po/12"}, ORDERED, PACKED),
        ({"EQ_source_owning_party": "urn:epc:id:pgln:4012345.00225"}, ORDERED, OBJECT),
        ({"EQ_destination_location": "urn:epc:id:sgln:0614141.00777.0"}, ORDERED, OBJECT),
        ({"EQ_transformationID": "urn:epc:id:gdti:4012345.55555.98"}, TURNED, OBJECT),
        ({"MATCH_epc": TAG}, OBJECT, MADE),
        ({"MATCH_epc": "https://example.com/01/80614141123458/21/6789"}, PACKED, MADE),
        ({"MATCH_epc": "urn:epc:idpat:sgtin:0614141.812345.*"}, OBJECT, MADE),
        ({"MATCH_epc": "urn:epc:idpat:sgtin:0614141.*.*"}, OBJECT, MADE),
        ({"MATCH_anyEPC": TAG}, TURNED, MADE),
        ({"MATCH_outputEPC": TAG}, TURNED, OBJECT),
        ({"MATCH_parentID": "urn:epc:id:sscc:0614141.1234567890"}, PACKED, OBJECT),
        ({"MATCH_epcClass": "urn:epc:class:lgtin:4012345.012345.998877"}, MADE, TURNED),
        ({"MATCH_anyEPCClass": "https://id.gs1.org/01/04012345123456"}, TURNED, OBJECT),
        ({"EQ_eventID": WRONG["eventID"]}, WRONG, OBJECT),
        ({"EXISTS_errorDeclaration": "true"}, WRONG, OBJECT),
        ({"EXISTS_errorDeclaration": "false"}, OBJECT, WRONG),
        ({"GE_errorDeclarationTime": "2026-11-24T08:00:00Z"}, WRONG, OBJECT),
        ({"EQ_errorReason": "incorrect_data"}, WRONG, OBJECT),
        ({"EQ_correctiveEventID": "urn:uuid:404d95fc-9457-4a51-bd6a-0bba133845a8"}, WRONG, OBJECT),
        ({"EQ_ILMD_example:bestBefore": "2026-12-01"}, MADE, OBJECT),
        ({"EXISTS_example:note": "true"}, OBJECT, MADE),
        ({"EQ_bizStep": "sensor_reporting", "eventType": "ObjectEvent"}, SENSED, OBJECT),
    ],
)
def test_each_parameter_narrows(asked: dict[str, str], fits: Any, not_so: Any) -> None:
    query = read_query(asked)
    assert query.fits(fits)
    assert not query.fits(not_so)


def test_no_parameter_asks_for_everything_the_newest_first() -> None:
    query = read_query({})
    assert all(query.fits(event) for event in EVENTS)
    assert query.newest_first


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"EQ_bizstep": "shipping"}, "'EQ_bizstep' is not known here"), ({"LIKE_epc": "x"}, "not known here"),
        ({"perPage": "many"}, "perPage: 'many', expected: a whole number"), ({"perPage": "0"}, "above 0"),
        ({"orderBy": "recordTime"}, "expected: eventTime"), ({"orderDirection": "up"}, "ASC or DESC"),
        ({"GE_eventTime": "monday"}, "GE_eventTime: 'monday', expected: a time"),
        ({"EQ_action": ""}, "1 to 100 values"),
        ({"nextPageToken": "7"}, "none that was given here"), ({"EXISTS_errorDeclaration": "maybe"}, "true or false"),
        ({"eventCountLimit": "5000"}, "at most 1000"), ({"EQ_action": ",".join("a" * 200)}, "1 to 100"),
        ({"EQ_action": "x" * 9000}, "too many"),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_refused_and_never_passed_over(asked: dict[str, str], said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_query(asked)


def test_a_page_ends_where_the_next_begins() -> None:
    position = Position(1_795_420_800_000, "own", 17)
    assert read_query({"nextPageToken": position.token()}).after == position


_names = st.sampled_from(["EQ_", "MATCH_epc", "perPage", "GE_eventTime", "nextPageToken", "EQ_bizTransaction_po"])


@given(st.dictionaries(_names | st.text(max_size=30), st.text(max_size=40), max_size=4))
def test_any_parameters_are_a_query_or_refused(asked: dict[str, str]) -> None:
    try:
        query = read_query(asked)
    except InputError as error:
        assert error.message
    else:
        for event in EVENTS:
            assert query.fits(event) in (True, False)
