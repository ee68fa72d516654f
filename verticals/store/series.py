"""Numbers over time, for trends and look-back: a channel has one value at one moment, the last one told.

What comes is written together, once a second, as one row of a tail; once a minute the tail moves to its place,
one blob a channel and minute. So a ward of channels costs the disk a few pages a second, not one page a channel.

`series_blobs.py` says how they lie in there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Engine, bindparam, delete, func, insert, select

from verticals.store.database import reading, upsert, writing
from verticals.store.series_blobs import Arrays, Channels, pack_minute, pack_tail, unpack_minute, unpack_tails
from verticals.store.tables import series, series_tail

_MINUTE_MS = 60_000
_NAMES_A_ROW = 65_535
_IN_A_QUERY = 500
_LAST_MINUTE = 2**31 - 1  # the column's; in the year 6053
_INSERT_TAIL = insert(series_tail)
_SQLITE_INSERT_TAIL = f"INSERT INTO {series_tail.name} ({series_tail.c.points.name}) VALUES (?)"
_DROP = delete(series).where(series.c.channel == bindparam("of"), series.c.minute == bindparam("at"))


@dataclass(frozen=True, slots=True)
class Point:
    """One reading of one channel and when it was taken. NaN is a gap that was seen."""

    channel: str
    at_utc_s: float
    value: float


def append_points(connection: Connection, points: Sequence[Point]) -> None:
    """Adds the points in the caller's transaction."""
    if connection.dialect.name == "sqlite":  # a sender waits for it: what the statement is need not be made out anew
        for blob in _tail_blobs(points):
            connection.exec_driver_sql(_SQLITE_INSERT_TAIL, (blob,))
        return
    rows = [{"points": blob} for blob in _tail_blobs(points)]
    if rows:
        connection.execute(_INSERT_TAIL, rows)


