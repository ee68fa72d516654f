"""The live store against a box's own readers: its tills, its reader and its bay, over real sockets and files."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path

import pytest

from core.clock import SystemClock
from simulators.store import LiveStore
from simulators.store_calendar import Calendar, read_calendar
from simulators.store_facts import Document
from simulators.store_live_settings import LiveSettings
from simulators.store_settings import HOUR_S
from tests.simulators.test_store_links import SECRET, a_box
from tests.support.sites import free_port
from verticals.catalog import load
from verticals.places import Places
from verticals.store.upgrade import prepare_app_db


def settings_in(folder: Path, web_port: int) -> LiveSettings:
    home = folder / "home"
    home.mkdir()
    settings = LiveSettings(home, folder / "data", f"http://127.0.0.1:{web_port}", free_port())
    settings.secret.write_bytes(SECRET)
    settings.secret.chmod(0o600)
    settings.staff.write_text("12345678")
    Places(settings.data).make("retail")
    prepare_app_db(Places(settings.data), load("retail").manifest)
    return settings


@pytest.mark.slow
async def test_a_store_tells_what_happened_since_its_past_once_and_goes_on(tmp_path: Path) -> None:
    """It was off for twenty minutes of its own: tills bring what they had, hand-helds too, and it is remembered."""
    now_utc_s = SystemClock().now().utc_s
    calendar = Calendar.begun(now_utc_s - 1200.0)
    told_s = calendar.told_s
    async with a_box() as box:
        settings = settings_in(tmp_path, box.port)
        store = LiveStore(settings, calendar, SystemClock())
        running = asyncio.create_task(store.run())
        try:
            async with asyncio.timeout(60):
                while not box.taken or store.links[-1].kept.oldest_s is not None or not settings.calendar.exists():  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running
    sold = [one for message in box.taken for one in message]
    names = [(one["workstation"], one["sequence"]) for one in sold]
    assert names
    assert len(set(names)) == len(names)
    assert {one["workstation"] for one in sold} <= {"1", "2"}, "the third drops files"
    assert {"move"} <= {one["kind"] for one in box.booked}
    moments = [one["at_utc_s"] for one in box.booked]
    assert all(now_utc_s - 1200.0 <= moment <= now_utc_s + 120.0 for moment in moments)
    kept = read_calendar(settings.calendar)
    assert kept is not None
    assert kept.lived[1] > now_utc_s
    assert kept.told_s > told_s
    again = LiveStore(settings, kept, SystemClock())
    sent = {one["ref"]: one for one in box.booked}
    retold = [fact for fact in again._untold if isinstance(fact, Document) and fact.doc_ref in sent]
    for fact in retold:
        assert again._words.document(fact) == sent[fact.doc_ref], "told again, it is the same document"


def test_its_tags_and_its_bay_are_those_of_its_world(tmp_path: Path) -> None:
    calendar = Calendar.begun(SystemClock().now().utc_s)
    store = LiveStore(settings_in(tmp_path, 1), calendar, SystemClock())
    store.tags.follow(store.world)
    tagged = [product for product in store.world.products if product.tagged]
    pieces = sum(store.world.on_hand(one.gtin, place) for one in tagged for place in ("floor", "backroom"))
    assert 5 <= len(tagged) <= 30
    assert len(store.tags(0.0)) == pieces + sum(store.world.astray(one.gtin) for one in tagged)
    store.bay.set_up()
    store.bay.follow(store.world)
    facings = store.bay.facings()
    store.world.advance(store.world.now_utc_s + 2 * HOUR_S)
    store.bay.follow(store.world)
    assert store.bay.facings() != facings
