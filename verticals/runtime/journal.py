"""The line's side of the recorder: what cannot be recorded now is held, in order, and recorded later.

Decisions never wait for a disk that is full or stuck. While there is trouble everything new is held behind
what is held already, and whoever asked learns at once that it is not recorded. Held entries lose their
evidence (pictures would fill the memory); beyond the limit the oldest are lost, counted and said. Where only
the evidence finds no room, events are recorded without it and say so, until there is room again: a line that
takes nothing in meanwhile brings no evidence that could find out. Evidence that fails after its event
was recorded is lost: counted, said, and none is tried for a while.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from core.errors import DiskFullError, StoreError
from core.logs import OutageLog
from verticals.contract import Event, Evidence, Reply, Sample
from verticals.runtime.announcer import Announcer
from verticals.runtime.mishaps import Mishaps, in_words, looked_at
from verticals.runtime.schedule import Schedule
from verticals.store.events import Entry
from verticals.store.series import Point

log = logging.getLogger(__name__)

HELD_LIMIT = 5000
STALL_S = 5.0
#: How long events go without their evidence before evidence is tried again.
LEAN_S = 5.0
_RETRY_FIRST_S = 0.5
_RETRY_LAST_S = 5.0
_BATCH = 64
_TRIES = 3
_NONE: Mapping[str, Evidence] = {}


class Records(Protocol):
    """The recorder, as the line needs it."""

    def start(self) -> None: ...

    def stop(self) -> None: ...

    @property
    def depth(self) -> int: ...

    @property
    def failing(self) -> bool: ...

    async def record(
        self,
        entry: Entry,
        evidence: Mapping[str, Evidence] | None = None,
        kept: Callable[[StoreError | None], None] = ...,
    ) -> list[Event]: ...

    def foresee(self, content: NDArray[Any]) -> None: ...

    def note(self, points: Sequence[Point], *, owed: bool = False, urgent: bool = False) -> Future[None] | None: ...

    async def has_room(self) -> bool: ...


class _Stalled(StoreError):
    """The entry lies with the recorder, which has not answered yet."""


class Journal:
    """`announcer` hears of every entry that is in the store; `troubled` when trouble begins and ends (None)."""

    def __init__(
        self,
        records: Records,
        schedule: Schedule,
        announcer: Announcer,
        troubled: Callable[[StoreError | None], None],
        *,
        held_limit: int = HELD_LIMIT,
        stall_s: float = STALL_S,
    ) -> None:
        self._records = records
        self._schedule = schedule
        self._announcer = announcer
        self._troubled = troubled
        self._held_limit = held_limit
        self._stall_s = stall_s
        self._held: deque[Entry] = deque()
        self._tries = 0
        self._retry_s = _RETRY_FIRST_S
        self._draining: asyncio.Task[None] | None = None
        self._outage = OutageLog(log, "the store")
        self._mishaps = Mishaps("the app's own tables")
        self._blocked: StoreError | None = None  # nothing can be recorded
        self._lean: StoreError | None = None  # no evidence can be kept
        self._lean_until_mono_s = 0.0
        self._looking = False
        self._look: asyncio.Task[None] | None = None
        self._told = ""
        self.lost = 0
        self.refused = 0
        self.unkept = 0  # recorded entries whose evidence failed afterwards

    @property
    def trouble(self) -> StoreError | None:
        return self._blocked or self._lean

    @property
    def depth(self) -> int:
        """Entries on their way to the disk."""
        return self._records.depth

    @property
    def held(self) -> int:
        """Entries that wait for the end of the trouble."""
        return len(self._held)

    def foresee(self, sample: Sample) -> None:
        """The sample's pictures may become evidence: what takes time of that is begun while a model thinks."""
        for value in sample.values.values():
            if isinstance(value, np.ndarray) and value.dtype == np.uint8 and value.ndim == 3:
                self._records.foresee(value)

    def note(self, points: Sequence[Point], *, owed: bool = False, urgent: bool = False) -> asyncio.Future[None] | None:
        """Readings for the series, which are no record: what cannot be taken is counted as lost.

        `owed`: done when they are on the disk, or fails with the StoreError; `urgent`: somebody is held up meanwhile.
        """
        try:
            written = self._records.note(points, owed=owed, urgent=urgent)
        except StoreError as error:
            self.lost += 1
            self._mishaps.note("series", error)
            if not owed:
                return None
            written = Future()
            written.set_exception(error)
        if written is None:
            return None
        waiting = asyncio.wrap_future(written)
        waiting.add_done_callback(looked_at)
        return waiting

    async def record(self, entry: Entry, evidence: Mapping[str, Evidence] = _NONE) -> list[Event]:
        """The numbered events, after the commit. Raises StoreError when they are not in the store (yet)."""
        if evidence and (self._blocked or self._schedule.now_mono_s() < self._lean_until_mono_s):
            entry, evidence = _without_evidence(entry), _NONE
        if self._blocked is not None:
            self._hold(entry)
            raise _again(self._blocked)
        try:
            return await self._submit(entry, evidence)
        except StoreError as error:
            return await self._second_try(entry, evidence, error)

    async def finish(self) -> None:
        """One last try for what is held, before the process ends."""
        if self._draining is not None:
            await asyncio.wait({self._draining})
        if self._look is not None:
            self._look.cancel()
        if self._held:
            await self._drain()
        if self._held:
            log.error("%d entries could not be recorded before the end", len(self._held))

    async def _submit(self, entry: Entry, evidence: Mapping[str, Evidence]) -> list[Event]:
        working = asyncio.ensure_future(self._record(entry, evidence))
        try:
            done, _ = await asyncio.wait({working}, timeout=self._stall_s)
        except asyncio.CancelledError:
            working.cancel()
            raise
        if done:
            return working.result()
        late = _without_evidence(entry) if evidence else entry
        working.add_done_callback(partial(self._came_late, late))
        raise _Stalled(f"the database has not answered for {self._stall_s:g} s", hint="Look at the system's log.")

    async def _record(self, entry: Entry, evidence: Mapping[str, Evidence]) -> list[Event]:
        if not evidence:
            events = await self._records.record(entry)
            self._announcer.committed(entry, events)
            return events
        ended: asyncio.Future[StoreError | None] = asyncio.get_running_loop().create_future()
        events = await self._records.record(entry, evidence, ended.set_result)
        self._announcer.committed(entry, events, complete=False)
        ended.add_done_callback(lambda done: self._evidence_ended(events, done.result()))
        return events

    def _evidence_ended(self, events: Sequence[Event], error: StoreError | None) -> None:
        if error is None:
            self._lean = None
        else:
            self.unkept += 1
            log.warning("%s: its evidence is lost: %s", events[0].subject if events else "an entry", error)
            self._note_lean(error)
        self._tell()
        self._announcer.completed(events)

    def _note_lean(self, error: StoreError) -> None:
        if isinstance(error, DiskFullError):
            self._lean = error
            self._lean_until_mono_s = self._schedule.now_mono_s() + LEAN_S
            if not self._looking:
                self._looking = True
                self._schedule.after(LEAN_S, self._start_looking)

    def _start_looking(self) -> None:
        self._look = asyncio.get_running_loop().create_task(self._look_for_room())

    async def _look_for_room(self) -> None:
        lean, waits = self._lean, self._schedule.now_mono_s() < self._lean_until_mono_s
        if lean is not None and (waits or not await self._records.has_room() or self._lean is not lean):
            self._schedule.after(LEAN_S, self._start_looking)
            return
        self._looking = False
        self._lean = None
        self._tell()

    async def _second_try(self, entry: Entry, evidence: Mapping[str, Evidence], error: StoreError) -> list[Event]:
        """Without the evidence, where that may be what failed; else raises after what can be done was done."""
        if evidence and not isinstance(error, _Stalled):
            self._note_lean(error)
            entry = _without_evidence(entry)
            try:
                events = await self._submit(entry, _NONE)
            except StoreError as second:
                error = second
            else:
                log.warning("recorded without its evidence: %s", error)
                self._tell()
                return events
        if isinstance(error, _Stalled):
            self._block(error)
        elif isinstance(error, DiskFullError) or self._records.failing or not await self._put_aside(entry, error):
            self._hold(entry)
            self._block(error)
        raise error

    def _came_late(self, entry: Entry, working: asyncio.Future[list[Event]]) -> None:
        if working.cancelled():
            return
        if working.exception() is not None:
            self._hold(entry)
        self._schedule.after(0.0, self._start_draining)

    def _hold(self, entry: Entry) -> None:
        if len(self._held) >= self._held_limit:
            self._held.popleft()
            self.lost += 1
        self._held.append(entry)

    def _block(self, error: StoreError) -> None:
        if self._blocked is None:
            self._blocked = error
            self._outage.gone(error)
            self._retry_s = _RETRY_FIRST_S
            self._schedule.after(self._retry_s, self._start_draining)
            self._tell()

    def _tell(self) -> None:
        trouble = self.trouble
        code = trouble.code if trouble else ""
        if code != self._told:
            self._told = code
            self._troubled(trouble)

    def _start_draining(self) -> None:
        if self._blocked is not None and (self._draining is None or self._draining.done()):
            self._draining = asyncio.get_running_loop().create_task(self._drain())

    async def _drain(self) -> None:
        """Records what is held, in order, in batches; ends the trouble when nothing is left."""
        if not self._held and self._records.depth and isinstance(self._blocked, _Stalled):
            self._schedule.after(self._retry_s, self._start_draining)
            return
        while self._held:
            batch = [self._held.popleft() for _ in range(min(_BATCH, len(self._held)))]
            outcomes = await asyncio.gather(*(self._submit(entry, _NONE) for entry in batch), return_exceptions=True)
            errors: list[StoreError] = []
            for entry, outcome in reversed(list(zip(batch, outcomes, strict=True))):
                if isinstance(outcome, StoreError):
                    errors.append(outcome)
                    if not isinstance(outcome, _Stalled):
                        self._held.appendleft(entry)
            if errors:
                await self._wait_longer(errors[-1])
                return
            self._tries = 0
        self._blocked = None
        self._outage.back()
        self._tell()

    async def _wait_longer(self, error: StoreError) -> None:
        """Tries again later; an entry that keeps failing while others are recorded is put aside."""
        self._tries += 1
        if self._tries >= _TRIES and self._held and not self._records.failing:
            self._tries = 0
            stubborn = self._held.popleft()
            if not await self._put_aside(stubborn, error):
                self._held.appendleft(stubborn)
        self._retry_s = min(self._retry_s * 2, _RETRY_LAST_S)
        self._schedule.after(self._retry_s, self._start_draining)

    async def _put_aside(self, entry: Entry, error: StoreError) -> bool:
        """Whether the bare facts of an entry that the app's own tables refuse are recorded in its place."""
        cause = error.__cause__ or error
        self._mishaps.note("project", cause)
        facts = [{"kind": event.kind, "subject": event.subject, "at_utc_s": event.at_utc_s, "who": event.who,
                  "data": event.data} for event in entry.events]  # fmt: skip
        events: list[Event] = []
        if entry.events:
            first = entry.events[0]
            data = {"error": in_words(cause), "events": facts}
            events = [Event("unprojected", first.subject, first.at_utc_s, data, first.station)]
        told = [(command, Reply(False, "it could not be recorded")) for command, _ in entry.replies]
        plain = Entry(events=events, replies=told, inbox_done=entry.inbox_done)
        try:
            await self._submit(plain, _NONE)
        except StoreError as second:
            self._mishaps.note("unprojected", second)
            return False
        self.refused += 1
        return True


def _without_evidence(entry: Entry) -> Entry:
    return replace(entry, events=[
        replace(event, data={**event.data, "evidence_missing": "there was no room for it"}) for event in entry.events
    ])  # fmt: skip


def _again(error: StoreError) -> StoreError:
    return type(error)(error.message, hint=error.hint)
