from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import MetaData

from core.errors import DiskFullError, StoreError
from tests.support.factories import make_command, make_entries
from verticals.contract import Manifest, Reply
from verticals.places import Places
from verticals.store import tables
from verticals.store.commands import Commands
from verticals.store.database import open_database
from verticals.store.events import Entry, EventStore
from verticals.store.inbox import Inbox
from verticals.store.upgrade import APP_STREAM, MigrationStream, move, prepare_app_db, upgrade

pytestmark = pytest.mark.stores("sqlite")

_FIRST = """
import sqlalchemy as sa
from alembic import op
revision = "0001"
down_revision = None

def upgrade():
    op.create_table("crates", sa.Column("id", sa.Integer, primary_key=True), sa.Column("label", sa.Text))
    op.create_table(
        "bottles",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("crate", sa.Integer, sa.ForeignKey("crates.id", name="fk_bottles_crate"), nullable=False),
    )

def downgrade():
    op.drop_table("bottles")
    op.drop_table("crates")
"""
_SECOND = """
import sqlalchemy as sa
from alembic import op
revision = "0002"
down_revision = "0001"

def upgrade():
    with op.batch_alter_table("crates") as crates:
        crates.add_column(sa.Column("weight_kg", sa.Float, nullable=False, server_default="0"))
        crates.alter_column("label", existing_type=sa.Text, nullable=False, server_default="")
    {extra}

def downgrade():
    with op.batch_alter_table("crates") as crates:
        crates.drop_column("weight_kg")
        crates.alter_column("label", existing_type=sa.Text, nullable=True)
"""


@pytest.fixture
def stream(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> MigrationStream:
    """An app's own stream with one revision; `release` adds the second."""
    package = f"brewery_{abs(hash(request.node.name))}"
    folder = tmp_path / "code" / package
    folder.mkdir(parents=True)
    (folder / "__init__.py").touch()
    (folder / "r0001_first.py").write_text(_FIRST)
    monkeypatch.syspath_prepend(str(tmp_path / "code"))
    return MigrationStream("brewery", package)


def release(stream: MigrationStream, extra: str = "pass") -> None:
    (stream.folder() / "r0002_weight.py").write_text(_SECOND.format(extra=extra))


@pytest.fixture
def db(tmp_path: Path, stream: MigrationStream) -> Path:
    path = tmp_path / "var" / "brewery" / "events.db"
    upgrade(path, [stream])
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executemany("INSERT INTO crates VALUES (?, ?)", [(1, "ale"), (2, "stout")])
        connection.executemany("INSERT INTO bottles VALUES (?, ?)", [(n, 1 + n % 2) for n in range(100)])
    return path


def rows(db: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(db)) as connection:
        return connection.execute(query).fetchall()


@pytest.fixture
def app_db(tmp_path: Path) -> Iterator[Path]:
    places = Places(tmp_path)
    prepare_app_db(places, Manifest("plant", "Plant", settings=int, roles=()))
    yield places.events_db("plant")


def test_the_migrated_schema_is_the_one_of_the_tables(app_db: Path) -> None:
    engine = open_database(app_db)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": APP_STREAM.version_table})
        assert compare_metadata(context, tables.metadata) == []
    reflected = MetaData()
    reflected.reflect(engine)
    for table in tables.metadata.sorted_tables:
        assert {index.name for index in table.indexes} == {index.name for index in reflected.tables[table.name].indexes}
        named = f"pk_{table.name}" if not table.dialect_options["sqlite"]["autoincrement"] else None
        assert reflected.tables[table.name].primary_key.name == named
    engine.dispose()


def test_the_app_schema_goes_down_and_up_again_and_works_after_it(app_db: Path) -> None:
    engine = open_database(app_db)
    store = EventStore(engine)
    command = Commands(engine).ask("line-3", make_command())
    row = Inbox(engine).bring("till", "1", {})
    store.append([Entry(states={"line-3": {}}, replies=[(command, Reply(True))], inbox_done=[row]), *make_entries(3)])
    engine.dispose()
    move(app_db, {APP_STREAM: "base"})
    assert rows(app_db, "SELECT name FROM sqlite_master WHERE name IN ('events', 'inbox', 'numbering')") == []
    upgrade(app_db, [APP_STREAM])
    engine = open_database(app_db)
    assert EventStore(engine).append(make_entries(1))[0][0].sequence == 1
    engine.dispose()


def test_a_new_revision_keeps_the_data_and_the_other_stream(db: Path, stream: MigrationStream) -> None:
    release(stream)
    upgrade(db, [APP_STREAM, stream])
    assert rows(db, "SELECT id, label, weight_kg FROM crates") == [(1, "ale", 0.0), (2, "stout", 0.0)]
    assert rows(db, "SELECT count(*) FROM bottles") == [(100,)]
    assert rows(db, "SELECT version_num FROM alembic_version_brewery") == [("0002",)]
    assert rows(db, "SELECT version_num FROM alembic_version_app") == [("0003",)]
    assert rows(db, "PRAGMA journal_mode") == [("wal",)]
    assert {path.name for path in db.parent.iterdir()} == {"events.db", "events.db.upgrade-lock"}


def test_a_downgrade_keeps_the_data(db: Path, stream: MigrationStream) -> None:
    release(stream)
    upgrade(db, [stream])
    move(db, {stream: "0001"})
    assert rows(db, "SELECT * FROM crates") == [(1, "ale"), (2, "stout")]


def test_what_lies_in_the_write_ahead_log_is_upgraded_too(db: Path, stream: MigrationStream) -> None:
    writer = (
        'import sqlite3, sys, os, signal; c = sqlite3.connect(sys.argv[1]); c.execute("INSERT INTO crates VALUES'
        " (3, 'late')\"); c.commit(); os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", writer, str(db)], check=False)
    assert db.with_name("events.db-wal").stat().st_size > 0
    release(stream)
    upgrade(db, [stream])
    assert rows(db, "SELECT count(*) FROM crates") == [(3,)]


