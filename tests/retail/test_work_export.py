"""The work as CSV: units and UTC, nothing that a blind count must not know, nothing that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

import pytest

from retail.work_export import work_rows
from tests.support.store_filled import BAGS, GTINS, count_sheet, fill
from tests.support.store_screens import NOW_MS, StoreRig


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreRig]:
    with StoreRig(tmp_path_factory.mktemp("export")) as running:
        fill(running)
        yield running


def table(store: StoreRig, name: str) -> list[dict[str, str]]:
    with store.store.engine.connect() as connection:
        content = b"".join(work_rows(connection, name)).decode()
    return list(csv.DictReader(io.StringIO(content)))


def test_quantities_are_units_and_moments_are_utc(store: StoreRig) -> None:
    store.insert("purchase_orders", {"id": "o-4", "supplier": "=cmd()", "state": "sent", "sent_ms": NOW_MS})
    store.insert("purchase_order_lines", {"order_id": "o-4", "gtin": BAGS, "thousandths": 24500, "received": 500})
    [line] = table(store, "orders.csv")
    assert (line["quantity"], line["received"], line["supplier"]) == ("24.5", "0.5", "'=cmd()")
    assert (line["sent_utc"][:19], line["expected_utc"]) == ("2026-11-23T13:05:07", "")
    task = table(store, "tasks.csv")[0]
    assert task["opened_utc"].startswith("2026-11-23T12:05:07") and task["state"] == "open"


def test_what_an_open_count_expects_stays_out(store: StoreRig) -> None:
    assert [row["gtin"] for row in table(store, "beliefs.csv")] == [BAGS, BAGS]
    count_sheet(store)
    assert table(store, "beliefs.csv") == [] and table(store, "sheets.csv") == []
    store.insert("count_sheets", {"id": "c-8", "title": "Count A1.1", "state": "posted", "posted_ms": NOW_MS})
    store.insert("count_items", {"sheet": "c-8", "number": 1, "gtin": GTINS[2], "place": "floor", "counted": 4000,
                                 "expected": 6000, "variance": -2000})  # fmt: skip
    [item] = table(store, "sheets.csv")
    assert (item["sheet"], item["counted"], item["variance"]) == ("c-8", "4", "-2")
