"""Facts that web requests bring (tills, counts, hand-helds): kept before they are answered, worked by the line."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, insert, select

from core.clock import Clock, SystemClock
from core.errors import InputError
from verticals.contract import Json
from verticals.store.database import reading, writing
from verticals.store.events import to_json
from verticals.store.tables import inbox

_LONGEST_KEY = 200


@dataclass(frozen=True, slots=True)
class Brought:
    """One fact that waits for the line."""

    id: int
    source: str
    key: str
    payload: Json
    at_utc_s: float


class Inbox:
    """The app's inbox, from any process. The line marks rows as worked by `Entry.inbox_done`."""

    def __init__(self, engine: Engine, clock: Clock | None = None) -> None:
        self._engine = engine
        self._clock = clock or SystemClock()

    def bring(self, source: str, key: str, payload: Json) -> int:
        """The row's id, after the commit. The same source and key again give the first one's id; it stands.

        Raises InputError for a key that is no text or longer than 200 characters, StoreError as every write.
        """
        return self.bring_all(source, [(key, payload)])[0]

    def bring_all(self, source: str, facts: Sequence[tuple[str, Json]]) -> list[int]:
        """As `bring`, all of them in one commit or none."""
        at_utc_s = self._clock.now().utc_s
        rows = [
            {"source": source, "key": _key(source, key), "payload": to_json(payload), "at_utc_s": at_utc_s}
            for key, payload in facts
        ]
        with writing(self._engine) as connection:
            return [_bring(connection, row) for row in rows]

    def pending(self, after: int = 0, limit: int = 500) -> list[Brought]:
        """Rows above id `after` that the line has not worked, in the order brought."""
        query = select(inbox).where(inbox.c.done_sequence.is_(None), inbox.c.id > after)
        with reading(self._engine) as connection:
            rows = connection.execute(query.order_by(inbox.c.id).limit(limit)).all()
        return [Brought(row.id, row.source, row.key, json.loads(row.payload), row.at_utc_s) for row in rows]


def _key(source: str, key: str) -> str:
    if not 0 < len(key) <= _LONGEST_KEY or not key.isprintable():
        raise InputError(f"{source}: a key of 1 to {_LONGEST_KEY} printable characters is needed, not {key[:40]!r}")
    return key


def _bring(connection: Connection, row: Mapping[str, Any]) -> int:
    same = (inbox.c.source == row["source"], inbox.c.key == row["key"])
    known = connection.scalar(select(inbox.c.id).where(*same))
    if known is not None:
        return int(known)
    added = connection.execute(insert(inbox).values(**row)).inserted_primary_key
    return int(added[0]) if added else 0
