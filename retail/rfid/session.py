"""One connection to a reader: the handshake, requests with their answers, and all that the reader tells by itself."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from core.clock import Clock, Instant
from core.errors import DeviceError, InputError
from retail.rfid import messages
from retail.rfid.messages import ANSWERS, Attempt, Capabilities, Kind, ReaderEvent, Status
from retail.rfid.reports import TagReport, read_report
from retail.rfid.rospec import Inventory
from retail.rfid.wire import VERSION_1_0_1, VERSION_1_1, Message, MessageCutter

log = logging.getLogger(__name__)

ANSWER_WITHIN_S = 5.0
_READ_BYTES = 1 << 16
_BUSY = (Attempt.READER_INITIATED_EXISTS, Attempt.CLIENT_INITIATED_EXISTS)


class BusyError(DeviceError):
    """The reader has a client already: it takes one at a time."""


@dataclass(slots=True)
class Heard:
    """What the reader tells: reports with the moment of receipt, events, and that a message could not be read."""

    report: Callable[[list[TagReport], Instant], None]
    event: Callable[[ReaderEvent, Instant], None]
    unreadable: Callable[[str], None] = lambda why: None


@dataclass(slots=True)
class _Asked:
    kind: Kind
    answer: asyncio.Future[Message] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Session:
    """Belongs to one event loop. `listen` runs beside everything else, until the connection is over."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, clock: Clock, heard: Heard, silent_s: float
    ) -> None:
        self._reader, self._writer, self._clock, self._heard = reader, writer, clock, heard
        self._silent_s = silent_s
        self._version = VERSION_1_0_1
        self._asked: dict[int, _Asked] = {}
        self._next_id = 1
        self._attempt: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def listen(self) -> str:
        """Why the connection ended. Keep-alives are answered at once; a reader that says nothing is gone."""
        cutter = MessageCutter()
        while True:
            try:
                async with asyncio.timeout(self._silent_s):
                    data = await self._reader.read(_READ_BYTES)
            except TimeoutError:
                return f"the reader was silent for {self._silent_s:g} s"
            except OSError as error:
                return f"connection lost: {error.strerror or error}"
            if not data:
                return "the reader closed the connection"
            try:
                found = cutter.cut(data)
            except InputError as error:
                return error.message
            for message in found:
                await self._take(message)

    async def open(self, *, version_1_1: bool) -> None:
        """Waits until the reader has taken the connection. Raises BusyError, DeviceError."""
        async with asyncio.timeout(ANSWER_WITHIN_S):
            attempt = await self._attempt
        if attempt in _BUSY:
            raise BusyError("the reader has a client already", hint="Close the other program, or restart the reader.")
        if attempt != Attempt.SUCCESS:
            raise DeviceError(f"the reader refused the connection (status {attempt})")
        if version_1_1:
            await self._speak_1_1()

    async def set_up(self, inventory: Inventory, keepalive_ms: int) -> tuple[Capabilities, dict[int, bool]]:
        """Clears what another client left, starts the inventory. What the reader is, antenna to connected.

        Raises DeviceError naming the request that the reader refused.
        """
        answer = await self._ask(Kind.GET_READER_CAPABILITIES, messages.get_capabilities())
        found = messages.read_capabilities(answer.body)
        await self._ask(Kind.SET_READER_CONFIG, messages.set_config(keepalive_ms))
        connected = messages.read_antennas((await self._ask(Kind.GET_READER_CONFIG, messages.get_config())).body)
        for kind in (Kind.DELETE_ACCESSSPEC, Kind.DELETE_ROSPEC):
            await self._try(kind, messages.spec_id(messages.ALL_SPECS))  # some refuse where there is nothing to delete
        await self._ask(Kind.ADD_ROSPEC, inventory.encoded())
        await self._ask(Kind.ENABLE_ROSPEC, messages.spec_id(inventory.number))
        return found, connected

    async def nudge(self, inventory: Inventory) -> None:
        """Starts a cycle by hand: for a reader that does not begin them by itself."""
        await self._try(Kind.START_ROSPEC, messages.spec_id(inventory.number))

    async def close(self) -> None:
        """Says good-bye, so that the reader is free for the next client at once."""
        await self._try(Kind.CLOSE_CONNECTION, b"", within_s=1.0)

    async def _try(self, kind: Kind, body: bytes, within_s: float = ANSWER_WITHIN_S) -> None:
        """Asks, and goes on where the reader refuses."""
        try:
            await self._ask(kind, body, within_s)
        except DeviceError as error:
            log.debug("%s", error)

    async def _speak_1_1(self) -> None:
        """Agrees on LLRP 1.1 (clause 8); a reader that speaks 1.0.1 alone answers with an error, and that is spoken."""
        self._version = VERSION_1_1
        try:
            answer = await self._ask(Kind.GET_SUPPORTED_VERSION, b"")
            if messages.read_versions(answer.body)[1] >= VERSION_1_1:
                await self._ask(Kind.SET_PROTOCOL_VERSION, bytes([VERSION_1_1]))
                return
        except DeviceError:
            pass
        self._version = VERSION_1_0_1

    async def _ask(self, kind: Kind, body: bytes, within_s: float = ANSWER_WITHIN_S) -> Message:
        number, asked = self._next_id, _Asked(kind)
        self._next_id += 1
        self._asked[number] = asked
        try:
            self._write(Message(kind, number, body, self._version))
            async with asyncio.timeout(within_s):
                answer = await asked.answer
        except TimeoutError as error:
            raise DeviceError(f"the reader gave no answer to {kind.name} within {within_s:g} s") from error
        finally:
            del self._asked[number]
        self._check(kind, answer)
        return answer

    def _check(self, kind: Kind, answer: Message) -> None:
        try:
            if answer.type == Kind.ERROR_MESSAGE:
                found = messages.read_error(answer.body)
            elif kind is Kind.GET_SUPPORTED_VERSION:
                found = messages.read_status(answer.body[2:])
            else:
                found = messages.read_status(answer.body)
        except InputError as error:
            raise DeviceError(f"the reader's answer to {kind.name} cannot be read: {error.message}") from error
        if not found.ok:
            raise _refused(kind, found)

    def _write(self, message: Message) -> None:
        self._writer.write(message.encoded())

    async def _take(self, message: Message) -> None:
        if message.type == Kind.KEEPALIVE:
            self._write(Message(Kind.KEEPALIVE_ACK, message.id, version=message.version))
            await self._writer.drain()
            return
        try:
            self._told(message)
        except InputError as error:
            self._heard.unreadable(error.message)

    def _told(self, message: Message) -> None:
        at = self._clock.now()
        if message.type == Kind.RO_ACCESS_REPORT:
            self._heard.report(read_report(message.body), at)
        elif message.type == Kind.READER_EVENT_NOTIFICATION:
            event = messages.read_event(message.body)
            if event.attempt is not None and not self._attempt.done():
                self._attempt.set_result(event.attempt)
            self._heard.event(event, at)
        else:
            self._answered(message)

    def _answered(self, message: Message) -> None:
        """An error without the id of a request belongs to the one that waits, where only one does."""
        asked = self._asked.get(message.id)
        if asked is None and message.type == Kind.ERROR_MESSAGE and len(self._asked) == 1:
            (asked,) = self._asked.values()
        fits = asked is not None and message.type in (ANSWERS.get(asked.kind), Kind.ERROR_MESSAGE)
        if asked is not None and fits and not asked.answer.done():
            asked.answer.set_result(message)


def _refused(kind: Kind, found: Status) -> DeviceError:
    words = f": {found.words}" if found.words else ""
    return DeviceError(
        f"the reader refused {kind.name} (status {found.code}){words}",
        hint="Compare antennas and settings of the reader in the site file with its manual.",
    )
