"""Counts wrong PINs in a row and says for how long nobody may try again; survives restarts."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import Connection, delete, select

from core.clock import Clock, Instant
from verticals.store.box_tables import lockouts
from verticals.store.database import upsert

_FORGOTTEN_AFTER_S = 30 * 86400.0


def boot_id() -> str:
    """Names this boot of the machine: monotonic times of two boots cannot be compared."""
    return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()


class Lockouts:
    """Works within the caller's transaction. A scope is `account:<number>` or `terminal:<name>`."""

    def __init__(
        self, clock: Clock, *, wrong_before_lock: int, first_lock_s: float, longest_lock_s: float, boot: str
    ) -> None:
        self._clock = clock
        self._wrong_before_lock = wrong_before_lock
        self._first_lock_s = first_lock_s
        self._longest_lock_s = longest_lock_s
        self._boot = boot

    def locked_s(self, connection: Connection, scopes: Iterable[str]) -> float:
        """Seconds until the last of `scopes` is free; 0 when all are."""
        now = self._clock.now()
        rows = connection.execute(select(lockouts).where(lockouts.c.scope.in_(list(scopes))))
        return max(
            (self._left_s(row.boot, row.until_mono_s, row.until_utc_s, row.lock_s, now) for row in rows), default=0
        )

    def count(self, connection: Connection, scopes: Iterable[str]) -> None:
        """One more try in each of `scopes`, taken as wrong until `clear`."""
        now = self._clock.now()
        scopes = list(scopes)
        query = select(lockouts.c.scope, lockouts.c.wrong).where(lockouts.c.scope.in_(scopes))
        wrong = {row.scope: row.wrong for row in connection.execute(query)}
        rows = []
        for scope in scopes:
            count = wrong.get(scope, 0) + 1
            lock_s = self._lock_s(count)
            until = now.plus(lock_s)
            rows.append({"scope": scope, "wrong": count, "lock_s": lock_s, "until_mono_s": until.mono_s,
                         "until_utc_s": until.utc_s, "boot": self._boot})  # fmt: skip
        upsert(connection, lockouts, ["scope"], rows)

    def clear(self, connection: Connection, scopes: Iterable[str]) -> None:
        connection.execute(delete(lockouts).where(lockouts.c.scope.in_(list(scopes))))

    def forget_old(self, connection: Connection) -> int:
        """How many scopes were dropped that nobody tried for 30 days."""
        before = self._clock.now().utc_s - _FORGOTTEN_AFTER_S
        return connection.execute(delete(lockouts).where(lockouts.c.until_utc_s < before)).rowcount

    def _lock_s(self, wrong: int) -> float:
        beyond = wrong - self._wrong_before_lock
        if beyond < 0:
            return 0.0
        return float(min(self._first_lock_s * 2.0 ** min(beyond, 32), self._longest_lock_s))

    def _left_s(self, boot: str, until_mono_s: float, until_utc_s: float, lock_s: float, now: Instant) -> float:
        if boot == self._boot:
            return max(0.0, until_mono_s - now.mono_s)
        # Another boot: only UTC is left, which may have been set back; the lock is then no longer than new.
        return min(lock_s, max(0.0, until_utc_s - now.utc_s))
