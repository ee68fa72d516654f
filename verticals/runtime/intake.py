"""Brings what others wrote into the store to the stations: commands of people, facts in the inbox.

Nobody polls: the live line says when to look, and so does each new connection to it, the start, and the
minute. What was said in between cannot be lost, for it stands in the store.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, Protocol

from core.clock import Clock, Instant
from core.errors import StoreError
from core.logs import OutageLog
from verticals.contract import Command, Sample, Value
from verticals.runtime.bridge import Bridge
from verticals.runtime.schedule import Schedule
from verticals.store.commands import Pending
from verticals.store.inbox import Brought

log = logging.getLogger(__name__)

_RETRY_S = 1.0
_PAGE = 200
#: Letters of facts under way: with more the next waits until these are recorded, so that an import of years holds up
#: neither the loop nor the disk.
_BULK = 30_000
READING = "store-read"


class AskedCommands(Protocol):
    def pending(self, after: int = 0) -> list[Pending]: ...


class BroughtFacts(Protocol):
    def pending(self, after: int = 0, limit: int = 500) -> list[Brought]: ...


class Intake:
    """Belongs to the line's event loop. `order` carries out a command, `take` takes a sample and its inbox id."""

    def __init__(
        self,
        commands: AskedCommands,
        inbox: BroughtFacts,
        bridge: Bridge,
        schedule: Schedule,
        clock: Clock,
        order: Callable[[str, Command], Awaitable[None]],
        take: Callable[[Sample, int], Awaitable[None]],
    ) -> None:
        self._commands = commands
        self._inbox = inbox
        self._bridge = bridge
        self._schedule = schedule
        self._clock = clock
        self._order = order
        self._take = take
        self._look = {"command": asyncio.Event(), "inbox": asyncio.Event()}
        self._last_command = 0
        self._last_fact = 0
        self._under_way = 0
        self._tasks: list[asyncio.Task[None]] = []
        self._outage = OutageLog(log, "reading commands and inbox")

    def start(self) -> None:
        self.look()
        self._tasks = [
            asyncio.create_task(self._whenever("command", self._read_commands)),
            asyncio.create_task(self._whenever("inbox", self._read_inbox)),
        ]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def look(self, topic: str = "") -> None:
        """Looks into the store soon; `topic` command or inbox, empty for both."""
        for name, event in self._look.items():
            if topic in ("", name):
                event.set()

    async def _whenever(self, topic: str, read: Callable[[], Awaitable[None]]) -> None:
        event = self._look[topic]
        while True:
            await event.wait()
            event.clear()
            try:
                await read()
                self._outage.back()
            except StoreError as error:
                self._outage.gone(error)
                self._schedule.after(_RETRY_S, event.set)

    async def _read_commands(self) -> None:
        for pending in await self._bridge.call(READING, self._commands.pending, self._last_command):
            self._last_command = pending.command.id
            await self._order(pending.station, self._dated(pending.command))

    def _dated(self, command: Command) -> Command:
        """The command on this boot's monotonic clock: one that waited over a restart is of now."""
        now = self._clock.now()
        if command.at.mono_s <= now.mono_s and abs(now.utc_s - command.at.utc_s - now.since(command.at)) < 1.0:
            return command
        at = Instant(mono_s=now.mono_s, utc_s=command.at.utc_s)
        return Command(command.name, at, command.args, command.who, command.role, command.id)

    async def _read_inbox(self) -> None:
        while facts := await self._bridge.call(READING, self._inbox.pending, self._last_fact, _PAGE):
            for fact in facts:
                self._last_fact = fact.id
                sample = self._sample(fact)
                await self._take(sample, fact.id)
                self._under_way += sum(len(value) for value in sample.values.values() if isinstance(value, str))
                if self._under_way > _BULK:
                    self._under_way = 0
                    with suppress(StoreError):  # the journal keeps it, and says so
                        await sample.recorded

    def _sample(self, fact: Brought) -> Sample:
        at = Instant(mono_s=self._clock.now().mono_s, utc_s=fact.at_utc_s)
        return Sample(fact.source, at, values_of(fact.payload), fact.key)


def values_of(payload: Mapping[str, Any]) -> dict[str, Value]:
    """A payload's own values; a list or an object inside it comes as JSON text, null is left out."""
    return {
        name: value if isinstance(value, str | int | float | bool) else json.dumps(value, separators=(",", ":"))
        for name, value in payload.items()
        if value is not None
    }


def said(data: Mapping[str, Any], now: Instant) -> Command | None:
    """What came over the live line alone: a command that stands nowhere and is answered to nobody. None: it is none."""
    name, args = data.get("name"), data.get("args")
    who, role = data.get("who"), data.get("role")
    if not (isinstance(name, str) and isinstance(args, dict) and isinstance(who, str) and isinstance(role, str)):
        log.warning("something said over the live line is no command")
        return None
    return Command(name, now, args, who, role)