def test_at_head_nothing_is_imported_or_touched(db: Path, stream: MigrationStream) -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[3]); from pathlib import Path;"
        "from verticals.store.upgrade import MigrationStream, upgrade;"
        "upgrade(Path(sys.argv[1]), [MigrationStream('brewery', sys.argv[2])]);"
        "assert not [name for name in sys.modules if name.startswith('alembic')]"
    )
    before = db.stat().st_ino
    subprocess.run([sys.executable, "-c", code, str(db), stream.package, str(stream.folder().parent)], check=True)
    assert db.stat().st_ino == before


def test_a_database_of_a_newer_release_is_refused(db: Path, stream: MigrationStream) -> None:
    with closing(sqlite3.connect(db)) as connection, connection:
        connection.execute("UPDATE alembic_version_brewery SET version_num = '0042'")
    with pytest.raises(StoreError, match=r"newer release \(brewery revision 0042"):
        upgrade(db, [stream])
    assert rows(db, "SELECT count(*) FROM bottles") == [(100,)]


@pytest.mark.parametrize(
    ("extra", "complaint"),
    [
        ("op.execute('DELETE FROM bottles WHERE id < 10')", "bottles had 100 rows and now has 90"),
        ("op.execute('UPDATE bottles SET crate = 77 WHERE id = 3')", "bottles row 3 refers to nothing"),
        ("op.execute('INSERT INTO nowhere VALUES (1)')", "no such table: nowhere"),
    ],
)
def test_a_bad_revision_is_refused_and_the_original_stays(
    db: Path, stream: MigrationStream, extra: str, complaint: str
) -> None:
    release(stream, extra)
    with pytest.raises(StoreError, match=complaint):
        upgrade(db, [stream])
    assert rows(db, "SELECT version_num FROM alembic_version_brewery") == [("0001",)]
    assert rows(db, "SELECT * FROM crates") == [(1, "ale"), (2, "stout")]
    assert rows(db, "SELECT count(*) FROM bottles") == [(100,)]


def test_a_revision_may_say_that_it_changes_rows(db: Path, stream: MigrationStream) -> None:
    release(stream, "op.execute('DELETE FROM bottles WHERE id < 10')")
    path = stream.folder() / "r0002_weight.py"
    path.write_text(path.read_text() + '\nROWS_CHANGE = ("bottles",)\n')
    upgrade(db, [stream])
    assert rows(db, "SELECT count(*) FROM bottles") == [(90,)]


