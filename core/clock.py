"""Two times for everything: UTC for people and records, monotonic for deadlines and durations."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import NamedTuple, Protocol


class Instant(NamedTuple):
    """One moment on both clocks, in seconds. Ordered by the monotonic clock, which never steps."""

    mono_s: float
    utc_s: float

    def plus(self, seconds: float) -> Instant:
        return Instant(self.mono_s + seconds, self.utc_s + seconds)

    def since(self, earlier: Instant) -> float:
        """Seconds from `earlier` to here, on the monotonic clock."""
        return self.mono_s - earlier.mono_s

    def iso(self) -> str:
        """`2026-11-23T14:05:07.123Z`"""
        return iso_utc(self.utc_s)


class Clock(Protocol):
    def now(self) -> Instant: ...


class SystemClock:
    def now(self) -> Instant:
        return Instant(mono_s=time.monotonic(), utc_s=time.time())


def iso_utc(utc_s: float) -> str:
    """`2026-11-23T14:05:07.123Z` for seconds since the epoch."""
    return datetime.fromtimestamp(utc_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
