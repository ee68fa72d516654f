"""New stores of the tests are made by this release's migrations once a process, and copied from then on.

What comes out is the same to the byte in a file and to the statement on a server; Alembic's own work, a quarter of a
second a store, is done once. Stores that hold something already, and migrations that a test wrote, are not touched.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import psycopg
from sqlalchemy import Connection, event, inspect

from tests.support.repository import ROOT
from verticals.store import schemas, upgrade
from verticals.store.server import Schema

Key = tuple[tuple[str, str], ...]


@contextmanager
def made_once() -> Iterator[None]:
    with tempfile.TemporaryDirectory(prefix="edgewise-stores-") as folder:
        files = _Files(Path(folder))
        with patch.object(upgrade, "_migrate", files.migrate), patch.object(schemas, "_migrate", _Words().migrate):
            yield


class _Files:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._really = upgrade._migrate
        self._made: dict[Key, Path] = {}

    def migrate(self, copy: Path, targets: dict[upgrade.MigrationStream, str], rows_before: dict[str, int]) -> None:
        key = tuple((str(stream.folder()), target) for stream, target in targets.items())
        if copy.exists() or not _is_ours(key):
            self._really(copy, targets, rows_before)
            return
        if key not in self._made:
            made = self._folder / f"{len(self._made)}.db"
            self._really(made, targets, rows_before)
            self._made[key] = made
        shutil.copyfile(self._made[key], copy)


class _Words:
    def __init__(self) -> None:
        self._really = schemas._migrate
        self._said: dict[Key, str] = {}

    def migrate(self, connection: Connection, schema: Schema, targets: Mapping[schemas.Stream, str]) -> None:
        key = tuple((str(folder), target) for (_, folder, _), target in targets.items())
        if not _is_ours(key) or inspect(connection).get_table_names():
            self._really(connection, schema, targets)
            return
        driver: Any = connection.connection.driver_connection
        if key in self._said:
            driver.execute(self._said[key])
            return
        said: list[str] = []

        def hear(_: Any, cursor: Any, statement: str, parameters: Any, *rest: Any) -> None:
            said.append(psycopg.ClientCursor(driver).mogrify(statement, parameters))

        event.listen(connection, "after_cursor_execute", hear)
        try:
            self._really(connection, schema, targets)
        finally:
            event.remove(connection, "after_cursor_execute", hear)
        self._said[key] = ";".join(words for words in said if not words.lstrip().upper().startswith("SELECT"))


def _is_ours(key: Key) -> bool:
    return all(Path(folder).is_relative_to(ROOT) for folder, _ in key)
