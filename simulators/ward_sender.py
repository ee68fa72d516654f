"""A plain sender of HL7 v2 over MLLP, as a gateway has: a queue, acknowledgements, resending. No code of the product's.

`window` 1 is stop-and-wait, more sends that many ahead. A message leaves the queue when its acknowledgement has come;
after a lost connection what was under way is sent again, with the same control id.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass

from core.clock import Clock
from core.logs import OutageLog

log = logging.getLogger(__name__)

BEGIN, END = b"\x0b", b"\x1c\r"
_MOST_ANSWER_BYTES = 1 << 16
_TAKEN = ("AA", "CA")


@dataclass(frozen=True, slots=True)
class Outgoing:
    control_id: str
    content: bytes


@dataclass(slots=True)
class Account:
    """`offered` were put, `acknowledged` accepted, `refused` answered by an error or a rejection, `sent` counts each
    time on the wire; `strange` answers belong to nothing that is under way."""

    offered: int = 0
    sent: int = 0
    acknowledged: int = 0
    refused: int = 0
    dropped: int = 0
    strange: int = 0
    connections: int = 0


class MllpSender:
    """Belongs to one event loop: `run` until cancelled, `put` at any time."""

    def __init__(
        self, host: str, port: int, clock: Clock, *, window: int = 1, answer_within_s: float = 10.0,
        most_waiting: int = 100_000, retry_s: float = 0.5, tls: ssl.SSLContext | None = None,
        on_state: Callable[[bool, str], None] | None = None,
    ) -> None:  # fmt: skip
        self.up = False
        self.account = Account()
        self.last_refusal = ""
        self._host, self._port, self._clock, self._tls = host, port, clock, tls
        self._window, self._answer_within_s, self._most_waiting = window, answer_within_s, most_waiting
        self._retry_s = retry_s
        self._on_state = on_state
        self._waiting: deque[Outgoing] = deque()
        self._under_way: OrderedDict[str, tuple[Outgoing, float]] = OrderedDict()
        self._wake = asyncio.Event()
        self._allowed = asyncio.Event()
        self._allowed.set()
        self._twice = False  # the next message goes out twice
        self._writer: asyncio.StreamWriter | None = None
        self._outage = OutageLog(log, f"MLLP link to {host}:{port}")

    def put(self, control_id: str, text: str) -> None:
        """Queues a message; the oldest goes where there is no room."""
        self.account.offered += 1
        message = Outgoing(control_id, text.encode())
        self._waiting.extend([message, message] if self._twice else [message])
        self._twice = False
        if len(self._waiting) > self._most_waiting:
            self._waiting.popleft()
            self.account.dropped += 1
        self._wake.set()

    @property
    def waiting(self) -> int:
        """Messages not yet acknowledged."""
        return len(self._waiting) + len(self._under_way)

    async def run(self) -> None:
        while True:
            await self._allowed.wait()
            try:
                why = await self._serve()
            except OSError as error:
                why = error.strerror or str(error) or type(error).__name__
            self._again()
            self._tell(False, why)
            await asyncio.sleep(self._retry_s)

    # --- faults, for whoever plays them --------------------------------------------------------------------

    def cut(self) -> None:
        """Takes the link down until `mend`."""
        self._allowed.clear()
        self._close()

    def mend(self) -> None:
        self._allowed.set()

    def suffer(self, fault: str) -> None:
        """`duplicate`, `late-ack`, `garbage` or `half-frame`, as in `simulators.ward_faults`."""
        if fault == "duplicate" and self._waiting:
            self._waiting.appendleft(self._waiting[0])
            self._wake.set()
        elif fault == "duplicate":
            self._twice = True
        elif fault == "late-ack":
            self._close()
        elif self._writer is not None:
            cut = fault == "half-frame"
            self._writer.write(BEGIN + b"MSH|^~\\&|GW1|W7" if cut else b"\x00\xffnot a message\r\n" + END)
            if cut:
                self._close()

    # --- one connection ------------------------------------------------------------------------------------

    async def _serve(self) -> str:
        async with asyncio.timeout(self._answer_within_s):
            reader, writer = await asyncio.open_connection(self._host, self._port, ssl=self._tls)
        self._writer = writer
        self.account.connections += 1
        self._tell(True, "")
        hearing = asyncio.create_task(self._hear(reader))
        try:
            return await self._send(writer, hearing)
        finally:
            self._writer = None
            hearing.cancel()
            await asyncio.gather(hearing, return_exceptions=True)
            writer.close()
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(1.0):
                    await writer.wait_closed()

    async def _send(self, writer: asyncio.StreamWriter, hearing: asyncio.Task[str]) -> str:
        while not hearing.done():
            self._wake.clear()
            while self._waiting and len(self._under_way) < self._window:
                message = self._waiting.popleft()
                self._under_way[message.control_id] = (message, self._clock.now().mono_s)
                self.account.sent += 1
                writer.write(BEGIN + message.content + END)
                await writer.drain()
            if self._is_overdue():
                return f"no acknowledgement within {self._answer_within_s:g} s"
            woken = asyncio.create_task(self._wake.wait())
            await asyncio.wait({woken, hearing}, timeout=0.5, return_when=asyncio.FIRST_COMPLETED)
            woken.cancel()
        return await hearing

    def _is_overdue(self) -> bool:
        if not self._under_way:
            return False
        _, since_s = next(iter(self._under_way.values()))
        return self._clock.now().mono_s - since_s > self._answer_within_s

    async def _hear(self, reader: asyncio.StreamReader) -> str:
        """Takes acknowledgements; says why there are no more."""
        waiting = b""
        while True:
            try:
                more = await reader.read(1 << 16)
            except OSError as error:
                return error.strerror or "the connection broke"
            if not more:
                return "the other side closed the connection"
            waiting += more
            *whole, waiting = waiting.split(END)
            for answer in whole:
                self._answered(answer.lstrip(b"\r\n").removeprefix(BEGIN))
            if len(waiting) > _MOST_ANSWER_BYTES:
                return "an answer without an end"

    def _answered(self, answer: bytes) -> None:
        for segment in answer.decode("utf-8", "replace").split("\r"):
            fields = segment.split("|")
            if fields[0] == "MSA" and len(fields) > 2:
                if self._under_way.pop(fields[2], None) is None:
                    self.account.strange += 1
                elif fields[1] in _TAKEN:
                    self.account.acknowledged += 1
                else:
                    self.account.refused += 1
                    self.last_refusal = answer.decode("utf-8", "replace").replace("\r", "\n")
                    log.warning("message %s was answered by %s", fields[2], fields[1])
                self._wake.set()
                return
        self.account.strange += 1

    def _again(self) -> None:
        """What was under way goes to the front of the queue, in order."""
        self._waiting.extendleft(message for message, _ in reversed(self._under_way.values()))
        self._under_way.clear()

    def _close(self) -> None:
        if self._writer is not None:
            self._writer.close()

    def _tell(self, up: bool, why: str) -> None:
        changed = up != self.up
        self.up = up
        if up:
            self._outage.back()
        else:
            self._outage.gone(why)
        if changed and self._on_state is not None:
            self._on_state(up, why)
