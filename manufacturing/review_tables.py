"""The queue of parts that wait for a person's word, from the parts on record."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, func, select

from manufacturing.tables import WAITING, parts


def count_waiting(connection: Connection, line: str) -> int:
    query = select(func.count()).select_from(parts).where(parts.c.station == line, WAITING)
    return int(connection.scalar(query) or 0)


def waiting(connection: Connection, line: str, *, skip: int, most: int) -> list[dict[str, Any]]:
    """Rows of the queue, newest first."""
    query = select(parts).where(parts.c.station == line, WAITING).order_by(parts.c.sequence.desc())
    return [dict(row) for row in connection.execute(query.offset(skip).limit(most)).mappings()]


def part_on_record(connection: Connection, line: str, sequence: int) -> dict[str, Any] | None:
    """The row of one part of this line, or None."""
    row = connection.execute(select(parts).where(parts.c.station == line, parts.c.sequence == sequence)).mappings()
    found = row.first()
    return dict(found) if found else None


def next_waiting(connection: Connection, line: str, sequence: int) -> int:
    """The number of the next older part of the queue; of the newest when there is none older; 0 when it is empty."""
    older = _newest(connection, line, parts.c.sequence < sequence) if sequence else 0
    return older or _newest(connection, line, parts.c.sequence != sequence)


def _newest(connection: Connection, line: str, which: Any) -> int:
    query = select(func.max(parts.c.sequence)).where(parts.c.station == line, WAITING, which)
    return int(connection.scalar(query) or 0)


def newer_waiting(connection: Connection, line: str, sequence: int) -> int:
    """How many of the queue come before that part."""
    newer = parts.c.sequence > sequence
    return int(connection.scalar(select(func.count()).where(parts.c.station == line, WAITING, newer)) or 0)
