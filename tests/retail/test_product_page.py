"""The list of products, one product whole, and what a search leads to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.store_filled import BAGS, GTINS, SHOWN, count_sheet, fill
from tests.support.store_screens import StoreRig, read


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreRig]:
    with StoreRig(tmp_path_factory.mktemp("products")) as running:
        fill(running)
        running.documents({
            "source": "delivery", "ref": "d9", "kind": "receipt", "at_utc_s": 1_795_400_000.0,
            "lines": [{"line": 1, "gtin": GTINS[4], "thousandths": 14000, "from": "supplier", "to": "floor",
                       "lot": "L2611-B", "expiry": "2026-11-25"},
                      {"line": 2, "gtin": GTINS[4], "thousandths": 3000, "from": "supplier", "to": "floor",
                       "lot": "L2610-A", "expiry": "2026-11-22"}],
        })  # fmt: skip
        running.catalogue([{"gtin": "09520123999902", "name": "100% juice_x", "codes": ["4011"]}])
        yield running.run_line(**SHOWN)


def test_every_product_says_how_many_and_how_sure(store: StoreRig) -> None:
    page = read(store.viewer, "/products")
    assert "16 in all" in page and "1 to 16 of 16" in page
    assert "Kitchen bags tall, 45 pcs 9520123456047 Household Household Ltd €6.79 6 ±1 6" in page
    assert "Avocado 9520123456122 Food Fresh Ltd €1.29 – – nothing on record – –" in page
    assert "Oat milk, 1 l" in page and "30 by the ledger 30 cold room 30" in page


def test_a_search_takes_its_signs_literally(store: StoreRig) -> None:
    assert "1 found" in read(store.viewer, "/products?q=100%25")
    assert "1 found" in read(store.viewer, "/products?q=juice_x")
    assert "Nothing like that" in read(store.viewer, "/products?q=%25%25")
    assert "Household 7" in read(store.viewer, "/products?category=Household&page=x")


def test_one_product_shows_its_whole_past_and_its_lots(store: StoreRig) -> None:
    page = read(store.lead, f"/product/{BAGS}")
    assert "Opening stock 120 +120" in page and "Counted, shelf = 18" in page and "Order 24 (2 cases)" in page
    assert "No lot or date of it is known." in page
    page = read(store.viewer, f"/product/{GTINS[4]}")
    assert "L2610-A Sun 22 Nov, over 3" in page
    assert page.index("L2610-A") < page.index("L2611-B")


@pytest.mark.parametrize(
    ("asked", "to"),
    [(BAGS[1:], f"/product/{BAGS}"), (f"(01){BAGS}(10)L7", f"/product/{BAGS}"), ("4011", "/product/09520123999902"),
     ("vanilla", f"/product/{GTINS[2]}"), ("A7.2, 2-08", "/shelf/A7.2?slot=A7.2%2F2-8"), ("A7.2", "/shelf/A7.2"),
     ("bags", "/products?q=bags"), ("", "/products")],
)  # fmt: skip
def test_a_search_leads_to_a_product_a_slot_or_a_list(store: StoreRig, asked: str, to: str) -> None:
    answer = store.viewer.get("/find", params={"q": asked})
    assert (answer.status_code, answer.headers["location"]) == (303, to)


def test_what_nobody_knows_is_said(store: StoreRig) -> None:
    assert "Nobody knows 4711xyz" in read(store.viewer, "/find?q=4711xyz", 404)
    assert "Nobody knows 09999999999999" in read(store.viewer, "/product/09999999999999", 404)


def test_the_hand_held_finds_by_scan_and_by_name(store: StoreRig) -> None:
    page = read(store.associate, f"/look?q={BAGS[1:]}")
    assert "Kitchen bags tall, 45 pcs" in page and "sure to ±1" in page and "Slot A7.2, 2-08" in page
    count_sheet(store)
    page = read(store.associate, f"/look?q={BAGS[1:]}")
    assert "It is being counted" in page and "sure to" not in page and "Ledger 6" not in page
    assert "Kitchen bags tall, 20 pcs" in read(store.associate, "/look?q=kitchen")
    assert "Nothing is called zzz" in read(store.associate, "/look?q=zzz", 404)
    assert "Scan a product" in read(store.associate, "/look")
