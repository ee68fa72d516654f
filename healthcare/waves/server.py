"""The wave stream as a device: senders connect, prove that they know the secret, and send waves of any bed.

Each chunk becomes one sample of kind `wave`. Who may not connect is refused, counted and told once; a sender that goes
is told once, and so is a monitor whose clock is wrong. What a sender sends can end its own connection, nothing else.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import ssl
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

from core.clock import Instant
from core.errors import DeviceError, SettingsError
from core.logs import OutageLog
from healthcare.waves.proofs import read_secret
from healthcare.waves.protocol import WaveChunk
from healthcare.waves.session import Counts, Sender, Session, Stranger
from healthcare.waves.settings import WaveSettings
from healthcare.waves.timeline import SourceClock, Timeline
from verticals.contract import Action, DeviceNews, DeviceSpec, Sample, Value
from verticals.devices.base import Port, Surroundings

log = logging.getLogger(__name__)

K = TypeVar("K")
V = TypeVar("V")

_LISTEN_AGAIN_S = 1.0
_LINK_EVERY_BEATS = 2  # beats come twice a second
_REFUSAL_SHOWN_S = 600.0
_MOST_TOLD = 64
_MOST_STREAMS = 64
_MOST_CHANNELS = 1024  # of one stream
_READ_AHEAD_BYTES = 1 << 17


class WaveServer:
    """Belongs to the line's event loop. `listening` is set while it can be reached at `port`."""

    def __init__(self, name: str, settings: WaveSettings, secret: bytes, tls: ssl.SSLContext | None = None) -> None:
        self.name = name
        self.port = settings.port
        self.listening = asyncio.Event()
        self.counts = Counts()
        self._settings, self._secret, self._tls = settings, secret, tls
        self._line: Port
        self._sessions: dict[asyncio.Task[None], Session] = {}
        self._streams: dict[Sender, _Stream] = {}
        self._links: dict[str, str] = {}  # a sender's name, and why it is gone; empty while it is here
        self._since: Instant | None = None
        self._heard: Instant | None = None  # any sender, the last time
        self._refused_last = Instant(0.0, 0.0)
        self._told_lost: str | None = None
        self._told_refused: dict[str, str] = {}  # by peer
        self._told_clocks: tuple[str, ...] = ()
        self._outage = OutageLog(log, f"{name}: the wave stream at {settings.host}:{settings.port}")

    async def run(self, port: Port) -> None:
        """Listens until cancelled; an address that is taken is news, and tried again."""
        self._line, self._since = port, port.clock.now()
        try:
            while True:
                try:
                    server = await asyncio.start_server(
                        self._connected, self._settings.host, self.port, ssl=self._tls, limit=_READ_AHEAD_BYTES
                    )
                except OSError as error:
                    self._outage.gone(error)
                    self._tell_lost(f"cannot listen at {self._settings.host}:{self.port}: {error.strerror}")
                    await asyncio.sleep(_LISTEN_AGAIN_S)
                    continue
                self.port = server.sockets[0].getsockname()[1]
                self._outage.back()
                self._tell_links()
                self.listening.set()
                async with server:
                    await server.serve_forever()
        finally:
            self.listening.clear()
            for task in list(self._sessions):
                task.cancel()
            await asyncio.gather(*self._sessions, return_exceptions=True)

    async def act(self, action: Action) -> str:
        raise DeviceError(f"{self.name} takes waves in and does nothing", hint=f"It has no output '{action.target}'.")

    async def steer(self, *, ready: bool, beat: int) -> None:
        """Every second the desk hears how old the feed is; a refusal that is long past is no longer shown."""
        if beat % _LINK_EVERY_BEATS or self._since is None:
            return
        now = self._line.clock.now()
        if self._told_refused and now.since(self._refused_last) > _REFUSAL_SHOWN_S:
            self._told_refused.clear()
            self._news("waves-refused", True, "")
        for session in self._sessions.values():
            if session.heard is not None and (self._heard is None or session.heard > self._heard):
                self._heard = session.heard
        values: dict[str, Value] = {
            "kind": "link", "feed": self.name, "ok": not self._told_lost,
            "heard_utc_s": self._heard.utc_s if self._heard is not None else 0.0,
            "age_s": round(now.since(self._heard or self._since), 1), "counts": json.dumps(asdict(self.counts)),
        }  # fmt: skip
        await self._line.emit(Sample(self.name, now, values))

    # --- who connects --------------------------------------------------------------------------------------

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = str((writer.get_extra_info("peername") or ("unknown",))[0])
        task = asyncio.current_task()
        assert task is not None
        session = Session(
            reader, writer, self._line.clock, self.counts, self._settings.silent_after, self._settings.most_waiting
        )
        self._sessions[task] = session
        try:
            await self._serve(session, peer)
        except asyncio.CancelledError:
            pass  # the device ends; a handler that raises this would be logged by asyncio
        finally:
            del self._sessions[task]
            writer.close()
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(1.0):
                    await writer.wait_closed()

    async def _serve(self, session: Session, peer: str) -> None:
        try:
            if not self._settings.allows(peer):
                raise Stranger("not among the peers that may connect")
            if len(self._sessions) > self._settings.most_senders:
                raise Stranger(f"{self._settings.most_senders} senders are connected already")
            sender = await session.open(self._secret, self.name)
        except Stranger as stranger:
            self._refuse(peer, str(stranger))
            return
        self._admit(peer)
        self._links[sender.name] = ""
        self._tell_links()
        why = await session.serve(sender, self._take)
        if session.left:
            self._links.pop(sender.name, None)
        else:
            self._links[sender.name] = why
        self._tell_links()

    # --- what it sends -------------------------------------------------------------------------------------

    async def _take(self, sender: Sender, chunk: WaveChunk, arrival: Instant) -> None:
        stream = self._stream(sender)
        source = chunk.location or chunk.device
        clock = stream.clock(source, self._settings.clock_tolerance)
        was_wrong = clock.wrong
        start_utc_s = clock.date(chunk.start_utc_s, chunk.end_utc_s, arrival)
        if clock.wrong != was_wrong:
            self._tell_clocks()
        placed = stream.timeline(source, chunk.channel, self._settings.fill_gap).place(chunk, start_utc_s)
        if placed is None:
            self.counts.repeated += 1
            return
        self.counts.accepted += 1
        self.counts.gaps += bool(placed.gap_samples)
        values: dict[str, Value] = {
            "kind": "wave", "channel": chunk.channel, "rate_hz": chunk.rate_hz, "samples": placed.samples,
            "start_utc_s": placed.start_utc_s, "sequence": chunk.sequence, "gap_samples": placed.gap_samples,
            "afresh": placed.afresh,
        }  # fmt: skip
        if chunk.location:
            values["location"] = chunk.location
        if chunk.device:
            values["device"] = chunk.device
        key = f"{sender.name}:{sender.stream}|{source}:{chunk.channel}:{chunk.sequence}"
        await self._line.emit(Sample(self.name, arrival, values, key=key))

    def _stream(self, sender: Sender) -> _Stream:
        """What a sender counted before it began anew is forgotten."""
        stream = self._streams.get(sender)
        if stream is None:
            for older in [known for known in self._streams if known.name == sender.name]:
                del self._streams[older]
            stream = self._streams[sender] = _Stream({}, {})
            self._tell_clocks()
        while len(self._streams) > _MOST_STREAMS:
            self._streams.pop(next(iter(self._streams)))
        return stream

    # --- what is told --------------------------------------------------------------------------------------

    def _news(self, code: str, ok: bool, detail: str) -> None:
        self._line.news(DeviceNews(self.name, ok, self._line.clock.now(), code, detail))

    def _tell_links(self) -> None:
        lost = [f"{name}: {why}" for name, why in sorted(self._links.items()) if why]
        self._tell_lost("; ".join(lost) if self._links else "no sender is connected")

    def _tell_lost(self, why: str) -> None:
        if why != self._told_lost:
            self._told_lost = why
            log.log(logging.WARNING if why else logging.INFO, "%s: %s", self.name, why or "every sender is connected")
            self._news("waves-lost", not why, why)

    def _refuse(self, peer: str, why: str) -> None:
        self.counts.refused += 1
        self._refused_last = self._line.clock.now()
        if self._told_refused.get(peer) == why or len(self._told_refused) >= _MOST_TOLD:
            log.debug("%s: %s refused again: %s", self.name, peer, why)
            return
        self._told_refused[peer] = why
        log.warning("%s: %s was refused: %s", self.name, peer, why)
        self._news("waves-refused", False, f"{peer}: {why}")

    def _admit(self, peer: str) -> None:
        if self._told_refused.pop(peer, None) is not None and not self._told_refused:
            self._news("waves-refused", True, "")

    def _tell_clocks(self) -> None:
        wrong = tuple(
            f"{source} by {-clock.offset_s:.0f} s"
            for stream in self._streams.values()
            for source, clock in stream.clocks.items()
            if clock.wrong
        )
        sources = tuple(text.partition(" by ")[0] for text in wrong)
        if sources != self._told_clocks:
            self._told_clocks = sources
            self._news("waves-clock", not wrong, f"wrong clock: {', '.join(wrong)}" if wrong else "")


