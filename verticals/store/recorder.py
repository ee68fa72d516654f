"""The line's way to the disk: one writer thread, which commits what has come together in one transaction.

Entries are recorded in the order they came, so that what is on the disk is always a beginning of what was
decided. Evidence is encoded and synced side by side before the commit that names it; an entry whose
evidence is not ready yet holds back those behind it, never the decisions.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from queue import Empty, SimpleQueue
from threading import Thread

from core.clock import Clock
from core.errors import DiskFullError, StoreError
from core.logs import OutageLog
from verticals.contract import Event, Evidence
from verticals.store.events import Entry, EventStore
from verticals.store.evidence import EvidenceStore, Filed
from verticals.store.series import Point, SeriesStore

log = logging.getLogger(__name__)

MAX_WAITING = 2000
MAX_UNFILED = 32  # entries whose pictures lie in memory
MAX_POINTS = 100_000
_MAX_BATCH = 256
_FILERS = 3
_FLUSH_AFTER_S = 1.0


_Filing = Mapping[str, Future[Filed]]


@dataclass(slots=True)
class _Waiting:
    entry: Entry
    filing: _Filing
    outcome: Future[list[Event]] = field(default_factory=Future)


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
        self._series = SeriesStore(events.engine)
        self._clock = clock
        self._told = told
        self._max_waiting = max_waiting
        self._max_unfiled = max_unfiled
        self._queue: SimpleQueue[_Waiting | Sequence[Point] | None] = SimpleQueue()
        self._unfiled: deque[_Filing] = deque()
        self._held: _Waiting | None = None
        self._in_hand = 0
        self._points: list[Point] = []
        self._flush_at_mono_s = 0.0
        self._outage = OutageLog(log, "the store")
        self._thread: Thread | None = None
        self._filers: ThreadPoolExecutor | None = None

    def start(self) -> None:
        """Removes files that no event names and starts the threads."""
        if self._evidence is not None:
            self._evidence.sweep()
        self._unfiled.clear()
        self._filers = ThreadPoolExecutor(_FILERS, thread_name_prefix="evidence")
        self._thread = Thread(target=self._work, name="recorder", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Records everything that waits, then ends; blocks meanwhile. Later entries are refused."""
        thread, filers = self._thread, self._filers
        self._thread = self._filers = None
        if thread is not None:
            self._queue.put(None)
            thread.join()
            self._refuse_rest()
        if filers is not None:
            filers.shutdown()

    @property
    def depth(self) -> int:
        """Entries that are not on the disk yet."""
        return self._queue.qsize() + self._in_hand

    @property
    def failing(self) -> bool:
        """Whether the last attempt to write failed."""
        return self._outage.down

    async def record(self, entry: Entry, evidence: Mapping[str, Evidence] | None = None) -> list[Event]:
        """The entry's numbered events once they are on the disk; being cancelled does not take it back.

        The hash of each piece of evidence goes into `data["evidence"]` of every event. Raises DiskFullError when
        there is no room, StoreError when too much waits or this entry cannot be recorded; then none of it was.
        """
        return await asyncio.wrap_future(self.submit(entry, evidence))

    def submit(self, entry: Entry, evidence: Mapping[str, Evidence] | None = None) -> Future[list[Event]]:
        """As `record`, from any thread; raises at once when too much waits."""
        filers = self._filers
        if filers is None:
            raise StoreError("the recorder is not running")
        if self.depth >= self._max_waiting:
            raise StoreError(f"{self.depth} entries wait to be recorded, no more are taken", hint="Is the disk slow?")
        waiting = _Waiting(entry, self._start_filing(filers, evidence) if evidence else {})
        waiting.outcome.set_running_or_notify_cancel()
        self._queue.put(waiting)
        if self._thread is None:
            self._refuse_rest()
        return waiting.outcome

    def note(self, points: Sequence[Point]) -> None:
        """Takes points for the series; they are written together once a second. Never waits.

        Raises StoreError when too much waits. While the disk is full the newest are kept in memory.
        """
        if self._thread is None:
            raise StoreError("the recorder is not running")
        if self.depth >= self._max_waiting:
            raise StoreError("too much waits to be recorded, these readings are not taken")
        if points:
            self._queue.put(points)

    # Evidence: a few threads, ahead of the writer

    def _start_filing(self, filers: ThreadPoolExecutor, evidence: Mapping[str, Evidence]) -> _Filing:
        store = self._evidence
        if store is None:
            raise StoreError("this recorder keeps no evidence")
        if len(self._unfiled) >= self._max_unfiled:
            raise StoreError(f"the pictures of {len(self._unfiled)} entries wait to be kept, no more are taken")
        filing = {name: filers.submit(store.file, item) for name, item in evidence.items()}
        self._unfiled.append(filing)
        return filing

    # The writer's thread

    def _work(self) -> None:
        going_on = True
        while going_on:
            batch, going_on = self._take()
            self._in_hand = len(batch)
            try:
                self._commit([waiting for waiting in batch if self._name_evidence(waiting)])
                self._flush_series(now=not going_on)
                self._evict(batch)
            except Exception as error:
                log.exception("the recorder met something unforeseen and goes on")
                _settle(batch, [error] * len(batch))
            self._in_hand = 0

    def _take(self) -> tuple[list[_Waiting], bool]:
        """The next entries that go into one commit, and whether there will be more."""
        batch = [self._held] if self._held is not None else []
        self._held = None
        timeout_s = 0.0 if batch else self._idle_s()
        while len(batch) < _MAX_BATCH:
            try:
                item = self._queue.get(timeout=timeout_s) if timeout_s != 0 else self._queue.get_nowait()
            except Empty:
                break
            timeout_s = 0.0
            if item is None:
                return batch, False
            if not isinstance(item, _Waiting):
                self._keep(item)
            elif batch and not all(piece.done() for piece in item.filing.values()):
                self._held = item
                break
            else:
                batch.append(item)
        return batch, True

    def _idle_s(self) -> float | None:
        if self._evidence is not None and self._evidence.over_budget:
            return 0.0
        return max(0.001, self._flush_at_mono_s - self._clock.now().mono_s) if self._points else None

    def _name_evidence(self, waiting: _Waiting) -> bool:
        """Waits for the entry's files and names them in its events; False when they could not be kept."""
        if not waiting.filing:
            return True
        try:
            files = {name: piece.result() for name, piece in waiting.filing.items()}
            self._want_files(files)
        except Exception as error:
            if isinstance(error, DiskFullError):
                self._outage.gone(error)
            _settle([waiting], [error])
            return False
        finally:
            self._unfiled.popleft()
        names = {name: filed.sha256 for name, filed in files.items()}
        events = [
            replace(event, data={**event.data, "evidence": {**event.data.get("evidence", {}), **names}})
            for event in waiting.entry.events
        ]
        waiting.entry = replace(waiting.entry, events=events, evidence=[*waiting.entry.evidence, *files.values()])
        waiting.filing = {}
        return True

    def _want_files(self, files: Mapping[str, Filed]) -> None:
        """A file that was there already may have been evicted since it was asked for again."""
        gone = [filed.sha256 for filed in files.values() if self._evidence and not self._evidence.lies(filed.sha256)]
        if gone:
            raise StoreError(f"evidence {gone[0]} was evicted while it was stored again", hint="Record it once more.")

    def _commit(self, batch: Sequence[_Waiting]) -> None:
        if not batch:
            return
        outcomes = self._append([waiting.entry for waiting in batch])
        _settle(batch, outcomes)
        numbers = [events[-1].sequence for events in outcomes if not isinstance(events, Exception) and events]
        if numbers:
            self._told(numbers[-1])

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

    def _keep(self, points: Sequence[Point]) -> None:
        if not self._points:
            self._flush_at_mono_s = self._clock.now().mono_s + _FLUSH_AFTER_S
        self._points += points

    def _flush_series(self, *, now: bool) -> None:
        if not self._points or not (now or self._clock.now().mono_s >= self._flush_at_mono_s):
            return
        try:
            self._series.append(self._points)
        except StoreError as error:
            self._outage.gone(error)
            self._flush_at_mono_s = self._clock.now().mono_s + _FLUSH_AFTER_S
            lost = len(self._points) - (0 if now else MAX_POINTS)
            if lost > 0:
                log.error("%d readings of the series are lost: %s", lost, error)
                del self._points[:lost]
        else:
            self._outage.back()
            self._points.clear()

    def _evict(self, batch: Sequence[_Waiting]) -> None:
        if self._evidence is None:
            return
        try:
            self._evidence.evict(sum(filed.size_bytes for waiting in batch for filed in waiting.entry.evidence))
        except (StoreError, OSError) as error:
            self._outage.gone(error)

    def _refuse_rest(self) -> None:
        """What came while the recorder ended: its askers must hear of it."""
        while not self._queue.empty():
            item = self._queue.get()
            if isinstance(item, _Waiting):
                _settle([item], [StoreError("the recorder has stopped")])


def _settle(batch: Sequence[_Waiting], outcomes: Sequence[list[Event] | Exception]) -> None:
    for waiting, outcome in zip(batch, outcomes, strict=True):
        if waiting.outcome.done():
            continue
        if not isinstance(outcome, Exception):
            waiting.outcome.set_result(outcome)
        elif isinstance(outcome, StoreError):
            waiting.outcome.set_exception(outcome)
        else:
            failed = StoreError(f"an entry could not be recorded: {outcome!r}", hint="Report this with the log.")
            failed.__cause__ = outcome
            waiting.outcome.set_exception(failed)
