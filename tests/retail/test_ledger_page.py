"""The ledger's page: deliveries that partners announced, facts told twice that differ, the newest documents."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.support.store_filled import BAGS, GTINS, SHOWN, fill
from tests.support.store_screens import NOW_MS, NOW_UTC_S, StoreRig, read, send
from verticals.contract import Reply
from verticals.store.inbox import Inbox


def receipt(ref: str) -> str:
    lines = [{"line": 1, "gtin": BAGS, "thousandths": 24000, "from": "supplier", "to": "backroom", "lot": "L7"},
             {"line": 2, "gtin": GTINS[1], "thousandths": 12000, "from": "supplier", "to": "backroom"}]  # fmt: skip
    said = {"source": "epcis", "ref": ref, "kind": "receipt", "at_utc_s": NOW_UTC_S - 900, "lines": lines}
    return json.dumps(said)


@pytest.fixture
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreRig]:
    with StoreRig(tmp_path_factory.mktemp("ledger")) as running:
        fill(running)
        running.insert("epcis_proposals", *(
            {"ref": ref, "document": receipt(ref), "at_ms": NOW_MS - 900_000} for ref in ("e-1", "e-2")
        ))  # fmt: skip
        yield running.run_line(**SHOWN)


def test_a_lead_books_an_announced_delivery_or_puts_it_away(store: StoreRig) -> None:
    page = read(store.lead, "/ledger")
    assert "Delivery back room 13:50 Kitchen bags tall, 45 pcs 24, lot L7 Oat milk, 1 l 12 Book it Put away" in page
    assert send(store.lead, "/epcis/proposals/e-1", act="book")[1].count("Booked: it is in the ledger now.") == 1
    [order] = store.orders
    assert (order.name, order.args["document"]["ref"], order.who) == ("book", "e-1", "Lead 2")
    assert "Put away: nothing was booked." in send(store.lead, "/epcis/proposals/e-2", act="dismiss")[1]
    assert [one.payload["dismiss"] for one in Inbox(store.store.engine).pending()] == ["e-2"]
    store.answer = lambda command: Reply(False, "The line says no.")
    status, page = send(store.lead, "/epcis/proposals/e-1", act="book")
    assert status == 409 and "The line says no." in page


def test_who_is_no_lead_sees_what_waits_and_may_not_answer(store: StoreRig) -> None:
    assert "for a lead" in read(store.associate, "/ledger")
    assert send(store.associate, "/epcis/proposals/e-1", act="book")[0] == 403
    assert store.orders == []


def test_what_was_told_twice_and_differs_shows_both_and_a_count_settles_it(store: StoreRig) -> None:
    def told(pieces: int) -> None:
        line = {"line": 1, "gtin": BAGS, "thousandths": pieces * 1000, "from": "supplier", "to": "backroom"}
        store.documents({"source": "delivery", "ref": "d7", "kind": "receipt", "at_utc_s": NOW_UTC_S - 60,
                         "who": "Operator 22", "lines": [line]})  # fmt: skip

    told(12)
    told(24)
    page = read(store.associate, "/ledger")
    assert "Kitchen bags tall, 45 pcs 12, supplier to back room 24, supplier to back room" in page
    assert "delivery d7, line 1" in page
    status, page = send(store.associate, "/ledger/count", gtin=BAGS, place="backroom", title="Kitchen bags")
    assert status == 200 and "Planned: the count is on the hand-helds now." in page
    [order] = store.orders
    assert (order.name, dict(order.args)) == (
        "count-plan", {"title": "Kitchen bags", "items": [{"gtin": BAGS, "place": "backroom"}]}
    )  # fmt: skip
    assert send(store.associate, "/ledger/count", gtin="x", place="")[0] == 400


def test_a_difference_that_leaves_the_stock_as_it_is_is_told_for_a_week(store: StoreRig) -> None:
    def told(ref: str, days: float, lot: str) -> None:
        line = {"line": 1, "gtin": BAGS, "thousandths": 1000, "from": "floor", "to": "customer", "lot": lot}
        store.documents({"source": "till", "ref": ref, "kind": "sale", "at_utc_s": NOW_UTC_S - days * 86400,
                         "lines": [line]})  # fmt: skip

    for ref, days in (("young", 6), ("old", 8)):
        told(ref, days, "L1")
        told(ref, days, "L2")
    page = read(store.associate, "/ledger")
    assert "till young, line 1" in page and "the stock is right either way" in page
    assert "till old, line 1" not in page


def test_a_new_ledger_says_what_is_missing(tmp_path_factory: pytest.TempPathFactory) -> None:
    with StoreRig(tmp_path_factory.mktemp("new")) as store:
        page = read(store.viewer, "/ledger")
    assert "Nothing waits." in page and "Nothing was sold, delivered or counted yet." in page
