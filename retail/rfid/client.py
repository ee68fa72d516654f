"""An RFID reader as a device of the line: LLRP over TCP, one sample each cycle. Device kind `rfid`.

What this device promises: a lost reader is found again; reads carry the moment they were made, on our clock; while the
reader cannot be heard, its samples say so or there are none, so that nobody takes silence for absence.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Coroutine
from typing import Any

from core.clock import Instant
from core.errors import DeviceError, InputError
from core.logs import OutageLog
from retail.rfid.dating import ReaderClock
from retail.rfid.gathering import Gathering
from retail.rfid.messages import Capabilities, ReaderEvent
from retail.rfid.reports import TagReport
from retail.rfid.rospec import Inventory
from retail.rfid.session import ANSWER_WITHIN_S, BusyError, Heard, Session
from retail.rfid.settings import ReaderSettings
from verticals.contract import Action, DeviceNews, DeviceSpec, Sample
from verticals.devices.base import Port, Surroundings

log = logging.getLogger(__name__)

GONE, BUSY, OVERFLOW, UNREADABLE = "reader-gone", "reader-busy", "reader-overflow", "reader-unreadable"
_RETRY_FIRST_S, _RETRY_MOST_S, _RETRY_BUSY_S = 0.5, 5.0, 15.0
_KEEPALIVES_MISSED = 3
_CYCLES_UNHEARD = 3
_LEAST_APART_S = 1.0  # two samples: a tag that is read ten times a second is one read


class LlrpReader:
    """Belongs to the line's event loop."""

    def __init__(self, name: str, settings: ReaderSettings) -> None:
        self.name = name
        self.up = False
        self.connections = 0
        self._settings = settings
        self._outage = OutageLog(log, f"RFID reader {settings.name} at {settings.host}:{settings.port}")
        self._clock = ReaderClock()
        self._gathering = Gathering()
        self._antennas: dict[int, bool] = {}
        self._what = ""
        self._exception = ""
        self._heard: Instant | None = None  # the last sign that the inventory runs
        self._told: dict[str, str] = {}
        self._port: Port

    async def run(self, port: Port) -> None:
        """Connects, listens and reconnects until cancelled."""
        self._port = port
        pause_s = _RETRY_FIRST_S
        while True:
            code, why = await self._try()
            pause_s = _RETRY_FIRST_S if self.up else min(pause_s * 2, _RETRY_MOST_S)
            self._lost(code, why)
            await asyncio.sleep(max(pause_s, _RETRY_BUSY_S) if code == BUSY else pause_s)

    async def act(self, action: Action) -> str:
        raise DeviceError(f"{self.name} takes no orders: an RFID reader is only listened to")

    async def steer(self, *, ready: bool, beat: int) -> None:
        """A reader needs no heartbeat."""

    async def _try(self) -> tuple[str, str]:
        """One connection; the code and the reason of its end."""
        try:
            return GONE, await self._serve()
        except BusyError as error:
            return BUSY, error.message
        except DeviceError as error:
            return GONE, f"{error.message} {error.hint}".strip()
        except (OSError, InputError) as error:
            return GONE, str(getattr(error, "strerror", None) or error) or type(error).__name__
        except TimeoutError:
            return GONE, f"no answer within {ANSWER_WITHIN_S:g} s"

    async def _serve(self) -> str:
        settings = self._settings
        async with asyncio.timeout(ANSWER_WITHIN_S):
            reader, writer = await asyncio.open_connection(settings.host, settings.port)
        self._clock = ReaderClock()
        heard = Heard(self._reported, self._event, lambda why: self._tell(UNREADABLE, why))
        session = Session(reader, writer, self._port.clock, heard, _KEEPALIVES_MISSED * settings.keepalive)
        listening = asyncio.create_task(session.listen(), name=f"{self.name} listens")
        try:
            await _beside(listening, self._set_up(session))
            await self._sample_until(listening, session)
            return await listening
        finally:
            if not listening.done() and self.up:
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.shield(session.close())
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
            writer.close()
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(1.0):
                    await writer.wait_closed()

    async def _set_up(self, session: Session) -> None:
        await session.open(version_1_1=self._settings.version == "1.1")
        found, connected = await session.set_up(self._inventory(), round(self._settings.keepalive * 1000))
        self._came(found, connected)

    def _inventory(self) -> Inventory:
        settings = self._settings
        return Inventory(
            tuple(sorted(settings.antennas)),
            round(settings.cycle * 1000),
            settings.session,
            settings.expected_tags,
            {0: settings.power_index} if settings.power_index else {},
        )

    async def _sample_until(self, listening: asyncio.Task[str], session: Session) -> None:
        """One sample each cycle, with whatever was read in it; a reader that makes no cycles is told to."""
        apart_s = max(self._settings.cycle, _LEAST_APART_S)
        while not listening.done():
            await asyncio.wait([listening], timeout=apart_s)
            sample = self._sample()
            await self._port.emit(sample)
            if sample.values["listening"] is False and not listening.done():
                await session.nudge(self._inventory())

    def _sample(self) -> Sample:
        at = self._port.clock.now()
        unheard_s = _CYCLES_UNHEARD * max(self._settings.cycle, _LEAST_APART_S)
        listens = self.up and self._heard is not None and at.since(self._heard) <= unheard_s
        tags = [
            [tag.epc, tag.antenna, tag.rssi_dbm, round(max(0.0, at.since(tag.at)), 3), tag.count]
            for tag in self._gathering.take()
        ]
        difference_s = self._clock.difference_s
        exception, self._exception = self._exception, ""
        return Sample(
            self.name,
            at,
            {
                "kind": "rfid",
                "listening": listens,
                "tags": json.dumps(tags),
                "antennas": json.dumps({str(antenna): ok for antenna, ok in self._antennas.items()}),
                "model": self._what,
                "exception": exception,
                "left_out": self._gathering.left_out,
                "clock_behind_s": 0.0 if difference_s is None else round(difference_s, 3),
            },
        )

    def _reported(self, tags: list[TagReport], at: Instant) -> None:
        self._heard = at
        self._tell(UNREADABLE, "")
        self._gathering.add(zip(tags, self._clock.dated(tags, at), strict=True))

    def _event(self, event: ReaderEvent, at: Instant) -> None:
        self._clock.hear(event.timestamp_us, at, utc=event.utc)
        if event.rospec is not None:
            self._heard = at
        self._antennas |= event.antennas
        self._exception = event.exception or self._exception
        if event.overflow or event.buffer_pct is not None:
            full = "is full: reads were lost" if event.overflow else f"is {event.buffer_pct} % full"
            self._tell(OVERFLOW, f"its buffer of reads {full}")

    def _came(self, found: Capabilities, connected: dict[int, bool]) -> None:
        self.up = True
        self.connections += 1
        self._heard = self._port.clock.now()
        self._what = f"{found.maker}/{found.model} {found.firmware}".strip()
        wanted = self._settings.antennas
        self._antennas = {antenna: connected.get(antenna, antenna <= found.antennas) for antenna in sorted(wanted)}
        self._outage.back()
        for code in (GONE, BUSY, OVERFLOW):
            self._tell(code, "")

    def _lost(self, code: str, why: str) -> None:
        self.up = False
        self._outage.gone(why)
        other = BUSY if code == GONE else GONE
        if self._told.get(other):
            self._tell(other, "")
        self._tell(code, why)

    def _tell(self, code: str, why: str) -> None:
        """Once when it becomes so and once when it is over; `why` is empty when it is."""
        known = self._told.get(code)
        if bool(known) == bool(why) and known is not None:
            return
        if not why and known is None and code != GONE:
            return
        self._told[code] = why
        self._port.news(DeviceNews(self.name, not why, self._port.clock.now(), code, why))


async def _beside(listening: asyncio.Task[str], work: Coroutine[Any, Any, None]) -> None:
    """Does `work`; a connection that ends meanwhile ends it. Raises what it raises, DeviceError where it cannot end."""
    task = asyncio.create_task(work)
    try:
        await asyncio.wait({task, listening}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()
            return
        raise DeviceError(listening.result())
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def make(spec: DeviceSpec, surroundings: Surroundings) -> LlrpReader:
    """The reader of a site; `spec.options` are its ReaderSettings."""
    settings: ReaderSettings = spec.options
    return LlrpReader(spec.name, settings)
