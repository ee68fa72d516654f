"""Keeps one device: finds it, holds a session, hands what it tells to the line, and begins anew when it is lost."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Executor
from functools import partial
from typing import Any, TypeVar

from core.clock import Instant
from core.errors import DeviceError
from healthcare.sdc.finding import Finder
from healthcare.sdc.inbox import HEARD, LOST, Inbox, Told
from healthcare.sdc.session import Session
from healthcare.sdc.settings import SdcDeviceSettings, SdcSettings
from healthcare.sdc.tls import TlsContexts
from healthcare.waves.timeline import SourceClock
from verticals.contract import Sample
from verticals.devices.base import Port

log = logging.getLogger(__name__)

T = TypeVar("T")

FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 10.0
_CLOSE_WITHIN_S = 8.0
_CLOCK_TOLERANCE_S = 2.0
_SILENT = "silent"


class DeviceLink:
    """Belongs to the line's event loop. `why` it is lost, empty while it is here; `changed` is called with each."""

    def __init__(
        self,
        source: str,
        device: SdcDeviceSettings,
        settings: SdcSettings,
        surroundings: tuple[Port, Executor, Finder, TlsContexts | None],
        changed: Callable[[], None],
    ) -> None:
        self._source, self.device, self._settings = source, device, settings
        self._port, self._pool, self._finder, self._tls = surroundings
        self._changed = changed
        self._inbox: Inbox | None = None
        self._alarms: dict[str, dict[str, Any]] = {}
        self.started = self._since = self._port.clock.now()
        self._clock = SourceClock(_CLOCK_TOLERANCE_S)
        self.heard: Instant | None = None  # a report, the last time
        self.connected = False
        self.sessions = self.accepted = self.dropped = 0
        self.why = ""

    async def run(self) -> None:
        wait_s = FIRST_WAIT_S
        while True:
            before = self.sessions
            why = await self._session()
            self._tell(why)
            wait_s = FIRST_WAIT_S if self.sessions > before else min(2 * wait_s, LONGEST_WAIT_S)
            await asyncio.sleep(wait_s)

    def watch(self, now: Instant, margin_s: float) -> None:
        """Reports that stay away are told before `silent_after` has passed, and the session is begun anew."""
        last = max(self.heard, self._since) if self.heard is not None else self._since
        if now.since(last) + margin_s <= self._settings.silent_after:
            return
        if not self.why:
            self._tell(_SILENT if self.connected else "does not answer")
        if self.connected and self._inbox is not None and now.since(self._since) > self._settings.silent_after:
            self._inbox.put(Told(LOST, now, {}, _SILENT))

    async def _session(self) -> str:
        """One session to its end; why it ended."""
        self._inbox = inbox = Inbox(asyncio.get_running_loop(), self._settings.most_waiting)
        session: Session | None = None
        lost = True
        try:
            address = await self._address()
            session = Session(self.device, address, self._tls, self._port.clock, inbox.put, self._alarms)
            await self._in_thread(session.open)
            self._begun()
            return await self._serve(inbox)
        except DeviceError as error:
            return error.message
        except asyncio.CancelledError:
            lost = False
            raise
        finally:
            self.connected = False
            self.dropped += inbox.dropped
            if session is not None:
                await self._close(session, say_so=not lost)

    def _begun(self) -> None:
        self.sessions += 1
        self.connected = True
        self._since = self._port.clock.now()
        log.info("%s: %s is connected", self._source, self.device.name)
        if self.why != _SILENT:  # who had fallen silent must be heard again
            self._tell("")

    async def _serve(self, inbox: Inbox) -> str:
        while True:
            for told in await inbox.take():
                if told.kind == LOST:
                    return told.why
                if told.kind == HEARD:
                    self.heard = told.at
                    self._tell("")
                    continue
                self.accepted += 1
                await self._port.emit(self._sample(told))

    def _sample(self, told: Told) -> Sample:
        values = {"kind": told.kind, "device": self.device.name, **told.values}
        if told.kind == "wave":
            start_utc_s, samples = values["start_utc_s"], values["samples"]
            end_utc_s = start_utc_s + samples.size / values["rate_hz"]  # type: ignore[operator, union-attr]
            was_wrong = self._clock.wrong
            values["start_utc_s"] = self._clock.date(start_utc_s, end_utc_s, told.at)  # type: ignore[arg-type]
            if self._clock.wrong and not was_wrong:
                log.warning("%s: the clock of %s is wrong by %.0f s", self._source, self.device.name,
                            -self._clock.offset_s)  # fmt: skip
        return Sample(self._source, told.at, values)

    async def _address(self) -> str:
        if self.device.address:
            return self.device.address
        return await self._in_thread(self._finder.find, self.device.epr, "http" if self._tls is None else "https")

    async def _in_thread(self, deed: Callable[..., T], *given: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, deed, *given)

    async def _close(self, session: Session, *, say_so: bool) -> None:
        try:
            async with asyncio.timeout(_CLOSE_WITHIN_S):
                await self._in_thread(partial(session.close, say_so=say_so))
        except TimeoutError:
            log.warning("%s: %s was not closed within %g s", self._source, self.device.name, _CLOSE_WITHIN_S)

    def _tell(self, why: str) -> None:
        if why != self.why and not (self.why == _SILENT and why):
            self.why = why
            self._changed()
