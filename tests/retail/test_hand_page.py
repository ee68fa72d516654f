"""What the hand-held fetches for a time without network."""

from __future__ import annotations

from pathlib import Path

from tests.support.store_filled import BAGS, GTINS, products
from tests.support.store_screens import StoreRig


def test_the_list_of_products_says_names_and_codes_and_no_stock(tmp_path: Path) -> None:
    with StoreRig(tmp_path) as store:
        store.catalogue([{**one, "codes": ["4011"] if one["gtin"] == BAGS else []} for one in products()])
        said = store.associate.get("/hand/products").json()
    assert said["products"][BAGS] == ["Kitchen bags tall, 45 pcs", "piece"]
    assert (set(said["products"]), said["codes"]) == (set(GTINS), {"4011": BAGS})
    assert set(said) == {"products", "codes", "at"}


def test_the_worker_stands_at_the_root_so_that_it_may_keep_the_pages(tmp_path: Path) -> None:
    with StoreRig(tmp_path) as store:
        answer = store.associate.get("/hand-worker.js")
    assert answer.headers["content-type"].startswith("text/javascript")
    assert "addEventListener" in answer.text
