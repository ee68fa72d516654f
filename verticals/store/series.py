"""Numbers over time, for trends and look-back: one blob a channel and minute, appended once a second.

A blob is a run of 10-byte records: milliseconds within the minute (uint16) and the value (float64), both
little-endian, in the order they came. A series is no record: what came in the last second before a power
cut may be missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Engine, delete, select

from verticals.store.database import reading, upsert, writing
from verticals.store.tables import series

_RECORD = np.dtype([("ms", "<u2"), ("value", "<f8")])
_CHANNELS_A_QUERY = 500
_LAST_MINUTE = 2**31 - 1  # the column's; in the year 6053
_Key = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Point:
    """One reading of one channel and when it was taken. NaN is a gap that was seen."""

    channel: str
    at_utc_s: float
    value: float


def append_points(connection: Connection, points: Sequence[Point]) -> None:
    """Adds the points behind what their minutes already hold, in the caller's transaction."""
    fresh: dict[_Key, list[tuple[int, float]]] = {}
    for point in points:
        at_ms = round(point.at_utc_s * 1000)
        fresh.setdefault((point.channel, at_ms // 60_000), []).append((at_ms % 60_000, point.value))
    held = _held(connection, list(fresh))
    rows = [
        {
            "channel": channel,
            "minute": minute,
            "readings": held.get((channel, minute), b"") + np.array(records, _RECORD).tobytes(),
        }
        for (channel, minute), records in fresh.items()
    ]
    upsert(connection, series, ["channel", "minute"], rows)


def _held(connection: Connection, keys: Sequence[_Key]) -> dict[_Key, bytes]:
    held: dict[_Key, bytes] = {}
    for minute in {minute for _, minute in keys}:
        channels = [channel for channel, of in keys if of == minute]
        for start in range(0, len(channels), _CHANNELS_A_QUERY):
            query = select(series.c.channel, series.c.readings).where(
                series.c.minute == minute, series.c.channel.in_(channels[start : start + _CHANNELS_A_QUERY])
            )
            held |= {(row.channel, minute): row.readings for row in connection.execute(query)}
    return held


class SeriesStore:
    """Reads and appends an app's series. Any thread; the line appends through its Recorder."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def append(self, points: Sequence[Point]) -> None:
        """Adds points in one transaction. Raises StoreError or DiskFullError; then none was added."""
        if not points:
            return
        with writing(self._engine) as connection:
            append_points(connection, points)

    def read(self, channel: str, from_utc_s: float, to_utc_s: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Times (UTC seconds, rising) and values with `from <= time < to`; two empty arrays where nothing is."""
        first, last = (min(max(int(utc_s // 60), 0), _LAST_MINUTE) for utc_s in (from_utc_s, to_utc_s))
        query = (
            select(series.c.minute, series.c.readings)
            .where(series.c.channel == channel, series.c.minute.between(first, last))
            .order_by(series.c.minute)
        )
        with reading(self._engine) as connection:
            rows = connection.execute(query).all()
        if not rows:
            return np.empty(0), np.empty(0)
        records = [np.frombuffer(row.readings, _RECORD) for row in rows]
        times = np.concatenate([row.minute * 60 + run["ms"] / 1000 for row, run in zip(rows, records, strict=True)])
        values = np.concatenate([run["value"] for run in records])
        order = np.argsort(times, kind="stable")
        order = order[(times[order] >= from_utc_s) & (times[order] < to_utc_s)]
        return times[order], values[order]

    def channels(self) -> list[str]:
        """Every channel that holds at least one minute, by name."""
        with reading(self._engine) as connection:
            return sorted(connection.scalars(select(series.c.channel).distinct()))  # the server has its own alphabet

    def drop_before(self, utc_s: float, *, minutes_at_once: int = 200) -> int:
        """Deletes one slice of rows of minutes that ended before `utc_s`; 0 when none is left."""
        with writing(self._engine) as connection:
            old = select(series.c.channel, series.c.minute).where(series.c.minute < min(int(utc_s // 60), _LAST_MINUTE))
            rows = connection.execute(old.order_by(series.c.minute).limit(minutes_at_once)).all()
            for row in rows:
                mine = (series.c.channel == row.channel) & (series.c.minute == row.minute)
                connection.execute(delete(series).where(mine))
        return len(rows)
