"""A wave server on a real socket, with our own sender and one that speaks by hand."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from core.clock import Clock, SystemClock
from healthcare.waves.client import WaveClient
from healthcare.waves.frames import frame_bytes, read_frame, sealed_bytes
from healthcare.waves.proofs import Opening, Seal
from healthcare.waves.protocol import Frame, pack
from healthcare.waves.server import WaveServer
from healthcare.waves.settings import WaveSettings
from verticals.contract import DeviceNews, Sample
from verticals.devices.base import Port

SECRET = b"a secret of more than sixteen bytes"
BED = "W7^R2^B7"


class Line:
    """The line's side: keeps what it gets; `slow` holds it up."""

    def __init__(self, clock: Clock) -> None:
        self.samples: list[Sample] = []
        self.news: list[DeviceNews] = []
        self.flows = asyncio.Event()
        self.flows.set()
        self.port = Port(self._emit, self._hear, clock)

    async def _emit(self, sample: Sample) -> None:
        await self.flows.wait()
        self.samples.append(sample)

    def _hear(self, news: DeviceNews) -> None:
        self.news.append(news)

    def told(self, code: str) -> list[tuple[bool, str]]:
        return [(news.ok, news.detail) for news in self.news if news.code == code]


async def until(holds: Callable[[], object], within_s: float = 10.0) -> None:
    async with asyncio.timeout(within_s):
        while not holds():  # noqa: ASYNC110 - there is no event for everything that a test waits for
            await asyncio.sleep(0.005)


@asynccontextmanager
async def serving(clock: Clock | None = None, **changes: Any) -> AsyncIterator[tuple[WaveServer, Line]]:
    settings = WaveSettings(**{"secret_file": "unused", "port": 0, **changes})
    server, line = WaveServer("waves", settings, SECRET), Line(clock or SystemClock())
    running = asyncio.create_task(server.run(line.port))
    try:
        await asyncio.wait_for(server.listening.wait(), 10)
        yield server, line
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@asynccontextmanager
async def sending(server: WaveServer, secret: bytes = SECRET, **more: Any) -> AsyncIterator[WaveClient]:
    client = WaveClient("127.0.0.1", server.port, secret, "gateway-1", **more)
    running = asyncio.create_task(client.run())
    try:
        yield client
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


class RawSender:
    """Speaks the protocol by hand, to break it."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    seal: Seal

    async def connect(self, server: WaveServer) -> Frame:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", server.port)
        challenge = await read_frame(self.reader)
        assert challenge is not None
        return challenge

    async def open(self, server: WaveServer, secret: bytes = SECRET, stream: str = "s1") -> Frame | None:
        challenge = await self.connect(server)
        opening = Opening(secret, challenge.head["nonce"], "cd" * 32, "raw", stream)
        self.seal = opening.seal()
        self.writer.write(frame_bytes({
            "type": "hello", "version": 1, "client": "raw", "stream": stream, "nonce": "cd" * 32,
            "proof": opening.client_proof(),
        }))  # fmt: skip
        return await read_frame(self.reader)

    def chunk(self, sequence: int, first: int, utc_s: float, **changes: Any) -> bytes:
        head = {"type": "wave", "location": BED, "channel": "ecg_ii_mv", "rate_hz": 250, "sequence": sequence,
                "first_sample": first, "start_utc_s": utc_s, "encoding": "f32", **changes}  # fmt: skip
        return sealed_bytes(*pack(head, struct.pack("<50f", *[float(sequence)] * 50)), self.seal)

    async def ended(self) -> bool:
        with contextlib.suppress(OSError):
            async with asyncio.timeout(10):
                while await read_frame(self.reader) is not None:
                    pass
        return True

    def close(self) -> None:
        self.writer.close()
