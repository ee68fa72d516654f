"""The device that sends records on: it feeds the outbox from the record, and delivers what waits there.

Reading, writing and waiting for receivers happen on threads; the line's loop only starts them. The line tells a
device of nothing that was recorded, so the record's last number is looked at once a second while the line moves.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Engine

from core.errors import DeviceError, SettingsError, StoreError
from healthcare.out.delivery import Delivery, Target
from healthcare.out.feed import Cursor, Feed
from healthcare.out.messages import FHIR, PCD04
from healthcare.out.push import FhirTarget, MllpTarget
from healthcare.out.settings import OutSettings
from healthcare.out.subject import About, Naming
from healthcare.settings import HealthcareSettings
from verticals.contract import Action, DeviceNews, DeviceSpec
from verticals.devices.base import Port, Surroundings
from verticals.devices.opcua_certificates import write_owner_only
from verticals.store.database import open_database
from verticals.store.outbox import Outbox
from verticals.store.upgrade import prepare_box_db

T = TypeVar("T")

BEHIND = "out-behind"
_KEY_BYTES = 32
_LOOK_EVERY_S = 1.0
_TELL_EVERY_S = 30.0
_TROUBLE_PAUSE_S = 5.0


class Out:
    """Belongs to the line's event loop. `news` tells how the receivers stand: depth, oldest, what was set aside."""

    def __init__(self, name: str, ward: HealthcareSettings, surroundings: Surroundings, naming: Naming) -> None:
        self.name = name
        self._beds = {bed.name: About(ward.ward, bed.name, bed.label, bed.location) for bed in ward.beds}
        self._ward = About(ward.ward)
        self._settings = ward.out
        self._naming = naming
        self._surroundings = surroundings
        self._targets = _targets(ward.out, surroundings)
        self._look = asyncio.Event()
        self._looked_mono_s = float("-inf")
        self._ready = {stream: asyncio.Event() for stream in self._targets}
        self._stands = asyncio.Event()
        self._said: tuple[bool, str] | None = None

    async def run(self, port: Port) -> None:
        engines = await _threaded(self._stores)
        outbox = Outbox(engines[1], port.clock, limit=self._settings.keep)
        deliveries = [
            Delivery(stream, outbox, target, self._settings.set_aside_after) for stream, target in self._targets.items()
        ]
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._keep_feeding(self._feed(engines[0], outbox), port))
                for delivery in deliveries:
                    group.create_task(self._keep_delivering(delivery, port))
                group.create_task(self._keep_telling(deliveries, port))
        finally:
            for target in self._targets.values():
                target.close()
            for engine in engines:
                engine.dispose()

    async def act(self, action: Action) -> str:
        """Raises DeviceError: nobody orders it to do anything."""
        raise DeviceError(f"{self.name} takes no orders", hint="It sends on what is recorded.")

    async def steer(self, *, ready: bool, beat: int) -> None:
        """The line moves: look at the record once more."""
        now_mono_s = self._surroundings.clock.now().mono_s
        if now_mono_s - self._looked_mono_s >= _LOOK_EVERY_S:
            self._looked_mono_s = now_mono_s
            self._look.set()

    def _stores(self) -> list[Engine]:
        """Of the app, to be read, and of the box. Raises StoreError."""
        places = self._surroundings.places
        places.box_db.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        box = prepare_box_db(places)
        return [open_database(places.app_store(self._surroundings.app), read_only=True), open_database(box)]

    def _feed(self, engine: Engine, outbox: Outbox) -> Feed:
        cursor = Cursor(self._surroundings.places.app(self._surroundings.app) / "out.json")
        return Feed(engine, outbox, cursor, self._settings, self._naming, self._about)

    def _about(self, station: str) -> About:
        return self._beds.get(station, self._ward)

    async def _keep_feeding(self, feed: Feed, port: Port) -> None:
        for ready in self._ready.values():
            ready.set()  # what waited before the start
        while True:
            try:
                put = await _threaded(partial(feed.work, port.clock.now().utc_s, self._beds))
            except StoreError as error:
                self._say(port, False, error.message)
                await asyncio.sleep(_TROUBLE_PAUSE_S)
                continue
            if put:
                for ready in self._ready.values():
                    ready.set()
            await self._look.wait()
            self._look.clear()

    async def _keep_delivering(self, delivery: Delivery, port: Port) -> None:
        ready = self._ready[delivery.stream]
        while True:
            ready.clear()
            try:
                wait_s = await _threaded(delivery.work, delivery.target.close)
            except StoreError as error:
                self._say(port, False, error.message)
                wait_s = _TROUBLE_PAUSE_S
            if wait_s is None:
                self._tell_now(self._said is not None and not self._said[0])
                await ready.wait()
            else:
                self._tell_now(wait_s > 0)
                await asyncio.sleep(wait_s)

    def _tell_now(self, needed: bool) -> None:
        if needed:
            self._stands.set()

    async def _keep_telling(self, deliveries: list[Delivery], port: Port) -> None:
        while True:
            try:
                standings = [await _threaded(delivery.standing) for delivery in deliveries]
            except StoreError as error:
                self._say(port, False, error.message)
            else:
                text = "; ".join(standing.text for standing in standings if standing.text)
                self._say(port, not text, text)
            with suppress(TimeoutError):
                async with asyncio.timeout(_TELL_EVERY_S):
                    await self._stands.wait()
            self._stands.clear()

    def _say(self, port: Port, ok: bool, text: str) -> None:
        if self._said != (ok, text):
            self._said = (ok, text)
            port.news(DeviceNews(self.name, ok, port.clock.now(), "" if ok else BEHIND, text))


async def _threaded(work: Callable[[], T], hang_up: Callable[[], None] = lambda: None) -> T:
    """What `work` returns or raises. When this is cancelled it first sees `work` to its end: stores are closed then."""
    task = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        hang_up()
        await asyncio.gather(task, return_exceptions=True)
        raise


def _targets(settings: OutSettings, surroundings: Surroundings) -> Mapping[str, Target]:
    """By stream. Raises SettingsError for a token or an authority that cannot be used."""
    data, found = surroundings.places.data, dict[str, Target]()
    if settings.fhir is not None:
        found[FHIR] = FhirTarget(settings.fhir, data)
    if settings.pcd04 is not None:
        found[PCD04] = MllpTarget(settings.pcd04, data, surroundings.clock)
    return found


def naming_of(settings: OutSettings, keys: Path) -> Naming:
    """Record numbers where the site says so; else pseudonyms by a key that is made once, for its owner alone.

    Raises SettingsError when the key can be neither read nor made.
    """
    if settings.identity == "record-number":
        return Naming(record_system=settings.record_system)
    file = keys / "out" / "pseudonym.key"
    try:
        if not file.exists():
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_owner_only(file, secrets.token_bytes(_KEY_BYTES))
        key = file.read_bytes()
    except OSError as error:
        raise SettingsError(f"{file}: the key of pseudonyms cannot be read or made: {error.strerror}") from error
    if len(key) != _KEY_BYTES:
        raise SettingsError(f"{file}: not the key of pseudonyms", hint="Put it back from a backup.")
    return Naming(key=key)


def make(spec: DeviceSpec, surroundings: Surroundings) -> Out:
    """`spec.options` are the ward's settings: messages say its name and its beds."""
    ward: HealthcareSettings = spec.options
    return Out(spec.name, ward, surroundings, naming_of(ward.out, surroundings.places.keys))
