"""Messages for elsewhere (the hub, a broker, a webhook) that wait until they are delivered, in order.

Delivery is at least once: whoever receives tells a repetition by the key. A stream holds a bounded number of
waiting rows; when more come, the oldest go and are counted, for the store still has what they spoke of.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, delete, func, insert, select, update

from core.clock import Clock
from verticals.contract import Json
from verticals.store.box_tables import outbox, outbox_lost
from verticals.store.database import reading, upsert, writing

_FIRST_BACKOFF_S = 1.0
_LONGEST_BACKOFF_S = 300.0
_SLICE = 500


@dataclass(frozen=True, slots=True)
class Parcel:
    """One message. `key` is its idempotency key: the same key is the same message."""

    id: int
    stream: str
    key: str
    kind: str
    payload: Json
    created_utc_s: float
    attempts: int


@dataclass(frozen=True, slots=True)
class Depth:
    """How much waits, for how long its oldest, how much was ever lost to the bound, and the last problem."""

    waiting: int
    oldest_age_s: float
    lost: int
    problem: str = ""


class Outbox:
    """Any thread of any process may put; one sender at a time works a stream."""

    def __init__(self, engine: Engine, clock: Clock, *, limit: int = 100_000) -> None:
        self._engine = engine
        self._clock = clock
        self._limit = limit

    def put(self, stream: str, kind: str, payload: Json, *, key: str) -> int:
        """Its number, on disk. A key the stream already knows is not put twice: the number it has."""
        with writing(self._engine) as connection:
            known = connection.execute(select(outbox.c.id).where(outbox.c.stream == stream, outbox.c.key == key))
            if (number := known.scalar()) is not None:
                return int(number)
            self._make_room(connection, stream)
            values = {"stream": stream, "key": key, "kind": kind, "payload": json.dumps(payload),
                      "created_utc_s": self._clock.now().utc_s, "attempts": 0, "retry_utc_s": 0.0,
                      "problem": ""}  # fmt: skip
            return int(connection.execute(insert(outbox).values(**values).returning(outbox.c.id)).scalar_one())

    def next(self, stream: str, limit: int = 100) -> list[Parcel]:
        """The oldest waiting ones, in order; empty while the first of them waits for another try."""
        with reading(self._engine) as connection:
            rows = connection.execute(_waiting(stream).limit(limit)).all()
        if not rows or self._wait_s(rows[0].retry_utc_s) > 0:
            return []
        return [
            Parcel(row.id, row.stream, row.key, row.kind, json.loads(row.payload), row.created_utc_s, row.attempts)
            for row in rows
        ]

    def due_in_s(self, stream: str) -> float | None:
        """Seconds until `next` gives something; None when nothing waits."""
        with reading(self._engine) as connection:
            row = connection.execute(_waiting(stream).limit(1)).one_or_none()
        return None if row is None else self._wait_s(row.retry_utc_s)

    def sent(self, numbers: Sequence[int]) -> None:
        """They arrived. Their keys stay known until `forget`."""
        with writing(self._engine) as connection:
            values = {"sent_utc_s": self._clock.now().utc_s, "problem": ""}
            connection.execute(update(outbox).where(outbox.c.id.in_(list(numbers))).values(**values))

    def failed(self, number: int, problem: str) -> float:
        """Seconds until the stream is tried again: 1, doubling to 300."""
        with writing(self._engine) as connection:
            attempts = connection.execute(select(outbox.c.attempts).where(outbox.c.id == number)).scalar() or 0
            wait_s = min(_FIRST_BACKOFF_S * 2.0 ** min(attempts, 20), _LONGEST_BACKOFF_S)
            retry_utc_s = self._clock.now().utc_s + wait_s
            values = {"attempts": attempts + 1, "retry_utc_s": retry_utc_s, "problem": problem[:500]}
            connection.execute(update(outbox).where(outbox.c.id == number).values(**values))
        return wait_s

    def depth(self, stream: str) -> Depth:
        waiting = (outbox.c.stream == stream, outbox.c.sent_utc_s.is_(None))
        with reading(self._engine) as connection:
            count = connection.execute(select(func.count()).select_from(outbox).where(*waiting)).scalar_one()
            first = connection.execute(_waiting(stream).limit(1)).one_or_none()
            lost = connection.execute(select(outbox_lost.c.lost).where(outbox_lost.c.stream == stream)).scalar() or 0
        if first is None:
            return Depth(count, 0.0, lost)
        return Depth(count, max(0.0, self._clock.now().utc_s - first.created_utc_s), lost, first.problem)

    def forget(self, sent_before_utc_s: float) -> int:
        """How many delivered rows were deleted, in slices that hold the lock for a moment each."""
        old = select(outbox.c.id).where(outbox.c.sent_utc_s < sent_before_utc_s).limit(_SLICE)
        gone = 0
        while True:
            with writing(self._engine) as connection:
                count = connection.execute(delete(outbox).where(outbox.c.id.in_(old))).rowcount
            gone += count
            if count < _SLICE:
                return gone

    def _make_room(self, connection: Connection, stream: str) -> None:
        waiting = (outbox.c.stream == stream, outbox.c.sent_utc_s.is_(None))
        count = connection.execute(select(func.count()).select_from(outbox).where(*waiting)).scalar_one()
        if count < self._limit:
            return
        oldest = select(outbox.c.id).where(*waiting).order_by(outbox.c.id).limit(count - self._limit + 1)
        gone = connection.execute(delete(outbox).where(outbox.c.id.in_(oldest))).rowcount
        lost = connection.execute(select(outbox_lost.c.lost).where(outbox_lost.c.stream == stream)).scalar() or 0
        row = {"stream": stream, "lost": lost + gone, "last_utc_s": self._clock.now().utc_s}
        upsert(connection, outbox_lost, ["stream"], [row])

    def _wait_s(self, retry_utc_s: float) -> float:
        """A clock set back must not make it wait longer than the longest back-off."""
        return min(max(0.0, retry_utc_s - self._clock.now().utc_s), _LONGEST_BACKOFF_S)


def _waiting(stream: str) -> Any:
    return select(outbox).where(outbox.c.stream == stream, outbox.c.sent_utc_s.is_(None)).order_by(outbox.c.id)
