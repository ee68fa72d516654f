"""The process that owns one camera: it takes pictures when told and leaves them in shared memory.

A driver may hang or crash; here it takes nothing along. Clients come and go over a Unix socket, one packet
a notice; a client that does not keep up loses notices, never the camera's time. One thread does it all and
sleeps when nobody asks. Started as `python -m verticals.devices.camera` or by calling `main`.
"""

from __future__ import annotations

import argparse
import faulthandler
import json
import logging
import selectors
import signal
import socket
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from types import FrameType
from typing import Any, NoReturn

from core import logs
from core.clock import Clock, Instant, SystemClock
from core.errors import DeviceError, EdgewiseError, InputError, PortBusyError
from verticals.devices import catalog
from verticals.devices.notices import (
    MAX_PACKET_BYTES,
    AdjustNotice,
    BusyNotice,
    FailedNotice,
    FrameNotice,
    Notice,
    PingNotice,
    PongNotice,
    RingNotice,
    SetNotice,
    StateNotice,
    TriggerNotice,
    pack,
    parse,
)
from verticals.devices.ring import RingWriter
from verticals.devices.sources import Adjustable, Attended, FrameSource

log = logging.getLogger(__name__)

_STDERR = 2  # as a number: it must work when Python no longer does


@dataclass(frozen=True, slots=True)
class CameraSpec:
    """What one camera process is started with. `factory` is "module:callable", `options` as in the site file.

    `interval_s` makes it run freely; without it a picture is taken only when a client triggers. A grab that
    lasts `hang_s` longer than its source allows ends the process, so that the supervisor starts a fresh one.
    """

    name: str
    socket: Path
    factory: str
    options: Mapping[str, Any] = field(default_factory=dict)
    slots: int = 4
    interval_s: float | None = None
    hang_s: float = 10.0


class CameraServer:
    """Serves one source until its process ends. Raises PortBusyError when another camera holds the socket."""

    def __init__(self, spec: CameraSpec, source: FrameSource, clock: Clock) -> None:
        self._spec = spec
        self._source = source
        self._clock = clock
        self._ring: RingWriter | None = None
        self._generation = 0
        self._index = 0
        self._outage = logs.OutageLog(log, f"camera {spec.name}")
        self._listener = _listen(spec.socket)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._clients: list[socket.socket] = []
        self._next_s = clock.now().mono_s
        self._states: SimpleQueue[tuple[bool, str]] = SimpleQueue()
        self._state: StateNotice | None = None
        self._wake, self._waker = socket.socketpair()
        self._waker.setblocking(False)
        self._selector.register(self._wake, selectors.EVENT_READ)

    def serve(self) -> NoReturn:
        self._make_ready()
        if isinstance(self._source, Attended):
            self._state = StateNotice(False, "not connected yet")
            self._source.attend(self._changed)
        while True:
            for key, _ in self._selector.select(self._pause_s()):
                peer = key.fileobj
                assert isinstance(peer, socket.socket)
                if peer is self._listener:
                    self._welcome()
                elif peer is self._wake:
                    self._pass_on()
                elif peer in self._clients:
                    self._hear(peer)
            if self._pause_s() == 0.0:
                self._next_s = self._clock.now().mono_s + (self._spec.interval_s or 0.0)
                self._take(None, 0, "", None)

    def close(self) -> None:
        for client in list(self._clients):
            self._part_with(client)
        self._selector.close()
        self._listener.close()
        self._wake.close()
        self._spec.socket.unlink(missing_ok=True)
        if self._ring is not None:
            self._ring.close()
        self._source.close()
        self._waker.close()  # only now: the source's threads may call until they have ended

    def _changed(self, up: bool, why: str) -> None:
        """Called by the source, from a thread of its own."""
        self._states.put((up, why))
        with suppress(BlockingIOError):  # then it is awake already
            self._waker.send(b".")

    def _pass_on(self) -> None:
        """Everyone hears whether the camera is there."""
        self._wake.recv(64)
        while not self._states.empty():
            up, why = self._states.get_nowait()
            if up:
                self._outage.back()
                self._make_ready()
            else:
                self._outage.gone(why)
            self._state = StateNotice(up, why)
            for client in list(self._clients):
                self._send(client, self._state)

    def _pause_s(self) -> float | None:
        """Seconds to the next free-running picture; None: nothing is due."""
        if self._spec.interval_s is None or not self._clients:
            return None
        return max(0.0, self._next_s - self._clock.now().mono_s)

    def _make_ready(self) -> None:
        """Ring and decoder before the first part, where the source knows its size already."""
        try:
            expected = self._source.expected_bytes()
            if expected:
                self._room_for(expected)
        except EdgewiseError as error:
            self._outage.gone(error)

    def _welcome(self) -> None:
        client, _ = self._listener.accept()
        client.setblocking(False)
        self._clients.append(client)
        self._selector.register(client, selectors.EVENT_READ)
        if self._state is not None:
            self._send(client, self._state)
        self._hand_ring(client)

    def _hear(self, client: socket.socket) -> None:
        """One notice a turn, so that no client starves the others."""
        try:
            packet = client.recv(MAX_PACKET_BYTES + 1)
            notice = parse(packet) if packet else None
        except BlockingIOError:
            return
        except (OSError, InputError) as error:
            log.warning("camera %s: a client is dropped: %s", self._spec.name, error)
            notice = None
        if notice is None:
            self._part_with(client)
        elif isinstance(notice, PingNotice):
            self._send(client, PongNotice())
        elif isinstance(notice, TriggerNotice):
            self._triggered(client, notice)
        elif isinstance(notice, AdjustNotice):
            self._send(client, self._adjusted(notice))

    def _adjusted(self, order: AdjustNotice) -> SetNotice | FailedNotice:
        if not isinstance(self._source, Adjustable):
            return FailedNotice(order.request, "this kind of camera takes no settings while it runs")
        try:
            return SetNotice(order.request, self._source.adjust(order.settings))
        except EdgewiseError as error:
            return FailedNotice(order.request, f"{error.message} {error.hint}".strip())

    def _triggered(self, client: socket.socket, trigger: TriggerNotice) -> None:
        if self._clock.now().mono_s > trigger.until_mono_s:
            self._send(client, FailedNotice(trigger.request, "the camera came to this trigger too late"))
            return
        self._take(client, trigger.request, trigger.ticket, trigger.at)

    def _take(self, asker: socket.socket | None, request: int, ticket: str, at: Instant | None) -> None:
        """One picture into the ring; everyone hears of it, the asker with its request.

        The watch is a thread in C: it ends even a process whose driver never gives the interpreter back.
        """
        faulthandler.dump_traceback_later(self._source.grab_limit_s + self._spec.hang_s, exit=True, file=_STDERR)
        try:
            self._take_watched(asker, request, ticket, at)
        finally:
            faulthandler.cancel_dump_traceback_later()

    def _take_watched(self, asker: socket.socket | None, request: int, ticket: str, at: Instant | None) -> None:
        for client in list(self._clients):
            self._send(client, BusyNotice(self._source.grab_limit_s))
        try:
            shot = self._source.grab(ticket, at)
            ring = self._room_for(shot.image.nbytes)
            slot, mark = ring.write(shot.image)
        except EdgewiseError as error:
            self._outage.gone(error)
            text = f"{error.message} {error.hint}".strip()
            for client in [asker] if asker is not None else list(self._clients):
                self._send(client, FailedNotice(request, text))
            return
        self._outage.back()
        self._index += 1
        height, width, _ = shot.image.shape
        for client in list(self._clients):
            known = request if client is asker else 0
            self._send(client, FrameNotice(known, self._generation, slot, mark, self._index, height, width,
                                           shot.at, ticket))  # fmt: skip

    def _room_for(self, frame_bytes: int) -> RingWriter:
        """The ring, made anew when a frame is larger than any before; every client gets it."""
        if self._ring is None or self._ring.slot_bytes < frame_bytes:
            ring = RingWriter(self._spec.slots, frame_bytes)
            if self._ring is not None:
                self._ring.close()
            self._ring = ring
            self._generation += 1
            for client in list(self._clients):
                self._hand_ring(client)
        return self._ring

    def _hand_ring(self, client: socket.socket) -> None:
        if self._ring is None:
            return
        packet = pack(RingNotice(self._generation, self._ring.slots, self._ring.slot_bytes))
        try:
            socket.send_fds(client, [packet], [self._ring.fd])
        except OSError:
            self._part_with(client)  # without the ring it could read nothing; it will come again

    def _send(self, client: socket.socket, notice: Notice) -> None:
        try:
            client.send(pack(notice))
        except BlockingIOError:
            log.debug("camera %s: a slow client misses a notice", self._spec.name)
        except OSError:
            self._part_with(client)

    def _part_with(self, client: socket.socket) -> None:
        if client in self._clients:
            self._clients.remove(client)
            self._selector.unregister(client)
            client.close()