@dataclass(slots=True)
class _Stream:
    """What is known of one counting of a sender; survives a reconnection."""

    clocks: dict[str, SourceClock]
    timelines: dict[tuple[str, str], Timeline]

    def clock(self, source: str, tolerance_s: float) -> SourceClock:
        return _kept(self.clocks, source, lambda: SourceClock(tolerance_s))

    def timeline(self, source: str, channel: str, fill_s: float) -> Timeline:
        return _kept(self.timelines, (source, channel), lambda: Timeline(fill_s))


def _kept(held: dict[K, V], key: K, make_new: Callable[[], V]) -> V:
    found = held.get(key)
    if found is None:
        while len(held) >= _MOST_CHANNELS:
            held.pop(next(iter(held)))
        found = held[key] = make_new()
    return found


def make(spec: DeviceSpec, surroundings: Surroundings) -> WaveServer:
    """The wave stream of a site. Raises SettingsError for a secret or a certificate that cannot be used."""
    settings: WaveSettings = spec.options
    data = surroundings.places.data
    return WaveServer(spec.name, settings, read_secret(data / settings.secret_file), _tls(settings, data))


def _tls(settings: WaveSettings, data: Path) -> ssl.SSLContext | None:
    if not settings.tls_certificate:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(data / settings.tls_certificate, data / settings.tls_key)
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(
            f"{settings.tls_certificate}, {settings.tls_key}: the wave stream cannot use them: {error}",
            hint="A certificate and its key as PEM.",
        ) from error
    return context
