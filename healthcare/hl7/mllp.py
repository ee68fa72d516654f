"""The listener for monitors and gateways: HL7 v2 over MLLP, with or without TLS. Device kind `hl7`.

What this device promises: a message is acknowledged when it is on the disk and not before; nobody sends who is not
named; when nothing is heard for `silent_after` that is told, whether a link still stands or not.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import logging
import ssl
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from core.clock import Instant
from core.errors import DeviceError, PortBusyError
from healthcare.hl7.capture import Capture
from healthcare.hl7.feed import Feed
from healthcare.hl7.link import Link
from healthcare.hl7.peers import Peer, Peers
from healthcare.hl7.settings import MllpSettings
from verticals.contract import Action, DeviceNews, DeviceSpec, Sample, Value
from verticals.devices.base import Port, Surroundings

log = logging.getLogger(__name__)

FEED_SILENT, PEER_SILENT, PEER_REFUSED, TOO_MANY = "feed-silent", "peer-silent", "peer-refused", "too-many-links"
UNENCRYPTED = "unencrypted"
_HANDSHAKE_S = 10.0
_STEERED_EVERY_S = 0.5  # silence is told before it has lasted too long, not at the next look after it
_BACKLOG = 128


class MllpServer:
    """Belongs to the line's event loop. `tls` None: unencrypted. `address` is known while it runs."""

    def __init__(
        self, name: str, settings: MllpSettings, tls: ssl.SSLContext | None = None, capture: Capture | None = None
    ) -> None:
        self.name = name
        self.settings = settings
        self.address: tuple[str, int] | None = None
        self.peers = Peers(settings.networks, settings.silent_after)
        self.feed: Feed | None = None
        self._tls = tls
        self._capture = capture
        self._port: Port | None = None
        self._links: set[asyncio.Task[None]] = set()
        self._reading = 0
        self._since: Instant
        self._told: dict[str, str] = {}

    async def run(self, port: Port) -> None:
        """Raises PortBusyError where the address is taken."""
        self._port = port
        self._since = port.clock.now()
        if self.feed is None:  # it outlives a restart of the listener: it knows what came before
            zone = ZoneInfo(self.settings.time_zone)
            self.feed = Feed(self.name, zone, self._since, self.settings.processing)
        try:
            server = await asyncio.start_server(
                self._connected, self.settings.host, self.settings.port, backlog=_BACKLOG
            )
        except OSError as error:
            where = f"{self.settings.host}:{self.settings.port}"
            raise PortBusyError(f"{self.name}: cannot listen on {where}: {error.strerror or error}") from error
        try:
            async with server:
                host, number = server.sockets[0].getsockname()[:2]
                self.address = (str(host), int(number))
                self._warn_of_plain_text()
                await server.serve_forever()
        finally:
            await self._hang_up()

    async def act(self, action: Action) -> str:
        raise DeviceError(f"{self.name} takes no orders: it only listens", hint="Send nothing to an MLLP listener.")

    async def steer(self, *, ready: bool, beat: int) -> None:
        """Twice a second: who has fallen silent; every second the desk hears how old the feed is."""
        if self._port is None:
            return
        now = self._port.clock.now()
        self._watch_silence(now)
        if self._capture is not None:
            self._capture.flush()
        if beat % 2 == 0:
            await self._port.emit(Sample(self.name, now, self._state(now)))

    def peer_states(self, now: Instant) -> list[dict[str, Any]]:
        """Each sender that was heard in the last day: address, sender, connected, messages, refused, age_s."""
        return [peer.as_json(now) for peer in self.peers.known.values()]

    def _state(self, now: Instant) -> dict[str, Value]:
        heard = self.peers.heard()
        return {
            "kind": "link",
            "feed": self.name,
            "ok": FEED_SILENT not in self._told,
            "heard_utc_s": heard.utc_s if heard is not None else 0.0,
            "age_s": round(now.since(heard or self._since), 1),
            "peers": json.dumps(self.peer_states(now)),
            "counts": json.dumps(self.feed.counts if self.feed is not None else {}),
        }

    # Links

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        address = str((writer.get_extra_info("peername") or ("",))[0])
        if not self.peers.allowed(address):
            if self.peers.refuse(address):
                self._news(PEER_REFUSED, False, f"{address} is not among the senders that are allowed")
            writer.transport.abort()
            return
        if self._reading >= self.settings.connections:
            self._tell(TOO_MANY, f"more than {self.settings.connections} links at a time: {address} is not let in")
            writer.transport.abort()
            return
        self._reading += 1
        peer = self.peers.peer(address)
        peer.links += 1
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer, peer), name=f"mllp {address}")
        self._links.add(task)
        task.add_done_callback(self._links.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, peer: Peer) -> None:
        assert self._port is not None and self.feed is not None
        held = [peer]

        def read() -> None:
            while held:
                held.pop().links -= 1
                self._reading -= 1
                self._tell(TOO_MANY, "")

        keep = self._capture.keep if self._capture is not None else None
        try:
            if self._tls is not None:
                await writer.start_tls(self._tls, ssl_handshake_timeout=_HANDSHAKE_S)
            link = Link((reader, writer), peer, self.feed, self._port, self.settings, keep)
            log.info("%s: link from %s ended: %s", self.name, peer.address, await link.serve(read))
        except OSError as error:  # ssl.SSLError and broken connections
            self.feed.counts["link-failed"] += 1
            log.info("%s: link from %s failed: %s", self.name, peer.address, error)
        except ExceptionGroup as errors:
            log.error("%s: link from %s broke: %r", self.name, peer.address, errors.exceptions[0])
        finally:
            read()
            if not writer.is_closing():
                writer.transport.abort()

    async def _hang_up(self) -> None:
        self.address = None
        for task in self._links:
            task.cancel()
        await asyncio.gather(*self._links, return_exceptions=True)
        if self._capture is not None:
            self._capture.close()

    # News

    def _watch_silence(self, now: Instant) -> None:
        heard = self.peers.heard()
        quiet_s = now.since(heard or self._since)
        silent = self.peers.silent(now.plus(_STEERED_EVERY_S))
        self._tell(PEER_SILENT, "; ".join(f"{_called(peer)} sends nothing" for peer in silent)[:500])
        if quiet_s + _STEERED_EVERY_S <= self.settings.silent_after:
            self._tell(FEED_SILENT, "")
        elif self.peers.connected:
            self._tell(FEED_SILENT, f"{self.peers.connected} connected, and no observation arrives")
        else:
            self._tell(FEED_SILENT, "no monitor or gateway is connected")

    def _warn_of_plain_text(self) -> None:
        if self._tls is None and not ipaddress.ip_address(self.settings.host).is_loopback:
            self._tell(UNENCRYPTED, f"patients' data reach {self.settings.host} unencrypted")

    def _tell(self, code: str, why: str) -> None:
        """Once when it becomes so and once when it is over; `why` is empty when it is."""
        if self._told.get(code, "") == why:
            return
        if why:
            self._told[code] = why
        else:
            del self._told[code]
        self._news(code, not why, why)

    def _news(self, code: str, ok: bool, why: str) -> None:
        assert self._port is not None
        self._port.news(DeviceNews(self.name, ok, self._port.clock.now(), code, why))


def _called(peer: Peer) -> str:
    return f"{peer.sender} at {peer.address}" if peer.sender else peer.address


def make(spec: DeviceSpec, surroundings: Surroundings) -> MllpServer:
    """The listener of a site; `spec.options` are its MllpSettings."""
    settings: MllpSettings = spec.options
    places = surroundings.places
    context = None
    if settings.tls is not None:
        from healthcare.hl7.tls import server_context

        context = server_context(settings.tls, settings.host, places.keys, surroundings.clock)
    capture = None
    if settings.capture is not None:
        folder: Path = places.app(surroundings.app) / "captures" / spec.name
        capture = Capture(folder, int(settings.capture.limit))
    return MllpServer(spec.name, settings, context, capture)
