"""Long work as rows: asked for by a person or by the calendar, worked by the `jobs` process, one at a time."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Engine, Row, delete, insert, select, update

from core.clock import Clock
from core.errors import RefusedError
from verticals.contract import Json
from verticals.store.audit import canonical
from verticals.store.box_tables import jobs
from verticals.store.database import reading, writing

MOST_ATTEMPTS = 3
_SLICE = 200


class JobState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Job:
    """`progress` is a share 0..1 with `text` for people; `problem` says why it failed; `who` is empty for the box."""

    id: int
    app: str
    kind: str
    inputs: Json
    input_sha256: str
    state: JobState
    progress: float
    text: str
    result: Json | None
    problem: str
    who: str
    attempts: int
    cancel_asked: bool
    asked_utc_s: float
    started_utc_s: float | None
    ended_utc_s: float | None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


class Jobs:
    """Any thread of any process may ask; only the worker claims. `wake` tells the worker to look, after the commit."""

    def __init__(self, engine: Engine, clock: Clock, *, wake: Callable[[], None] = lambda: None) -> None:
        self._engine = engine
        self._clock = clock
        self._wake = wake

    def start(self, app: str, kind: str, inputs: Json, *, who: str = "") -> int:
        """The number of the queued job; of the one that waits or runs already, where it is the very same."""
        text = canonical(inputs)
        digest = hashlib.sha256(canonical({"app": app, "kind": kind, "inputs": inputs}).encode()).hexdigest()
        open_ = select(jobs.c.id).where(
            jobs.c.input_sha256 == digest,
            jobs.c.state.in_([JobState.QUEUED, JobState.RUNNING]),
            jobs.c.cancel_asked.is_(False),
        )
        with writing(self._engine) as connection:
            number = connection.execute(open_).scalar()
            if number is None:
                values = {"app": app, "kind": kind, "inputs": text, "input_sha256": digest, "who": who,
                          "state": JobState.QUEUED, "progress": 0.0, "text": "", "problem": "", "attempts": 0,
                          "cancel_asked": False, "asked_utc_s": self._clock.now().utc_s}  # fmt: skip
                number = connection.execute(insert(jobs).values(**values).returning(jobs.c.id)).scalar_one()
        self._wake()
        return int(number)

    def get(self, number: int) -> Job | None:
        with reading(self._engine) as connection:
            row = connection.execute(select(jobs).where(jobs.c.id == number)).one_or_none()
        return _job(row) if row else None

    def newest(self, *, app: str = "", kind: str = "", limit: int = 20) -> list[Job]:
        """The latest first; of every app or kind where none is named."""
        query = select(jobs).order_by(jobs.c.id.desc()).limit(limit)
        query = query.where(jobs.c.app == app) if app else query
        query = query.where(jobs.c.kind == kind) if kind else query
        with reading(self._engine) as connection:
            return [_job(row) for row in connection.execute(query)]

    def cancel(self, number: int) -> Job:
        """A queued job is over at once; a running one is told and says so itself. RefusedError when it is over."""
        with writing(self._engine) as connection:
            row = connection.execute(select(jobs).where(jobs.c.id == number)).one_or_none()
            if row is None or row.state not in (JobState.QUEUED, JobState.RUNNING):
                raise RefusedError(f"job {number} is {'over' if row else 'not known'}: it cannot be cancelled")
            values: dict[str, Any] = {"cancel_asked": True}
            if row.state == JobState.QUEUED:
                values |= {"state": JobState.CANCELLED, "ended_utc_s": self._clock.now().utc_s}
            row = connection.execute(update(jobs).where(jobs.c.id == number).values(**values).returning(jobs)).one()
        self._wake()
        return _job(row)

    # The worker's side

    def claim(self) -> Job | None:
        """The oldest queued job, running from now on for exactly one caller; None when none waits."""
        oldest = select(jobs.c.id).where(jobs.c.state == JobState.QUEUED).order_by(jobs.c.id).limit(1)
        values = {"state": JobState.RUNNING, "attempts": jobs.c.attempts + 1, "progress": 0.0, "text": "",
                  "started_utc_s": self._clock.now().utc_s}  # fmt: skip
        claimed = update(jobs).where(jobs.c.id == oldest.scalar_subquery(), jobs.c.state == JobState.QUEUED)
        with writing(self._engine) as connection:
            row = connection.execute(claimed.values(**values).returning(jobs)).one_or_none()
        return _job(row) if row else None

    def note_progress(self, number: int, share: float, text: str) -> None:
        self._running(number, {"progress": min(max(share, 0.0), 1.0), "text": text[:200]})

    def finish(self, number: int, result: Json) -> None:
        self._end(number, JobState.DONE, {"result": json.dumps(dict(result)), "progress": 1.0})

    def fail(self, number: int, problem: str) -> None:
        self._end(number, JobState.FAILED, {"problem": problem[:2000]})

    def end_cancelled(self, number: int) -> None:
        self._end(number, JobState.CANCELLED, {})

    def release(self, number: int) -> None:
        """Back into the queue and not counted as an attempt: the worker is being stopped in good order."""
        self._running(number, {"state": JobState.QUEUED, "attempts": jobs.c.attempts - 1, "text": "starts again"})

    def recover(self) -> list[int]:
        """Queues again what was running when its process was killed, and gives those numbers; three attempts in all.

        Only for the one worker, while it runs nothing itself.
        """
        running = jobs.c.state == JobState.RUNNING
        over = {"ended_utc_s": self._clock.now().utc_s}
        problem = f"given up: the process stopped in the middle of it {MOST_ATTEMPTS} times"
        with writing(self._engine) as connection:
            cancelled = update(jobs).where(running, jobs.c.cancel_asked.is_(True))
            connection.execute(cancelled.values(state=JobState.CANCELLED, **over))
            spent = update(jobs).where(running, jobs.c.attempts >= MOST_ATTEMPTS)
            connection.execute(spent.values(state=JobState.FAILED, problem=problem, **over))
            again = update(jobs).where(running).values(state=JobState.QUEUED, text="starts again").returning(jobs.c.id)
            return sorted(connection.execute(again).scalars().all())

    def forget(self, ended_before_utc_s: float) -> int:
        """How many jobs that were over by then were deleted, in slices that hold the lock for a moment each."""
        old = select(jobs.c.id).where(jobs.c.ended_utc_s < ended_before_utc_s).limit(_SLICE)
        gone = 0
        while True:
            with writing(self._engine) as connection:
                count = connection.execute(delete(jobs).where(jobs.c.id.in_(old))).rowcount
            gone += count
            if count < _SLICE:
                return gone

    def _end(self, number: int, state: JobState, values: dict[str, Any]) -> None:
        self._running(number, {"state": state, "ended_utc_s": self._clock.now().utc_s, **values})

    def _running(self, number: int, values: dict[str, Any]) -> None:
        with writing(self._engine) as connection:
            connection.execute(
                update(jobs).where(jobs.c.id == number, jobs.c.state == JobState.RUNNING).values(**values)
            )


def _job(row: Row[Any]) -> Job:
    values = dict(row._mapping)
    values["inputs"] = json.loads(row.inputs)
    values["result"] = None if row.result is None else json.loads(row.result)
    values["state"] = JobState(row.state)
    return Job(**values)
