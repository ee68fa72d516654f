"""Shelves over a real web process: bays, one bay slot by slot, and saving what was drawn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from retail.settings import RetailSettings
from retail.shelf.plan import read_plan
from retail.shelf.settings import BaySettings
from tests.support.pictures import write_png
from tests.support.store_filled import BAGS, GTINS, SHOWN, fill
from tests.support.store_screens import NOW_UTC_S, SETTINGS, StoreRig, read
from verticals.contract import Event, Reply
from verticals.store.inbox import Inbox

STILL, KEPT = "a" * 64, "b" * 64
SLOT = {"name": "2-08", "product": BAGS, "box": [0.5, 0.2, 0.1, 0.2], "facings": 2}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreRig]:
    with StoreRig(tmp_path_factory.mktemp("shelf")) as running:
        fill(running)
        station = "bay-A7.2"
        running.record(
            Event("plan", "A7.2", NOW_UTC_S - 900,
                  {"plan": {"bay": "A7.2", "slots": [SLOT]}, "evidence": {"still": STILL}},
                  station),
            Event("slots", "A7.2", NOW_UTC_S - 27, {"evidence": {"kept": KEPT}}, station),
        )  # fmt: skip
        running.run_line(**SHOWN)
        running.tell(bay_A7_2={"slots": []})
        yield running


def test_a_bay_that_the_site_names_is_planned_in_its_file(tmp_path: Path) -> None:
    plan, still = tmp_path / "a9.toml", tmp_path / "a9.png"
    write_png(still, np.full((60, 80, 3), 90, np.uint8))
    with StoreRig(tmp_path / "rig", settings_with_bay(plan, still)) as store:
        store.catalogue([{"gtin": BAGS, "name": "Bags"}])
        assert store.viewer.get("/shelf/A9.1/still").headers["content-type"] == "image/png"
        assert 'href="/shelf/A9.1/still"' in store.lead.get("/shelf/A9.1/setup").text
        assert save(store, "A9.1", [SLOT])[1]["data"]["restart"] is True  # its line is down
        assert read_plan(plan).slots[0].product == BAGS
        store.run_line()
        store.answer = lambda command: Reply(True)
        assert save(store, "A9.1", [SLOT])[1]["data"]["restart"] is False
        assert [(order.name, order.args["bay"]) for order in store.orders] == [("plan", "A9.1")]
        store.answer = lambda command: Reply(False, "this bay has no reference still yet")
        assert save(store, "A9.1", [{**SLOT, "facings": 3}])[1]["data"]["restart"] is True
        assert read_plan(plan).slots[0].facings == 3
        assert 'viewBox="0 0 1280 960"' in store.viewer.get("/shelf/A9.1").text
        assert "2-08" in read(store.viewer, "/shelf/A9.1")
        assert store.viewer.get("/shelf/A7.7/still").status_code == 404


def settings_with_bay(plan: Path, still: Path) -> RetailSettings:
    return replace(SETTINGS, bays=(BaySettings("A9.1", str(plan), str(still)),))


@pytest.fixture(autouse=True)
def _answers(store: StoreRig) -> None:
    store.orders.clear()
    store.answer = lambda command: Reply(True)


def save(store: StoreRig, bay: str, slots: Any) -> tuple[int, dict[str, Any]]:
    answer = store.lead.order(f"/shelf/{bay}/setup", {"slots": slots})
    return answer.status_code, answer.json()


def test_every_bay_says_what_is_seen_of_it(store: StoreRig) -> None:
    page = read(store.viewer, "/shelves")
    assert "44 bays" in page or "45 bays" in page
    assert "Aisle A7, bay 2 70.0 % 3 1 0 10 of 10" in page
    assert "Aisle A4, bay 4 – – 0 0 10 0 of 10 none" in page


def test_a_bay_is_drawn_slot_by_slot_over_what_its_camera_kept(store: StoreRig) -> None:
    page = store.viewer.get("/shelf/A7.2?slot=A7.2/2-08").text
    assert f'href="/evidence/{KEPT}"' in page
    assert 'rect x="640" y="192" width="128" height="192"' in page
    assert "slot--out slot--on" in page
    said = read(store.viewer, "/shelf/A7.2?slot=A7.2/2-08")
    assert "70.0 % on shelf, 10 slots, 10 seen" in said and "Out 3 Low 1 Wrong item 0 View blocked 0" in said
    assert "2-08 Kitchen bags tall, 45 pcs Out 43 min" in said and "Ledger 6" in said and "€8.83 /h" in said
    assert "4 slots need a look of 10" in said and "Picture 14:04:40" in said


def test_a_blocked_bay_is_unknown_and_not_out(store: StoreRig) -> None:
    page = read(store.viewer, "/shelf/A4.4")
    assert "– – on shelf, 10 slots, 0 seen" in page and "Out 0" in page and "View blocked 10" in page
    assert "status unknown" in page and "No picture of this bay" in page


def test_a_bay_that_nobody_knows_is_said(store: StoreRig) -> None:
    assert "There is no bay Z9.9" in read(store.viewer, "/shelf/Z9.9", 404)


def test_set_up_starts_from_what_is_there(store: StoreRig) -> None:
    page = store.lead.get("/shelf/A7.2/setup").text
    assert f'href="/evidence/{STILL}"' in page and "2-08" in page and "1-01" in page
    assert store.associate.get("/shelf/A7.2/setup").status_code == 403


def test_what_was_drawn_goes_to_the_camera_and_into_the_planogram(store: StoreRig) -> None:
    before = len(Inbox(store.store.engine).pending())
    more = {"name": "left", "product": "", "box": [0.0, 0.0, 0.1, 0.1], "facings": 1}
    status, said = save(store, "A7.2", [SLOT, more])
    assert (status, said["data"]) == (200, {"slots": 2, "planned": 1, "restart": False})
    [order] = store.orders
    assert (order.name, order.args["slots"]) == ("plan", [SLOT, more])
    [brought] = Inbox(store.store.engine).pending()[before:]
    [row] = brought.payload["slots"]
    assert (row["fixture"], row["shelf"], row["slot"], row["gtin"], row["facings_wide"]) == ("A7.2", 2, 8, BAGS, 2)
    assert (row["facings_deep"], row["capacity"]) == (4, 8)  # what the planogram said of it stays


@pytest.mark.parametrize(
    ("slots", "said"),
    [
        ([], "expected 1 to 400"),
        ([{**SLOT, "box": [0.5, 0.2, 0.9, 0.2]}], "box"),
        ([SLOT, {**SLOT, "box": [0.0, 0.0, 0.1, 0.1]}], "is there twice"),
        ([SLOT, {**SLOT, "name": "2-09"}], "lies over"),
        ([{**SLOT, "product": "04006381333931"}], "no product has the number"),
        ("all", "expected 1 to 400"),
    ],
)
def test_what_does_not_fit_is_refused_with_a_sentence_and_nothing_is_saved(
    store: StoreRig, slots: Any, said: str
) -> None:
    before = len(Inbox(store.store.engine).pending())
    status, answer = save(store, "A7.2", slots)
    assert status == 400 and said in answer["reason"]
    assert store.orders == [] and len(Inbox(store.store.engine).pending()) == before


def test_a_camera_that_refuses_keeps_the_planogram_as_it_is(store: StoreRig) -> None:
    before = len(Inbox(store.store.engine).pending())
    store.answer = lambda command: Reply(False, "No still was taken yet.")
    status, answer = save(store, "A7.2", [SLOT])
    assert (status, answer["reason"]) == (409, "No still was taken yet.")
    assert len(Inbox(store.store.engine).pending()) == before


def test_a_bay_without_a_camera_gets_its_planogram_all_the_same(store: StoreRig) -> None:
    assert save(store, "B1.1", [{**SLOT, "name": "1-1", "product": GTINS[1]}])[0] == 200
    assert save(store, "B1.2", [{**SLOT, "name": "left"}])[0] == 409
    assert store.orders == []
