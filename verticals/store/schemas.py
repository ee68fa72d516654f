"""Brings a PostgreSQL schema to this release's revision: one transaction, which is whole or never was.

One box at a time does it, behind an advisory lock; everybody who comes meanwhile waits and then finds nothing to
do. Writers wait too, for a lock that they would not get.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect
from sqlalchemy.exc import SQLAlchemyError

from core.errors import StoreError
from verticals.store import postgres
from verticals.store.server import Schema

log = logging.getLogger(__name__)

#: What a stream is called, where its revisions lie, the table that says which one a schema is at.
Stream = tuple[str, Path, str]
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('edgewise upgrades ' || %s, 0))"
_WAIT_FOR_UPGRADE = "SET LOCAL lock_timeout = '10min'"
_WAIT_FOR_TABLES = f"SET LOCAL lock_timeout = {postgres.LOCK_TIMEOUT_MS}"
_BOUNDED = """
    SELECT table_name, column_name FROM information_schema.columns
    WHERE table_schema = current_schema() AND character_maximum_length IS NOT NULL
    AND table_name NOT LIKE 'alembic_version_%%'
"""


def revisions(schema: Schema, streams: Mapping[str, str]) -> dict[str, str | None]:
    """Where each stream stands, None where it never ran. `streams` are their version tables by name."""
    with _opened(schema) as engine, engine.connect() as connection:
        return _revisions(connection, schema, streams)


def move(schema: Schema, targets: Mapping[Stream, str]) -> None:
    """Brings each stream to the revision given for it ("head", "base" or a name), up or down. Raises StoreError."""
    _make(schema)
    with _opened(schema) as engine, engine.begin() as connection:
        _alone(connection, schema)
        postgres.take_turn(connection)
        there = _revisions(connection, schema, {name: table for name, _, table in targets})
        if all(there[name] == target for (name, _, _), target in targets.items()):
            return
        _migrate(connection, schema, targets)


@contextmanager
def _opened(schema: Schema) -> Iterator[Engine]:
    engine = postgres.open_schema(schema)
    try:
        yield engine
    except SQLAlchemyError as error:
        raise postgres.error_of(error, f"{schema}: its tables cannot be brought to this release") from error
    finally:
        engine.dispose()


def _alone(connection: Connection, schema: Schema) -> None:
    connection.exec_driver_sql(_WAIT_FOR_UPGRADE)
    connection.exec_driver_sql(_LOCK, (schema.name,))
    connection.exec_driver_sql(_WAIT_FOR_TABLES)


def _make(schema: Schema) -> None:
    """The schema itself. Asked first: who may not make one may still own one that an administrator made."""
    with _opened(schema) as engine, engine.begin() as connection:
        if _there(connection, schema.name):
            return
        _alone(connection, schema)
        connection.exec_driver_sql(f'CREATE SCHEMA IF NOT EXISTS "{schema.name}"')
        if connection.exec_driver_sql("SHOW fsync").scalar() != "on":
            log.warning(
                "%s: this server does not sync (fsync = off): a power cut there loses what was recorded", schema
            )


def _there(connection: Connection, name: str) -> bool:
    return connection.exec_driver_sql("SELECT to_regnamespace(%s)", (f'"{name}"',)).scalar() is not None


def _revisions(connection: Connection, schema: Schema, streams: Mapping[str, str]) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for name, table in streams.items():
        place = f'"{schema.name}"."{table}"'
        there = connection.exec_driver_sql("SELECT to_regclass(%s)", (place,)).scalar() is not None
        found[name] = connection.exec_driver_sql(f"SELECT version_num FROM {place}").scalar() if there else None
    return found


def _migrate(connection: Connection, schema: Schema, targets: Mapping[Stream, str]) -> None:
    from verticals.store.migrations.environment import migrate  # Alembic takes 0.4-1 s to import

    before = _row_counts(connection)
    rows_change: set[str] = set()
    for (_, folder, table), target in targets.items():
        rows_change |= migrate(connection, folder, table, target)
    unbound_texts(connection)
    after = _row_counts(connection)
    faults = [
        f"{table} had {count} rows and now has {after[table]}"
        for table, count in before.items()
        if table in after and table not in rows_change and after[table] != count
    ]
    if faults:
        raise StoreError(
            f"{schema}: the upgrade is not whole: {'; '.join(faults[:5])}",
            hint="It was taken back: install the former release again and report this.",
        )


def unbound_texts(connection: Connection) -> None:
    """Takes away the lengths of texts, which SQLite never minded: no record may fail for a long name.

    The server only changes its catalogue for that, no row.
    """
    for table, column in connection.exec_driver_sql(_BOUNDED).all():
        connection.exec_driver_sql(f'ALTER TABLE "{table}" ALTER COLUMN "{column}" TYPE varchar')


def _row_counts(connection: Connection) -> dict[str, int]:
    names = [name for name in inspect(connection).get_table_names() if not name.startswith("alembic_version_")]
    return {name: int(connection.exec_driver_sql(f'SELECT count(*) FROM "{name}"').scalar_one()) for name in names}
