from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Engine

from core.errors import StoreError
from tests.support.box_db import make_box_db
from tests.support.clocks import FakeClock
from tests.support.databases import Cluster, on_server, places_in, server_programs
from tests.support.factories import make_event_store
from verticals.backup.contents import FILE, read_contents
from verticals.backup.making import backup
from verticals.jobs.context import JobContext
from verticals.places import Places
from verticals.store.jobs import Jobs


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def ctx(tmp_path: Path, clock: FakeClock) -> JobContext:
    places = Places(tmp_path)
    places.make("manufacturing")
    return JobContext("box", 1, "", places, clock)


@pytest.fixture
def engine(ctx: JobContext) -> Engine:
    return make_box_db(ctx.places.box_db.parent)


def test_a_backup_holds_every_database_as_it_was_committed(ctx: JobContext, engine: Engine, clock: FakeClock) -> None:
    make_event_store(ctx.places.app("manufacturing"))
    Jobs(engine, clock).start("box", "backup", {})
    result = backup(ctx, {})
    assert result["databases"] == ["box/box.db", "manufacturing/events.db"]
    folder = ctx.places.backups / result["backup"]
    with closing(sqlite3.connect(folder / "box-box.db")) as copy:
        assert copy.execute("SELECT kind FROM jobs").fetchall() == [("backup",)]
    assert sorted(path.name for path in folder.iterdir()) == ["box-box.db", FILE, "manufacturing-events.db"]
    assert set(read_contents(folder).files) == {"box-box.db", "manufacturing-events.db"}


def test_it_holds_keys_models_and_small_files_of_the_apps_and_nothing_that_is_half_written(
    ctx: JobContext, engine: Engine
) -> None:
    make_event_store(ctx.places.app("manufacturing"))
    kept = ["keys/box.key", "models/packages/bolt/1.0/model.onnx", "models/slots/bolt.json", "manufacturing/out.json"]
    left = ["models/packages/.draft-1/model.onnx", "models/measured/a.json", "manufacturing/evidence/ab/cd", "keys/.x"]
    for name in (*kept, *left):
        path = ctx.places.data / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    folder = ctx.places.backups / backup(ctx, {})["backup"]
    assert set(read_contents(folder).files) == {"box-box.db", "manufacturing-events.db", *kept}
    assert all((folder / name).read_text() == name for name in kept)
    (ctx.places.keys / "box.key").write_text("another")
    assert (folder / "keys" / "box.key").read_text() == "keys/box.key"


def test_only_the_newest_backups_are_kept(ctx: JobContext, engine: Engine, clock: FakeClock) -> None:
    (ctx.places.backups / "by-hand").mkdir()
    names = []
    for _ in range(4):
        names.append(backup(ctx, {"keep": 2})["backup"])
        clock.advance(60)
    assert sorted(path.name for path in ctx.places.backups.iterdir()) == [*names[2:], "by-hand"]


def test_a_cancelled_or_failed_backup_leaves_nothing(ctx: JobContext, engine: Engine) -> None:
    ctx.asked_to_stop = lambda: True
    assert backup(ctx, {}) == {}
    ctx.asked_to_stop, ctx.saw_cancel = (lambda: False), False
    ctx.places.events_db("manufacturing").write_bytes(b"no database" * 1000)
    with pytest.raises(StoreError, match="backup failed"):
        backup(ctx, {})
    assert list(ctx.places.backups.iterdir()) == []


def test_a_schema_of_a_server_is_dumped(
    tmp_path: Path, cluster: Cluster, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with on_server(cluster, tmp_path):
        places = places_in(tmp_path)
        places.make("plant")
        make_event_store(tmp_path)
        make_box_db(tmp_path)
        ctx = JobContext("box", 1, "", places, clock)
        monkeypatch.setenv("PATH", str(server_programs()))
        result = backup(ctx, {})
        assert result["databases"] == ["box.dump", "plant.dump"]
        for name in result["databases"]:
            assert (places.backups / result["backup"] / name).read_bytes().startswith(b"PGDMP")
        monkeypatch.setenv("PATH", "/nowhere")
        assert "whoever runs postgresql://" in backup(ctx, {})["elsewhere"]
