"""The screen over a real web process, and the whole data directory searched for what must not be in it."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.clock import Instant
from retail import tables
from retail.settings import RetailSettings
from retail.signage import pages
from retail.signage.affinity import Pair
from retail.signage.experiment import is_held_out
from retail.signage.learning import run
from retail.signage.log import logged
from retail.signage.settings import SignageSettings
from retail.signage.wishes import write_token
from retail.told import tell
from retail.vertical import MANIFEST
from tests.support.clocks import FakeClock
from tests.support.ledgers import MORNING, OATS, TEA, receipt, record, sale, void
from tests.support.screens import ScreenRig, Visitor
from verticals.contract import Event, Sample
from verticals.jobs.context import JobContext
from verticals.store.events import Entry, EventStore
from verticals.store.inbox import Inbox
from verticals.web import Panel

HERE = Path(tables.__file__).parent
SETTINGS = RetailSettings("Corner", signage=SignageSettings(hold_out=0.0))
#: Monday, 09:30 and a little.
NOW = MORNING + 5400 + 7


class Wall(ScreenRig):
    def __init__(self, folder: Path, settings: RetailSettings = SETTINGS) -> None:
        given = Panel(pages.PAGES, HERE / "templates", HERE / "static", "office", 30.0, "viewer", tell=tell)
        super().__init__(folder, manifest=MANIFEST, panel=given, settings=settings, clock=FakeClock(utc_s=NOW))

    def stock(self, *products: dict[str, Any]) -> None:
        data = {"products": [{"price_cents": 250, **one} for one in products]}
        EventStore(self.store.engine, tables.project).append([Entry(events=[Event("catalogue", "p", NOW, data)])])

    def work(self) -> list[Event]:
        """What the line does with what screens logged."""
        store = EventStore(self.store.engine, tables.project)
        done: list[Event] = []
        for brought in Inbox(self.store.engine).pending():
            decision = logged(Sample(brought.source, Instant(0.0, NOW), dict(brought.payload), brought.key))
            store.append([Entry(events=list(decision.events), inbox_done=[brought.id])])
            done += decision.events
        return done


@pytest.fixture
def wall(tmp_path: Path) -> Iterator[Wall]:
    with Wall(tmp_path) as running:
        running.stock({"gtin": TEA, "name": "Tea"}, {"gtin": OATS, "name": "Oats", "category": "Cereals"})
        yield running


def now(visitor: Visitor, **said: Any) -> dict[str, Any]:
    answer = visitor.order("/signage/now", said)
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


def test_the_screen_says_what_it_shows_and_why_without_a_script(wall: Wall) -> None:
    record(wall.store.engine, receipt("r", 4, lot="L1", expiry="2026-11-24"))
    page = wall.client().get("/signage").text
    for said in ("Tea", "50 % less", "€1.25", "€2.50", "Why this?", "Its date is tomorrow"):
        assert said in page


def test_a_slot_is_logged_once_by_content_rule_and_bucket_however_many_screens_there_are(wall: Wall) -> None:
    record(wall.store.engine, receipt("r", 40))
    shown = [now(wall.client()) for _ in range(3)]
    assert {one["content"] for one in shown} == {f"plenty/{TEA}"}
    assert shown[0]["until_s"] == pytest.approx(893, abs=2)
    [event] = wall.work()
    assert dict(event.data) == {
        "slot_ms": round(MORNING + 5400) * 1000, "content": f"plenty/{TEA}", "rule": "plenty",
        "bucket": "morning/weekday", "held_out": False,
    }  # fmt: skip


def test_a_slot_stays_one_thing_as_long_as_there_is_any_of_it(wall: Wall) -> None:
    record(wall.store.engine, receipt("r", 20))
    assert now(wall.client())["name"] == "Tea"
    wall.work()
    record(wall.store.engine, receipt("o", 90, gtin=OATS))
    assert now(wall.client())["name"] == "Tea"
    record(wall.store.engine, sale("s", 20, at=NOW))
    assert now(wall.client())["name"] == "Oats"


def test_a_slot_that_is_held_out_shows_nothing_that_sells_and_logs_what_it_held_out(tmp_path: Path) -> None:
    held = replace(SETTINGS, signage=SignageSettings(hold_out=0.5, seed="3"))
    seed = next(str(n) for n in range(99) if is_held_out(str(n), round(MORNING + 5400) // 900, 0.5))
    with Wall(tmp_path, replace(held, signage=SignageSettings(hold_out=0.5, seed=seed))) as wall:
        wall.stock({"gtin": TEA, "name": "Tea"})
        record(wall.store.engine, receipt("r", 40))
        assert now(wall.client())["headline"] == "Good morning"
        [event] = wall.work()
    assert (event.data["content"], event.data["held_out"]) == (f"plenty/{TEA}", True)


def test_what_belongs_together_stands_beside_what_sells_best(wall: Wall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "pairs", lambda desk: [Pair(OATS, TEA, 340, 5000, 2.1, 1.6, 2.7)])
    record(wall.store.engine, receipt("r", 5), receipt("o", 5, gtin=OATS), sale("s", 1, at=NOW - 60))
    shown = now(wall.client())
    assert (shown["name"], shown["beside"]) == ("Oats", "Tea")


def test_nothing_that_identifies_anybody_is_written_to_disk(wall: Wall, caplog: pytest.LogCaptureFixture) -> None:
    """A customer's code, what is in it, and that it was shown: neither in the store, nor in a log, nor in the audit."""
    caplog.set_level(logging.DEBUG)
    record(wall.store.engine, receipt("r", 40), receipt("o", 3, gtin=OATS))
    secret = "zebra-parsnip"
    token = write_token([OATS], [secret])
    visitor = wall.client(**{"User-Agent": "Wanderer/9.1", "X-Forwarded-For": "203.0.113.77"})
    inside = wall.client()
    assert now(inside, token=token)["headline"] == "On your list"
    assert now(inside)["rule"] == "plenty"
    assert inside.order("/signage/now", {"token": "EW1.!!" + secret}).status_code == 400
    visitor.get("/signage")
    wall.work()
    wall.store.engine.dispose()
    needles = [token, token[4:24], secret, "Wanderer", "203.0.113.77", "wish"]
    files = [file for file in wall.places.data.rglob("*") if file.is_file()]
    assert any(file.name == "events.db" for file in files)
    for file in files:
        content = file.read_bytes()
        assert not [needle for needle in needles if needle.encode() in content], file
    assert not [needle for needle in needles if needle in caplog.text]
    slots = EventStore(wall.store.engine).read(kinds=["signage"])
    assert [sorted(event.data) for event in slots] == [["bucket", "content", "held_out", "rule", "slot_ms"]]
    assert {event.who for event in slots} == {""}


