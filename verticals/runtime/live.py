"""The live line: what may be lost, between the line process and everybody who shows it.

One Unix stream socket per app, owner-only. A frame is two big-endian lengths, a JSON head and raw payload
bytes; numbers in bulk travel as payload, never as JSON lists. Either end may die at any time: a client
comes back by itself, a garbled frame ends only its own connection, a slow reader loses its oldest live
values and never slows the sender. Nothing decided travels by it alone; that is what the store is for.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import socket as sockets
import struct
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.errors import InputError, PortBusyError

log = logging.getLogger(__name__)

_LENGTHS = struct.Struct(">II")
HEAD_LIMIT_BYTES = 1 << 20
PAYLOAD_LIMIT_BYTES = 16 << 20
#: What waits for one slow reader before its oldest live values are dropped.
WAITING_LIMIT = 256
WAITING_LIMIT_BYTES = 8 << 20
RECONNECT_FIRST_S = 0.05
RECONNECT_LAST_S = 1.0


@dataclass(frozen=True, slots=True)
class LiveMessage:
    """`topic` is beat, stored, live, chunk, metrics or command from the line; command, inbox, job or said to it."""

    topic: str
    data: Mapping[str, Any] = field(default_factory=dict)
    payload: bytes = b""


def pack(message: LiveMessage) -> bytes:
    """The frame. Raises InputError when the data is not JSON or more than a frame may hold."""
    try:
        text = json.dumps({"topic": message.topic, "data": message.data}, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise InputError(f"live message '{message.topic}' is not JSON: {error}") from error
    head = text.encode()
    if len(head) > HEAD_LIMIT_BYTES or len(message.payload) > PAYLOAD_LIMIT_BYTES:
        raise InputError(f"live message '{message.topic}' is too big: {len(head)} + {len(message.payload)} bytes")
    return _LENGTHS.pack(len(head), len(message.payload)) + head + message.payload


async def read_message(reader: asyncio.StreamReader) -> LiveMessage | None:
    """The next message; None at the end of the stream. Raises InputError for bytes that are no frame."""
    try:
        head_bytes, payload_bytes = _LENGTHS.unpack(await reader.readexactly(_LENGTHS.size))
        if head_bytes > HEAD_LIMIT_BYTES or payload_bytes > PAYLOAD_LIMIT_BYTES:
            raise InputError(f"a live frame of {head_bytes} + {payload_bytes} bytes is refused")
        head = await reader.readexactly(head_bytes)
        payload = await reader.readexactly(payload_bytes)
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    return _unpack(head, payload)


def _unpack(head: bytes, payload: bytes) -> LiveMessage:
    try:
        content = json.loads(head)
    except (ValueError, RecursionError) as error:
        raise InputError("a live frame whose head is not JSON") from error
    if not isinstance(content, dict):
        raise InputError("a live frame whose head is no object")
    topic, data = content.get("topic"), content.get("data")
    if not isinstance(topic, str) or not isinstance(data, dict):
        raise InputError("a live frame without topic and data")
    return LiveMessage(topic, data, payload)


class _Outbox:
    """What waits for one reader, bounded. Waves go first when room is needed, then live values; a beat is never lost.

    Live values tell what has changed: once some were dropped, `whole` gives them all when there is room again.
    """

    def __init__(self, whole: Callable[[], list[bytes]] = list) -> None:
        self._frames: deque[tuple[str, bytes]] = deque()
        self._bytes = 0
        self._filled = asyncio.Event()
        self._whole = whole
        self._lacks = False
        self.dropped = 0

    def put(self, topic: str, frame: bytes) -> None:
        while self._frames and (
            len(self._frames) >= WAITING_LIMIT or self._bytes + len(frame) > WAITING_LIMIT_BYTES
        ):  # fmt: skip
            self._drop_one(topic)
        self._frames.append((topic, frame))
        self._bytes += len(frame)
        self._filled.set()

    def _drop_one(self, incoming: str) -> None:
        # The newest beat (or "stored") says all that an older one said, so those two give way to their own kind.
        for topic in ("chunk", "live", incoming):
            place = next((at for at, (waiting, _) in enumerate(self._frames) if waiting == topic), None)
            if place is not None:
                break
        else:
            place = next((at for at, (waiting, _) in enumerate(self._frames) if waiting != "beat"), 0)
        self._lacks = self._lacks or self._frames[place][0] == "live"
        self._bytes -= len(self._frames[place][1])
        del self._frames[place]
        self.dropped += 1

    def tell_all(self) -> None:
        """Everything live, for who has just come or has lost some of it."""
        self._lacks = False
        for frame in self._whole():
            self.put("live", frame)

    async def next(self) -> bytes:
        if self._lacks and len(self._frames) < WAITING_LIMIT // 4:
            self.tell_all()
        while not self._frames:
            self._filled.clear()
            await self._filled.wait()
        _, frame = self._frames.popleft()
        self._bytes -= len(frame)
        return frame


async def _pump(outbox: _Outbox, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while True:
            writer.write(await outbox.next())
            await writer.drain()


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()  # a plain close would wait for a reader that may never read again
    with contextlib.suppress(ConnectionError, BrokenPipeError):
        await writer.wait_closed()


class LiveServer:
    """The line's end. `receive` gets what clients send, `joined` is called for each new client.

    Belongs to one event loop; `publish` never waits and never raises for a client's sake.
    """

    def __init__(self, socket: Path) -> None:
        self.socket = socket
        self.receive: Callable[[LiveMessage], None] = lambda message: None
        self.joined: Callable[[], None] = lambda: None
        self.refused_frames = 0
        self._outboxes: set[_Outbox] = set()
        self._connections: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._dropped_before = 0
        self._latest: dict[str, dict[str, Any]] = {}  # what each station tells live, whole

    @property
    def clients(self) -> int:
        return len(self._outboxes)

    @property
    def dropped(self) -> int:
        """Messages that slow readers lost."""
        return self._dropped_before + sum(outbox.dropped for outbox in self._outboxes)

    async def start(self) -> None:
        """Listens. Raises PortBusyError when another line process holds the socket."""
        self.socket.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        listener = _bind(self.socket)
        self._server = await asyncio.start_unix_server(self._serve, sock=listener, limit=1 << 16)

    async def stop(self) -> None:
        if self._server is None:
            return
        self._server.close()
        for connection in list(self._connections):
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        await self._server.wait_closed()
        self._server = None
        self.socket.unlink(missing_ok=True)

    def publish(self, message: LiveMessage) -> None:
        """Puts the message into every client's queue. Raises InputError when it is no JSON or too big.

        A station's live values are kept: who comes later gets them whole.
        """
        station, values = message.data.get("station"), message.data.get("data")
        if message.topic == "live" and isinstance(station, str) and isinstance(values, Mapping):
            self._latest.setdefault(station, {}).update(values)
        if not self._outboxes:
            return
        frame = pack(message)
        for outbox in self._outboxes:
            outbox.put(message.topic, frame)

    def _whole(self) -> list[bytes]:
        return [pack(LiveMessage("live", {"station": station, "data": data})) for station, data in self._latest.items()]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = asyncio.current_task()
        assert connection is not None
        self._connections.add(connection)
        outbox = _Outbox(self._whole)
        outbox.tell_all()
        self._outboxes.add(outbox)
        pump = asyncio.create_task(_pump(outbox, writer))
        try:
            self.joined()
            await self._listen(reader)
        except asyncio.CancelledError:
            # Only `stop` cancels this task, and it waits for it; asyncio's own callback would log a traceback.
            pass
        finally:
            pump.cancel()
            self._outboxes.discard(outbox)
            self._connections.discard(connection)
            self._dropped_before += outbox.dropped
            await _close(writer)

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        try:
            while (message := await read_message(reader)) is not None:
                self.receive(message)
        except InputError as error:
            self.refused_frames += 1
            log.warning("a client of the live line %s was cut off: %s", self.socket.name, error)


def _bind(path: Path) -> sockets.socket:
    listener = sockets.socket(sockets.AF_UNIX, sockets.SOCK_STREAM)
    try:
        _clear_stale(path)
        os.fchmod(listener.fileno(), 0o600)  # before bind, so that the file never stands open to others
        listener.bind(str(path))
        path.chmod(0o600)
        listener.listen(64)
    except OSError as error:
        listener.close()
        raise PortBusyError(f"{path}: cannot listen on the live line: {error}") from error
    except PortBusyError:
        listener.close()
        raise
    return listener


def _clear_stale(path: Path) -> None:
    """Removes a socket whose owner is dead. Raises PortBusyError when somebody answers on it."""
    if not path.is_socket():
        return
    with sockets.socket(sockets.AF_UNIX, sockets.SOCK_STREAM) as probe:
        probe.settimeout(0.5)
        try:
            probe.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            path.unlink(missing_ok=True)
            return
    raise PortBusyError(f"{path}: another process runs this line", hint="Stop the other `edgewise run` first.")


class LiveClient:
    """The other end, in a web process, a job or a tool; it connects and reconnects until cancelled.

    `receive` gets each message and `changed` each coming and going, both in the event loop of `run`.
    """

    def __init__(
        self,
        socket: Path,
        receive: Callable[[LiveMessage], None] = lambda message: None,
        changed: Callable[[bool], None] = lambda connected: None,
    ) -> None:
        self.socket = socket
        self.receive = receive
        self.changed = changed
        self._loop: asyncio.AbstractEventLoop | None = None
        self._outbox: _Outbox | None = None

    @property
    def connected(self) -> bool:
        return self._outbox is not None

    def send(self, message: LiveMessage) -> bool:
        """Whether it was put on its way; may be called from any thread.

        False: not connected, and nothing is lost by it, for the line reads the store at each new connection.
        """
        loop = self._loop
        if loop is None or self._outbox is None:
            return False
        frame = pack(message)
        with contextlib.suppress(RuntimeError):  # the loop was closed in between
            loop.call_soon_threadsafe(self._put, message.topic, frame)
            return True
        return False

    def _put(self, topic: str, frame: bytes) -> None:
        if self._outbox is not None:
            self._outbox.put(topic, frame)

    async def run(self) -> None:
        self._loop = asyncio.get_running_loop()
        pause_s = RECONNECT_FIRST_S
        while True:
            try:
                reader, writer = await asyncio.open_unix_connection(str(self.socket), limit=1 << 16)
            except OSError:
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, RECONNECT_LAST_S)
                continue
            pause_s = RECONNECT_FIRST_S
            await self._converse(reader, writer)
            await asyncio.sleep(pause_s)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._outbox = _Outbox()
        pump = asyncio.create_task(_pump(self._outbox, writer))
        try:
            self.changed(True)
            while (message := await read_message(reader)) is not None:
                self.receive(message)
        except InputError as error:
            log.warning("the live line %s sent what is no frame: %s", self.socket.name, error)
        finally:
            self._outbox = None
            pump.cancel()
            self.changed(False)
            await _close(writer)
