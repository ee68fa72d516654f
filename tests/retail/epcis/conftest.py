"""A store's real tables: in a file, and where a test asks for it (`servers`) on PostgreSQL too."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from retail.tables import metadata
from retail.vertical import MANIFEST
from tests.support.databases import on_server, places_in
from tests.support.factories import make_app_db
from verticals.store.database import open_database
from verticals.store.upgrade import prepare_app_db

servers = pytest.mark.parametrize("engine", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def engine(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Engine]:
    if getattr(request, "param", "sqlite") == "sqlite":
        engine = make_app_db(tmp_path, metadata)
        yield engine
        engine.dispose()
        return
    with on_server(request.getfixturevalue("cluster"), tmp_path):
        places = places_in(tmp_path)
        places.make("retail")
        engine = open_database(prepare_app_db(places, MANIFEST))
        yield engine
        engine.dispose()
