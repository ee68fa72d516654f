"""Facts that web requests bring (tills, counts, hand-helds): kept before they are answered, worked by the line."""

from __future__ import annotations

import json
from dataclasses import dataclass

from sqlalchemy import Engine, insert, select

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
        if not 0 < len(key) <= _LONGEST_KEY or not key.isprintable():
            raise InputError(f"{source}: a key of 1 to {_LONGEST_KEY} printable characters is needed, not {key[:40]!r}")
        row = {"source": source, "key": key, "payload": to_json(payload), "at_utc_s": self._clock.now().utc_s}
        with writing(self._engine) as connection:
            known = connection.scalar(select(inbox.c.id).where(inbox.c.source == source, inbox.c.key == key))
            if known is not None:
                return int(known)
            added = connection.execute(insert(inbox).values(**row)).inserted_primary_key
        return int(added[0]) if added else 0

    def pending(self, after: int = 0, limit: int = 500) -> list[Brought]:
        """Rows above id `after` that the line has not worked, in the order brought."""
        query = select(inbox).where(inbox.c.done_sequence.is_(None), inbox.c.id > after)
        with reading(self._engine) as connection:
            rows = connection.execute(query.order_by(inbox.c.id).limit(limit)).all()
        return [Brought(row.id, row.source, row.key, json.loads(row.payload), row.at_utc_s) for row in rows]
