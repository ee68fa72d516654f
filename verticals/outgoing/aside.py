"""Messages that a receiver refused again and again: looked at, handed in again, or dropped, by a person."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, Row, delete, insert, select, update

from core.errors import InputError
from verticals.outgoing.delivery import SET_ASIDE
from verticals.store.box_tables import outbox
from verticals.store.database import reading, writing


@dataclass(frozen=True, slots=True)
class Aside:
    """One message; `problem` is what the receiver said last, `created_utc_s` when it was first put."""

    number: int
    stream: str
    key: str
    kind: str
    problem: str
    created_utc_s: float


def listed(engine: Engine) -> list[Aside]:
    """All of the box, the oldest first. Raises StoreError."""
    with reading(engine) as connection:
        return [_aside(row) for row in _rows(connection)]


def hand_in(engine: Engine, numbers: Collection[int] | None = None) -> Sequence[Aside]:
    """These, or all, wait for their receiver anew, under the same key and in their old place; a running box tries
    within half a minute. Raises InputError for a number that is not set aside: then none was handed in.
    """
    with writing(engine) as connection:
        chosen = _chosen(connection, numbers)
        for row in chosen:
            _put_back(connection, row)
        _remove(connection, chosen)
    return [_aside(row) for row in chosen]


def drop(engine: Engine, numbers: Collection[int]) -> Sequence[Aside]:
    """They are gone for good. Raises InputError as `hand_in` does."""
    with writing(engine) as connection:
        chosen = _chosen(connection, numbers)
        _remove(connection, chosen)
    return [_aside(row) for row in chosen]


def _rows(connection: Connection) -> Sequence[Row]:  # type: ignore[type-arg]
    waiting = outbox.c.stream.like(f"%{SET_ASIDE}"), outbox.c.sent_utc_s.is_(None)
    return connection.execute(select(outbox).where(*waiting).order_by(outbox.c.id)).all()


def _chosen(connection: Connection, numbers: Collection[int] | None) -> Sequence[Row]:  # type: ignore[type-arg]
    rows = _rows(connection)
    if numbers is None:
        return rows
    unknown = set(numbers) - {row.id for row in rows}
    if unknown:
        raise InputError(f"no message {min(unknown)} is set aside", hint="List them: edgewise outgoing list.")
    return [row for row in rows if row.id in set(numbers)]


def _put_back(connection: Connection, row: Row) -> None:  # type: ignore[type-arg]
    kept, stream = json.loads(row.payload), row.stream.removesuffix(SET_ASIDE)
    anew = {"sent_utc_s": None, "attempts": 0, "retry_utc_s": 0.0, "problem": ""}
    same = (outbox.c.stream == stream, outbox.c.key == row.key)
    if connection.execute(update(outbox).where(*same).values(**anew)).rowcount:
        return
    values = {"stream": stream, "key": row.key, "kind": row.kind, "payload": json.dumps(kept["payload"]),
              "created_utc_s": kept["created_utc_s"]}  # fmt: skip
    connection.execute(insert(outbox).values(**values, **anew))  # it had been forgotten as delivered


def _remove(connection: Connection, rows: Sequence[Row]) -> None:  # type: ignore[type-arg]
    """Deleted, not marked: refused once more it must be set aside once more, under the same key."""
    connection.execute(delete(outbox).where(outbox.c.id.in_([row.id for row in rows])))


def _aside(row: Row) -> Aside:  # type: ignore[type-arg]
    kept = json.loads(row.payload)
    stream = row.stream.removesuffix(SET_ASIDE)
    return Aside(row.id, stream, row.key, row.kind, str(kept["problem"]), float(kept["created_utc_s"]))
