from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path

import pytest
from sqlalchemy import inspect, text

from core.errors import StoreError
from manufacturing import tables as manufacturing_tables
from manufacturing.vertical import MANIFEST
from tests.support.databases import places_in
from tests.support.factories import make_event
from verticals.places import Places
from verticals.store import postgres, tables
from verticals.store.database import open_database, reading, writing
from verticals.store.events import Entry, EventStore
from verticals.store.server import Schema
from verticals.store.upgrade import APP_STREAM, MigrationStream, move, prepare_app_db, upgrade

pytestmark = pytest.mark.stores("postgresql")

_REVISION = """
import sqlalchemy as sa
from alembic import op
revision = "{number}"
down_revision = {below}

def upgrade():
    {up}

def downgrade():
    {down}
"""
_FIRST = {"number": "0001", "below": None, "up": 'op.create_table("crates", sa.Column("label", sa.String(5)))',
          "down": 'op.drop_table("crates")'}  # fmt: skip
_WIDER = {"number": "0002", "below": '"0001"', "up": 'op.add_column("crates", sa.Column("weight_kg", sa.Float))',
          "down": 'op.drop_column("crates", "weight_kg")'}  # fmt: skip


@pytest.fixture
def stream(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> MigrationStream:
    package = f"brewery_{abs(hash(request.node.name))}"
    (tmp_path / "code" / package).mkdir(parents=True)
    (tmp_path / "code" / package / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path / "code"))
    made = MigrationStream("brewery", package)
    release(made, _FIRST)
    return made


def release(stream: MigrationStream, revision: Mapping[str, str | None]) -> None:
    (stream.folder() / f"r{revision['number']}.py").write_text(_REVISION.format(**revision))


@pytest.fixture
def crates(tmp_path: Path, stream: MigrationStream) -> Schema:
    """A schema of the first release with two rows; one label is longer than its column says."""
    schema = schema_of(places_in(tmp_path), "brewery")
    upgrade(schema, [stream])
    with writing(open_database(schema)) as connection:
        connection.execute(text("INSERT INTO crates VALUES ('ale'), ('imperial stout')"))
    return schema


def schema_of(places: Places, app: str) -> Schema:
    assert places.server is not None
    return places.server.schema(app)


def columns(schema: Schema) -> list[str]:
    return [column["name"] for column in inspect(open_database(schema)).get_columns("crates")]


def labels(schema: Schema) -> list[str]:
    with reading(open_database(schema)) as connection:
        return sorted(connection.scalars(text("SELECT label FROM crates")))


def test_the_revisions_give_the_tables_of_frame_and_app(tmp_path: Path) -> None:
    places = places_in(tmp_path)
    there = inspect(open_database(prepare_app_db(places, MANIFEST)))
    for metadata in (tables.metadata, manufacturing_tables.metadata):
        for table in metadata.tables.values():
            assert [column["name"] for column in there.get_columns(table.name)] == [*table.columns.keys()]
            assert {index["name"] for index in there.get_indexes(table.name)} >= {one.name for one in table.indexes}
    prepare_app_db(places, MANIFEST)
    store = EventStore(open_database(places.app_store(MANIFEST.name)))
    assert store.append([Entry([make_event()])])[0][0].sequence == 1


def test_an_upgrade_keeps_the_rows_and_goes_down_again(crates: Schema, stream: MigrationStream) -> None:
    release(stream, _WIDER)
    upgrade(crates, [stream])
    assert columns(crates) == ["label", "weight_kg"]
    assert labels(crates) == ["ale", "imperial stout"]
    move(crates, {stream: "0001"})
    assert columns(crates) == ["label"]
    assert labels(crates) == ["ale", "imperial stout"]
    move(crates, {stream: "base"})
    assert "crates" not in inspect(open_database(crates)).get_table_names()


@pytest.mark.parametrize(
    ("up", "why"),
    [
        ('op.add_column("crates", sa.Column("weight_kg", sa.Float)); op.drop_table("kegs")', '"kegs" does not exist'),
        ('op.add_column("crates", sa.Column("w", sa.Float)); op.execute("DELETE FROM crates")', "had 2 rows and now"),
    ],
)
def test_an_upgrade_that_fails_leaves_everything_as_it_was(
    crates: Schema, stream: MigrationStream, up: str, why: str
) -> None:
    release(stream, _WIDER | {"up": up})
    with pytest.raises(StoreError, match=why):
        upgrade(crates, [stream])
    assert columns(crates) == ["label"]
    assert labels(crates) == ["ale", "imperial stout"]


def test_a_schema_of_a_newer_release_is_refused(crates: Schema, stream: MigrationStream) -> None:
    with writing(open_database(crates)) as connection:
        connection.execute(text("UPDATE alembic_version_brewery SET version_num = '0009'"))
    with pytest.raises(StoreError, match=r"newer release \(brewery revision 0009"):
        upgrade(crates, [stream])


def test_two_starts_at_once_upgrade_once(tmp_path: Path) -> None:
    schema = schema_of(places_in(tmp_path), "plant")
    failed: list[Exception] = []

    def start() -> None:
        try:
            upgrade(schema, [APP_STREAM])
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=start) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert EventStore(open_database(schema)).last_sequence() == 0


def test_a_table_in_use_is_not_waited_for_longer_than_a_moment(
    crates: Schema, stream: MigrationStream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("verticals.store.schemas._WAIT_FOR_TABLES", "SET LOCAL lock_timeout = 50")
    release(stream, _WIDER)
    with reading(postgres.open_schema(crates)) as connection:
        connection.scalars(text("SELECT label FROM crates")).all()
        with pytest.raises(StoreError, match="Another program holds"):
            upgrade(crates, [stream])
    upgrade(crates, [stream])


def test_a_user_who_may_not_make_a_schema_is_told(tmp_path: Path) -> None:
    server = places_in(tmp_path).server
    assert server is not None
    schema = server.schema("plant")
    with writing(open_database(server.schema("public"))) as connection:
        connection.execute(text("DO $$ BEGIN CREATE ROLE guest LOGIN; EXCEPTION WHEN duplicate_object THEN END $$"))
    guest = Schema(type(server)(server.url.replace("tests@", "guest@")), schema.name)
    with pytest.raises(StoreError, match=r"permission denied.*makes and owns its schemas"):
        upgrade(guest, [APP_STREAM])
