"""A listener over real sockets, a line that records what the test lets it record, and a plain client of our own."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Self

from healthcare.hl7.frames import FrameCutter, framed
from healthcare.hl7.message import Message, parse
from healthcare.hl7.mllp import MllpServer
from healthcare.hl7.settings import MllpSettings
from tests.support.clocks import FakeClock
from verticals.contract import DeviceNews, Sample
from verticals.devices.base import Port


async def until(condition: Callable[[], object], within_s: float = 5.0) -> None:
    for _ in range(int(within_s * 500)):
        if condition():
            return
        await asyncio.sleep(0.002)
    raise AssertionError(f"did not come true within {within_s} s")


def settings(**changes: object) -> MllpSettings:
    """On loopback, on a port of the system's choice."""
    return MllpSettings(**{"port": 0, **changes})  # type: ignore[arg-type]


@dataclass
class Line:
    """The other side of the port: keeps samples and news. `records`: at once, or when the test settles them."""

    clock: FakeClock = field(default_factory=FakeClock)
    samples: list[Sample] = field(default_factory=list)
    news: list[DeviceNews] = field(default_factory=list)
    records: bool = True

    async def emit(self, sample: Sample) -> None:
        self.samples.append(sample)
        if self.records:
            sample.recorded.settle(len(self.samples))

    @property
    def told(self) -> list[tuple[str, bool]]:
        return [(news.code, news.ok) for news in self.news]

    def port(self) -> Port:
        return Port(self.emit, self.news.append, self.clock)


@dataclass
class Client:
    """A sender that does what it is told, right or wrong."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    cutter: FrameCutter = field(default_factory=lambda: FrameCutter(1 << 20))
    ready: list[bytes] = field(default_factory=list)

    @classmethod
    async def connect(cls, server: MllpServer, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> Self:
        assert server.address is not None
        name = "localhost" if tls else None
        return cls(*await asyncio.open_connection(host, server.address[1], ssl=tls, server_hostname=name))

    async def send(self, *messages: bytes) -> None:
        self.writer.write(b"".join(map(framed, messages)))
        await self.writer.drain()

    async def answer(self, within_s: float = 5.0) -> Message:
        async with asyncio.timeout(within_s):
            while not self.ready:
                data = await self.reader.read(1 << 16)
                if not data:
                    raise EOFError("hung up on")
                self.ready += self.cutter.cut(data)
        return parse(self.ready.pop(0))

    async def code(self, within_s: float = 5.0) -> tuple[str, str]:
        """MSA-1 and MSA-2 of the next answer."""
        msa = (await self.answer(within_s)).required("MSA")
        return msa.text(1), msa.text(2)

    async def ask(self, message: bytes) -> tuple[str, str]:
        await self.send(message)
        return await self.code()

    async def hung_up(self) -> bool:
        async with asyncio.timeout(5):
            try:
                return await self.reader.read(1) == b""
            except ConnectionError:
                return True

    async def close(self) -> None:
        self.writer.close()
        try:
            await self.writer.wait_closed()
        except OSError:
            return


@asynccontextmanager
async def listening(server: MllpServer, line: Line) -> AsyncIterator[MllpServer]:
    running = asyncio.create_task(server.run(line.port()))
    try:
        await until(lambda: server.address is not None or running.done())
        if running.done():
            running.result()
        yield server
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await asyncio.sleep(0)


@asynccontextmanager
async def sending(server: MllpServer, tls: ssl.SSLContext | None = None) -> AsyncIterator[Client]:
    client = await Client.connect(server, tls)
    try:
        yield client
    finally:
        await client.close()
