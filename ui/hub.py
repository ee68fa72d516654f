"""Fans the live line of an app out to its open screens, and keeps the newest of it for pages.

Belongs to the web process' event loop; `live`, `sequence` and `expect` may be called from any thread.
"""

from __future__ import annotations

import asyncio
import json
import logging
import math
import secrets
import struct
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any, Protocol

from core.clock import Clock, Instant
from core.errors import StoreError
from core.logs import OutageLog
from verticals.contract import Event, Json
from verticals.runtime.bridge import Bridge
from verticals.runtime.live import LiveClient, LiveMessage

log = logging.getLogger(__name__)

BEAT_EVERY_S = 1.0
#: The line beats twice a second; after this long without a beat what it told is old.
STALE_AFTER_S = 1.5
#: What one slow screen may have waiting before it is dropped.
WAITING_LIMIT = 256
#: Told events kept for screens that were away for a moment.
_KEPT = 500
#: A timer may come a little early; the word that the line is stale must not.
_A_MOMENT_S = 0.02
_PAGE = 500
_HEAD = struct.Struct(">I")


class EventSource(Protocol):
    """What the hub reads of `verticals.store.events.EventStore`."""

    def read(self, after: int = 0, limit: int = 500) -> list[Event]: ...

    def last_sequence(self) -> int: ...


class Screen:
    """One open stream: a bounded queue of frames, text or bytes. `full` is set when it was too slow.

    Of what is drawn and kept by nobody (bytes) the oldest goes first: a screen that stood still for two seconds lacks
    a piece of its waves, no more.
    """

    def __init__(self, limit: int = WAITING_LIMIT) -> None:
        self._frames: deque[str | bytes] = deque()
        self._filled = asyncio.Event()
        self._limit = limit
        self.full = asyncio.Event()

    def put(self, frame: str | bytes) -> None:
        if len(self._frames) >= self._limit and not self._made_room():
            self.full.set()
            return
        self._frames.append(frame)
        self._filled.set()

    def _made_room(self) -> bool:
        oldest = next((at for at, waiting in enumerate(self._frames) if isinstance(waiting, bytes)), None)
        if oldest is None:
            return False
        del self._frames[oldest]
        return True

    async def next(self) -> str | bytes:
        while not self._frames:
            self._filled.clear()
            await self._filled.wait()
        return self._frames.popleft()


