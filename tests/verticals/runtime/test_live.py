from __future__ import annotations

import asyncio
import json
import stat
import struct
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InputError, PortBusyError
from verticals.runtime import live
from verticals.runtime.live import LiveClient, LiveMessage, LiveServer, pack, read_message


@pytest.fixture
def socket(tmp_path: Path) -> Path:
    return tmp_path / "line.sock"


@pytest.fixture
async def server(socket: Path) -> AsyncIterator[LiveServer]:
    server = LiveServer(socket)
    await server.start()
    yield server
    await server.stop()


class Listener:
    """A client with what it got, and events to wait for instead of sleeping."""

    def __init__(self, socket: Path) -> None:
        self.got: asyncio.Queue[LiveMessage] = asyncio.Queue()
        self.states: asyncio.Queue[bool] = asyncio.Queue()
        self.client = LiveClient(socket, self.got.put_nowait, self.states.put_nowait)
        self.task = asyncio.create_task(self.client.run())

    async def stop(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


async def test_every_client_gets_what_is_published_with_its_raw_payload(server: LiveServer, socket: Path) -> None:
    listeners = [Listener(socket) for _ in range(3)]
    for listener in listeners:
        assert await listener.states.get() is True
    await _until(lambda: server.clients == 3)
    message = LiveMessage("live", {"station": "bed-1", "data": {"é": 1.5}}, bytes(range(256)))
    server.publish(message)
    for listener in listeners:
        assert await listener.got.get() == message
        await listener.stop()


async def test_the_line_hears_clients_and_each_new_one(server: LiveServer, socket: Path) -> None:
    heard: asyncio.Queue[LiveMessage] = asyncio.Queue()
    joined = asyncio.Event()
    server.receive, server.joined = heard.put_nowait, joined.set
    listener = Listener(socket)
    await joined.wait()
    await listener.states.get()
    assert listener.client.send(LiveMessage("command", {"id": 7}))
    assert await heard.get() == LiveMessage("command", {"id": 7})
    assert await asyncio.to_thread(listener.client.send, LiveMessage("inbox"))
    assert (await heard.get()).topic == "inbox"
    await listener.stop()
    assert not listener.client.send(LiveMessage("command", {"id": 8}))


async def test_a_client_comes_back_when_the_line_was_gone(socket: Path) -> None:
    listener = Listener(socket)
    for round_number in range(2):
        server = LiveServer(socket)
        await server.start()
        assert await listener.states.get() is True
        await _until(lambda server=server: server.clients == 1)
        server.publish(LiveMessage("stored", {"sequence": round_number}))
        assert (await listener.got.get()).data == {"sequence": round_number}
        await server.stop()
        assert await listener.states.get() is False
    await listener.stop()


async def test_only_the_owner_may_open_the_socket(server: LiveServer, socket: Path) -> None:
    assert _mode(socket) == 0o600


async def test_a_second_line_on_the_same_socket_is_refused_and_a_dead_ones_socket_taken_over(
    server: LiveServer, socket: Path, tmp_path: Path
) -> None:
    with pytest.raises(PortBusyError, match="another process runs this line"):
        await LiveServer(socket).start()
    import socket as sockets

    stale = tmp_path / "stale.sock"
    with sockets.socket(sockets.AF_UNIX) as dead:
        dead.bind(str(stale))
    successor = LiveServer(stale)
    await successor.start()
    await successor.stop()
    assert not stale.exists()


async def test_a_slow_reader_loses_live_values_and_no_beat_and_holds_up_nobody(
    server: LiveServer, socket: Path
) -> None:
    reader, writer = await asyncio.open_unix_connection(str(socket))
    await _until(lambda: server.clients == 1)
    quick = Listener(socket)
    await _until(lambda: server.clients == 2)
    blob = bytes(1 << 18)
    for number in range(400):
        server.publish(LiveMessage("live", {"n": number}, blob))
        if number % 50 == 0:
            server.publish(LiveMessage("beat", {"n": number}))
        await asyncio.sleep(0)
    server.publish(LiveMessage("beat", {"n": 400}))
    while (message := await quick.got.get()).data != {"n": 400}:
        pass
    assert server.dropped > 0
    beats: list[int] = []
    while not beats or beats[-1] != 400:
        message_or_end = await read_message(reader)
        assert message_or_end is not None
        if message_or_end.topic == "beat":
            beats.append(message_or_end.data["n"])
    assert beats == [*range(0, 400, 50), 400]
    assert message.topic == "beat"
    writer.close()
    await quick.stop()


async def test_stopping_does_not_wait_for_a_client_that_never_reads(socket: Path) -> None:
    server = LiveServer(socket)
    await server.start()
    _, writer = await asyncio.open_unix_connection(str(socket))
    await _until(lambda: server.clients == 1)
    for _ in range(20):
        server.publish(LiveMessage("live", {}, bytes(1 << 20)))
        await asyncio.sleep(0)
    await asyncio.wait_for(server.stop(), 5)
    writer.close()


@pytest.mark.parametrize(
    "garbage",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        struct.pack(">II", live.HEAD_LIMIT_BYTES + 1, 0),
        struct.pack(">II", 2, live.PAYLOAD_LIMIT_BYTES + 1),
        struct.pack(">II", 2, 0) + b"[]",
        struct.pack(">II", 4, 0) + b"\xff\xff\xff\xff",
        struct.pack(">II", 100_000, 0) + b"[" * 100_000,
    ],
)
async def test_a_garbled_frame_ends_only_its_own_connection(server: LiveServer, socket: Path, garbage: bytes) -> None:
    good = Listener(socket)
    await good.states.get()
    reader, writer = await asyncio.open_unix_connection(str(socket))
    writer.write(garbage)
    await writer.drain()
    assert await reader.read() == b""
    writer.close()
    await _until(lambda: server.clients == 1)
    assert server.refused_frames == 1
    server.publish(LiveMessage("beat", {}))
    assert (await good.got.get()).topic == "beat"
    await good.stop()


