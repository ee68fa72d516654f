"""Documents from outside: read as they were written, or refused with what is wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InputError
from retail.ledger.document import Count, Document, Line, Voided, read_document, recorded_document
from tests.support.ledgers import MORNING, TEA, count, sale, void

WHOLE = Document(
    "till-3", "17", "sale", MORNING,
    (Line(1, 2000, "floor", "customer", TEA, lot="A", expiry="2026-12-01", price_cents=498, at_utc_s=MORNING - 1),
     Line(2, 425, "floor", "customer", code="4711")),
    (Count(1, TEA, "floor", 7000, reason="miscount"),), Voided("till-3", "16", (1, 2)), "Operator 14", "r", {"a": 1},
)  # fmt: skip


@pytest.mark.parametrize("document", [WHOLE, sale("s"), count("c", 2), void("v", sale("s"))])
def test_a_document_reads_back_as_it_was_written(document: Document) -> None:
    said = json.loads(json.dumps(document.as_json()))
    assert read_document(said).as_json() == document.as_json()
    assert recorded_document(said) == read_document(said)


@pytest.mark.parametrize(
    ("change", "said"),
    [({"source": ""}, "source and a ref"), ({"ref": "x\x00"}, "printable"), ({"kind": "gift"}, "no kind of document"),
     ({"lines": [], "counts": [], "voids": None}, "takes back nothing"), ({"at_utc_s": -1}, "seconds since 1970"),
     ({"lines": [{"line": 1}]}, "'thousandths'"), ({"voids": {"source": "a"}}, "'voids'"),
     ({"lines": [WHOLE.lines[0].as_json()] * 2}, "two lines have the same number"), ({"counts": 7}, "must be a list"),
     ({"lines": [WHOLE.lines[0].as_json() | {"gtin": "123"}]}, "no GTIN"), ({"at_utc_s": True}, "seconds since"),
     ({"lines": [WHOLE.lines[0].as_json() | {"to": "floor"}]}, "moves nothing"),
     ({"lines": [WHOLE.lines[0].as_json() | {"from": "The Floor"}]}, "expected: an account"),
     ({"lines": [WHOLE.lines[0].as_json() | {"expiry": "1.12.2026"}]}, "no date"),
     ({"lines": [WHOLE.lines[0].as_json() | {"thousandths": 0}]}, "above 0")],
)  # fmt: skip
def test_what_is_wrong_is_named(change: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_document({**WHOLE.as_json(), **change})


_scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30)
_values = st.recursive(_scalars, lambda inner: st.lists(inner, max_size=3), max_leaves=5)
_PARTS = st.sampled_from(
    ["lines", "counts", "voids", "at_utc_s", "kind", "about", "line", "gtin", "thousandths", "from"]
)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(_PARTS, _values, max_size=4), st.dictionaries(_PARTS, _values, max_size=4))
def test_anything_is_a_document_or_an_input_error(head: dict[str, Any], line: dict[str, Any]) -> None:
    said = {**WHOLE.as_json(), "lines": [{**WHOLE.lines[0].as_json(), **line}], **head}
    try:
        document = read_document(said)
    except InputError as error:
        assert error.message
    else:
        assert read_document(document.as_json()).as_json() == document.as_json()
        assert recorded_document(document.as_json()) == read_document(document.as_json())
