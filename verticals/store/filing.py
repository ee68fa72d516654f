"""Evidence between its entry and its row: named before the commit, encoded and written after it.

Belongs to a recorder: `name`, `begin` and `end` are called by its writer's thread.
"""

from __future__ import annotations

import logging
import os
import weakref
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from threading import Event, get_native_id
from typing import Any

from numpy.typing import NDArray

from core.clock import Clock
from core.errors import StoreError
from core.logs import OutageLog
from verticals.contract import Evidence
from verticals.store.evidence import EvidenceStore, Filed, Promised, name_of, prepare_encoder

log = logging.getLogger(__name__)

_FILERS = 3
_FILERS_NICE = 10  # decisions go first; what waits for pictures is a screen
#: After a commit the cores belong to what follows from it, such as an accept on its way to the PLC: nice alone does
#: not see to that, a thread that runs keeps its core for its slice of 3 ms.
_STAND_BACK_S = 0.010
_FORESEEN = 16  # pictures whose names are computed ahead

#: Hears when the evidence of a recorded entry can be read (None), or why it never will.
Kept = Callable[[StoreError | None], None]


@dataclass(slots=True, eq=False)
class Filing:
    """The evidence of one entry; `files` or `error` once a filer is through."""

    pieces: Mapping[str, Evidence]
    kept: Kept
    not_before_mono_s: float = 0.0
    promised: Sequence[Promised] = ()
    files: Sequence[Filed] = ()
    error: StoreError | None = None


@dataclass(slots=True)
class _Foreseen:
    content: weakref.ref[Any]  # a picture that nobody keeps is not kept for its name
    name: Future[str]


@dataclass(slots=True)
class _Ahead:
    places: list[_Foreseen | None] = field(default_factory=lambda: [None] * _FORESEEN)
    turns: count[int] = field(default_factory=count)


class Filers:
    """A few threads that encode and write. `through` hears, in theirs, of each filing that is."""

    def __init__(self, store: EvidenceStore | None, most: int, through: Callable[[Filing], None], clock: Clock) -> None:
        self._store = store
        self._most = most
        self._through = through
        self._clock = clock
        self._hurry = Event()
        self._unfiled: set[Filing] = set()
        self._ahead = _Ahead()
        self._outage = OutageLog(log, "the evidence folder")
        self._pool: ThreadPoolExecutor | None = None

    def start(self) -> None:
        """Removes files that no row names."""
        if self._store is not None:
            self._store.sweep()
        self._unfiled.clear()
        self._hurry.clear()
        self._pool = ThreadPoolExecutor(_FILERS, thread_name_prefix="evidence", initializer=_be_nice)
        if self._store is not None:
            self._pool.submit(prepare_encoder)

    def hurry(self) -> None:
        """The end is near: no filer stands back any more."""
        self._hurry.set()

    def stop(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown()

    def __len__(self) -> int:
        """Entries whose pictures are not on the disk yet: they lie in memory."""
        return len(self._unfiled)

    def take(self, pieces: Mapping[str, Evidence], kept: Kept) -> Filing:
        """From any thread. Raises StoreError when too many pictures wait."""
        if self._store is None:
            raise StoreError("this recorder keeps no evidence")
        if len(self._unfiled) >= self._most:
            raise StoreError(f"the pictures of {len(self._unfiled)} entries wait to be kept, no more are taken")
        filing = Filing(pieces, kept)
        self._unfiled.add(filing)
        return filing

    def foresee(self, content: NDArray[Any]) -> None:
        """From any thread: `content` may soon be evidence as it is; its name is computed meanwhile."""
        pool = self._pool
        if pool is not None:
            with suppress(RuntimeError):  # the pool has just ended
                foreseen = _Foreseen(weakref.ref(content), pool.submit(name_of, content))
                self._ahead.places[next(self._ahead.turns) % _FORESEEN] = foreseen

    def has_room(self) -> Future[bool]:
        """As `EvidenceStore.has_room`, from a thread that may wait for the disk; False where nothing is kept."""
        pool, store = self._pool, self._store
        if pool is not None and store is not None:
            with suppress(RuntimeError):  # the pool has just ended
                return pool.submit(store.has_room)
        nowhere: Future[bool] = Future()
        nowhere.set_result(False)
        return nowhere

    def name(self, filing: Filing) -> dict[str, str]:
        """The name of each piece, with room for all. Raises as `EvidenceStore.promise`; then `drop` it."""
        assert self._store is not None
        for piece in filing.pieces.values():
            filing.promised = (*filing.promised, self._store.promise(piece, self._foreseen_name(piece.content)))
        return {name: promised.sha256 for name, promised in zip(filing.pieces, filing.promised, strict=True)}

    def _foreseen_name(self, content: object) -> str:
        """Empty when nobody foresaw it, or too late: computing it anew is no slower than waiting."""
        for place in self._ahead.places:
            if place is not None and place.content() is content and place.name.done():
                return place.name.result()
        return ""

    def begin(self, filing: Filing) -> None:
        """Its entry is recorded: the files follow."""
        if self._pool is None:
            self.drop(filing)
        else:
            filing.not_before_mono_s = self._clock.now().mono_s + _STAND_BACK_S
            self._pool.submit(self._file, filing)

    def _file(self, filing: Filing) -> None:
        self._hurry.wait(max(0.0, filing.not_before_mono_s - self._clock.now().mono_s))
        try:
            assert self._store is not None
            filing.files = [self._store.file(promised) for promised in filing.promised]
        except Exception as error:
            filing.error = foreseen_error(error)
        self._through(filing)

    def drop(self, filing: Filing) -> None:
        """Its entry is not recorded: nobody hears of it."""
        self._unfiled.discard(filing)
        promised, filing.promised = filing.promised, ()
        for piece in promised:
            if self._store is not None:
                self._store.settle(piece)

    def end(self, filing: Filing, error: Exception | None) -> None:
        """Its rows are there, or never will be: who waits for it hears so, once."""
        if filing not in self._unfiled:
            return
        self.drop(filing)
        if error is None:
            self._outage.back()
        else:
            self._outage.gone(error)
        try:
            filing.kept(None if error is None else foreseen_error(error))
        except Exception:
            log.exception("who waited for evidence stumbled over the news of it")


def foreseen_error(error: Exception) -> StoreError:
    """The error as one that who records is prepared for."""
    if isinstance(error, StoreError):
        return error
    failed = StoreError(f"it could not be recorded: {error!r}", hint="Report this with the log.")
    failed.__cause__ = error
    return failed


def _be_nice() -> None:
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, get_native_id(), _FILERS_NICE)  # on Linux of this thread alone
