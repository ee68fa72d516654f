"""One connection of a sender: the opening, then its chunks into a bounded queue, from there to the line.

Reading never waits for the line: where the line is slow the oldest chunks go, and the next one that gets through says
how much is missing before it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from core.clock import Clock, Instant
from core.errors import InputError
from healthcare.waves.frames import frame_bytes, read_frame
from healthcare.waves.proofs import Opening, Seal, check_nonce, new_nonce
from healthcare.waves.protocol import PROTOCOL, VERSION, Frame, WaveChunk, parse_chunk, text

OPENING_WITHIN_S = 5.0
ALIVE_EVERY_S = 2.0

Take = Callable[["Sender", WaveChunk, Instant], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends: its name, and `stream`, which is another one when it began to count anew."""

    name: str
    stream: str


@dataclass(slots=True)
class Counts:
    """Of the server since it started."""

    accepted: int = 0
    repeated: int = 0
    dropped: int = 0
    gaps: int = 0
    broken: int = 0
    refused: int = 0


class Stranger(Exception):
    """Whoever connected does not get in; the text says why, and is what the log and the screen show."""


@dataclass(slots=True)
class Session:
    """`silent_after_s` without a frame ends it, `most_waiting` chunks may wait for the line."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    clock: Clock
    counts: Counts
    silent_after_s: float
    most_waiting: int
    heard: Instant | None = None
    left: bool = False  # said good-bye
    _waiting: deque[tuple[WaveChunk, Instant]] = field(default_factory=deque)
    _filled: asyncio.Event = field(default_factory=asyncio.Event)
    _seal: Seal | None = None

    async def open(self, secret: bytes, server: str) -> Sender:
        """Challenge, hello, welcome. Raises Stranger for a peer that does not know the secret or speaks otherwise."""
        nonce = new_nonce()
        await self._say({"type": "challenge", "protocol": PROTOCOL, "version": VERSION, "server": server,
                         "nonce": nonce})  # fmt: skip
        try:
            async with asyncio.timeout(OPENING_WITHIN_S):
                hello = await read_frame(self.reader)
        except TimeoutError:
            raise Stranger(f"no hello within {OPENING_WITHIN_S:g} s") from None
        except InputError as error:
            raise Stranger(error.message) from error
        if hello is None:
            raise Stranger("closed the connection before its hello")
        try:
            sender, opening, proof = _hello(hello, nonce, secret)
        except InputError as error:
            raise Stranger(error.message) from error
        if not opening.from_client(proof):
            await self._say({"type": "refused", "reason": "wrong secret"})
            raise Stranger("wrong secret")
        self._seal = opening.seal()
        self.heard = self.clock.now()
        await self._say({"type": "welcome", "proof": opening.server_proof()})
        return sender

    async def serve(self, sender: Sender, take: Take) -> str:
        """Until one side ends it; says why it ended."""
        tasks = [asyncio.create_task(work) for work in (self._hand_on(sender, take), self._keep_alive())]
        reading = asyncio.create_task(self._read())
        try:
            await asyncio.wait([reading, *tasks], return_when=asyncio.FIRST_COMPLETED)
            ended = [task for task in tasks if task.done()]
            if ended and not reading.done():  # the line is shutting down, or the peer takes nothing any more
                await ended[0]
                return "the connection broke"
            why = await reading
            await self._emptied(tasks[0])
            return why
        finally:
            for task in (reading, *tasks):
                task.cancel()
            await asyncio.gather(reading, *tasks, return_exceptions=True)

    async def _read(self) -> str:
        while True:
            try:
                async with asyncio.timeout(self.silent_after_s):
                    frame = await read_frame(self.reader, self._seal)
                if frame is None:
                    return "the sender closed the connection"
                self.heard = self.clock.now()
                if frame.kind == "wave":
                    self._put(parse_chunk(frame), self.heard)
                elif frame.kind == "bye":
                    self.left = True
                    return "the sender said good-bye"
                elif frame.kind != "alive":
                    raise InputError("a wave frame is of no type that a sender has")
            except TimeoutError:
                return f"silent for {self.silent_after_s:g} s"
            except InputError as error:
                self.counts.broken += 1
                return error.message

    def _put(self, chunk: WaveChunk, arrival: Instant) -> None:
        self._waiting.append((chunk, arrival))
        while len(self._waiting) > self.most_waiting:
            self._waiting.popleft()
            self.counts.dropped += 1
        self._filled.set()

    async def _hand_on(self, sender: Sender, take: Take) -> None:
        while True:
            await self._filled.wait()
            self._filled.clear()
            while self._waiting:
                chunk, arrival = self._waiting.popleft()
                await take(sender, chunk, arrival)

    async def _emptied(self, handing_on: asyncio.Task[None]) -> None:
        """What arrived before the end is handed on, as long as the line takes it within a moment."""
        while self._waiting and not handing_on.done():
            before = len(self._waiting)
            await asyncio.sleep(0.05)
            if len(self._waiting) == before:
                return

    async def _keep_alive(self) -> None:
        while True:
            await asyncio.sleep(ALIVE_EVERY_S)
            await self._say({"type": "alive", "accepted": self.counts.accepted})

    async def _say(self, head: dict[str, object]) -> None:
        self.writer.write(frame_bytes(head))
        try:
            async with asyncio.timeout(self.silent_after_s):
                await self.writer.drain()
        except (OSError, TimeoutError):
            self.writer.close()  # the reading side sees the end


def _hello(frame: Frame, nonce: str, secret: bytes) -> tuple[Sender, Opening, str]:
    if frame.kind != "hello" or frame.head.get("version") != VERSION or frame.payload:
        raise InputError(f"no hello of version {VERSION} of the wave stream")
    sender = Sender(text(frame.head, "client"), text(frame.head, "stream"))
    if not sender.name or not sender.stream:
        raise InputError("a hello names no client or no stream")
    opening = Opening(secret, nonce, check_nonce(text(frame.head, "nonce")), sender.name, sender.stream)
    return sender, opening, text(frame.head, "proof")
