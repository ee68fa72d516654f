"""The simulated reader, from the side of a client that sends bytes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from core.errors import PortBusyError
from retail.rfid import messages
from retail.rfid.messages import Attempt, Kind
from retail.rfid.reports import read_report
from retail.rfid.rospec import Inventory
from retail.rfid.wire import Message, MessageCutter
from simulators.llrp_reader import SimulatedReader, demo_shop
from tests.retail.rfid.readers import reader


class _Client:
    def __init__(self, streams: tuple[asyncio.StreamReader, asyncio.StreamWriter]) -> None:
        self.reader, self.writer = streams
        self._cutter = MessageCutter()
        self._waiting: list[Message] = []

    async def next(self, kind: Kind) -> Message:
        """The next message of a kind; those before it are left out."""
        async with asyncio.timeout(5.0):
            while True:
                while self._waiting:
                    message = self._waiting.pop(0)
                    if message.type == kind:
                        return message
                data = await self.reader.read(4096)
                assert data, "the reader hung up"
                self._waiting.extend(self._cutter.cut(data))

    async def ask(self, kind: Kind, body: bytes = b"") -> Message:
        self.writer.write(Message(kind, 77, body).encoded())
        answer = await self.next(messages.ANSWERS.get(kind, Kind.ERROR_MESSAGE))
        assert answer.id == 77
        return answer


@asynccontextmanager
async def _connected(simulated: SimulatedReader) -> AsyncIterator[_Client]:
    client = _Client(await asyncio.open_connection("127.0.0.1", simulated.port))
    try:
        yield client
    finally:
        client.writer.close()
        await client.writer.wait_closed()


async def _attempt(client: _Client) -> int | None:
    return messages.read_event((await client.next(Kind.READER_EVENT_NOTIFICATION)).body).attempt


@pytest.mark.asyncio
async def test_one_client_is_taken_and_the_next_refused() -> None:
    async with reader() as simulated, _connected(simulated) as first:
        assert await _attempt(first) == Attempt.SUCCESS
        async with _connected(simulated) as second:
            assert await _attempt(second) == Attempt.CLIENT_INITIATED_EXISTS
        assert await _attempt(first) == Attempt.ANOTHER_TRIED
        assert simulated.refused == 1


@pytest.mark.asyncio
async def test_after_a_good_bye_the_next_client_is_taken() -> None:
    async with reader() as simulated:
        for _ in range(2):
            async with _connected(simulated) as client:
                assert await _attempt(client) == Attempt.SUCCESS
                assert messages.read_status((await client.ask(Kind.CLOSE_CONNECTION)).body).ok


@pytest.mark.asyncio
async def test_an_enabled_rospec_reports_every_cycle_until_it_is_stopped() -> None:
    async with reader(demo_shop(5)) as simulated, _connected(simulated) as client:
        assert messages.read_status((await client.ask(Kind.ADD_ROSPEC, Inventory((1, 2), 200).encoded())).body).ok
        assert (await client.ask(Kind.ENABLE_ROSPEC, messages.spec_id(1))).type == Kind.ENABLE_ROSPEC_RESPONSE
        for _ in range(2):
            tags = read_report((await client.next(Kind.RO_ACCESS_REPORT)).body)
            assert len({tag.epc for tag in tags}) == 5
        assert messages.read_status((await client.ask(Kind.STOP_ROSPEC, messages.spec_id(1))).body).ok
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.6):
                await client.next(Kind.RO_ACCESS_REPORT)


@pytest.mark.parametrize(
    ("kind", "body", "says"),
    [
        (Kind.ENABLE_ROSPEC, messages.spec_id(9), "there is no ROSpec 9"),
        (Kind.ADD_ROSPEC, b"", "without a ROSpec"),
        (Kind.ADD_ROSPEC, Inventory((77,)).encoded(), "there is no antenna 77"),
        (Kind.GET_REPORT, b"", "message type 60"),
    ],
)
@pytest.mark.asyncio
async def test_what_it_cannot_do_is_refused_with_words(kind: Kind, body: bytes, says: str) -> None:
    async with reader() as simulated, _connected(simulated) as client:
        found = messages.read_status((await client.ask(kind, body)).body)
        assert not found.ok
        assert says in found.words


@pytest.mark.asyncio
async def test_a_port_that_is_taken_is_named() -> None:
    async with reader() as simulated:
        with pytest.raises(PortBusyError, match=str(simulated.port)):
            await SimulatedReader(demo_shop(1), port=simulated.port).start()