def frame(kind: str, **values: Any) -> str:
    return json.dumps({"t": kind, **values}, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


class Hub:
    """One per web process. `boot` names this start of it: a page of an earlier one loads itself anew."""

    def __init__(
        self,
        source: EventSource,
        bridge: Bridge,
        clock: Clock,
        tell: Callable[[Event], Json | None] = lambda event: None,
    ) -> None:
        self.boot = secrets.token_hex(8)
        self.line: LiveClient | None = None
        self.sequence = 0
        self.dropped = 0
        self.measured: Callable[[LiveMessage | None], None] = lambda message: None  # None: who measured is gone
        self._source = source
        self._bridge = bridge
        self._clock = clock
        self._tell = tell
        self._screens: set[Screen] = set()
        self._told: deque[tuple[int, str]] = deque(maxlen=_KEPT)
        self._told_from = 0
        self._expected: dict[int, Future[None]] = {}
        self._beat_at: Instant | None = None
        self._whole_to = math.inf
        self._connected = False
        self._health: Mapping[str, Any] = {}
        self._line_says: Mapping[str, Any] = {}
        self._live: Mapping[str, Any] = {}
        self._stored = asyncio.Event()
        self._prepared = False
        self._overdue: asyncio.TimerHandle | None = None
        self._store_outage = OutageLog(log, "the store")

    # The line's side

    def attach(self, line: LiveClient) -> None:
        """Listens to `line`, which `run` keeps connected."""
        self.line = line
        line.receive = self.receive
        line.changed = self.changed

    async def prepare(self) -> None:
        """Notes where the record stands, so that pages from now on know what they have seen."""
        try:
            self.sequence = self._told_from = await self._bridge.call("events", self._source.last_sequence)
            self._prepared = True
        except StoreError as error:
            self._store_outage.gone(error)

    async def run(self) -> None:
        """Keeps the line connected, beats to every screen, and tells new events; until cancelled."""
        async with asyncio.TaskGroup() as group:
            if self.line is not None:
                group.create_task(self.line.run())
            group.create_task(self._beat())
            group.create_task(self._follow())

    def receive(self, message: LiveMessage) -> None:
        match message.topic:
            case "beat":
                self._hear_beat(message.data)
            case "stored":
                self._hear_sequence(message.data)
            case "live" | "chunk":
                self._hear_live(message)
            case "metrics":
                self.measured(message)
            case "command":
                expected = self._expected.get(int(message.data.get("id", 0)))
                if expected is not None and not expected.done():
                    expected.set_result(None)

    def changed(self, connected: bool) -> None:
        self._connected = connected
        self._stored.set()
        if not connected:
            self._beat_at = None
            self.measured(None)
        self._send_beat()

    def _hear_beat(self, data: Mapping[str, Any]) -> None:
        was_stale = self.stale
        self._beat_at = self._clock.now()
        stations = data.get("stations")
        self._health = dict(stations) if isinstance(stations, dict) else {}
        self._line_says = {name: value for name, value in data.items() if name != "stations"}
        self._hear_sequence(data)
        if self._overdue is not None:
            self._overdue.cancel()
        self._overdue = asyncio.get_running_loop().call_later(STALE_AFTER_S + _A_MOMENT_S, self._send_beat)
        if was_stale:
            self._send_beat()

    def _hear_sequence(self, data: Mapping[str, Any]) -> None:
        """Up to which number events can be told; those after it may still lack their pictures."""
        self._whole_to = float(data.get("sequence", math.inf))
        if self._whole_to > self.sequence:
            self._stored.set()

    def _hear_live(self, message: LiveMessage) -> None:
        station, data = message.data.get("station"), message.data.get("data")
        if not isinstance(station, str) or not isinstance(data, dict):
            return
        if message.payload:
            head = json.dumps({"station": station, "data": data}, separators=(",", ":")).encode()
            self._send(_HEAD.pack(len(head)) + head + message.payload)
            return
        self._live = {**self._live, station: {**self._live.get(station, {}), **data}}
        self._send(frame("live", station=station, data=data))

    # The screens' side

    def join(self, after: int) -> Screen:
        """A screen that gets everything from now on: first how things stand, and the events after number `after`."""
        screen = Screen()
        screen.put(frame("hello", boot=self.boot, sequence=self.sequence))
        screen.put(self._beat_frame())
        if self._live:
            screen.put(frame("snapshot", stations=self._live))
        if after < self._told_from:
            screen.put(frame("reload"))
        else:
            for sequence, text in self._told:
                if sequence > after:
                    screen.put(text)
        self._screens.add(screen)
        return screen

    def leave(self, screen: Screen) -> None:
        self._screens.discard(screen)
        self.dropped += screen.full.is_set()

    @property
    def streams(self) -> int:
        return len(self._screens)

    # For pages, from any thread

    def live(self) -> Json:
        """`{"age_s": seconds or None, "stations": {name: health and live values}, "line": its last beat}`."""
        health, live = self._health, self._live
        stations = {name: {**health.get(name, {}), **live.get(name, {})} for name in {*health, *live}}
        return {"age_s": self.line_age_s, "stations": stations, "line": self._line_says}

    @property
    def line_age_s(self) -> float | None:
        """Since the line's last beat; None before the first, and while the line is not there."""
        beat_at = self._beat_at
        return None if beat_at is None else self._clock.now().since(beat_at)

    @property
    def stale(self) -> bool:
        age_s = self.line_age_s
        return age_s is None or age_s >= STALE_AFTER_S

    def expect(self, command_id: int) -> Future[None]:
        """Done as soon as the line says that the command was answered; `forget` it in the end."""
        expected: Future[None] = Future()
        self._expected[command_id] = expected
        return expected

    def forget(self, command_id: int) -> None:
        self._expected.pop(command_id, None)

    @property
    def expected(self) -> int:
        return len(self._expected)

    # Inside

    def _send(self, text: str | bytes) -> None:
        for screen in self._screens:
            screen.put(text)

    def _beat_frame(self) -> str:
        age_s = self.line_age_s
        return frame("beat", at=self._clock.now().utc_s, stale=self.stale, sequence=self.sequence,
                     line_age_s=None if age_s is None else round(age_s, 3), stations=self._health,
                     line=self._line_says)  # fmt: skip

    def _send_beat(self) -> None:
        if self._screens:
            self._send(self._beat_frame())

    async def _beat(self) -> None:
        while True:
            self._send_beat()
            await asyncio.sleep(BEAT_EVERY_S)

    async def _follow(self) -> None:
        """Reads what the line has stored, once for all screens, each time the line says that there is more."""
        while True:
            await self._stored.wait()
            self._stored.clear()
            if not self._prepared:
                await self.prepare()
                continue
            try:
                while events := await self._bridge.call("events", self._source.read, self.sequence, _PAGE):
                    whole = [event for event in events if event.sequence <= self._whole_to or not self._connected]
                    self._tell_all(whole)
                    if len(whole) < _PAGE:
                        break
                self._store_outage.back()
            except StoreError as error:
                self._store_outage.gone(error)

    def _tell_all(self, events: Sequence[Event]) -> None:
        for event in events:
            self.sequence = event.sequence
            text = self._told_text(event)
            if text is None:
                continue
            if len(self._told) == _KEPT:
                self._told_from = self._told[0][0]
            self._told.append((event.sequence, text))
            self._send(text)

    def _told_text(self, event: Event) -> str | None:
        try:
            told = self._tell(event)
            return None if told is None else frame("event", sequence=event.sequence, event=told)
        except Exception:  # an app that stumbles over one event must not take the screens' heartbeat with it
            log.exception("event %d (%s) cannot be told to screens", event.sequence, event.kind)
            return None