def test_a_database_in_use_is_not_upgraded(db: Path, stream: MigrationStream, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("verticals.store.upgrade.BUSY_TIMEOUT_MS", 10)
    release(stream)
    with closing(sqlite3.connect(db)) as connection:
        connection.execute("SELECT count(*) FROM crates").fetchone()
        with pytest.raises(StoreError, match="upgraded"):
            upgrade(db, [stream])
        assert connection.execute("SELECT count(*) FROM crates").fetchone() == (2,)


def test_no_room_for_the_copy_is_said_before_anything_is_done(
    db: Path, stream: MigrationStream, monkeypatch: pytest.MonkeyPatch
) -> None:
    release(stream)
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=1000))
    with pytest.raises(DiskFullError, match="needs"):
        upgrade(db, [stream])
    assert rows(db, "SELECT count(*) FROM bottles") == [(100,)]


def test_a_file_that_is_no_database_is_named(tmp_path: Path, stream: MigrationStream) -> None:
    path = tmp_path / "events.db"
    path.write_bytes(b"this is no database, it is a sentence" * 100)
    with pytest.raises(StoreError, match=r"events\.db.*not a database"):
        upgrade(path, [stream])


@pytest.mark.parametrize("step", ["_copy_over", "_migrate", "_verify", "_sync", "_row_counts"])
def test_a_kill_during_the_upgrade_leaves_the_original_usable(db: Path, stream: MigrationStream, step: str) -> None:
    release(stream)
    code = (
        "import os, signal, sys; sys.path.insert(0, sys.argv[3]); from pathlib import Path;"
        "from verticals.store import upgrade as room; step = getattr(room, sys.argv[4])\n"
        "def killed(*args):\n    step(*args)\n    os.kill(os.getpid(), signal.SIGKILL)\n"
        "setattr(room, sys.argv[4], killed)\n"
        "room.upgrade(Path(sys.argv[1]), [room.MigrationStream('brewery', sys.argv[2])])"
    )
    command = [sys.executable, "-c", code, str(db), stream.package, str(stream.folder().parent), step]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    assert rows(db, "SELECT count(*) FROM bottles") == [(100,)]
    assert rows(db, "SELECT version_num FROM alembic_version_brewery") == [("0001",)]
    upgrade(db, [stream])
    assert rows(db, "SELECT version_num FROM alembic_version_brewery") == [("0002",)]
    assert rows(db, "PRAGMA integrity_check") == [("ok",)]


UPGRADING = (
    "import sys; sys.path.insert(0, sys.argv[3]); from pathlib import Path;"
    "from verticals.store.upgrade import MigrationStream, upgrade;"
    "upgrade(Path(sys.argv[1]), [MigrationStream('brewery', sys.argv[2])])"
)


def start_upgrade(db: Path, stream: MigrationStream) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", UPGRADING, str(db), stream.package, str(stream.folder().parent)]
    return subprocess.Popen(command, stderr=subprocess.PIPE)


def test_two_starts_at_once_upgrade_once(db: Path, stream: MigrationStream) -> None:
    release(stream)
    both = [start_upgrade(db, stream) for _ in range(2)]
    assert [child.communicate()[1] for child in both] == [b"", b""]
    assert rows(db, "SELECT count(*) FROM bottles") == [(100,)]
    assert rows(db, "SELECT version_num FROM alembic_version_brewery") == [("0002",)]


@pytest.mark.slow
def test_kills_at_random_moments_of_an_upgrade_leave_a_usable_database(db: Path, stream: MigrationStream) -> None:
    with closing(sqlite3.connect(db)) as connection, connection:
        connection.executemany("INSERT INTO bottles VALUES (?, 1)", [(n,) for n in range(100, 300_000)])
    release(stream)
    began = time.perf_counter()
    assert start_upgrade(db, stream).communicate()[1] == b""
    whole_s = time.perf_counter() - began
    move(db, {stream: "0001"})
    chance, killed = random.Random(0), 0
    for _ in range(30):
        child = start_upgrade(db, stream)
        try:
            child.wait(chance.uniform(0.3, 1.1) * whole_s)
        except subprocess.TimeoutExpired:
            child.kill()
            killed += 1
        child.communicate()
        assert rows(db, "SELECT count(*) FROM bottles") == [(300_000,)]
        assert rows(db, "PRAGMA integrity_check") == [("ok",)]
        if rows(db, "SELECT version_num FROM alembic_version_brewery") == [("0002",)]:
            move(db, {stream: "0001"})
    assert killed > 10
    upgrade(db, [stream])
    assert rows(db, "SELECT version_num FROM alembic_version_brewery") == [("0002",)]
