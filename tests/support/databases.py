"""A PostgreSQL server of the tests' own, and stores that lie in a folder or on it.

A test's folder that holds `ON_SERVER` has its stores on the server named there: factories, and processes that a
test starts, ask the folder and need not be told.
"""

from __future__ import annotations

import functools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

import psycopg
from sqlalchemy import Engine, create_engine

from verticals.places import Places
from verticals.store import postgres
from verticals.store.database import open_database
from verticals.store.server import Schema, Server

ON_SERVER = "store.url"
_SETTINGS = {
    "fsync": "off",  # the machine does not fall, only its processes
    "full_page_writes": "off",
    "listen_addresses": "",
    "max_connections": "100",
    "shared_buffers": "64MB",
    "autovacuum": "off",
    "log_min_messages": "fatal",
}


def server_programs() -> Path | None:
    """The folder of `initdb` and `pg_ctl`; Debian keeps them out of the PATH. None where no server is installed."""
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in folders if (folder / "pg_ctl").exists()), None)


class Cluster:
    """A server on a Unix socket in a folder of its own, run by a user who is not root."""

    def __init__(self, programs: Path, **settings: str) -> None:
        self._programs = programs
        self._home = Path(tempfile.mkdtemp(prefix="edgewise-pg-"))
        self._user = _user()
        self._count = 0
        if os.getuid() == 0:
            entry = pwd.getpwnam(self._user)
            os.chown(self._home, entry.pw_uid, entry.pw_gid)
        self._run("initdb", "-D", str(self._data), "-U", "tests", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8",
                  "--no-sync")  # fmt: skip
        lines = [f"{key} = '{value}'\n" for key, value in (_SETTINGS | settings).items()]
        with (self._data / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.writelines([*lines, f"unix_socket_directories = '{self._home}'\n"])
        self.start()

    @property
    def _data(self) -> Path:
        return self._home / "data"

    def url(self, database: str) -> str:
        return f"postgresql://tests@/{database}?host={self._home}"

    def start(self) -> None:
        self._run("pg_ctl", "-D", str(self._data), "-w", "-t", "30", "-l", str(self._home / "log"), "start")

    def stop(self, how: str = "immediate") -> None:
        """`immediate` leaves it as a power cut would."""
        self._run("pg_ctl", "-D", str(self._data), "-w", "-m", how, "stop")

    def close(self) -> None:
        self.stop()
        shutil.rmtree(self._home)

    def make(self) -> str:
        """The name of a new empty database."""
        self._count += 1
        name = f"test{self._count}"
        self.ask("postgres", f"CREATE DATABASE {name}")
        return name

    def database_of(self, places: Places) -> str:
        assert places.server is not None
        return urlsplit(places.server.url).path.strip("/")

    def drop(self, database: str) -> None:
        self.ask("postgres", f"DROP DATABASE {database} WITH (FORCE)")

    def ask(self, database: str, words: str) -> list[Any]:
        """What a statement gives, by a connection of its own."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.execute(words)
            return list(cursor.fetchall()) if cursor.description else []

    def kill_backend(self, database: str, named: str) -> int:
        """SIGKILL for the server's process behind a connection whose name begins so; its number, 0 for none."""
        asked = f"SELECT pid FROM pg_stat_activity WHERE datname = '{database}' AND application_name LIKE '{named}%'"
        pids = [row[0] for row in self.ask(database, asked)]
        for pid in pids[:1]:
            os.kill(pid, signal.SIGKILL)
        return pids[0] if pids else 0

    def wait(self, within_s: float = 30.0) -> None:
        """Until it takes connections again, after a crash of one of its processes."""
        end_s = time.monotonic() + within_s
        while True:
            try:
                self.ask("postgres", "SELECT 1")
                return
            except psycopg.OperationalError:
                assert time.monotonic() < end_s, "the server did not come back"
                time.sleep(0.05)

    def _run(self, program: str, *words: str) -> None:
        command = [str(self._programs / program), *words]
        user = {"user": self._user, "group": pwd.getpwnam(self._user).pw_gid, "extra_groups": ()}
        as_user: dict[str, Any] = user if os.getuid() == 0 else {}
        # Its own files for what it says: a server that stays would keep a pipe open for ever.
        with tempfile.TemporaryFile() as said:
            done = subprocess.run(command, stdout=said, stderr=said, stdin=subprocess.DEVNULL, cwd="/", **as_user)
            said.seek(0)
            assert done.returncode == 0, f"{program}: {said.read().decode(errors='replace')}"


def _user() -> str:
    if os.getuid() != 0:
        return pwd.getpwuid(os.getuid()).pw_name
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in ("postgres", "nobody") if name in known)


@contextmanager
def on_server(cluster: Cluster, folder: Path) -> Iterator[Server]:
    """A database of its own for the stores of `folder`, gone at the end with every connection to it."""
    database = cluster.make()
    server = Server(cluster.url(database))
    (folder / ON_SERVER).write_text(server.url, "utf-8")
    opened: list[Engine] = []

    def create(*words: Any, **options: Any) -> Engine:
        opened.append(create_engine(*words, **options))
        return opened[-1]

    with patch.object(postgres, "create_engine", create):
        yield server
    for engine in opened:
        engine.dispose()
    cluster.drop(database)


def places_in(folder: Path) -> Places:
    """The places whose data directory is `folder`, its stores there or on the server that it names."""
    mark = folder / ON_SERVER
    return Places(folder, Server(mark.read_text("utf-8")) if mark.exists() else None)


def store_in(folder: Path, app: str) -> Path | Schema:
    """Where the stores of `app` (or the `box`) are for tests of the stores themselves: not yet made there."""
    server = places_in(folder).server
    if server is None:
        return folder / ("box.db" if app == "box" else "events.db")
    return made(server.schema(app))


@functools.lru_cache(maxsize=8)
def made(schema: Schema) -> Schema:
    with psycopg.connect(schema.server.url, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema.name}")
    return schema


def open_in(folder: Path, app: str = "plant", *, read_only: bool = False, sole: str = "") -> Engine:
    return open_database(store_in(folder, app), read_only=read_only, sole=sole)
