"""The record of an app: events in the order of their numbers, and what is committed together with them."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from sqlalchemy import Connection, Engine, bindparam, insert, select, update

from core.errors import StoreError
from verticals.contract import Event, Json, Reply, Sample, State
from verticals.store import tables
from verticals.store.database import reading, upsert, writing
from verticals.store.evidence import Filed, enter
from verticals.store.series import Point, append_points

Projected = tuple[str, Sample]
Project = Callable[[Event, Connection], Iterable[Projected] | None]
_REPLAY_PAGE = 1000
_SHORT = 1000  # characters of a state that lie as they are
# Made once: building a statement anew takes longer than running it.
_INSERT_EVENTS = insert(tables.events)
_TAKE_NUMBERS = (
    update(tables.numbering)
    .where(tables.numbering.c.name == "event")
    .values(last=tables.numbering.c.last + bindparam("count"))
    .returning(tables.numbering.c.last)
)


@dataclass(frozen=True, slots=True)
class Entry:
    """What one decision leaves behind, recorded whole or not at all.

    `states` are saved per station; `replies` answer commands by id; `inbox_done` are worked inbox rows;
    `evidence` are files that already lie on the disk.
    """

    events: Sequence[Event] = ()
    states: Mapping[str, State] = field(default_factory=dict)
    replies: Sequence[tuple[int, Reply]] = ()
    inbox_done: Sequence[int] = ()
    series: Sequence[Point] = ()
    evidence: Sequence[Filed] = ()


def to_json(value: Json) -> str:
    """Compact ASCII JSON; numpy's numbers pass. Raises StoreError for what JSON cannot hold, NaN among it."""
    try:
        return json.dumps(value, allow_nan=False, separators=(",", ":"), default=_plain)
    except (TypeError, ValueError, RecursionError) as error:
        raise StoreError(f"cannot be recorded: {error}", hint="Events hold only what JSON can hold.") from error


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


class EventStore:
    """Reads and appends an app's events. `project` writes the app's own tables in the same transaction.

    `recording` is the engine to append by, where it is another one than that of readers. `waits` says for how
    long an append may wait to learn whether it was committed, see `writing`. `handed` gets what `project`
    returned, after the commit and on the thread that appended.
    """

    def __init__(self, engine: Engine, project: Project | None = None, *, recording: Engine | None = None) -> None:
        self.engine = engine
        self.waits: Callable[[], bool] = lambda: False
        self.handed: Callable[[Sequence[Projected]], None] = lambda projected: None
        self._recording = recording or engine
        self._project = project

    def claim(self) -> None:
        """Raises StoreError when nothing can be appended now: no server, or a line of another box records here."""
        if self._recording is not self.engine:
            with writing(self._recording):
                pass

    def append(self, entries: Sequence[Entry]) -> list[list[Event]]:
        """The numbered events of each entry, after one commit for all of them.

        Numbers rise by one and leave no gap. When anything fails nothing is recorded: raises
        StoreError or DiskFullError for the database, and whatever `project` raised.
        """
        with writing(self._recording, self.waits) as connection:
            numbered, projected = self._write(connection, entries)
        if projected:
            self.handed(projected)
        return numbered

    def append_each(self, entries: Sequence[Entry]) -> list[list[Event] | Exception]:
        """As `append`, but an entry that cannot be recorded leaves its error in its place and the others stand."""
        outcomes: list[list[Event] | Exception] = []
        projected: list[Projected] = []
        with writing(self._recording, self.waits) as connection:
            for entry in entries:
                try:
                    with connection.begin_nested():
                        numbered, handed = self._write(connection, [entry])
                    outcomes += numbered
                    projected += handed
                except Exception as error:
                    if connection.invalidated or not connection.in_transaction():
                        raise
                    outcomes.append(error)
        if projected:
            self.handed(projected)
        return outcomes

    def _write(self, connection: Connection, entries: Sequence[Entry]) -> tuple[list[list[Event]], list[Projected]]:
        last = _take_numbers(connection, sum(len(entry.events) for entry in entries))
        numbered: list[list[Event]] = []
        covered: list[int] = []
        for entry in entries:
            numbered.append([replace(event, sequence=last + n) for n, event in enumerate(entry.events, start=1)])
            last += len(entry.events)
            covered.append(last)
        events = [event for group in numbered for event in group]
        if events:
            connection.execute(_INSERT_EVENTS, [_row(event) for event in events])
        projected: list[Projected] = []
        if self._project is not None:
            for event in events:
                projected += self._project(event, connection) or ()
        _save_states(connection, entries, covered)
        for entry, sequence in zip(entries, covered, strict=True):
            _close(connection, entry, sequence)
        return numbered, projected

    def read(
        self,
        after: int = 0,
        limit: int = 500,
        station: str = "",
        kinds: Sequence[str] = (),
        subject: str = "",
        newest_first: bool = False,
    ) -> list[Event]:
        """Events numbered above `after` that match everything given, in the order of their numbers."""
        column = tables.events.c
        query = select(tables.events).where(column.sequence > after).limit(limit)
        query = query.order_by(column.sequence.desc() if newest_first else column.sequence)
        if station:
            query = query.where(column.station == station)
        if kinds:
            query = query.where(column.kind.in_(list(kinds)))
        if subject:
            query = query.where(column.subject == subject)
        with reading(self.engine) as connection:
            return [_event(row) for row in connection.execute(query)]

    def replay(self, station: str, after: int) -> Iterator[Event]:
        """Every event of `station` numbered above `after`, read page by page."""
        while page := self.read(after=after, limit=_REPLAY_PAGE, station=station):
            yield from page
            after = page[-1].sequence

    def last_sequence(self) -> int:
        """The last number given, 0 before the first."""
        with reading(self.engine) as connection:
            query = select(tables.numbering.c.last).where(tables.numbering.c.name == "event")
            return connection.scalar(query) or 0

    def load_state(self, station: str) -> tuple[State | None, int]:
        """The saved state and the number of the last event that it holds; `(None, 0)` when none was saved."""
        with reading(self.engine) as connection:
            query = select(tables.states.c.data, tables.states.c.sequence).where(tables.states.c.station == station)
            row = connection.execute(query).first()
        return (_unpacked(row.data), row.sequence) if row else (None, 0)


