"""Against a plain server of acknowledgements on a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from core.clock import SystemClock
from simulators.ward_sender import MllpSender


class Acknowledger:
    """Keeps the control ids in the order they came; `code` answers them, `mute` does not."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.frames: list[bytes] = []
        self.code = "AA"
        self.mute = False
        self.most_unanswered = 0
        self.hold: asyncio.Event | None = None
        self.port = 0
        self._server: asyncio.Server
        self._writers: list[asyncio.StreamWriter] = []

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        self._server.close()
        for writer in self._writers:
            writer.close()
        self._writers.clear()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        waiting = b""
        while more := await reader.read(1 << 16):
            waiting += more
            *frames, waiting = waiting.split(b"\x1c\r")
            self.most_unanswered = max(self.most_unanswered, len(frames))
            for frame in frames:
                self.frames.append(frame)
                if frame.startswith(b"\x0bMSH"):
                    self.ids.append(frame.split(b"|")[9].decode())
                    if not self.mute:
                        writer.write(f"\x0bMSH|^~\\&|BOX\rMSA|{self.code}|{self.ids[-1]}\r\x1c\r".encode())
        writer.close()


def message(number: int) -> str:
    return f"MSH|^~\\&|GW1|W7|EDGEWISE|WARD|20260101||ORU^R01|{number}|P|2.6\rOBX|1|NM|147842||75\r"


async def until(holds: Callable[[], object], within_s: float = 10.0) -> None:
    async with asyncio.timeout(within_s):
        while not holds():  # noqa: ASYNC110 - there is no event for everything that a test waits for
            await asyncio.sleep(0.005)


@asynccontextmanager
async def sending(server: Acknowledger, *, window: int = 1, answer_within_s: float = 10.0) -> AsyncIterator[MllpSender]:
    sender = MllpSender(
        "127.0.0.1", server.port, SystemClock(), window=window, answer_within_s=answer_within_s, retry_s=0.02
    )
    running = asyncio.create_task(sender.run())
    try:
        yield sender
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await server.stop()


async def started() -> Acknowledger:
    server = Acknowledger()
    await server.start()
    return server


async def test_five_thousand_that_waited_are_drained_in_order_none_twice() -> None:
    server = await started()
    sender = MllpSender("127.0.0.1", server.port, SystemClock(), window=50)
    for number in range(5000):
        sender.put(str(number), message(number))
    running = asyncio.create_task(sender.run())
    await until(lambda: sender.waiting == 0, within_s=60)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await server.stop()
    assert server.ids == [str(number) for number in range(5000)]
    assert sender.account.acknowledged == sender.account.sent == 5000


async def test_stop_and_wait_never_has_two_under_way() -> None:
    server = await started()
    async with sending(server) as sender:
        for number in range(100):
            sender.put(str(number), message(number))
        await until(lambda: sender.waiting == 0)
    assert server.most_unanswered == 1
    assert server.ids == [str(number) for number in range(100)]


async def test_a_pipeline_sends_ahead() -> None:
    server = await started()
    server.mute = True
    async with sending(server, window=8) as sender:
        for number in range(20):
            sender.put(str(number), message(number))
        await until(lambda: len(server.ids) == 8)
        assert sender.waiting == 20


async def test_what_was_not_acknowledged_is_sent_again_after_a_reconnection() -> None:
    server = await started()
    async with sending(server, window=4) as sender:
        server.mute = True
        for number in range(6):
            sender.put(str(number), message(number))
        await until(lambda: len(server.ids) == 4)
        await server.stop()
        await until(lambda: not sender.up)
        sender.put("6", message(6))
        server.mute = False
        await server.start()
        await until(lambda: sender.waiting == 0)
        assert server.ids == ["0", "1", "2", "3", *map(str, range(7))]
        assert sender.account.acknowledged == 7 and sender.account.connections == 2


async def test_without_an_answer_it_connects_again() -> None:
    server = await started()
    async with sending(server, answer_within_s=0.1) as sender:
        server.mute = True
        sender.put("1", message(1))
        await until(lambda: sender.account.connections >= 2)
        server.mute = False
        await until(lambda: sender.waiting == 0)


async def test_a_refusal_is_counted_and_the_next_goes_out() -> None:
    server = await started()
    async with sending(server) as sender:
        server.code = "AE"
        sender.put("1", message(1))
        await until(lambda: sender.account.refused == 1)
        server.code = "CA"
        sender.put("2", message(2))
        await until(lambda: sender.account.acknowledged == 1)
        assert "MSA|AE|1" in sender.last_refusal


async def test_a_queue_without_room_loses_its_oldest_and_says_so() -> None:
    sender = MllpSender("127.0.0.1", 9, SystemClock(), most_waiting=3)
    for number in range(5):
        sender.put(str(number), message(number))
    assert sender.waiting == 3 and sender.account.dropped == 2 and sender.account.offered == 5


async def test_faults_repeat_spoil_and_cut_but_lose_nothing() -> None:
    server = await started()
    async with sending(server) as sender:
        sender.put("1", message(1))
        await until(lambda: sender.waiting == 0)
        sender.suffer("duplicate")
        sender.put("2", message(2))
        await until(lambda: server.ids == ["1", "2", "2"] and sender.waiting == 0)
        sender.suffer("garbage")
        await until(lambda: any(b"not a message" in frame for frame in server.frames))
        connections = sender.account.connections
        sender.suffer("half-frame")
        await until(lambda: sender.account.connections > connections)
        server.mute = True
        sender.put("3", message(3))
        await until(lambda: server.ids[-1] == "3")
        server.mute = False
        sender.suffer("late-ack")
        await until(lambda: server.ids == ["1", "2", "2", "3", "3"] and sender.waiting == 0)
        sender.cut()
        await until(lambda: not sender.up)
        sender.put("4", message(4))
        await asyncio.sleep(0.1)
        assert sender.waiting == 1
        sender.mend()
        await until(lambda: sender.waiting == 0)
    assert server.ids[-1] == "4"
