"""The device that sends on what was recorded: it feeds the box's outbox, and delivers what waits there.

Reading, writing and waiting for receivers happen on threads; the line's loop only starts them. The line tells a
device of nothing that was recorded, so the record's last number is looked at once a second while the line moves.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from sqlalchemy import Engine

from core.errors import DeviceError, StoreError
from verticals.contract import Action, DeviceNews
from verticals.devices.base import Port, Surroundings
from verticals.outgoing.delivery import Delivery, Target
from verticals.store.database import open_database
from verticals.store.outbox import Outbox
from verticals.store.upgrade import prepare_box_db

T = TypeVar("T")

#: Puts what was recorded since last time into the outbox, given the UTC seconds now; how much it was.
Feeding = Callable[[float], int]

BEHIND = "out-behind"
_LOOK_EVERY_S = 1.0
_TELL_EVERY_S = 30.0
_LOOK_AGAIN_S = 30.0
_TROUBLE_PAUSE_S = 5.0


@dataclass(frozen=True, slots=True)
class Sending:
    """`targets` by stream of the outbox; `keep` may wait for each; `feed` is made of the app's store and the outbox."""

    targets: Mapping[str, Target]
    feed: Callable[[Engine, Outbox], Feeding]
    keep: int
    set_aside_after: int


class Outgoing:
    """Belongs to the line's event loop. `news` tells how the receivers stand: depth, oldest, what was set aside."""

    def __init__(self, name: str, surroundings: Surroundings, sending: Sending) -> None:
        self.name = name
        self._surroundings = surroundings
        self._sending = sending
        self._look = asyncio.Event()
        self._looked_mono_s = float("-inf")
        self._ready = {stream: asyncio.Event() for stream in sending.targets}
        self._stands = asyncio.Event()
        self._said: tuple[bool, str] | None = None

    async def run(self, port: Port) -> None:
        engines = await _threaded(self._stores)
        outbox = Outbox(engines[1], port.clock, limit=self._sending.keep)
        deliveries = [
            Delivery(stream, outbox, target, self._sending.set_aside_after)
            for stream, target in self._sending.targets.items()
        ]
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._keep_feeding(self._sending.feed(engines[0], outbox), port))
                for delivery in deliveries:
                    group.create_task(self._keep_delivering(delivery, port))
                group.create_task(self._keep_telling(deliveries, port))
        finally:
            for target in self._sending.targets.values():
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

    async def _keep_feeding(self, feed: Feeding, port: Port) -> None:
        for ready in self._ready.values():
            ready.set()  # what waited before the start
        while True:
            try:
                put = await _threaded(partial(feed, port.clock.now().utc_s))
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
                with suppress(TimeoutError):  # what a person handed in again comes without a word
                    async with asyncio.timeout(_LOOK_AGAIN_S):
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
