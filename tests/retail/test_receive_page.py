"""Receiving on the hand-held: what is expected, what came, what differs."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.store_filled import BAGS, GTINS, SHOWN, fill
from tests.support.store_screens import NOW_MS, StoreRig, read, send
from verticals.contract import Reply
from verticals.store.inbox import Inbox


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreRig]:
    with StoreRig(tmp_path_factory.mktemp("receive")) as running:
        fill(running)
        running.insert("purchase_orders", {"id": "o-4", "supplier": "Household Ltd", "state": "sent",
                                           "expected_ms": NOW_MS})  # fmt: skip
        running.insert("purchase_order_lines", {"order_id": "o-4", "gtin": BAGS, "thousandths": 24000})
        running.insert(
            "receivings",
            {"id": "r-2", "order_id": "o-4", "supplier": "Household Ltd", "ref": "DN 17", "who": "Operator 22"},
            {"id": "r-1", "supplier": "Fresh Ltd", "state": "posted", "ended_ms": NOW_MS},
        )
        running.insert("receiving_lines", {"receiving": "r-2", "key": "k1", "gtin": BAGS, "thousandths": 12000})
        running.insert("receiving_differences", {"receiving": "r-1", "gtin": GTINS[1], "ordered": 24000,
                                                 "received": 12000, "damaged": 1000, "word": "short"})  # fmt: skip
        yield running.run_line(**SHOWN)


@pytest.fixture(autouse=True)
def _answers(store: StoreRig) -> None:
    store.orders.clear()
    store.answer = lambda command: Reply(True, data={"receiving": "r-2"})


def test_what_is_expected_is_listed_with_its_day(store: StoreRig) -> None:
    page = read(store.associate, "/receive")
    assert "Household Ltd DN 17, since 14:05 being received" in page
    assert "Household Ltd Order o-4, 1 products, today Receive" in page


def test_a_delivery_is_begun_by_its_order_or_its_supplier(store: StoreRig) -> None:
    assert send(store.associate, "/receive", order="o-4")[0] == 200
    send(store.associate, "/receive", supplier="Fresh Ltd", ref="DN 18", other="x")
    assert [dict(one.args) for one in store.orders] == [{"order": "o-4"}, {"supplier": "Fresh Ltd", "ref": "DN 18"}]
    store.answer = lambda command: Reply(False, "Whose delivery is it?")
    assert "Whose delivery is it?" in send(store.associate, "/receive")[1]


def test_the_page_knows_what_is_owed_and_what_came_so_far(store: StoreRig) -> None:
    page = store.associate.get("/receive/r-2").text
    found = re.search(r'data-receive data-state="([^"]*)"', page)
    assert found is not None
    said: dict[str, Any] = json.loads(html.unescape(found[1]))
    assert [(one["gtin"], one["expected"], one["case"]) for one in said["items"]] == [(BAGS, 24.0, 12)]
    assert [(one["key"], one["quantity"]) for one in said["lines"]] == [("k1", 12.0)]


def test_scans_are_on_the_disk_when_they_are_acknowledged(store: StoreRig) -> None:
    line = {"key": "a" * 32, "gtin": BAGS, "quantity": 12, "damaged": 1, "lot": "L7"}
    assert store.associate.order("/receive/r-2/lines", {"lines": [line]}).json()["lines"] == 1
    brought = Inbox(store.store.engine).pending()[-1]
    assert (brought.payload["kind"], brought.payload["receiving"]) == ("receive-lines", "r-2")
    assert brought.payload["lines"] == [line]


def test_without_script_a_line_is_typed(store: StoreRig) -> None:
    assert send(store.associate, "/receive/r-2/typed", code=BAGS, quantity="12")[0] == 200
    assert store.orders[0].args["lines"][0]["quantity"] == "12"
    assert "Give the code" in send(store.associate, "/receive/r-2/typed")[1]


def test_a_delivery_is_booked_or_given_up_and_shows_what_differs(store: StoreRig) -> None:
    assert store.associate.order("/receive/r-2/finish", {}).json()["accepted"]
    send(store.associate, "/receive/r-2/cancel")
    assert [one.name for one in store.orders] == ["receive-finish", "receive-cancel"]
    assert "Oat milk, 1 l ordered 24, came 12, damaged 1 short" in read(store.associate, "/receive/r-1")
    assert "There is no delivery r-77." in read(store.associate, "/receive/r-77", 409)
