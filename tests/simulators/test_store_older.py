from __future__ import annotations

import asyncio
from pathlib import Path

from core.clock import SystemClock
from retail.settings import RetailSettings
from simulators.store_older import OlderSales
from verticals.catalog import load
from verticals.places import Places
from verticals.store.database import open_database
from verticals.store.inbox import Inbox
from verticals.store.upgrade import prepare_app_db

HEAD = "till,receipt,time,item,quantity,amount,kind\n"


def hand_in(folder: Path, places: Places, seconds: float) -> None:
    older = OlderSales(folder, places, RetailSettings("Store 014"), SystemClock(), 0.02)

    async def run() -> None:
        await asyncio.wait({asyncio.ensure_future(older.run())}, timeout=seconds)

    asyncio.run(run())


def days(folder: Path) -> None:
    for day in ("2026-11-16", "2026-11-17"):
        (folder / f"{day}.csv").write_text(f"{HEAD}pos-1,{day}/10,{day}T10:00:00Z,02000000000015,2,2.50,sale\n")


def test_older_days_are_handed_in_one_after_the_other_the_newest_first(tmp_path: Path) -> None:
    days(tmp_path)
    places = Places(tmp_path / "data")
    places.make("retail")
    prepare_app_db(places, load("retail").manifest)
    hand_in(tmp_path, places, 20.0)
    engine = open_database(places.app_store("retail"))
    brought = [one["ref"] for fact in Inbox(engine).pending() for one in fact.payload["documents"]]
    engine.dispose()
    assert brought == ["2026-11-17/10", "2026-11-16/10"]
    assert not list(tmp_path.glob("*.csv"))


def test_a_day_that_the_box_cannot_take_is_kept(tmp_path: Path) -> None:
    days(tmp_path)
    hand_in(tmp_path, Places(tmp_path / "none"), 0.5)
    assert len(list(tmp_path.glob("*.csv"))) == 2
