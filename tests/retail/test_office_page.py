"""Today's page over a real web process: the list, the floor, the product, and what people do from it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest

from tests.support.screens import Visitor
from tests.support.store_filled import BAGS, SHOWN, fill
from tests.support.store_screens import NOW_MS, StoreRig
from verticals.contract import Reply


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreRig]:
    with StoreRig(tmp_path_factory.mktemp("office")) as running:
        fill(running)
        yield running.run_line(**SHOWN)


@pytest.fixture(autouse=True)
def _answers(store: StoreRig) -> None:
    store.orders.clear()
    store.answer = lambda command: Reply(True)


def text(html: str) -> str:
    main = re.sub(r"<(script|style|head).*?</\1>", " ", html, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", main)).split())


def shown(visitor: Visitor, address: str, status: int = 200) -> str:
    answer = visitor.get(address)
    assert answer.status_code == status, answer.text
    return text(answer.text)


def post(visitor: Visitor, path: str, **values: str) -> tuple[int, str]:
    answer = visitor.post(path, data={"csrf": visitor.csrf(), **values}, follow_redirects=True)
    return answer.status_code, text(answer.text)


def test_the_dearest_task_is_first_and_its_product_is_looked_at(store: StoreRig) -> None:
    page = shown(store.viewer, "/")
    assert "On shelf, today 94.1 %" in page and "Out of stock 23 of 440 slots" in page
    assert "To do €51 /h All 11 Refill 5 Check 2 Count 1 Markdown 2 Label 1" in page.replace("€51/h", "€51 /h")
    first, second = page.index("Kitchen bags tall, 45 pcs A7.2, 2-08"), page.index("Oat milk, 1 l C2.1")
    assert first < second
    assert "Refill out since 13:22, 6 in back room" in page
    assert "6 on hand, sure to ± 1" in page.replace("±1", "± 1")
    assert "Ledger 6 Camera 0 of 2 RFID none Counted 2 d ago" in page
    assert "Camera: slot empty" in page and "8 sold, 4 tills −8 6" in page
    assert "Order 24 (2 cases) 6 under 11 Sells 7.4 a day" in page


def test_a_kind_is_a_link_that_shows_it_alone(store: StoreRig) -> None:
    page = shown(store.viewer, "/?kind=markdown")
    assert "Medium fat milk" in page and "Oat milk" not in page
    assert "3 expired Sun 22 Nov: take them off the shelf" in page


def test_another_task_and_another_product_can_be_looked_at(store: StoreRig) -> None:
    assert "Oat milk, 1 l" in text(store.viewer.get("/?task=t-2").text.partition('aria-label="Product"')[2])
    assert "Add to order" not in shown(store.viewer, "/")
    assert "Add to order" in shown(store.lead, "/")
    assert "Choose a task" in shown(store.viewer, "/?product=09999999999999")


def test_a_task_that_is_done_is_told_to_the_desk_by_who_did_it(store: StoreRig) -> None:
    status, _ = post(store.associate, "/task/t-1/done", kind="refill", quantity="5,5")
    assert status == 200
    [order] = store.orders
    assert (order.name, dict(order.args), order.who) == ("task-done", {"task": "t-1", "quantity": "5.5"}, "Operator 22")
    assert store.associate.get("/?kind=refill").status_code == 200


def test_not_true_carries_its_note(store: StoreRig) -> None:
    post(store.associate, "/task/t-3/not-true", note="it is full")
    assert [(one.name, dict(one.args)) for one in store.orders] == [
        ("task-not-true", {"task": "t-3", "note": "it is full"})
    ]


def test_a_refusal_stands_on_the_page(store: StoreRig) -> None:
    store.answer = lambda command: Reply(False, "Operator 31 has this task already.")
    status, page = post(store.associate, "/task/t-2/done", kind="refill")
    assert status == 409 and "Operator 31 has this task already." in page and "Oat milk" in page


def test_somebody_who_only_looks_may_not_end_a_task(store: StoreRig) -> None:
    assert store.viewer.order("/task/t-1/done", {}).status_code == 403
    assert store.associate.order("/order/add", {"gtin": BAGS}).status_code == 403
    assert store.orders == []


def test_a_suggestion_goes_into_an_order(store: StoreRig) -> None:
    store.answer = lambda command: Reply(True, data={"order": "o-5"})
    answer = store.lead.post("/order/add", data={"csrf": store.lead.csrf(), "gtin": BAGS})
    assert (answer.status_code, answer.headers["location"]) == (303, "/orders?order=o-5")
    assert [(one.name, dict(one.args)) for one in store.orders] == [("order-add", {"gtin": BAGS})]
    store.answer = lambda command: Reply(False, "Bags has no supplier.")
    assert "Bags has no supplier." in post(store.lead, "/order/add", gtin=BAGS)[1]


def test_a_hand_held_hears_what_became_of_its_order(store: StoreRig) -> None:
    answer = store.associate.order("/task/t-1/done", {"quantity": 6})
    assert answer.json() == {"accepted": True, "reason": "", "data": {}}
    store.answer = lambda command: Reply(False, "This task is over.")
    answer = store.associate.order("/task/t-1/done", {})
    assert (answer.status_code, answer.json()["reason"]) == (409, "This task is over.")
    assert store.associate.order("/task/t-1/forget", {}).status_code == 404


def test_while_the_line_is_silent_a_hand_held_is_asked_to_come_again(store: StoreRig) -> None:
    store.silence_line()
    assert store.associate.order("/task/t-1/done", {}).status_code == 503
    status, page = post(store.associate, "/task/t-1/done")
    assert status == 409 and "The line does not answer. Nothing was done." in page
    store.tell(store=SHOWN)


def test_a_count_that_differs_too_much_is_told_with_its_product(store: StoreRig) -> None:
    store.insert("count_sheets", {"id": "c-3", "title": "A7.2", "state": "approval"})
    store.insert("count_items", {"sheet": "c-3", "number": 1, "gtin": BAGS, "verdict": "approval", "counted": 2000,
                                 "expected": 6000})  # fmt: skip
    assert "System 6, count 2: needs approval" in shown(store.viewer, "/")
    store.clear("count_sheets")


def test_a_name_is_never_read_as_markup(tmp_path: Path) -> None:
    with StoreRig(tmp_path) as store:
        store.catalogue([{"gtin": BAGS, "name": "<script>alert(1)</script>"}])
        store.insert("tasks", {"id": "t-1", "kind": "check", "gtin": BAGS, "reason": "<b>", "opened_ms": NOW_MS})
        page = store.viewer.get("/").text
    assert "<script>alert" not in page and "&lt;script&gt;" in page


def test_the_floor_is_shown_as_it_was_at_an_earlier_hour(store: StoreRig) -> None:
    assert "out, 1 of" not in shown(store.viewer, "/")
    page = store.viewer.get("/?at=785").text  # 13:05, before anything was seen
    assert "availability by bay at" in page and "Aisle A7, bay 2: not seen" in page
    page = store.viewer.get("/?at=9999").text
    assert "availability by bay at" not in page and "Aisle A7, bay 2: 70 % on shelf, 3 out" in page
    assert store.viewer.get("/?at=-x").status_code == 200


def test_a_new_store_says_what_is_missing(tmp_path: Path) -> None:
    with StoreRig(tmp_path) as store:
        page = shown(store.viewer, "/")
    assert "No planogram yet" in page and "Import a planogram" in page
    assert "– – no shelf was seen today" in page and "line silent" in page
    assert "Nothing to do. No shelf is seen yet" in page
