"""Nobody who may be counting a product reads its stock on any page while the count runs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.screens import Visitor
from tests.support.store_filled import BAGS, GTINS, SHOWN, count_sheet, fill
from tests.support.store_screens import StoreRig, read

SHOWS = ("sure to", "Ledger 6", "8 sold, 4 tills", "6 under 11", "±1")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreRig]:
    with StoreRig(tmp_path_factory.mktemp("blind")) as running:
        fill(running)
        count_sheet(running)
        yield running.run_line(**SHOWN)


@pytest.mark.parametrize("path", [f"/product/{BAGS}", f"/?product={BAGS}", f"/look?q={BAGS}", "/products"])
def test_an_associate_sees_that_it_is_being_counted_and_no_figure(store: StoreRig, path: str) -> None:
    page = read(store.associate, path)
    assert "being counted" in page and "Kitchen bags tall, 45 pcs" in page
    assert not [shown for shown in SHOWS if shown in page]


def test_the_shelf_view_and_the_ledgers_data_keep_it_too(store: StoreRig) -> None:
    assert "Ledger – –" in read(store.associate, "/shelf/A7.2?slot=A7.2/2-8")
    answer = store.associate.get(f"/ledger/{BAGS}")
    assert (answer.status_code, answer.json()) == (409, {"gtin": BAGS, "error": "it is being counted"})
    assert "Ledger 6" in read(store.lead, "/shelf/A7.2?slot=A7.2/2-8")
    assert store.associate.get(f"/ledger/{GTINS[1]}").status_code == 200


def test_a_lead_and_a_viewer_see_it_unless_they_count_it_themselves(store: StoreRig) -> None:
    def sees(visitor: Visitor) -> bool:
        return "sure to ±1" in read(visitor, f"/product/{BAGS}")

    assert sees(store.lead) and sees(store.viewer)
    count_sheet(store, sheet="c-9", state="recount", round_=2)
    store.clear("count_sheets")
    store.insert("count_sheets", {"id": "c-9", "state": "recount", "counters": ["Operator 22", "Lead 2"]})
    assert not sees(store.lead) and sees(store.viewer)