def _take_numbers(connection: Connection, count: int) -> int:
    """The number before the first of `count` new ones; the row's lock keeps two writers in order."""
    last = connection.scalar(_TAKE_NUMBERS, {"count": count})
    if last is None:
        connection.execute(insert(tables.numbering).values(name="event", last=count))
        return 0
    return int(last) - count


def _row(event: Event) -> dict[str, Any]:
    return {
        "sequence": event.sequence,
        "at_utc_s": event.at_utc_s,
        "kind": event.kind,
        "subject": event.subject,
        "station": event.station,
        "who": event.who,
        "data": to_json(event.data),
    }


def _event(row: Any) -> Event:
    return Event(
        kind=row.kind,
        subject=row.subject,
        at_utc_s=row.at_utc_s,
        data=json.loads(row.data),
        station=row.station,
        who=row.who,
        sequence=row.sequence,
    )


def _save_states(connection: Connection, entries: Sequence[Entry], covered: Sequence[int]) -> None:
    newest = {
        station: {"station": station, "sequence": sequence, "data": _packed(state)}
        for entry, sequence in zip(entries, covered, strict=True)
        for station, state in entry.states.items()
    }
    upsert(connection, tables.states, ["station"], list(newest.values()))


def _packed(state: State) -> str:
    """JSON; a long one as `z` and base 85 of zlib over it: it is written each minute, and to a fifth of the pages."""
    text = to_json(state)
    return text if len(text) < _SHORT else "z" + base64.b85encode(zlib.compress(text.encode())).decode("ascii")


def _unpacked(data: str) -> State:
    text = zlib.decompress(base64.b85decode(data[1:])) if data.startswith("z") else data
    state: State = json.loads(text)
    return state


def _close(connection: Connection, entry: Entry, sequence: int) -> None:
    for command, reply in entry.replies:
        answer = {"accepted": reply.accepted, "reason": reply.reason, "reply": to_json(reply.data)}
        connection.execute(update(tables.commands).where(tables.commands.c.id == command).values(**answer))
    if entry.inbox_done:
        done = tables.inbox.c.id.in_(list(entry.inbox_done))
        connection.execute(update(tables.inbox).where(done).values(done_sequence=sequence))
    if entry.evidence:
        enter(connection, entry.evidence)
    if entry.series:
        append_points(connection, entry.series)
