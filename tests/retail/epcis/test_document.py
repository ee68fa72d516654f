from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InputError
from retail.epcis.document import CONTEXT, Document, prefixes, query_document, read_document, read_json, read_text
from tests.retail.epcis.examples import EVENTS, EXAMPLE, OBJECT, document


def test_a_document_comes_back_as_it_came_with_its_header_and_extensions() -> None:
    said = document(
        sender="urn:epc:id:sgln:0353579.00001.0", id="https://id.example.org/1",
        epcisHeader={"epcisMasterData": {"vocabularyList": [{"type": "urn:epcglobal:epcis:vtype:Location"}]}},
        **{"example:batch": {"any": ["thing", 1.5]}},
    )  # fmt: skip
    read = read_text(json.dumps(said))
    assert read.as_json() == said
    assert list(read.events) == list(EVENTS)


def test_a_single_event_with_its_context_is_a_document_of_one() -> None:
    read = read_document({"@context": CONTEXT, **OBJECT})
    assert len(read.events) == 1
    assert read.context == CONTEXT


def test_a_single_event_without_a_context_is_none() -> None:
    with pytest.raises(InputError, match=r"event: it has no @context"):
        read_document(OBJECT)


def test_an_event_stands_by_itself_with_the_context_of_its_document() -> None:
    [first, *_] = read_document(document()).standing()
    assert first == {"@context": [CONTEXT, EXAMPLE], **OBJECT}


def test_a_new_document_says_when_it_was_made() -> None:
    made = Document([OBJECT], [CONTEXT, EXAMPLE]).as_json(1_795_420_800_250)
    assert made["creationDate"] == "2026-11-23T08:00:00.250Z"
    assert read_document(made).events == [OBJECT]


def test_the_answer_to_a_query_holds_its_events() -> None:
    answer = query_document([OBJECT], [EXAMPLE], 0)
    assert answer["type"] == "EPCISQueryDocument"
    assert answer["epcisBody"]["queryResults"]["resultsBody"]["eventList"] == [OBJECT]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"schemaVersion": "two"}, r"schemaVersion: 'two', expected: a version"),
        ({"creationDate": "yesterday"}, r"creationDate: 'yesterday', expected: a time with its offset"),
        ({"epcisBody": {}}, r"epcisBody: it has no eventList"),
        ({"epcisBody": {"eventList": {}}}, r"epcisBody.eventList: \{\}, expected: a list"),
        ({"epcisBody": {"eventList": [5]}}, r"epcisBody.eventList\[0\]: 5, expected: an EPCIS event"),
        ({"bare": 1}, r"bare: 1, expected: nothing under this name"),
        ({"@context": 5}, r"@context\[0\]: 5, expected: the address of a context"),
    ],
)
def test_a_fault_names_its_place_and_what_was_expected(change: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_document({**document(), **change})


def test_a_document_without_a_body_says_so() -> None:
    said = document()
    del said["epcisBody"]
    with pytest.raises(InputError, match="the document: it has no epcisBody"):
        read_document(said)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "no JSON"), ('{"a": 1, "a": 2}', "'a' stands twice"), ('{"a": NaN}', "NaN is no number"),
        ('{"a": 1e999}', "too great"), (b'{"a": "\xff"}', "no JSON"), ("[" * 100_000, "no JSON"),
        ("[" * 150 + "]" * 150, None),
    ],
)  # fmt: skip
def test_what_is_no_json_is_refused_with_the_reason(text: str | bytes, why: str | None) -> None:
    if why is None:
        assert read_json(text) != []
        return
    with pytest.raises(InputError, match=why):
        read_json(text)


def test_an_extension_nested_without_end_is_refused() -> None:
    deep: Any = "end"
    for _ in range(120):
        deep = {"example:in": deep}
    with pytest.raises(InputError, match="nested deeper"):
        read_document(document({**OBJECT, "example:deep": deep}))


def test_prefixes_come_from_every_object_of_a_context() -> None:
    said = [CONTEXT, {"a": "http://a/"}, {"b": "http://b/", "b:c": {"@type": "@id"}}]
    assert prefixes(said) == {"a": "http://a/", "b": "http://b/"}


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=20,
)
_names = st.sampled_from(sorted({name for event in EVENTS for name in event} | {"epcisBody", "eventList", "@context"}))


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300) | _json.map(lambda one: json.dumps(one).encode()))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    try:
        read = read_text(content)
    except InputError as error:
        assert error.message
    else:
        assert read.events is not None


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(EVENTS), st.dictionaries(_names, _json, min_size=1, max_size=4))
def test_an_event_with_any_fields_changed_is_kept_whole_or_refused(event: dict[str, Any], changes: Any) -> None:
    said = document({**event, **changes})
    try:
        read = read_document(said)
    except InputError as error:
        assert "epcisBody.eventList[0]" in error.message or "nested" in error.message
    else:
        assert read.as_json() == said
