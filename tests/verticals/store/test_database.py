from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from core.errors import StoreError
from tests.support.databases import open_in
from tests.support.factories import make_app_db, make_entries, make_entry
from verticals.store.database import PAGE_BYTES, open_database, reading, reserve_log, upsert, writing
from verticals.store.events import EventStore
from verticals.store.tables import states


def pragma(engine: sa.Engine, name: str) -> object:
    with reading(engine) as connection:
        return connection.exec_driver_sql(f"PRAGMA {name}").scalar()


@pytest.mark.stores("sqlite")
def test_what_is_committed_survives_a_power_cut_and_references_are_kept(tmp_path: Path) -> None:
    engine = open_database(tmp_path / "a.db")
    asked = {name: pragma(engine, name) for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")}
    assert asked == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 5000}
    engine.dispose()


@pytest.mark.stores("sqlite")
def test_a_database_to_be_read_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"missing\.db: there is no such database"):
        open_database(tmp_path / "missing.db", read_only=True)


@pytest.mark.stores("sqlite")
def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    engine = open_database(tmp_path / "nowhere" / "a.db")
    with (
        pytest.raises(StoreError, match=r"unable to open database file.*Check that the data directory"),
        writing(engine),
    ):
        pass


@pytest.mark.stores("sqlite")
def test_a_damaged_file_is_named_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    path.write_bytes(b"no database" * 1000)
    with (
        pytest.raises(StoreError, match=r"^the database is damaged \(.*restore the newest backup"),
        reading(open_database(path)),
    ):
        pass


@pytest.mark.stores("sqlite")
def test_a_database_that_is_held_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("verticals.store.database.BUSY_TIMEOUT_MS", 20)
    engine = make_app_db(tmp_path)
    with closing(sqlite3.connect(tmp_path / "events.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with (
            pytest.raises(StoreError, match=r"^another program holds the database \(.*locked.*stop it, then try again"),
            writing(engine),
        ):
            pass
        assert EventStore(engine).read() == []
    EventStore(engine).append(make_entries(1))
    engine.dispose()


def test_a_reader_sees_one_view_while_the_writer_goes_on(tmp_path: Path) -> None:
    engine = make_app_db(tmp_path)
    store = EventStore(engine)
    store.append(make_entries(1))
    count = sa.text("SELECT count(*) FROM events")
    with reading(open_in(tmp_path, read_only=True)) as connection:
        assert connection.scalar(count) == 1
        store.append(make_entries(2))
        assert connection.scalar(count) == 1
    assert len(store.read()) == 3
    engine.dispose()


@pytest.mark.stores("sqlite")
def test_after_a_kill_a_read_only_process_sees_what_was_committed(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys; from pathlib import Path; from tests.support.factories import *;"
        "EventStore(make_app_db(Path(sys.argv[1]))).append(make_entries(3)); os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    assert (tmp_path / "events.db-wal").stat().st_size > 0
    (tmp_path / "events.db-shm").unlink()
    engine = open_database(tmp_path / "events.db", read_only=True)
    assert len(EventStore(engine).read()) == 3
    engine.dispose()


def test_an_upsert_inserts_and_overwrites(tmp_path: Path) -> None:
    engine = make_app_db(tmp_path)
    for sequence in (1, 2):
        with writing(engine) as connection:
            upsert(connection, states, ["station"], [{"station": "a", "sequence": sequence, "data": "{}"}])
            upsert(connection, states, ["station"], [])
    with reading(engine) as connection:
        assert connection.execute(sa.select(states.c.station, states.c.sequence)).all() == [("a", 2)]
    engine.dispose()


@pytest.mark.stores("sqlite")
def test_a_reserved_log_is_long_and_holds_nothing(tmp_path: Path) -> None:
    engine = make_app_db(tmp_path)
    reserve_log(engine)
    length = (tmp_path / "events.db-wal").stat().st_size
    assert length > 8000 * (PAGE_BYTES + 24)  # the pages of a checkpoint, each with its head
    reserve_log(engine)
    events = EventStore(engine)
    events.append([make_entry("a")])
    assert (tmp_path / "events.db-wal").stat().st_size == length
    assert [event.subject for event in events.read()] == ["a"]
    with reading(engine) as connection:
        assert not connection.dialect.has_table(connection, "reserved")
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"


@pytest.mark.stores("sqlite")
def test_a_log_that_cannot_be_reserved_is_no_trouble(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    engine = make_app_db(tmp_path)
    with reading(engine) as connection:
        connection.exec_driver_sql("PRAGMA max_page_count=1")
    reserve_log(engine)
    assert "the log is not reserved" in caplog.text
