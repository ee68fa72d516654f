"""The store's events on their way to a receiver: real stores, a real HTTP server, a fake clock."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from core.errors import SettingsError
from retail import tables
from retail.epcis.document import read_text
from retail.epcis.out import make
from retail.epcis.settings import EpcisOutSettings, EpcisSettings
from retail.settings import RetailSettings
from retail.vertical import Retail
from tests.healthcare.hl7.listeners import Line, until
from tests.retail.epcis.stores import GLN, products
from tests.support.factories import make_app_db
from tests.support.ledgers import GRAPES, MORNING, TEA, receipt, record, sale, void
from verticals.contract import Event
from verticals.devices.base import Surroundings
from verticals.outgoing.device import BEHIND
from verticals.places import Places
from verticals.signature import HEADER, check
from verticals.store.events import Entry, EventStore

SECRET = b"0123456789abcdef0123456789abcdef"


class Receiver:
    """Takes documents; `refuse` are the statuses that it answers first."""

    def __init__(self) -> None:
        self.taken: list[tuple[dict[str, str], bytes]] = []
        self.refuse: list[int] = []
        self.url = ""

    @property
    def steps(self) -> list[str]:
        return [event["bizStep"] for _, body in self.taken for event in read_text(body).events]


@contextmanager
def receiver() -> Iterator[Receiver]:
    found = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = found.refuse.pop(0) if found.refuse else 202
            if status == 202:
                found.taken.append((dict(self.headers), body))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.url = f"http://127.0.0.1:{server.server_port}/capture"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield found
    server.shutdown()
    server.server_close()


class Site:
    def __init__(self, folder: Path, url: str) -> None:
        self.line = Line()
        self.places = Places(folder)
        self.places.app("retail").mkdir()
        self.engine = make_app_db(self.places.app("retail"), tables.metadata)
        key = folder / "partner.key"
        key.write_bytes(SECRET)
        key.chmod(0o600)
        out = EpcisOutSettings(url, "partner.key", set_aside_after=2)
        self.settings = RetailSettings("Corner", epcis=EpcisSettings(GLN, out=out))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Any]:
        [spec] = [one for one in Retail().devices(self.settings) if one.kind == "epcis-out"]
        device = make(spec, Surroundings("retail", self.places, self.line.clock))
        told = len(self.line.news)
        running = asyncio.create_task(device.run(self.line.port()))
        try:
            await until(lambda: len(self.line.news) > told or running.done(), 30.0)
            yield device
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    async def look(self, device: Any) -> None:
        self.line.clock.advance(1.0)
        await device.steer(ready=True, beat=1)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[tuple[Site, Receiver]]:
    with receiver() as there:
        yield Site(tmp_path, there.url), there


async def test_what_is_booked_arrives_signed_and_what_was_booked_while_it_was_down_too(
    site: tuple[Site, Receiver],
) -> None:
    store, there = site
    products(store.engine, GRAPES, unit="kg")
    async with store.running() as device:
        await until((store.places.app("retail") / "epcis-out.json").exists)
        record(store.engine, receipt("r", 0.425, gtin=GRAPES))
        await store.look(device)
        await until(lambda: len(there.taken) == 1)
    sold = sale("7", 2)
    record(store.engine, sold, void("8", sold, MORNING + 60))
    async with store.running():
        await until(lambda: len(there.taken) == 3)
    assert there.steps == ["receiving", "retail_selling", "retail_selling"]
    events = [event for _, body in there.taken for event in read_text(body).events]
    assert events[0]["quantityList"] == [
        {"epcClass": f"https://id.gs1.org/01/{GRAPES}", "quantity": 0.425, "uom": "KGM"}
    ]
    assert events[2]["eventID"] == events[1]["eventID"]
    assert events[2]["errorDeclaration"]["reason"] == "did_not_occur"
    for headers, body in there.taken:
        check(headers[HEADER], SECRET, body, now_utc_s=store.line.clock.now().utc_s, within_s=60.0)
    assert len({headers["Idempotency-Key"] for headers, _ in there.taken}) == 3
    assert store.line.told == [("", True), ("", True)]


async def test_what_is_refused_again_and_again_stands_aside_for_what_comes_behind(site: tuple[Site, Receiver]) -> None:
    store, there = site
    there.refuse = [503, 422]
    async with store.running() as device:
        await until((store.places.app("retail") / "epcis-out.json").exists)
        record(store.engine, sale("1"), sale("2", at=MORNING + 1))
        await store.look(device)
        await until(lambda: store.line.told[-1] == (BEHIND, False))
        assert "EPCIS: 2 wait" in store.line.news[-1].detail
        store.line.clock.advance(2.0)
        await until(lambda: len(there.taken) == 1)
        await until(lambda: "1 set aside" in store.line.news[-1].detail)
    assert [event["eventTime"] for _, body in there.taken for event in read_text(body).events] == [
        "2026-11-23T08:00:01.000Z"
    ]


async def test_what_a_shelf_camera_sees_is_sent_as_a_sensor_and_what_others_said_is_not(
    site: tuple[Site, Receiver],
) -> None:
    store, there = site
    slots = [{"slot": "a/1", "product": TEA, "state": "low", "facings": 2, "confidence": 0.9}]
    async with store.running() as device:
        await until((store.places.app("retail") / "epcis-out.json").exists)
        captured = Event("epcis", "c1", MORNING, {"capture": "c1", "events": []}, "store")
        seen = Event("slots", "bay-a", MORNING, {"slots": slots}, "store")
        EventStore(store.engine).append([Entry(events=[captured, seen])])
        await store.look(device)
        await until(lambda: len(there.taken) == 1)
    assert there.steps == ["sensor_reporting"]
    [event] = read_text(there.taken[0][1]).events
    assert event["sensorElementList"][0]["sensorReport"][0]["edgewise:state"] == "low"
    assert json.loads(there.taken[0][1])["@context"][1] == {"edgewise": "urn:x-edgewise:epcis:"}


def test_a_secret_that_others_may_read_is_refused_at_the_start(site: tuple[Site, Receiver]) -> None:
    store, _ = site
    (store.places.data / "partner.key").chmod(0o644)
    [spec] = [one for one in Retail().devices(store.settings) if one.kind == "epcis-out"]
    with pytest.raises(SettingsError, match="others may read this secret"):
        make(spec, Surroundings("retail", store.places, store.line.clock))


def test_a_receiver_beyond_this_box_takes_tls_or_the_word_that_it_goes_without() -> None:
    with pytest.raises(ValueError, match="a url of https"):
        EpcisOutSettings("http://partner.example/capture", "k")
    EpcisOutSettings("http://partner.example/capture", "k", unencrypted_beyond_loopback=True)
    EpcisOutSettings("http://127.0.0.1:1/capture", "k")
