"""Recipes over a real store, and a store of the release before that becomes today's with its parts in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Engine, create_engine, inspect, text

from manufacturing import recipe_tables, review_tables, tables
from manufacturing.migrations import r0001_parts, r0002_looked_up, r0003_recipes
from manufacturing.vertical import MANIFEST, Manufacturing
from tests.support.databases import on_server, places_in
from tests.support.lines_with_recipes import RecipeLine
from verticals.contract import Event
from verticals.store.database import open_database
from verticals.store.events import Entry, EventStore
from verticals.store.upgrade import prepare_app_db


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Engine]:
    """Of a store in a file, and of one on a server."""
    with ExitStack() as stack:
        if request.param == "postgresql":
            stack.enter_context(on_server(request.getfixturevalue("cluster"), tmp_path))
        places = places_in(tmp_path)
        places.make("manufacturing")
        engine = open_database(prepare_app_db(places, MANIFEST))
        yield engine
        engine.dispose()


def record(engine: Engine, events: list[Event]) -> None:
    EventStore(engine, Manufacturing().project).append([Entry(events=tuple(events))])


def test_the_pages_see_versions_choices_and_reasons_as_the_line_made_them(engine: Engine) -> None:
    line = RecipeLine()
    line.save("bracket", number=4, threshold={"limit": 4.0, "rate": 0.01})
    line.keep()
    line.save("bracket", number=4, version="2")
    line.order("choose-recipe", name="bracket", reason="new lens")
    line.keep()
    line.order("retire-recipe", name="flange", reason="no more made")
    record(engine, line.events)
    with engine.connect() as connection:
        rows = recipe_tables.recipes_of(connection, "line-3")
        in_force = recipe_tables.recipe_in_force(connection, "line-3")
        history = recipe_tables.recipe_history(connection, "line-3", name="bracket")
        assert recipe_tables.recipes_of(connection, "line-4") == []
    stands = [(row["name"], row["version"], row["released"], row["in_force"], row["retired"]) for row in rows]
    assert stands == [
        ("bracket", 2, True, True, False),
        ("bracket", 1, False, False, False),
        ("flange", 1, False, False, True),
    ]
    assert rows[1]["document"]["threshold"] == {"limit": 4.0, "rate": 0.01}
    assert in_force is not None and in_force["version"] == 2
    told = [(row["change"], row["version"], row["reason"], row["who"], row["role"]) for row in history]
    assert told[0] == ("chosen", 2, "new lens", "Engineer 2", "engineer")
    assert [change for change, *_ in told] == ["chosen", "saved", "saved"]


def test_a_part_names_its_recipe_and_one_in_the_review_band_waits_for_a_person(engine: Engine) -> None:
    line = RecipeLine()
    line.save("bracket", number=4, review_from=1.5)
    line.keep()
    line.ask_for(4)
    line.part(1.0), line.part(1.7)
    record(engine, line.events)
    with engine.connect() as connection:
        rows = tables.last_parts(connection, "line-3", 5)
        waiting = review_tables.waiting(connection, "line-3", skip=0, most=10)
    assert [(row["recipe"], row["recipe_version"], row["review"]) for row in rows] == [
        ("bracket", 1, True),
        ("bracket", 1, False),
    ]
    assert [row["part_id"] for row in waiting] == ["2"]


def test_the_declared_tables_are_the_migrated_ones(engine: Engine) -> None:
    for table in (recipe_tables.recipes, recipe_tables.recipe_changes, tables.parts):
        columns = {column["name"] for column in inspect(engine).get_columns(table.name)}
        assert columns == {column.name for column in table.columns}
        indexes = {index["name"] for index in inspect(engine).get_indexes(table.name)}
        assert indexes == {index.name for index in table.indexes}


def test_a_store_of_the_release_before_keeps_its_parts_up_and_down(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'old.db'}")
    part = {"sequence": 7, "station": "line-3", "part_id": "7", "at_utc_s": 1.0, "shift": "Day", "verdict": "reject",
            "code": 1, "simulated": 0}  # fmt: skip
    names = ", ".join(part)
    with engine.begin() as connection, Operations.context(MigrationContext.configure(connection)):
        r0001_parts.upgrade()
        r0002_looked_up.upgrade()
        connection.execute(text(f"INSERT INTO parts ({names}) VALUES ({', '.join(f':{n}' for n in part)})"), part)
        r0003_recipes.upgrade()
        [row] = tables.last_parts(connection, "line-3", 5)
        assert (row["part_id"], row["verdict"], row["recipe"], row["review"]) == ("7", "reject", None, False)
        assert review_tables.count_waiting(connection, "line-3") == 1
        # The release before writes to the new schema too: it knows nothing of the new columns.
        connection.execute(text(f"INSERT INTO parts ({names}) VALUES ({', '.join(f':{n}' for n in part)})"),
                           {**part, "sequence": 8})  # fmt: skip
        r0003_recipes.downgrade()
        assert connection.execute(text("SELECT count(*) FROM parts")).scalar() == 2
        assert "recipes" not in inspect(connection).get_table_names()
    engine.dispose()
