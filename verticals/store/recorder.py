"""The line's way to the disk: one writer thread, which commits what has come together in one transaction.

Entries are recorded in the order they came, so that what is on the disk is always a beginning of what was
decided. An entry names its evidence by content and has room for it before it commits; the pictures
themselves are encoded and written after, and become readable with one of the next commits. A kill in between
costs the picture, never the event (docs/decisions/0006).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field, replace
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

from numpy.typing import NDArray

from core.clock import Clock
from core.errors import DiskFullError, StoreError
from core.logs import OutageLog
from verticals.contract import Event, Evidence
from verticals.store.events import Entry, EventStore
from verticals.store.evidence import EvidenceStore
from verticals.store.filing import Filers, Filing, Kept, foreseen_error
from verticals.store.series import Point, SeriesStore

log = logging.getLogger(__name__)

MAX_WAITING = 2000
MAX_UNFILED = 32  # entries whose pictures lie in memory
MAX_POINTS = 100_000
_MAX_BATCH = 256
#: Short of a second, so that who sends once a second is answered before it sends again.
_FLUSH_AFTER_S = 0.85


@dataclass(slots=True, eq=False)
class _Waiting:
    entry: Entry
    filing: Filing | None
    outcome: Future[list[Event]] = field(default_factory=Future)


@dataclass(frozen=True, slots=True)
class _Noted:
    """Points for the series; `written` is for who waits until they are on the disk, `urgent` for who is held up."""

    points: Sequence[Point]
    written: Future[None] | None
    urgent: bool


def _nobody(error: StoreError | None) -> None:
    """For who does not want to know."""


class Recorder:
    """Records entries in group commits. Any thread may record; one recorder a database.

    `told` hears the last number after each commit, in the writer's thread. Recording that failed (disk
    full, database held) is tried anew with the next entry: it recovers by itself.
    """

    def __init__(
        self,
        events: EventStore,
        evidence: EvidenceStore | None,
        clock: Clock,
        *,
        told: Callable[[int], None] = lambda sequence: None,
        max_waiting: int = MAX_WAITING,
        max_unfiled: int = MAX_UNFILED,
    ) -> None:
        self._events = events
        self._evidence = evidence
        self._filers = Filers(evidence, max_unfiled, lambda filing: self._queue.put(filing), clock)
        self._series = SeriesStore(events.engine)
        self._clock = clock
        self._told = told
        self._max_waiting = max_waiting
        self._queue: SimpleQueue[_Waiting | Filing | _Noted | None] = SimpleQueue()
        self._in_hand = 0
        self._points: list[Point] = []
        self._owed: list[Future[None]] = []  # who waits for the points to be written
        self._settled_minute = 0
        self._flush_at_mono_s = 0.0
        self._outage = OutageLog(log, "the store")
        self._thread: Thread | None = None
        self._taking = False
        self._ended = True

    def start(self) -> None:
        """Removes files that no event names and starts the threads. Raises StoreError when another line records."""
        self._events.claim()
        self._events.waits = lambda: self._taking
        self._filers.start()
        self._thread = Thread(target=self._work, name="recorder", daemon=True)
        self._taking, self._ended = True, False
        self._thread.start()

    def stop(self) -> None:
        """Records everything that waits, pictures too, then ends; blocks meanwhile. Later entries are refused."""
        thread, self._thread = self._thread, None
        self._taking = False
        self._filers.hurry()
        if thread is not None:
            self._queue.put(None)
            thread.join()
            self._ended = True
            self._refuse_rest()
        self._filers.stop()

    @property
    def depth(self) -> int:
        """Entries that are not on the disk yet."""
        return self._queue.qsize() + self._in_hand

    @property
    def unfiled(self) -> int:
        """Entries whose pictures are not on the disk yet."""
        return len(self._filers)

    @property
    def failing(self) -> bool:
        """Whether the last attempt to write failed."""
        return self._outage.down

    async def record(
        self, entry: Entry, evidence: Mapping[str, Evidence] | None = None, kept: Kept = _nobody
    ) -> list[Event]:
        """The entry's numbered events once they are on the disk; being cancelled does not take it back.

        The name of each piece of evidence goes into `data["evidence"]` of every event; nobody may change its
        content any more. `kept` hears, in this loop, when the pieces can be read or that they are lost.
        Raises DiskFullError when there is no room for entry or evidence, StoreError when too much waits or
        this entry cannot be recorded; then none of it was, and `kept` hears nothing.
        """
        loop = asyncio.get_running_loop()

        def kept_here(error: StoreError | None) -> None:
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(kept, error)

        return await asyncio.wrap_future(self.submit(entry, evidence, kept_here))

    def submit(
        self, entry: Entry, evidence: Mapping[str, Evidence] | None = None, kept: Kept = _nobody
    ) -> Future[list[Event]]:
        """As `record`, from any thread; raises at once when too much waits. `kept` is called by the writer's thread."""
        if not self._taking:
            raise StoreError("the recorder is not running")
        if self.depth >= self._max_waiting:
            raise StoreError(f"{self.depth} entries wait to be recorded, no more are taken", hint="Is the disk slow?")
        waiting = _Waiting(entry, self._filers.take(evidence, kept) if evidence else None)
        waiting.outcome.set_running_or_notify_cancel()
        self._queue.put(waiting)
        if self._ended:
            self._refuse_rest()
        return waiting.outcome

    def note(self, points: Sequence[Point], *, owed: bool = False, urgent: bool = False) -> Future[None] | None:
        """Takes points for the series; they are written together about once a second, at once where it is `urgent`.

        Never waits. `owed`: a future that is done when they are on the disk, or has the StoreError. Raises
        StoreError when too much waits. While the disk is full the newest are kept in memory.
        """
        if not self._taking:
            raise StoreError("the recorder is not running")
        if self.depth >= self._max_waiting:
            raise StoreError("too much waits to be recorded, these readings are not taken")
        if not points:
            return None
        written: Future[None] | None = Future() if owed else None
        self._queue.put(_Noted(points, written, urgent))
        if self._ended:
            self._refuse_rest()
        return written

    def foresee(self, content: NDArray[Any]) -> None:
        """From any thread: `content` may soon be evidence as it is; its name is computed meanwhile. Never waits."""
        self._filers.foresee(content)

    async def has_room(self) -> bool:
        """Whether evidence can be kept again after the disk was full."""
        return await asyncio.wrap_future(self._filers.has_room())

    # The writer's thread

    def _work(self) -> None:
        ending = False
        while not (ending and len(self._filers) == 0):
            batch, filings, ended = self._take()
            ending = ending or ended
            self._in_hand = len(batch)
            try:
                self._commit([waiting for waiting in batch if self._name_evidence(waiting)], filings)
                self._flush_series(now=ending)
                self._evict(batch, filings)
            except Exception as error:
                log.exception("the recorder met something unforeseen and goes on")
                _settle(batch, [error] * len(batch))
                for filing in [*filings, *(waiting.filing for waiting in batch)]:
                    if filing is not None:
                        self._filers.end(filing, error)
            self._in_hand = 0

    def _take(self) -> tuple[list[_Waiting], list[Filing], bool]:
        """What goes into the next commit: entries, evidence that was filed; and whether the end was asked for."""
        batch: list[_Waiting] = []
        filings: list[Filing] = []
        timeout_s = self._idle_s()
        while len(batch) < _MAX_BATCH:
            try:
                item = self._queue.get(timeout=timeout_s) if timeout_s != 0 else self._queue.get_nowait()
            except Empty:
                break
            timeout_s = 0.0
            if item is None:
                return batch, filings, True
            if isinstance(item, _Waiting):
                batch.append(item)
            elif isinstance(item, Filing):
                filings.append(item)
            else:
                self._keep(item)
        return batch, filings, False

    def _idle_s(self) -> float | None:
        if self._evidence is not None and self._evidence.over_budget:
            return 0.0
        return max(0.001, self._flush_at_mono_s - self._clock.now().mono_s) if self._points else None

    def _commit(self, batch: Sequence[_Waiting], filings: Sequence[Filing]) -> None:
        """Entries first: who waits for them waits for nothing else."""
        filed = [filing for filing in filings if filing.error is None]
        entries = [waiting.entry for waiting in batch] + [Entry(evidence=filing.files) for filing in filed]
        outcomes = self._append(entries) if entries else []
        _settle(batch, outcomes[: len(batch)])
        numbers = [events[-1].sequence for events in outcomes if not isinstance(events, Exception) and events]
        if numbers:
            self._told(numbers[-1])
        for waiting, outcome in zip(batch, outcomes[: len(batch)], strict=True):
            if waiting.filing is not None:
                (self._filers.drop if isinstance(outcome, Exception) else self._filers.begin)(waiting.filing)
        for filing, outcome in zip(filed, outcomes[len(batch) :], strict=True):
            self._filers.end(filing, outcome if isinstance(outcome, Exception) else None)
        for filing in filings:
            if filing.error is not None:
                self._filers.end(filing, filing.error)

    def _name_evidence(self, waiting: _Waiting) -> bool:
        """Names the entry's evidence in its events; False when there is no room for it: it is refused whole."""
        filing = waiting.filing
        if filing is None:
            return True
        try:
            names = self._filers.name(filing)
        except Exception as error:
            if isinstance(error, DiskFullError):
                self._outage.gone(error)
            self._filers.drop(filing)
            _settle([waiting], [error])
            return False
        events = [
            replace(event, data={**event.data, "evidence": {**event.data.get("evidence", {}), **names}})
            for event in waiting.entry.events
        ]
        waiting.entry = replace(waiting.entry, events=events)
        return True

    def _append(self, entries: Sequence[Entry]) -> Sequence[list[Event] | Exception]:
        try:
            outcomes: Sequence[list[Event] | Exception] = self._events.append(entries)
        except DiskFullError as error:
            self._outage.gone(error)
            return [error] * len(entries)
        except Exception:
            try:
                outcomes = self._events.append_each(entries)
            except Exception as error:
                self._outage.gone(error)
                return [error] * len(entries)
        self._outage.back()
        return outcomes

    def _keep(self, noted: _Noted) -> None:
        now_mono_s = self._clock.now().mono_s
        if noted.urgent:
            self._flush_at_mono_s = now_mono_s
        elif not self._points:
            self._flush_at_mono_s = now_mono_s + _FLUSH_AFTER_S
        self._points += noted.points
        if noted.written is not None:
            self._owed.append(noted.written)

    def _flush_series(self, *, now: bool) -> None:
        moment = self._clock.now()
        if not self._points or not (now or moment.mono_s >= self._flush_at_mono_s):
            return
        minute = int(moment.utc_s // 60)
        try:
            self._series.append(
                self._points, settle_before_utc_s=moment.utc_s if minute != self._settled_minute else None
            )
        except StoreError as error:
            self._outage.gone(error)
            self._flush_at_mono_s = self._clock.now().mono_s + _FLUSH_AFTER_S
            lost = len(self._points) - (0 if now else MAX_POINTS)
            if lost > 0:
                log.error("%d readings of the series are lost: %s", lost, error)
                del self._points[:lost]
            self._pay(error)
        else:
            self._settled_minute = minute
            self._outage.back()
            self._points.clear()
            self._pay(None)

    def _pay(self, error: StoreError | None) -> None:
        for written in self._owed:
            if error is None:
                written.set_result(None)
            else:
                written.set_exception(foreseen_error(error))
        self._owed.clear()

    def _evict(self, batch: Sequence[_Waiting], filings: Sequence[Filing]) -> None:
        if self._evidence is None:
            return
        files = [filed for waiting in batch for filed in waiting.entry.evidence]
        files += [filed for filing in filings for filed in filing.files]
        try:
            self._evidence.evict(sum(filed.size_bytes for filed in files))
        except (StoreError, OSError) as error:
            self._outage.gone(error)

    def _refuse_rest(self) -> None:
        """What came while the recorder ended: its askers must hear of it."""
        with suppress(Empty):
            while True:
                item = self._queue.get_nowait()
                if isinstance(item, _Waiting):
                    _settle([item], [StoreError("the recorder has stopped")])
                if isinstance(item, _Noted) and item.written is not None:
                    item.written.set_exception(StoreError("the recorder has stopped"))


def _settle(batch: Sequence[_Waiting], outcomes: Sequence[list[Event] | Exception]) -> None:
    for waiting, outcome in zip(batch, outcomes, strict=True):
        if waiting.outcome.done():
            continue
        if isinstance(outcome, Exception):
            waiting.outcome.set_exception(foreseen_error(outcome))
        else:
            waiting.outcome.set_result(outcome)
