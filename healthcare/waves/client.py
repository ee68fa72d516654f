"""A sender of waves: for gateways that stand between monitors and the box, and for the simulated ward.

`put` never waits. What cannot be sent is kept up to a bound, the newest of it; the box sees the gap by the counts.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import ssl
from collections import deque
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from core.errors import InputError, TrustError
from core.logs import OutageLog
from healthcare.waves.frames import frame_bytes, read_frame, sealed_bytes
from healthcare.waves.proofs import Opening, Seal, check_nonce, new_nonce
from healthcare.waves.protocol import PROTOCOL, VERSION, Encoding, Frame, WaveChunk, pack, pack_chunk, text

log = logging.getLogger(__name__)

_ANSWER_WITHIN_S = 5.0
_ALIVE_EVERY_S = 2.0
_SILENT_AFTER_S = 6.0
_RETRY_FIRST_S, _RETRY_MOST_S, _RETRY_REFUSED_S = 0.2, 2.0, 5.0


class WaveClient:
    """Belongs to one event loop: `run` until cancelled, `put` whenever there are samples.

    A value of int16 is a multiple of the channel's entry in `scales`; channels without one go as float32.
    """

    def __init__(
        self,
        host: str,
        port: int,
        secret: bytes,
        name: str,
        *,
        tls: ssl.SSLContext | None = None,
        scales: dict[str, float] | None = None,
        most_waiting: int = 1024,
        on_state: Callable[[bool, str], None] | None = None,
    ) -> None:
        self.up = False
        self.sent = self.dropped = 0
        self.stream = secrets.token_hex(8)
        self._host, self._port, self._secret, self._name, self._tls = host, port, secret, name, tls
        self._scales = scales or {}
        self._most_waiting = most_waiting
        self._on_state = on_state
        self._waiting: deque[tuple[bytes, bytes]] = deque()
        self._filled = asyncio.Event()
        self._counted: dict[tuple[str, str], tuple[int, int]] = {}  # next sequence, next sample
        self._outage = OutageLog(log, f"wave stream to {host}:{port}")

    def put(
        self,
        channel: str,
        rate_hz: float,
        start_utc_s: float,
        samples: NDArray[np.float32],
        *,
        location: str = "",
        device: str = "",
        skipped: int = 0,
    ) -> None:
        """The next samples of a channel; `skipped` were never measured before them. Raises InputError."""
        key = (location or device, channel)
        sequence, first = self._counted.get(key, (0, 0))
        first += skipped
        chunk = WaveChunk(channel, rate_hz, sequence, first, start_utc_s, samples, location, device)
        scale = self._scales.get(channel)
        encoding: Encoding = "f32" if scale is None else "i16"
        packed = pack_chunk(chunk, encoding, scale or 1.0)
        self._counted[key] = (sequence + 1, first + len(samples))
        self._waiting.append(packed)
        while len(self._waiting) > self._most_waiting:
            self._waiting.popleft()
            self.dropped += 1
        self._filled.set()

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    async def run(self) -> None:
        """Connects, sends and reconnects until cancelled."""
        pause_s = _RETRY_FIRST_S
        while True:
            refused = False
            try:
                why = await self._serve()
            except TrustError as error:
                why, refused = error.message, True
            except (OSError, InputError, TimeoutError) as error:
                why = str(error) or type(error).__name__
            pause_s = _RETRY_FIRST_S if self.up else min(pause_s * 2, _RETRY_MOST_S)
            self._tell(False, why)
            await asyncio.sleep(_RETRY_REFUSED_S if refused else pause_s)

    async def _serve(self) -> str:
        """One connection; says why it ended. A cancelled one says good-bye."""
        async with asyncio.timeout(_ANSWER_WITHIN_S):
            reader, writer = await asyncio.open_connection(self._host, self._port, ssl=self._tls)
        try:
            async with asyncio.timeout(_ANSWER_WITHIN_S):
                seal = await self._open(reader, writer)
            self._tell(True, "")
            return await self._stream_to(reader, writer, seal)
        finally:
            writer.close()
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(1.0):
                    await writer.wait_closed()

    async def _open(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Seal:
        challenge = _expect(await read_frame(reader), "challenge")
        if challenge.head.get("protocol") != PROTOCOL or challenge.head.get("version") != VERSION:
            raise InputError(f"{self._host}:{self._port} does not speak version {VERSION} of the wave stream")
        nonce = new_nonce()
        server_nonce = check_nonce(text(challenge.head, "nonce"))
        opening = Opening(self._secret, server_nonce, nonce, self._name, self.stream)
        writer.write(frame_bytes({
            "type": "hello", "version": VERSION, "client": self._name, "stream": self.stream, "nonce": nonce,
            "proof": opening.client_proof(),
        }))  # fmt: skip
        await writer.drain()
        welcome = _expect(await read_frame(reader), "welcome")
        if not opening.from_server(text(welcome.head, "proof")):
            raise TrustError(f"{self._host}:{self._port} does not know the secret of the wave stream")
        return opening.seal()

    async def _stream_to(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seal: Seal) -> str:
        listening = asyncio.create_task(_until_silent(reader))
        try:
            while not listening.done():
                filled = asyncio.create_task(self._filled.wait())
                await asyncio.wait({filled, listening}, timeout=_ALIVE_EVERY_S, return_when=asyncio.FIRST_COMPLETED)
                filled.cancel()
                self._filled.clear()
                if not self._waiting:
                    writer.write(sealed_bytes(*pack({"type": "alive"}), seal))
                while self._waiting:
                    writer.write(sealed_bytes(*self._waiting.popleft(), seal))
                    self.sent += 1
                    await writer.drain()
            return await listening
        except asyncio.CancelledError:
            writer.write(sealed_bytes(*pack({"type": "bye"}), seal))
            raise
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)

    def _tell(self, up: bool, why: str) -> None:
        changed = up != self.up
        self.up = up
        if up:
            self._outage.back()
        else:
            self._outage.gone(why)
        if changed and self._on_state is not None:
            self._on_state(up, why)


async def _until_silent(reader: asyncio.StreamReader) -> str:
    """Reads the server's signs of life; says why there are no more."""
    while True:
        try:
            async with asyncio.timeout(_SILENT_AFTER_S):
                if await read_frame(reader) is None:
                    return "the box closed the connection"
        except TimeoutError:
            return f"the box was silent for {_SILENT_AFTER_S:g} s"
        except InputError as error:
            return error.message


def _expect(frame: Frame | None, kind: str) -> Frame:
    if frame is None:
        raise InputError(f"the wave stream was closed before its {kind}")
    if frame.kind == "refused":
        raise TrustError(f"the box refused this sender: {text(frame.head, 'reason')}")
    if frame.kind != kind:
        raise InputError(f"the wave stream does not begin with a {kind}")
    return frame
