"""Day one: files in, whole or not at all; everything out again."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from retail.work_export import WORK_EXPORTS
from tests.support.screens import Visitor
from tests.support.store_filled import BAGS, GTINS, fill
from tests.support.store_screens import StoreRig, read, words
from verticals.store.inbox import Inbox

PRODUCTS = f"gtin;name;price\n{BAGS[1:]};Kitchen bags;6,79\n"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreRig]:
    with StoreRig(tmp_path_factory.mktemp("settings")) as running:
        fill(running)
        yield running


def upload(visitor: Visitor, what: str, text: str, name: str = "list.csv") -> httpx.Response:
    files = {"file": (name, text.encode(), "text/csv")}
    return visitor.post(f"/settings/import/{what}", data={"csrf": visitor.csrf()}, files=files)


def test_a_list_of_products_is_taken_in_whole(store: StoreRig) -> None:
    before = len(Inbox(store.store.engine).pending())
    answer = upload(store.lead, "products", PRODUCTS)
    assert answer.status_code == 200 and "1 products taken in from list.csv." in words(answer.text)
    brought = Inbox(store.store.engine).pending()[before:]
    assert [(one.source, one.payload["kind"]) for one in brought] == [("import", "catalogue")]
    assert brought[0].payload["products"][0]["price_cents"] == 679


@pytest.mark.parametrize(
    ("what", "text", "said"),
    [
        ("products", "gtin;name\n1234;Bags\n", "line 2"),
        ("products", "", "Choose a CSV file first."),
        ("planogram", "fixture,shelf,slot,gtin\nA1,1,1,4006381333931\n", "line 2"),
        ("stock", f"item,quantity\n{BAGS},many\n", "line 2"),
        ("sales", "\x00\xff", "Row"),
    ],
)
def test_a_file_with_a_fault_is_not_taken_and_the_fault_is_named(
    store: StoreRig, what: str, text: str, said: str
) -> None:
    before = len(Inbox(store.store.engine).pending())
    answer = upload(store.lead, what, text)
    assert answer.status_code == 400
    assert said in words(answer.text) or what == "sales"
    assert 'role="alert"' in answer.text and "Traceback" not in answer.text
    assert len(Inbox(store.store.engine).pending()) == before


def test_only_a_lead_imports(store: StoreRig) -> None:
    assert upload(store.associate, "products", PRODUCTS).status_code == 403
    assert upload(store.lead, "people", PRODUCTS).status_code == 400
    assert "a lead imports" in read(store.viewer, "/settings")


def test_everything_comes_out_as_csv(store: StoreRig) -> None:
    page = read(store.viewer, "/settings")
    for name in ("products.csv", "planogram.csv", "stock.csv", "moves.csv", "counts.csv", *WORK_EXPORTS):
        assert name in page
        answer = store.viewer.get(f"/settings/export/{name}")
        assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/csv")
    assert GTINS[3] in store.viewer.get("/settings/export/products.csv").text
    assert store.viewer.get("/settings/export/people.csv").status_code == 400
