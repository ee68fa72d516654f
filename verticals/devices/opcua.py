"""An OPC UA server as named values: watched, read, written in order; found again by itself. Wraps asyncua.

A lost server is normal life: each time a new client object is made (asyncua 2.1.0's own auto_reconnect did
not resume reliably beside other clients), and a server that stands still is noticed by asking it the time.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from core.errors import DeviceError, StoreError, TrustError
from core.logs import OutageLog
from verticals.devices.opcua_security import OpcUaSecurity
from verticals.devices.opcua_session import Feed, OpcUaTimings, Session, as_device_errors, value_of

if TYPE_CHECKING:  # asyncua takes a second to import: only a process that has a link pays for it
    from asyncua import ua

log = logging.getLogger(__name__)

#: Name, value, and the server's own UTC time of it in seconds where it gives one. May be a coroutine.
OnChange = Callable[[str, Any, float | None], Awaitable[None] | None]


class Mode(StrEnum):
    SUBSCRIBE = "subscribe"
    POLL = "poll"  # for servers that do not publish as often as asked


class OpcUaLink:
    """`nodes` maps names to addresses: a node id ("ns=2;s=Cell.Trigger", "nsu=urn:x;i=5") or a browse path from
    the root ("/0:Objects/2:Cell/2:Trigger"). Those named in `watch` are told to `on_change`, one after the
    other: first their value as it is on each new connection, then each change. `on_state` hears of a
    connection before `on_change` does; `on_notices`, on each connection and daily, what a person should see to in
    time. Belongs to one event loop.
    """

    def __init__(
        self,
        url: str,
        *,
        nodes: Mapping[str, str],
        watch: Iterable[str] = (),
        on_change: OnChange | None = None,
        on_state: Callable[[bool, str], None] | None = None,
        mode: Mode | str = Mode.SUBSCRIBE,
        publishing_interval_s: float = 0.010,
        timings: OpcUaTimings | None = None,
        security: OpcUaSecurity | None = None,
        on_notices: Callable[[tuple[str, ...]], None] = lambda notices: None,
    ) -> None:
        # Not at the first connection: it takes a second, for which the loop would stand still.
        importlib.import_module("asyncua")
        self.url = url
        self.up = False
        self.why = "not connected yet"
        self.untrusted = False  # why it is down: one side does not trust the other
        self.revised_interval_s: float | None = None
        self._nodes = dict(nodes)
        self._watch = tuple(watch)
        self._on_change = on_change
        self._on_state = on_state
        self._mode = Mode(mode)
        self._interval_s = publishing_interval_s
        self._timings = timings or OpcUaTimings()
        self._security = security
        self._on_notices = on_notices
        self._attempt = 0
        self._outage = OutageLog(log, f"OPC UA server {url}")
        self._session: Session | None = None
        self._pause_s = self._timings.retry_first_s

    async def run(self) -> None:
        """Connects, watches and reconnects until cancelled; what `on_change` raises beyond DeviceError ends it."""
        for name in ("asyncua.client", "asyncua.crypto"):  # they tell each loss and each try, by a traceback
            logging.getLogger(name).setLevel(logging.CRITICAL)
        while True:
            try:
                await self._serve()
            except DeviceError as error:
                self.untrusted = isinstance(error, TrustError)
                self._attempt += 1
                self._tell(False, error.message)
            await asyncio.sleep(self._pause_s)
            self._pause_s = min(self._pause_s * 2, self._timings.retry_most_s)

    async def read(self, names: Iterable[str]) -> dict[str, Any]:
        """The values of `names` now, in one request; None where the server's quality is not good."""
        wanted = list(names)
        answers = await self._connected().read(wanted)
        return {name: value_of(answer) for name, answer in zip(wanted, answers, strict=True)}

    async def write(self, name: str, value: Any) -> None:
        """In the node's own type. Raises DeviceError when it does not fit or was not taken."""
        await self.write_many([(name, value)])

    async def write_many(self, values: Iterable[tuple[str, Any]]) -> None:
        """All in one request, in no promised order. Raises DeviceError naming the first that was not taken."""
        await self._connected().write(list(values))

    async def write_in_order(self, values: Iterable[tuple[str, Any]]) -> None:
        """Each is confirmed by the server before the next one is sent; stops at the first that fails."""
        for name, value in values:
            await self.write(name, value)

    def readdress(self, nodes: Mapping[str, str]) -> None:
        """Other addresses for the same names: the connection ends, and the next one has them."""
        if dict(nodes) == self._nodes:
            return
        self._nodes = dict(nodes)
        if self._session is not None:
            self._session.give_up("its tags have other addresses now")

    def _connected(self) -> Session:
        if self._session is None:
            raise DeviceError(f"no connection to the OPC UA server {self.url}: {self.why}")
        return self._session

    async def _serve(self) -> None:
        """One connection from begin to end. The end is told before anything is cleared away."""
        async with self._open() as session:
            feed = await session.subscribe(self._watch, self._interval_s) if self._subscribes() else None
            self.revised_interval_s = feed.interval_s if feed else None
            self._session = session
            self._attempt, self.untrusted = 0, False
            self._tell(True, "")
            jobs: list[Awaitable[object]] = [session.lost.wait(), self._look_at_certificates(session)]
            if self._mode is Mode.POLL and self._watch:
                jobs.append(self._poll(session))
            else:
                jobs.append(self._watchdog(session, feed))
            if feed is not None:
                jobs.append(self._deliver(feed))
            try:
                await _first_of(jobs)
            except DeviceError as error:
                session.give_up(error.message)
            finally:
                self._session = None
            self._tell(False, session.why)

    def _subscribes(self) -> bool:
        return self._mode is Mode.SUBSCRIBE and bool(self._watch)

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[Session]:
        """A connection whose nodes are all there. Closed within a bounded time, whatever the server does."""
        session = Session(self.url, self._timings)
        try:
            with as_device_errors(f"OPC UA server {self.url}"):
                async with asyncio.timeout(self._timings.connect_timeout_s):
                    await session.connect(self._security, self._attempt)
                    await session.resolve(self._nodes)
            yield session
        finally:
            await session.close()

    async def _deliver(self, feed: Feed) -> None:
        async for name, answer in feed.changes():
            await self._change(name, answer)

    async def _poll(self, session: Session) -> None:
        """All watched nodes in one request each interval; the answers double as the sign of life."""
        loop = asyncio.get_running_loop()
        last: dict[str, Any] = {}
        while True:
            due_s = loop.time() + self._interval_s
            with as_device_errors(f"OPC UA server {self.url}"):
                async with asyncio.timeout(self._timings.watchdog_timeout_s):
                    answers = await session.read(self._watch)
            for name, answer in zip(self._watch, answers, strict=True):
                value = value_of(answer)
                if name not in last or last[name] != value:
                    last[name] = value
                    await self._change(name, answer)
            await asyncio.sleep(max(0.0, due_s - loop.time()))

    async def _change(self, name: str, answer: ua.DataValue) -> None:
        if self._on_change is None:
            return
        stamp = answer.SourceTimestamp.timestamp() if answer.SourceTimestamp is not None else None
        try:
            done = self._on_change(name, value_of(answer), stamp)
            if done is not None:
                await done
        except DeviceError as error:
            log.warning("%s: a change of %s was not dealt with: %s", self.url, name, error)

    async def _watchdog(self, session: Session, feed: Feed | None) -> None:
        """Ends by raising DeviceError when the server gives no sign of life, or stops publishing."""
        while True:
            with as_device_errors(f"OPC UA server {self.url}"):
                async with asyncio.timeout(self._timings.watchdog_timeout_s):
                    await session.ask_time()
            if feed is not None:
                feed.check_published(asyncio.get_running_loop().time())
            await asyncio.sleep(self._timings.watchdog_every_s)

    async def _look_at_certificates(self, session: Session) -> None:
        """They run out while a connection stands for months."""
        while True:
            try:
                self._on_notices(session.notices())
            except StoreError as error:  # of the box's own folder: no reason to let go of the PLC
                log.error("%s: the certificates could not be looked at: %s", self.url, error)
            await asyncio.sleep(self._timings.certificates_every_s)

    def _tell(self, up: bool, why: str) -> None:
        changed = up != self.up or why != self.why
        self.up, self.why = up, why
        if up:
            self._pause_s = self._timings.retry_first_s
            self._outage.back()
        else:
            self._outage.gone(why)
        if changed and self._on_state is not None:
            self._on_state(up, why)


async def _first_of(jobs: Sequence[Awaitable[object]]) -> None:
    """Until one of `jobs` ends; raises what it raised, DeviceError where it cancelled itself; leaves none behind."""
    tasks = [asyncio.ensure_future(job) for job in jobs]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            if task.cancelled():  # by nobody here: whoever waits for the link must not end with it
                raise DeviceError("the connection was given up within")
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