def test_the_lift_is_told_with_its_interval_and_little_is_little(wall: Wall) -> None:
    viewer = wall.client()
    assert viewer.get("/signage/lift").json() == {
        "days": 28, "ratio": None, "low": None, "high": None, "shown": 0, "held_out": 0,
    }  # fmt: skip
    store = EventStore(wall.store.engine, tables.project)
    begin = round((NOW - 8 * 86_400) // 900) * 900
    for number in range(200):
        slot = begin + number * 900
        data = {"slot_ms": slot * 1000, "content": f"plenty/{TEA}", "rule": "plenty", "bucket": "morning/weekday"}
        store.append([Entry(events=[Event("signage", str(slot), slot, {**data, "held_out": number % 4 == 0})])])
        count = 1 if number % 4 == 0 else 2 + number % 2
        record(wall.store.engine, sale(f"s{number}", count, at=slot + 60), sale(f"v{number}", 9, at=slot + 61))
        record(wall.store.engine, void(f"x{number}", sale(f"v{number}", 9, at=slot + 61), at=slot + 62))
    found = viewer.get("/signage/lift", params={"days": "30"}).json()
    assert (found["shown"], found["held_out"]) == (150, 50)
    assert viewer.get("/signage/lift", params={"days": "0"}).status_code == 400


def test_the_job_learns_from_the_stores_own_sales(wall: Wall) -> None:
    engine = wall.store.engine
    both = [
        replace(
            sale(f"b{n}", at=NOW - n), lines=[*sale(f"b{n}").lines, replace(sale("x", gtin=OATS).lines[0], number=2)]
        )
        for n in range(60)
    ]
    alone = [sale(f"a{n}", gtin="00000000000017", at=NOW - n) for n in range(200)]
    record(engine, *both, *alone, sale("old", at=NOW - 40 * 86_400), together=True)
    context = JobContext("retail", 1, "", wall.places, wall.clock)
    result = run(context, {"days": 30, "least": 20})
    assert result["baskets"] == 260
    [pair] = result["pairs"]
    assert {pair["first"], pair["second"]} == {TEA, OATS}
    assert json.loads(json.dumps(result)) == result
