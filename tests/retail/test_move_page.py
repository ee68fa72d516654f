"""What people in the store book by themselves: moves, receipts, write-offs; acknowledged when they are on the disk."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InputError
from retail.ledger.document import read_document
from retail.move_page import acts, documents_of
from tests.support.store_filled import BAGS, SHOWN, fill
from tests.support.store_screens import NOW_UTC_S, SETTINGS, StoreRig, read, send
from verticals.store.inbox import Inbox


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreRig]:
    with StoreRig(tmp_path_factory.mktemp("moves")) as running:
        fill(running)
        yield running.run_line(**SHOWN)


def document(kind: str = "move", begin: str = "backroom", end: str = "floor", ref: str = "m-1") -> dict[str, Any]:
    line = {"line": 1, "gtin": BAGS, "thousandths": 6000, "from": begin, "to": end}
    return {"source": "mine", "ref": ref, "kind": kind, "at_utc_s": NOW_UTC_S, "who": "somebody", "lines": [line]}


def brought(store: StoreRig) -> list[dict[str, Any]]:
    """Of every batch in the inbox."""
    return [one for fact in Inbox(store.store.engine).pending() for one in fact.payload["documents"]]


def test_a_move_is_on_the_disk_once_and_says_who_did_it(store: StoreRig) -> None:
    before = len(brought(store))
    for _ in range(2):
        answer = store.associate.order("/hand/documents", {"documents": [document()]})
        assert (answer.status_code, answer.json()["documents"]) == (200, 1)
    [kept] = brought(store)[before:]
    assert (kept["source"], kept["ref"], kept["who"]) == ("hand-held", "m-1", "Operator 22")
    assert store.viewer.order("/hand/documents", {"documents": [document(ref="m-2")]}).status_code == 403


@pytest.mark.parametrize(
    "said",
    [document("sale", "floor", "customer"), document("move", "supplier", "floor"),
     document("damage", "floor", "shrink"), document("receipt", "supplier", "moon"),
     document("adjustment", "floor", "shrink"),
     {**document(), "kind": "count", "lines": [], "counts": [{"line": 1, "gtin": BAGS, "place": "floor",
                                                              "thousandths": 1}]}],
)  # fmt: skip
def test_what_people_do_not_book_alone_is_refused_with_the_reason(store: StoreRig, said: dict[str, Any]) -> None:
    before = len(brought(store))
    answer = store.associate.order("/hand/documents", {"documents": [said]})
    assert answer.status_code == 400 and "m-1" in answer.json()["error"]
    assert len(brought(store)) == before


def test_one_product_is_moved_or_written_off_by_a_form(store: StoreRig) -> None:
    page = read(store.associate, f"/look?q={BAGS}")
    assert "Move or write off" in page
    before = len(brought(store))
    status, page = send(store.associate, "/hand/move", gtin=BAGS, act="expiry/cold-room/waste", quantity="1,5")
    assert status == 200 and "Booked." in page and "Kitchen bags tall" in page
    [kept] = brought(store)[before:]
    assert (kept["kind"], kept["lines"][0]["thousandths"], kept["lines"][0]["from"]) == ("expiry", 1500, "cold-room")
    assert send(store.associate, "/hand/move", gtin=BAGS, act="move/backroom/floor", quantity="0")[0] == 400
    assert send(store.associate, "/hand/move", gtin=BAGS, act="sale/floor/customer", quantity="1")[0] == 400


def test_every_act_that_is_offered_is_taken() -> None:
    for act, words in acts(SETTINGS):
        kind, begin, end = act.split("/")
        [taken] = documents_of({"documents": [document(kind, begin, end)]}, "Operator 22", SETTINGS)
        assert (taken.kind, taken.who) == (kind, "Operator 22") and words


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
_ODD = st.sampled_from(["floor", "backroom", "waste", "supplier", "customer", "shrink", "moon", "", None, 7])
_LINE = st.fixed_dictionaries({
    "line": st.integers(-1, 3) | JSON, "gtin": st.sampled_from([BAGS, "", "1"]), "thousandths": st.integers(-1, 5000),
    "from": _ODD, "to": _ODD,
})  # fmt: skip
_DOCUMENT = st.fixed_dictionaries({
    "source": st.text(max_size=5), "ref": st.text(min_size=1, max_size=5), "at_utc_s": st.just(NOW_UTC_S) | JSON,
    "kind": st.sampled_from(["move", "receipt", "damage", "expiry", "sale", "count", "void", 1]),
    "lines": st.lists(_LINE, max_size=3) | JSON,
})  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(JSON | st.fixed_dictionaries({"documents": JSON | st.lists(_DOCUMENT | JSON, max_size=3)}))
def test_only_goods_that_people_may_move_come_through(body: Any) -> None:
    try:
        taken = documents_of(body, "Operator 22", SETTINGS)
    except InputError:
        return
    for one in taken:
        assert read_document(one.as_json()) == one and (one.source, one.who) == ("hand-held", "Operator 22")
        assert all({line.from_account, line.to_account} & {"floor", "backroom", "cold-room"} for line in one.lines)
        assert not any("customer" in (line.from_account, line.to_account) for line in one.lines)
