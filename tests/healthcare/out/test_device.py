from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.errors import DeviceError, SettingsError
from healthcare.out.device import BEHIND, make, naming_of
from healthcare.out.settings import FhirSettings, OutSettings, Pcd04Settings
from healthcare.tables import metadata, project
from healthcare.vertical import Healthcare
from tests.healthcare.hl7.listeners import Line, until
from tests.healthcare.out.receivers import AlarmManager, FhirServer, alarm_manager, fhir_server
from tests.healthcare.out.records import WARD, Alarmed
from tests.healthcare.out.test_feed import stay
from tests.support.factories import make_app_db
from verticals.contract import Action, Event
from verticals.devices.base import Surroundings
from verticals.places import Places
from verticals.store.events import Entry, EventStore


class Site:
    """A box with its receivers; the device may be started and stopped over it."""

    def __init__(self, folder: Path, server: FhirServer, manager: AlarmManager) -> None:
        self.line = Line()
        self.server, self.manager = server, manager
        self.places = Places(folder)
        self.places.app("healthcare").mkdir()
        self._engine = make_app_db(self.places.app("healthcare"), metadata)
        out = OutSettings(fhir=FhirSettings(server.url), pcd04=Pcd04Settings("127.0.0.1", manager.port))
        self.ward = replace(WARD, out=out)

    def record(self, *events: Event) -> None:
        EventStore(self._engine, project).append([Entry(events=list(events))])

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Any]:
        """Until it is cancelled, as a line does it; what is under way then is left as it is."""
        [spec] = Healthcare().devices(self.ward)
        device = make(spec, Surroundings("healthcare", self.places, self.line.clock))
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
def site(tmp_path: Path) -> Iterator[Site]:
    with fhir_server() as server, alarm_manager() as manager:
        yield Site(tmp_path, server, manager)


async def test_what_is_recorded_arrives_and_what_was_recorded_while_it_was_down_too(site: Site) -> None:
    ward = Alarmed()
    site.record(stay(1, "4711", -60.0))
    async with site.running() as device:
        cursor = site.places.app("healthcare") / "out.json"
        await until(cursor.exists)
        site.record(*ward.finds())
        await site.look(device)
        await until(lambda: len(site.server.resources) == 2 and len(site.manager.messages) == 1)
    site.record(*ward.acknowledged(20.0))
    async with site.running():
        await until(lambda: len(site.server.resources) == 3 and len(site.manager.messages) == 2)
    assert [alarm["phase"] for alarm in site.manager.alarms] == ["start", "continue"]
    assert "4711" not in str(site.server.resources)
    assert site.line.told == [("", True), ("", True)]


async def test_a_receiver_that_fails_is_news_with_depth_and_age_and_so_is_its_return(site: Site) -> None:
    site.server.refuse = [503]
    async with site.running() as device:
        await until((site.places.app("healthcare") / "out.json").exists)
        site.record(*Alarmed().finds())
        await site.look(device)
        await until(lambda: site.line.told[-1] == (BEHIND, False))
        assert site.line.news[-1].detail.startswith("FHIR: 2 wait, the oldest for 0 s: ")
        assert "HTTP 503" in site.line.news[-1].detail
        site.line.clock.advance(2.0)
        await until(lambda: len(site.server.resources) == 2)
        await until(lambda: site.line.told[-1] == ("", True))
        with pytest.raises(DeviceError, match="takes no orders"):
            await device.act(Action("out", 1, 1.0))


def test_a_ward_that_names_no_receiver_has_no_such_device() -> None:
    assert Healthcare().devices(WARD) == []


def test_the_key_of_pseudonyms_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    first = naming_of(OutSettings(), tmp_path)
    file = tmp_path / "out" / "pseudonym.key"
    assert file.stat().st_mode & 0o777 == 0o600
    assert naming_of(OutSettings(), tmp_path) == first
    assert first.identifier("4711") != first.identifier("4712")
    file.write_bytes(b"short")
    with pytest.raises(SettingsError, match="not the key"):
        naming_of(OutSettings(), tmp_path)


def test_record_numbers_need_no_key(tmp_path: Path) -> None:
    named = naming_of(OutSettings(identity="record-number", record_system="urn:x"), tmp_path)
    assert named.identifier("4711") == {"system": "urn:x", "value": "4711"}
    assert not (tmp_path / "out").exists()