def _listen(path: Path) -> socket.socket:
    """Takes the place of a dead camera's socket, never of a living one's."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as probe, suppress(FileNotFoundError):
            try:
                probe.connect(str(path))
            except ConnectionRefusedError:
                path.unlink(missing_ok=True)
            else:
                raise PortBusyError(f"camera socket {path} is in use", hint="Is this camera running already?")
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        listener.bind(str(path))
        path.chmod(0o600)
        listener.listen()
    except OSError as error:
        listener.close()
        raise DeviceError(f"camera socket {path} cannot be opened: {error}") from error
    except PortBusyError:
        listener.close()
        raise
    return listener


def main(spec: CameraSpec) -> int:
    """Runs one camera until SIGTERM or SIGINT; 0 then, 2 when it could not start."""
    clock = SystemClock()
    try:
        source: FrameSource = catalog.load(spec.factory)(spec.options, clock)
        server = CameraServer(spec, source, clock)
    except EdgewiseError as error:
        log.error("camera %s does not start: %s", spec.name, error)
        return 2
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)
    try:
        server.serve()
    except SystemExit:
        return 0
    finally:
        server.close()


def _leave(number: int, frame: FrameType | None) -> NoReturn:
    raise SystemExit(0)


def _arguments(words: list[str]) -> CameraSpec:
    parser = argparse.ArgumentParser(prog="verticals.devices.camera", description="Runs one camera.")
    parser.add_argument("--name", default="camera")
    parser.add_argument("--socket", type=Path, required=True)
    parser.add_argument("--source", required=True, help='a kind such as camera.folder, or "module:factory"')
    parser.add_argument("--options", type=json.loads, default={}, help="the source's options as JSON")
    parser.add_argument("--slots", type=int, default=4)
    parser.add_argument("--interval-s", type=float, default=None, help="run freely; default: on trigger only")
    given = parser.parse_args(words)
    factory = given.source if ":" in given.source else catalog.place_of(given.source)
    return CameraSpec(given.name, given.socket, factory, given.options, given.slots, given.interval_s)


if __name__ == "__main__":
    logs.set_up()
    sys.exit(main(_arguments(sys.argv[1:])))