@given(st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_a_message_an_end_or_an_input_error(content: bytes) -> None:
    async def read() -> None:
        reader = asyncio.StreamReader()
        reader.feed_data(content)
        reader.feed_eof()
        try:
            message = await read_message(reader)
        except InputError:
            return
        assert message is None or isinstance(message.topic, str)

    asyncio.run(read())


@given(
    st.text(max_size=20), st.dictionaries(st.text(), st.none() | st.booleans() | st.integers() | st.text()), st.binary()
)  # fmt: skip
@settings(max_examples=100, deadline=None)
def test_what_is_packed_is_read_back(topic: str, data: dict[str, object], payload: bytes) -> None:
    async def round_trip() -> LiveMessage | None:
        reader = asyncio.StreamReader()
        reader.feed_data(pack(LiveMessage(topic, data, payload)))
        reader.feed_eof()
        return await read_message(reader)

    assert asyncio.run(round_trip()) == LiveMessage(topic, json.loads(json.dumps(data)), payload)


@pytest.mark.parametrize("data", [{"x": float("nan")}, {"x": object()}, {"x": "y" * (live.HEAD_LIMIT_BYTES + 1)}])
def test_what_cannot_travel_is_refused_at_the_sender(data: dict[str, object]) -> None:
    with pytest.raises(InputError):
        pack(LiveMessage("live", data))


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


async def _until(condition: object) -> None:
    assert callable(condition)
    for _ in range(2000):
        if condition():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("did not come true within 2 s")


def _tells(station: str, **data: object) -> LiveMessage:
    return LiveMessage("live", {"station": station, "data": data})


async def test_who_comes_later_gets_what_every_station_tells_whole(server: LiveServer, socket: Path) -> None:
    server.publish(_tells("bed-1", hr=70, spo2=97))
    server.publish(_tells("bed-1", hr=71))
    listener = Listener(socket)
    first = await listener.got.get()
    assert first.data == {"station": "bed-1", "data": {"hr": 71, "spo2": 97}}
    listener.task.cancel()


async def test_who_lost_live_values_gets_them_whole_when_there_is_room_again(server: LiveServer, socket: Path) -> None:
    reader, writer = await asyncio.open_unix_connection(str(socket))
    await _until(lambda: server.clients == 1)
    for number in range(live.WAITING_LIMIT * 4):
        server.publish(_tells("bed-1", **{f"value-{number}": number}))
    assert server.dropped > 0
    known: dict[str, int] = {}
    while len(known) < live.WAITING_LIMIT * 4:
        message = await read_message(reader)
        assert message is not None
        known |= message.data["data"]
    writer.close()


async def test_waves_go_before_live_values_when_room_is_needed(server: LiveServer, socket: Path) -> None:
    reader, writer = await asyncio.open_unix_connection(str(socket))
    await _until(lambda: server.clients == 1)
    for number in range(live.WAITING_LIMIT):
        server.publish(LiveMessage("chunk", {"station": "bed-1", "data": {"n": number}}, bytes(64)))
    for number in range(20):
        server.publish(_tells(f"bed-{number}", hr=number))
    topics: list[str] = []
    while topics.count("live") < 20:
        message = await read_message(reader)
        assert message is not None
        topics.append(message.topic)
    assert server.dropped <= 20
    writer.close()
