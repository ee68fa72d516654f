"""Opens the box's databases and turns what they complain about into StoreError.

SQLite unless the site names a server: WAL, so that readers and the one writer do not wait for each other, and
synchronous=FULL, so that what was committed survives a power cut. A PostgreSQL schema opens through the same
door and keeps the same promises (`postgres.py`); SQL elsewhere in the store therefore stays portable.
"""

from __future__ import annotations

import errno
import logging
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Insert, Table, create_engine, event
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from core.errors import DiskFullError, StoreError
from verticals.store import postgres
from verticals.store.server import Schema

log = logging.getLogger(__name__)

BUSY_TIMEOUT_MS = 5000
#: Of a new database. A commit writes whole pages, and an event touches a dozen of them to change some bytes in each:
#: with SQLite's own 4096 bytes the SSD wears half as much again (docs/decisions/0015).
PAGE_BYTES = 1024
_CHECKPOINT_AFTER_PAGES = 8000  # a commit that checkpoints syncs three times: rare enough to stay out of the p99
_IN_MEMORY_BYTES = 3 << 20  # SQLite keeps about 2 MB of a transaction out of the log until it commits
#: How much of a store's pages, of one connection that writes, may lie in memory: a batch that touches more of them than
#: SQLite's own 2 MB hold would write each page to the log several times over. Memory is taken as it is used.
_WIDE, _NARROW = "PRAGMA cache_size=-32768", "PRAGMA cache_size=-2000"
_LOG_LIMIT_BYTES = 64 << 20  # what a long reader made the log grow to is given back
_READING = "edgewise_reading"
#: What a connection for reading is asked for, by dialect.
_VIEW: dict[str, dict[str, Any]] = {
    "sqlite": {_READING: True},
    "postgresql": {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True},
}
#: How a write ends that the disk does not take: no room, a quota (EDQUOT), a limit (EFBIG), none for the index.
_DISK_FULL_CODES = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE})
#: The same for plain files.
DISK_FULL_ERRNOS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
#: What a person without the engineer's words understands.
_PLAIN = {
    sqlite3.SQLITE_BUSY: "another program holds the database",
    sqlite3.SQLITE_READONLY: "the database may not be written",
    sqlite3.SQLITE_CANTOPEN: "the database cannot be opened",
    sqlite3.SQLITE_CORRUPT: "the database is damaged",
    sqlite3.SQLITE_NOTADB: "the database is damaged",
    sqlite3.SQLITE_IOERR: "the disk gives errors",
}
_HINTS = {
    sqlite3.SQLITE_BUSY: "Another program holds the database; stop it, then try again.",
    sqlite3.SQLITE_READONLY: "Check who owns the data directory and whether its disk is mounted read-only.",
    sqlite3.SQLITE_CANTOPEN: "Check that the data directory is there and may be written.",
    sqlite3.SQLITE_CORRUPT: "The database is damaged: stop the appliance and restore the newest backup.",
    sqlite3.SQLITE_NOTADB: "This file is no database: restore the newest backup.",
    sqlite3.SQLITE_IOERR: "The disk gave an error: look at the system's log and replace it.",
}


def open_database(target: Path | Schema, *, read_only: bool = False, sole: str = "") -> Engine:
    """An engine for a SQLite file, or for a schema of a PostgreSQL server.

    A transaction that is begun for `writing` is the only one that writes, from its beginning on, so that it
    never fails half-way because somebody else wrote; use `reading` where nothing is written. `sole`: see
    `open_schema`; a file has one box already. Raises StoreError when a database to be read is not there.
    Threads and, after a spawn, processes may share file and schema.
    """
    if isinstance(target, Schema):
        return postgres.open_schema(target, read_only=read_only, sole=sole)
    if read_only and not target.exists():
        raise StoreError(f"{target}: there is no such database", hint="The line makes it at its first start.")
    engine = create_engine(f"sqlite+pysqlite:///{target}", creator=lambda: _connect(target, read_only), pool_size=8)
    event.listen(engine, "begin", _begin_reading if read_only else _begin)
    return engine


def reserve_log(engine: Engine) -> None:
    """Writes SQLite's log once to the length that it will have, for nothing; for the start, before any event.

    Syncing a commit that lengthens the file takes a third longer than one that overwrites it. Where there is
    no room nothing is reserved, and whoever records will say so.
    """
    if engine.dialect.name != "sqlite" or engine.url.database is None:
        return
    path = Path(f"{engine.url.database}-wal")
    try:
        with engine.connect() as connection:
            reserved = _CHECKPOINT_AFTER_PAGES * connection.exec_driver_sql("PRAGMA page_size").scalar_one()
            connection.rollback()
            if path.exists() and path.stat().st_size >= reserved:
                return
            _on_file(connection, _NARROW)
            with connection.begin() as transaction:
                connection.exec_driver_sql("CREATE TABLE reserved (content BLOB)")
                length = reserved + _IN_MEMORY_BYTES
                connection.exec_driver_sql("INSERT INTO reserved VALUES (zeroblob(?))", (length,))
                transaction.rollback()
            _on_file(connection, _WIDE)
        with path.open("rb") as file:
            os.fsync(file.fileno())
    except (SQLAlchemyError, OSError) as error:
        log.warning("%s: the log is not reserved: %s", path, error)