def settle_before(connection: Connection, utc_s: float) -> int:
    """Moves what the tail holds of minutes that ended before `utc_s` to their places; how many points moved.

    In the caller's transaction. Afterwards the tail is at most one row.
    """
    rows = connection.execute(select(series_tail.c.id, series_tail.c.points).order_by(series_tail.c.id)).all()
    tail = unpack_tails(row.points for row in rows)
    border_ms = int(utc_s // 60) * _MINUTE_MS
    settled = {name: (at[at < border_ms], value[at < border_ms]) for name, (at, value) in tail.items()}
    moved = sum(at.size for at, _ in settled.values())
    if not moved:
        return 0
    _write_minutes(connection, settled)
    kept = [
        Point(name, at_ms / 1000, value)
        for name, (at, values) in tail.items()
        for at_ms, value in zip(at[at >= border_ms].tolist(), values[at >= border_ms].tolist(), strict=True)
    ]
    connection.execute(delete(series_tail).where(series_tail.c.id <= rows[-1].id))
    append_points(connection, kept)
    return int(moved)


class SeriesStore:
    """Reads and appends an app's series. Any thread; the line appends through its Recorder."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def append(self, points: Sequence[Point], *, settle_before_utc_s: float | None = None) -> None:
        """Adds points in one transaction. Raises StoreError or DiskFullError; then none was added.

        `settle_before_utc_s`: what is older moves to its place in the same transaction.
        """
        if not points and settle_before_utc_s is None:
            return
        with writing(self._engine) as connection:
            append_points(connection, points)
            if settle_before_utc_s is not None:
                settle_before(connection, settle_before_utc_s)

    def read(self, channel: str, from_utc_s: float, to_utc_s: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Times (UTC seconds, rising) and values with `from <= time < to`; two empty arrays where nothing is."""
        return self.read_many([channel], from_utc_s, to_utc_s)[channel]

    def read_many(
        self, channels: Sequence[str], from_utc_s: float, to_utc_s: float
    ) -> dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]:
        """The same for several channels in one look at the store."""
        with reading(self._engine) as connection:
            tail = unpack_tails(connection.scalars(select(series_tail.c.points).order_by(series_tail.c.id)))
            placed = {name: _placed(connection, name, from_utc_s, to_utc_s) for name in channels}
        empty = (np.empty(0, np.int64), np.empty(0))
        return {name: _span(placed[name], tail.get(name, empty), from_utc_s, to_utc_s) for name in channels}

    def channels(self) -> list[str]:
        """Every channel that holds at least one point, by name."""
        with reading(self._engine) as connection:
            placed = set(connection.scalars(select(series.c.channel).distinct()))
            tail = unpack_tails(connection.scalars(select(series_tail.c.points)))
        return sorted(placed | set(tail))  # the server has its own alphabet

    def settle_before(self, utc_s: float) -> None:
        """Puts what is older into its place: what a line that has long ended left in the tail."""
        with writing(self._engine) as connection:
            settle_before(connection, utc_s)

    def drop_before(self, utc_s: float, *, minutes_at_once: int = 200) -> int:
        """Deletes one slice of settled rows of minutes that ended before `utc_s`; 0 when none is left."""
        border = min(int(utc_s // 60), _LAST_MINUTE)
        with writing(self._engine) as connection:
            old = select(series.c.channel, series.c.minute).where(series.c.minute < border)
            rows = connection.execute(old.order_by(series.c.minute, series.c.channel).limit(minutes_at_once)).all()
            if rows:
                connection.execute(_DROP, [{"of": row.channel, "at": row.minute} for row in rows])
        return len(rows)


def _tail_blobs(points: Sequence[Point]) -> Iterable[bytes]:
    for start in range(0, len(points), _NAMES_A_ROW):
        mine = points[start : start + _NAMES_A_ROW]
        at_ms = np.array([round(point.at_utc_s * 1000) for point in mine], np.int64)
        values = np.array([point.value for point in mine], np.float64)
        yield pack_tail([point.channel for point in mine], at_ms, values)


def _write_minutes(connection: Connection, settled: Channels) -> None:
    fresh: dict[tuple[int, str], Arrays] = {}
    for name, (at, values) in settled.items():
        minutes = at // _MINUTE_MS
        for minute in np.unique(minutes).tolist():
            mine = minutes == minute
            fresh[minute, name] = (at[mine], values[mine])
    held = _held(connection, list(fresh))
    rows = [
        {"minute": minute, "channel": name, "readings": _minute_blob(held.get((minute, name), b""), arrays)}
        for (minute, name), arrays in sorted(fresh.items())
    ]
    upsert(connection, series, ["minute", "channel"], rows)


def _minute_blob(held: bytes, fresh: Arrays) -> bytes:
    ms, values = fresh[0] % _MINUTE_MS, fresh[1]
    if held:
        ms_before, values_before = unpack_minute(held)
        ms, values = np.concatenate([ms_before, ms]), np.concatenate([values_before, values])
    return pack_minute(ms, values)


def _held(connection: Connection, keys: Sequence[tuple[int, str]]) -> dict[tuple[int, str], bytes]:
    """What is there already: a point may come late, for a minute that has settled."""
    minutes = sorted({minute for minute, _ in keys})
    known = set(connection.scalars(select(series.c.minute).where(series.c.minute.in_(minutes)).distinct()))
    held: dict[tuple[int, str], bytes] = {}
    for minute in known:
        names = [name for of, name in keys if of == minute]
        for start in range(0, len(names), _IN_A_QUERY):
            mine = series.c.channel.in_(names[start : start + _IN_A_QUERY])
            query = select(series.c.channel, series.c.readings).where(series.c.minute == minute, mine)
            held |= {(minute, row.channel): row.readings for row in connection.execute(query)}
    return held


def _placed(connection: Connection, channel: str, from_utc_s: float, to_utc_s: float) -> Arrays:
    """By a look-up for each minute: a scan would read all other channels of the span too."""
    first, last = (min(max(int(utc_s // 60), 0), _LAST_MINUTE) for utc_s in (from_utc_s, to_utc_s))
    bounds = connection.execute(select(func.min(series.c.minute), func.max(series.c.minute))).one()
    if bounds[0] is None:
        return np.empty(0, np.int64), np.empty(0)
    minutes = range(max(first, bounds[0]), min(last, bounds[1]) + 1)
    ats: list[NDArray[np.int64]] = [np.empty(0, np.int64)]
    values: list[NDArray[np.float64]] = [np.empty(0)]
    for start in range(0, len(minutes), _IN_A_QUERY):
        some = series.c.minute.in_(list(minutes[start : start + _IN_A_QUERY]))
        query = select(series.c.minute, series.c.readings).where(some, series.c.channel == channel)
        for row in connection.execute(query.order_by(series.c.minute)):
            ms, minute_values = unpack_minute(row.readings)
            ats.append(ms + row.minute * _MINUTE_MS)
            values.append(minute_values)
    return np.concatenate(ats), np.concatenate(values)


def _span(
    placed: Arrays, tail: Arrays, from_utc_s: float, to_utc_s: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """In the order of time; of several values at one moment the last one told."""
    at, values = np.concatenate([placed[0], tail[0]]), np.concatenate([placed[1], tail[1]])
    order = np.argsort(at, kind="stable")
    at, values = at[order], values[order]
    last = np.append(at[1:] != at[:-1], True) if at.size else np.empty(0, bool)
    times = at / 1000
    wanted = last & (times >= from_utc_s) & (times < to_utc_s)
    return times[wanted], values[wanted]
