"""Runs the screen of one app: binds, listens to the line, serves until told to stop."""

from __future__ import annotations

import asyncio
import errno
import logging
import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from flask import Flask

from core.clock import Clock, SystemClock
from core.errors import PortBusyError, SettingsError
from ui.app import Shell, create_app
from ui.csrf import Csrf
from ui.front import Front
from ui.gate import Gate, networks
from ui.guard import Guard
from ui.hub import Hub
from ui.identity import Identities, SessionDoor, is_loopback
from ui.metrics import WebMetrics
from ui.stream import STREAM_LIMIT, Streams
from ui.tls import Certificate, certificate_for
from ui.told import LineMoment, Processes, Told
from verticals.contract import Manifest
from verticals.runtime.bridge import Bridge
from verticals.runtime.roster import Roster
from verticals.web import Desk, Panel

log = logging.getLogger(__name__)

_STOP_WITHIN_S = 3
_PING_EVERY_S = 5.0
#: A peer that takes nothing for this long is cut off by the kernel: gone without a word, or stuck.
_PEER_TIMEOUT_MS = 10_000
_MOST_FRAME_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Listen:
    """Where a screen listens. Beyond loopback it is TLS only, for the networks in `allow`.

    `setting` names the table of the site file, for messages.
    """

    host: str = "127.0.0.1"
    port: int = 0
    allow: Sequence[str] = ()
    setting: str = "[screens]"
    streams: int = STREAM_LIMIT


@dataclass(frozen=True, slots=True)
class Web:
    """One web process, put together. `url` is known after `bind`."""

    listen: Listen
    server: uvicorn.Server
    listener: socket.socket
    hub: Hub
    bridge: Bridge
    front: Front
    app: Flask
    guard: Guard
    desk: Desk
    url: str

    async def run(self, *, moved: Callable[[], None] = lambda: None) -> None:
        """Serves until `stop`; calls `moved` each second that the event loop turns."""
        await self.hub.prepare()
        hub = asyncio.create_task(self.hub.run())
        serving = asyncio.create_task(self.server.serve([self.listener]))
        turning = asyncio.create_task(_turn(moved))
        try:
            await asyncio.wait((hub, serving), return_when=asyncio.FIRST_COMPLETED)
            self.stop()
            await serving
            if hub.done():
                hub.result()
        finally:
            for task in (hub, turning):
                task.cancel()
            await asyncio.gather(hub, turning, return_exceptions=True)
            self.front.close()
            self.bridge.close()

    def stop(self) -> None:
        """Streams are closed, pages under way get their answer, then `run` returns."""
        self.server.should_exit = True


def put_together(
    panel: Panel,
    manifest: Manifest,
    desk: Desk,
    hub: Hub,
    sessions: SessionDoor,
    keys: Path,
    listen: Listen,
    *,
    bridge: Bridge,
    clock: Clock | None = None,
    simulated: bool = False,
    roster: Callable[[], Roster | None] = lambda: None,
) -> Web:
    """Binds the address and builds everything behind it. Raises PortBusyError, SettingsError, StoreError."""
    clock = clock or SystemClock()
    beyond = not is_loopback(listen.host) and listen.host != "localhost"
    if beyond and not listen.allow:
        raise SettingsError(
            f"{listen.setting} host = {listen.host!r} listens beyond this box, but no network is allowed",
            hint='Add allow = ["10.3.0.0/24"] with the networks that may look.',
        )
    gate = Gate(listen.host, networks(listen.allow, listen.setting))
    certificate = certificate_for(listen.host, keys, clock) if beyond else None
    counts: dict[str, Callable[[], float]] = {
        "_streams": lambda: hub.streams,
        "_streams_dropped": lambda: hub.dropped,
        "_refused_peers": lambda: gate.refused_peers,
        "_refused_hosts": lambda: gate.refused_hosts,
    }
    shell = Shell(manifest, panel, desk, hub, sessions, Csrf.kept_in(keys), clock, beyond, simulated, counts)
    told = Told(clock)
    hub.measured = told.hear
    others = (told, LineMoment(manifest.name, hub), Processes(roster))
    metrics = WebMetrics(manifest.name, lambda: {name: read() for name, read in counts.items()}, others)
    app, guard = create_app(shell, metrics)
    streams = Streams(hub, Identities(manifest, sessions), bridge, panel.stream_role, limit=listen.streams)
    counts["_streams_refused"] = lambda: streams.refused
    front = Front(app, streams, gate, metrics)
    server = _server(front, certificate)
    listener = bind(listen)  # last: nothing that fails leaves it open
    address, port = listener.getsockname()[:2]
    shown = f"[{address}]" if ":" in address else address
    url = f"{'https' if certificate else 'http'}://{shown}:{port}"
    return Web(listen, server, listener, hub, bridge, front, app, guard, desk, url)


def bind(listen: Listen) -> socket.socket:
    """A listening socket. Raises PortBusyError that names the address and the setting."""
    family = socket.AF_INET6 if ":" in listen.host else socket.AF_INET
    # With its protocol named: asyncio turns Nagle off only on sockets that say they are TCP (40 ms an answer).
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _PEER_TIMEOUT_MS)
    try:
        listener.bind((listen.host, listen.port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        what = "is taken by another program" if error.errno == errno.EADDRINUSE else f"cannot be used: {error}"
        raise PortBusyError(
            f"{listen.host}:{listen.port} {what}",
            hint=f"Stop the other one, or change port or host in {listen.setting}.",
        ) from error
    listener.setblocking(False)
    return listener


class _Server(uvicorn.Server):
    """Signals belong to whoever runs the process; the library's own handling would raise them again at the end."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _server(front: Front, certificate: Certificate | None) -> uvicorn.Server:
    return _Server(
        uvicorn.Config(
            front,
            http="h11",
            ws="websockets-sansio",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            ws_max_size=_MOST_FRAME_BYTES,
            ws_ping_interval=_PING_EVERY_S,
            ws_ping_timeout=_PING_EVERY_S,
            ws_per_message_deflate=False,
            timeout_graceful_shutdown=_STOP_WITHIN_S,
            ssl_certfile=certificate.certificate if certificate else None,
            ssl_keyfile=certificate.key if certificate else None,
        )
    )


async def _turn(moved: Callable[[], None]) -> None:
    while True:
        moved()
        await asyncio.sleep(1.0)


def run(web: Web, *, ready: Callable[[str], None] = lambda url: None, moved: Callable[[], None] = lambda: None) -> None:
    """Serves in this process until SIGTERM or SIGINT; `ready` gets the address. From the main thread."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, web.stop)
        log.info("screen at %s", web.url)
        ready(web.url)
        await web.run(moved=moved)

    asyncio.run(main())


__all__ = ["Listen", "Web", "bind", "put_together", "run"]
