"""Four weeks of availability, shrink and false alarms."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

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
    assert re.search(r"Shrink a day \d+\.\d\d % €196\.91 of €[\d ]+ sales", page.replace("\u202f", " "))
    assert "Shelf cameras Refill 1 of 3 33 %" in page
    assert "Where it went from 1 count and what was written off" in page
    left = re.search(r"Unexplained counted missing, .*? (\d+) \d+\.\d\d % of what was sold €(\d+\.\d\d)", page)
    assert left is not None and float(left[2]) == pytest.approx(int(left[1]) * 6.79)
    assert "No screen has shown a product yet." in page and "0 slots shown, 0 held out." in page


def test_a_new_store_has_no_figures_and_says_why(tmp_path: Path) -> None:
    with StoreRig(tmp_path) as store:
        page = read(store.viewer, "/reports")
    assert "No shelf was seen on a whole day yet." in page and "Nothing was counted in these weeks" in page
    assert "– – mean of 0 days" in page and "Nobody has ended a task" in page