def _on_file(connection: Connection, pragma: str) -> None:
    """Outside any transaction, which SQLAlchemy would begin."""
    file = connection.connection.dbapi_connection
    assert file is not None
    file.execute(pragma)


def _connect(path: Path, read_only: bool) -> sqlite3.Connection:
    mode = "ro" if read_only else "rwc"
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        timeout=BUSY_TIMEOUT_MS / 1000,
    )
    try:
        connection.execute("PRAGMA foreign_keys=ON")
        if not read_only:
            connection.execute(f"PRAGMA page_size={PAGE_BYTES}")  # of an empty one alone
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute(f"PRAGMA journal_size_limit={_LOG_LIMIT_BYTES}")
            connection.execute(f"PRAGMA wal_autocheckpoint={_CHECKPOINT_AFTER_PAGES}")
            connection.execute(_WIDE)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _begin(connection: Connection) -> None:
    reading_only = connection.get_execution_options().get(_READING)
    connection.exec_driver_sql("BEGIN" if reading_only else "BEGIN IMMEDIATE")


def _begin_reading(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection with one unchanging view of the store. Raises StoreError for what the database says."""
    try:
        with engine.connect().execution_options(**_VIEW.get(engine.dialect.name, {})) as connection:
            yield connection
    except SQLAlchemyError as error:
        raise store_error(error, f"{_name(engine)}: reading failed") from error


@contextmanager
def writing(engine: Engine, waits: Callable[[], bool] = lambda: False) -> Iterator[Connection]:
    """One transaction, committed at the end. Raises StoreError, or DiskFullError when there is no room.

    A server that is lost during the commit is asked when it is back whether it was done; `waits` says how long
    that may take, see `postgres.was_committed`.
    """
    turn, finished = "", False
    try:
        with engine.begin() as connection:
            if engine.dialect.name == "postgresql":
                turn = postgres.take_turn(connection)
            yield connection
            finished = True
    except SQLAlchemyError as error:
        in_doubt = finished and turn and postgres.is_lost(error)
        if not (in_doubt and postgres.was_committed(engine, turn, waits)):
            raise store_error(error, f"{_name(engine)}: writing failed") from error


def store_error(error: SQLAlchemyError | sqlite3.Error, what: str) -> StoreError:
    """What the database said, as the StoreError (or DiskFullError) that a person understands."""
    if isinstance(error, PoolTimeoutError):
        return StoreError(f"{what}: all connections are in use", hint="Close some screens.")
    cause: object = error.orig if isinstance(error, DBAPIError) else error
    if not isinstance(cause, sqlite3.Error) and isinstance(error, SQLAlchemyError) and hasattr(cause, "sqlstate"):
        return postgres.error_of(error, what)
    code = int(getattr(cause, "sqlite_errorcode", None) or 0)
    if code in _DISK_FULL_CODES:
        return DiskFullError(f"{what}: the disk is full ({cause})", hint="Make room; recording goes on by itself.")
    plain = _PLAIN.get(code & 0xFF)
    message = f"{plain} ({what}: {cause})" if plain else f"{what}: {cause}"
    return StoreError(message, hint=_HINTS.get(code & 0xFF, ""))


def upsert(connection: Connection, table: Table, key: Sequence[str], rows: Sequence[dict[str, Any]]) -> None:
    """Inserts `rows`, or overwrites the row that has the same `key` columns."""
    if not rows:
        return
    connection.execute(_upsert(connection.dialect.name, table, tuple(key), tuple(rows[0])), rows)


@lru_cache(maxsize=64)
def _upsert(dialect_name: str, table: Table, key: tuple[str, ...], names: tuple[str, ...]) -> Insert:
    """Made once: building the statement anew takes longer than running it."""
    if dialect_name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert
    else:
        from sqlalchemy.dialects.sqlite import insert  # type: ignore[assignment]
    statement = insert(table)
    new = {name: statement.excluded[name] for name in names if name not in key}
    made: Insert = statement.on_conflict_do_update(index_elements=list(key), set_=new)
    return made


def _name(engine: Engine) -> str:
    return engine.url.database or postgres.name_of(engine)
