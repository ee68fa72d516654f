"""One connection of a sender: frames in, samples on, acknowledgements back in the order of the messages.

Messages are taken one after the other and recorded side by side, up to `window` of them; then the sender is held up by
TCP. What was taken is seen through to its end, also when the sender has hung up meanwhile.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from core.clock import Instant
from healthcare.hl7.acknowledge import Result
from healthcare.hl7.feed import Feed, Taking
from healthcare.hl7.frames import FrameCutter, framed
from healthcare.hl7.pace import Pace
from healthcare.hl7.peers import Peer
from healthcare.hl7.settings import MllpSettings
from verticals.contract import Recorded
from verticals.devices.base import Port

log = logging.getLogger(__name__)

_READ_BYTES = 1 << 16
_SEND_WITHIN_S = 10.0
_MOST_UNREAD_BYTES = 1 << 16

#: Keeps a frame that was received: the frame, when, from whom.
Keep = Callable[[bytes, Instant, str], None]


class Link:
    """Belongs to the line's event loop. `serve` once."""

    def __init__(
        self,
        streams: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        peer: Peer,
        feed: Feed,
        port: Port,
        settings: MllpSettings,
        keep: Keep | None = None,
    ) -> None:
        self._reader, self._writer = streams
        self._peer = peer
        self._feed = feed
        self._port = port
        self._settings = settings
        self._keep = keep
        self._cutter = FrameCutter(int(settings.frame_limit))
        self._taken: asyncio.Queue[Taking | None] = asyncio.Queue(settings.window)
        self._replies: list[bytes] = []
        self._pace = Pace(settings.window)
        self._frame_began: Instant | None = None

    async def serve(self, read: Callable[[], None]) -> str:
        """Until the sender hangs up; why it ended. `read` is called when no more is read, answers may follow."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._answer())
                why = await self._read()
                read()
                await self._taken.put(None)
        finally:
            self._writer.close()
            if self._cutter.dropped_bytes:
                self._feed.counts["bytes-between-frames"] += self._cutter.dropped_bytes
        return why

    async def _read(self) -> str:
        while True:
            try:
                async with asyncio.timeout(self._patience_s()):
                    data = await self._reader.read(_READ_BYTES)
            except TimeoutError:
                return "a frame has no end" if self._cutter.inside else "silent"
            except OSError as error:
                return f"connection lost: {error}"
            if not data:
                return "closed by the sender"
            frames = self._cutter.cut(data)
            for number, frame in enumerate(frames, 1):
                await self._take(frame, more=len(frames) - number)
                await asyncio.sleep(0)  # a queue that is drained must not hold up every bed
            if self._cutter.overlong is not None:
                limit = int(self._settings.frame_limit)
                self._pace.came(self._port.clock.now().mono_s)
                await self._taken.put(self._feed.too_long(self._cutter.overlong, limit))
                return f"a frame of more than {limit} bytes"
            self._note_begin()

    def _patience_s(self) -> float | None:
        """How long to wait for more: a frame that began must end, between frames a sender may be silent."""
        if self._frame_began is not None:
            return max(0.0, self._settings.frame_within - self._port.clock.now().since(self._frame_began))
        return self._settings.idle_timeout or None

    def _note_begin(self) -> None:
        if not self._cutter.inside:
            self._frame_began = None
        elif self._frame_began is None:
            self._frame_began = self._port.clock.now()

    async def _take(self, frame: bytes, *, more: int) -> None:
        at = self._port.clock.now()
        self._frame_began = None
        if self._keep is not None:
            self._keep(frame, at, self._peer.address)
        taking = self._feed.take(frame, at, urgent=self._pace.came(at.mono_s, more=more))
        self._note_peer(taking, at)
        try:
            for sample in taking.samples:
                await self._port.emit(sample)
        except BaseException:
            self._feed.forget(taking)
            raise
        await self._taken.put(taking)

    def _note_peer(self, taking: Taking, at: Instant) -> None:
        peer = self._peer
        peer.messages += 1
        if taking.outcome.result is not Result.ACCEPTED:
            peer.refused += 1
            return
        peer.heard = at
        peer.live = peer.live or taking.header.kind == "ORU"
        peer.sender = taking.header.sender.partition(taking.header.separators.component)[0][:40] or peer.sender

    async def _answer(self) -> None:
        """In the order in which messages came; each waits for its own record only after those before it."""
        while (taking := await self._taken.get()) is not None:
            errors = await _ends(taking.waits)
            outcome = self._feed.settled(taking, errors)
            for reply in self._feed.replies(taking, outcome, self._port.clock.now()):
                self._owe(reply)
            self._pace.answered(self._port.clock.now().mono_s)
            await self._flush()
        self._send()

    def _owe(self, reply: bytes) -> None:
        """What is owed at one moment goes out in one piece: one commit may settle many messages."""
        if not self._replies:
            asyncio.get_running_loop().call_soon(self._send)
        self._replies.append(framed(reply))

    def _send(self) -> None:
        if self._replies and not self._writer.is_closing():
            self._writer.write(b"".join(self._replies))
        self._replies.clear()

    async def _flush(self) -> None:
        """A sender that reads no acknowledgements is hung up on."""
        if self._writer.is_closing() or self._writer.transport.get_write_buffer_size() < _MOST_UNREAD_BYTES:
            return
        try:
            async with asyncio.timeout(_SEND_WITHIN_S):
                await self._writer.drain()
        except (OSError, TimeoutError) as error:
            log.debug("%s takes no acknowledgements: %s", self._peer.address, error or "no room")
            self._writer.transport.abort()


async def _ends(waits: Sequence[Recorded]) -> list[Exception | None]:
    """How each was recorded: None, or why not."""
    ends: list[Exception | None] = []
    for recorded in waits:
        try:
            await recorded
        except Exception as error:
            ends.append(error)
        else:
            ends.append(None)
    return ends
