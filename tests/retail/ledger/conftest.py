"""A store's real tables, in a file and on a server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import Engine

from retail.vertical import MANIFEST
from tests.support.databases import on_server, places_in
from verticals.store.database import open_database
from verticals.store.upgrade import prepare_app_db


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Engine]:
    """Of a store in a file, and of one on a server."""
    with ExitStack() as stack:
        if request.param == "postgresql":
            stack.enter_context(on_server(request.getfixturevalue("cluster"), tmp_path))
        places = places_in(tmp_path)
        places.make("retail")
        engine = open_database(prepare_app_db(places, MANIFEST))
        yield engine
        engine.dispose()
