"""Four weeks of availability, shrink and false alarms."""

from __future__ import annotations

from pathlib import Path

from tests.support.store_filled import BAGS, fill
from tests.support.store_screens import NOW_MS, StoreRig, read


def test_figures_come_with_what_they_are_a_share_of(tmp_path: Path) -> None:
    with StoreRig(tmp_path) as store:
        fill(store)
        for number, state in enumerate(["done", "done", "not-true", "closed"]):
            store.insert("tasks", {"id": f"t-9{number}", "kind": "refill", "gtin": BAGS, "state": state,
                                   "ended_ms": NOW_MS - 1000})  # fmt: skip
        page = read(store.viewer, "/reports")
    assert "94.4 % mean of 13 days" in page
    assert "1.25 % €1 950.00 of €156 520 sales" in page.replace("\u202f", " ")
    assert "Shelf cameras Refill 1 of 3 33 %" in page
    assert "Counts, no reason given 1" in page


def test_a_new_store_has_no_figures_and_says_why(tmp_path: Path) -> None:
    with StoreRig(tmp_path) as store:
        page = read(store.viewer, "/reports")
    assert "No shelf was seen on a whole day yet." in page and "Nothing was counted in these weeks" in page
    assert "– – mean of 0 days" in page and "Nobody has ended a task" in page
