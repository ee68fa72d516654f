"""Purchase orders: suggestions by supplier, drafts, CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

import pytest

from tests.support.store_filled import BAGS, GTINS, SHOWN, fill
from tests.support.store_screens import NOW_MS, StoreRig, read, send
from verticals.contract import Reply


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreRig]:
    with StoreRig(tmp_path_factory.mktemp("orders")) as running:
        fill(running)
        running.insert(
            "purchase_orders",
            {"id": "o-5", "supplier": "Household Ltd", "state": "draft", "made_by": "Lead 2"},
            {"id": "o-4", "supplier": "Fresh Ltd", "state": "part", "sent_ms": NOW_MS - 3_600_000,
             "expected_ms": NOW_MS + 86_400_000},
        )  # fmt: skip
        running.insert(
            "purchase_order_lines",
            {"order_id": "o-5", "gtin": BAGS, "thousandths": 24000, "reason": "=1+1"},
            {"order_id": "o-4", "gtin": GTINS[1], "thousandths": 36000, "received": 12000},
        )
        yield running.run_line(**SHOWN)


@pytest.fixture(autouse=True)
def _answers(store: StoreRig) -> None:
    store.orders.clear()
    store.answer = lambda command: Reply(True)


def test_suggestions_stand_by_supplier_with_their_reason(store: StoreRig) -> None:
    page = read(store.lead, "/orders")
    assert "1 suggested" in page and "Household Ltd Add all 1 Kitchen bags tall, 45 pcs Sells 7.4 a day" in page
    assert "24 2 cases Add" in page
    assert "Add all" not in read(store.viewer, "/orders")


def test_drafts_come_first_and_say_what_they_are_worth(store: StoreRig) -> None:
    page = read(store.viewer, "/orders")
    assert page.index("o-5, draft") < page.index("o-4, partly received")
    assert "€162.96" in page and "expected Tue 24 Nov" in page and "36 12" in page


def test_a_lead_changes_removes_sends_and_drops(store: StoreRig) -> None:
    send(store.lead, "/orders/o-5/line", gtin=BAGS, quantity="36")
    send(store.lead, "/orders/o-5/line", gtin=BAGS, quantity="36", remove="1")
    send(store.lead, "/orders/o-5/line", gtin=BAGS, quantity="0")
    send(store.lead, "/orders/o-5/send")
    send(store.lead, "/orders/o-5/cancel")
    send(store.lead, "/orders/supplier", supplier="Household Ltd")
    assert [one.name for one in store.orders] == [
        "order-quantity", "order-remove", "order-remove", "order-send", "order-cancel", "order-add",
    ]  # fmt: skip
    assert dict(store.orders[0].args) == {"order": "o-5", "gtin": BAGS, "quantity": "36"}
    store.answer = lambda command: Reply(False, "Order o-5 was sent already.")
    status, page = send(store.lead, "/orders/o-5/send")
    assert status == 409 and "Order o-5 was sent already." in page
    assert store.associate.order("/orders/o-5/send", {}).status_code == 403


def test_an_order_is_a_csv_that_no_spreadsheet_takes_for_a_formula(store: StoreRig) -> None:
    answer = store.viewer.get("/orders/o-5.csv")
    assert answer.headers["content-disposition"] == "attachment; filename=order-o-5.csv"
    [line] = csv.DictReader(io.StringIO(answer.text))
    assert (line["gtin"], line["quantity"], line["cases"], line["reason"]) == (BAGS, "24", "2", "'=1+1")
    assert store.viewer.get("/orders/o-9.csv").status_code == 400
