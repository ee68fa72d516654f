"""Brings a database to this release's schema. A file: copy, migrate the copy, verify it, swap it in.

The power may go at any line. Until the swap, one atomic rename, the original is whole and in use; a copy
that was left behind is thrown away at the next start. Where nothing is to be done this costs a few SELECTs.
On a server it is one transaction: `schemas.py`.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from sqlalchemy import create_engine
from sqlalchemy.exc import SQLAlchemyError

from core.errors import DiskFullError, StoreError
from verticals.contract import Manifest
from verticals.places import Places
from verticals.store.database import BUSY_TIMEOUT_MS, DISK_FULL_ERRNOS, PAGE_BYTES, store_error
from verticals.store.server import Schema

_REVISION = re.compile(r'^revision(?:: str)? = "([^"]+)"', re.MULTILINE)
_DOWN_REVISION = re.compile(r'^down_revision(?:: str \| None)? = (?:"([^"]+)"|None)', re.MULTILINE)
_READERS_GONE_WITHIN_S = 2.0
_SIDE_FILES = ("-wal", "-shm", "-journal")


@dataclass(frozen=True, slots=True)
class MigrationStream:
    """A line of revisions with its own version table: the frame's, or one app's own. `package` holds them."""

    name: str
    package: str

    @property
    def version_table(self) -> str:
        return f"alembic_version_{self.name}"

    def folder(self) -> Path:
        spec = find_spec(self.package)
        if spec is None or not spec.submodule_search_locations:
            raise StoreError(f"migrations '{self.name}': {self.package} is not an importable package")
        return Path(spec.submodule_search_locations[0])

    def revisions(self) -> tuple[str, frozenset[str]]:
        """The newest revision and all known ones, read from the files without running them."""
        texts = [path.read_text("utf-8") for path in sorted(self.folder().glob("*.py")) if path.stem != "__init__"]
        known = {match[1] for text in texts if (match := _REVISION.search(text))}
        below = {match[1] for text in texts if (match := _DOWN_REVISION.search(text))}
        heads = known - below
        if len(heads) != 1:
            raise StoreError(f"migrations '{self.name}': {self.package} has {len(heads)} newest revisions, not one")
        return heads.pop(), frozenset(known)


APP_STREAM = MigrationStream("app", "verticals.store.migrations.app")
BOX_STREAM = MigrationStream("box", "verticals.store.migrations.box")


def prepare_app_db(places: Places, manifest: Manifest) -> Path | Schema:
    """The app's database at this release's schema, the frame's tables and the app's own."""
    store = places.app_store(manifest.name)
    upgrade(store, streams_of(manifest))
    return store


def streams_of(manifest: Manifest) -> list[MigrationStream]:
    """The frame's stream and the app's own, if it has one."""
    own = [MigrationStream(manifest.name, manifest.migrations)] if manifest.migrations else []
    return [APP_STREAM, *own]


def prepare_box_db(places: Places) -> Path | Schema:
    """The box's database (accounts, sessions, audit, outbox, jobs) at this release's schema."""
    store = places.box_store
    upgrade(store, [BOX_STREAM])
    return store


def upgrade(db: Path | Schema, streams: Sequence[MigrationStream]) -> None:
    """Makes `db`, or brings it to the newest revision of every stream; call it before anybody opens it.

    Raises StoreError when the database is of a newer release, in use, or the migrated copy is not
    whole, and DiskFullError when there is no room for the copy. The original stays as it was then.
    """
    targets = {stream: stream.revisions() for stream in streams}
    if _at_head(db, targets):
        return
    move(db, {stream: head for stream, (head, _) in targets.items()})


def move(db: Path | Schema, targets: dict[MigrationStream, str]) -> None:
    """Brings each stream to the revision given for it ("head", "base" or a name), up or down."""
    if isinstance(db, Schema):
        from verticals.store import schemas

        steps = {(stream.name, stream.folder(), stream.version_table): target for stream, target in targets.items()}
        schemas.move(db, steps)
        return
    db.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    copy = db.with_name(f"{db.name}.upgrading")
    try:
        with _alone(db):
            if _at_head(db, {stream: (target, stream.revisions()[1]) for stream, target in targets.items()}):
                return
            _remove(copy)
            with _frozen(db) as original:
                _copy_over(original, copy)
                _migrate(copy, targets, _row_counts(original))
                _sync(copy)
                copy.replace(db)
                _sync(db.parent)
    except OSError as error:
        if error.errno in DISK_FULL_ERRNOS:
            raise DiskFullError(f"{db}: no room to upgrade a copy of it", hint="Make room and start again.") from error
        raise StoreError(f"{db}: cannot be upgraded: {error}") from error
    except (sqlite3.Error, SQLAlchemyError) as error:
        raise store_error(error, f"{db}: cannot be upgraded") from error


def _at_head(db: Path | Schema, targets: dict[MigrationStream, tuple[str, frozenset[str]]]) -> bool:
    if isinstance(db, Path) and not db.exists():
        return False
    current = _current(db, list(targets))
    for stream, (_, known) in targets.items():
        if current[stream] is not None and current[stream] not in known:
            raise StoreError(
                f"{db}: it was written by a newer release ({stream.name} revision {current[stream]} is not known here)",
                hint="Install that release again, or restore a backup of this one.",
            )
    return all(current[stream] == target for stream, (target, _) in targets.items())


def _current(db: Path | Schema, streams: Sequence[MigrationStream]) -> dict[MigrationStream, str | None]:
    if isinstance(db, Schema):
        from verticals.store import schemas

        found = schemas.revisions(db, {stream.name: stream.version_table for stream in streams})
        return {stream: found[stream.name] for stream in streams}
    try:
        with closing(_open(db)) as connection:
            return {stream: _revision(connection, stream) for stream in streams}
    except sqlite3.Error as error:
        raise store_error(error, f"{db}: its schema cannot be read") from error


def _revision(connection: sqlite3.Connection, stream: MigrationStream) -> str | None:
    there = connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (stream.version_table,)).fetchone()
    row = connection.execute(f'SELECT version_num FROM "{stream.version_table}"').fetchone() if there else None
    return str(row[0]) if row else None


def _open(db: Path, mode: str = "rw") -> sqlite3.Connection:
    uri = f"{db.absolute().as_uri()}?mode={mode}"
    return sqlite3.connect(uri, uri=True, isolation_level=None, timeout=BUSY_TIMEOUT_MS / 1000)


@contextmanager
def _alone(db: Path) -> Iterator[None]:
    """Two starts at once must not both migrate: the second would swap in a copy of the old state."""
    with db.with_name(f"{db.name}.upgrade-lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def _frozen(db: Path) -> Iterator[sqlite3.Connection | None]:
    """The original, whole in one file (a left-over log beside it would be played into the new one), write-locked."""
    if not db.exists():
        _remove(db)
        yield None
        return
    with closing(_open(db)) as connection:
        if _without_log(connection) != "delete":
            raise StoreError(f"{db}: somebody has it open", hint="Stop the appliance, then start it again.")
        connection.execute("BEGIN IMMEDIATE")
        yield connection


def _without_log(connection: sqlite3.Connection) -> str:
    """The journal mode reached: `delete` when nobody else has the database open.

    Another start may be reading its revision in this moment, and SQLite does not wait for it by itself here.
    """
    until_s = time.monotonic() + _READERS_GONE_WITHIN_S
    while True:
        try:
            mode = str(connection.execute("PRAGMA journal_mode=DELETE").fetchone()[0])
        except sqlite3.OperationalError:
            if time.monotonic() > until_s:
                raise
        else:
            if mode == "delete" or time.monotonic() > until_s:
                return mode
        time.sleep(0.02)


def _copy_over(original: sqlite3.Connection | None, copy: Path) -> None:
    if original is None:
        return
    path = Path(original.execute("PRAGMA database_list").fetchone()[2])
    needed = 2 * path.stat().st_size
    if shutil.disk_usage(path.parent).free < needed:
        raise DiskFullError(f"{path}: upgrading it needs {needed / 1e6:.0f} MB free", hint="Make room, start again.")
    # Through SQLite, not the file: closing any handle of our own on the file would drop the lock that freezes it.
    with closing(_open(path, "ro")) as source, closing(_open(copy, "rwc")) as target:
        target.execute("PRAGMA synchronous=OFF")
        source.backup(target)


def _migrate(copy: Path, targets: dict[MigrationStream, str], rows_before: dict[str, int]) -> None:
    from verticals.store.migrations.environment import migrate  # Alembic takes 0.4-1 s to import

    engine = create_engine("sqlite+pysqlite://", creator=lambda: _open(copy, "rwc"))
    rows_change: set[str] = set()
    try:
        # The copy is synced once, whole, before the swap. Foreign keys stay off: batch mode drops and renames tables.
        with engine.connect() as connection:
            connection.exec_driver_sql(f"PRAGMA page_size={PAGE_BYTES}")  # of a new one; another keeps its own
            connection.exec_driver_sql("PRAGMA synchronous=OFF")
            for stream, target in targets.items():
                rows_change |= migrate(connection, stream.folder(), stream.version_table, target)
                connection.commit()
    finally:
        engine.dispose()
    with closing(_open(copy)) as checked:
        _verify(checked, copy, rows_before, rows_change)
        checked.execute("PRAGMA journal_mode=WAL")


def _verify(connection: sqlite3.Connection, copy: Path, rows_before: dict[str, int], rows_change: set[str]) -> None:
    faults = [str(row[0]) for row in connection.execute("PRAGMA integrity_check") if row[0] != "ok"]
    faults += [f"{row[0]} row {row[1]} refers to nothing" for row in connection.execute("PRAGMA foreign_key_check")]
    rows_after = _row_counts(connection)
    faults += [
        f"{table} had {count} rows and now has {rows_after[table]}"
        for table, count in rows_before.items()
        if table in rows_after and table not in rows_change and rows_after[table] != count
    ]
    if faults:
        raise StoreError(
            f"{copy}: the upgraded copy is not whole: {'; '.join(faults[:5])}",
            hint="The original was left as it is: install the former release again and report this.",
        )


def _row_counts(connection: sqlite3.Connection | None) -> dict[str, int]:
    if connection is None:
        return {}
    names = [
        str(row[0])
        for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        if not str(row[0]).startswith(("sqlite_", "alembic_version_"))
    ]
    return {name: int(connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]) for name in names}


def _remove(path: Path) -> None:
    for name in (path.name, *(path.name + ending for ending in _SIDE_FILES)):
        path.with_name(name).unlink(missing_ok=True)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
