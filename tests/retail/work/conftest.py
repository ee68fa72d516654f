"""A desk over a store's real tables in a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from retail.vertical import MANIFEST
from tests.support.databases import places_in
from tests.support.store_desks import StoreDesk
from verticals.store.database import open_database
from verticals.store.upgrade import prepare_app_db


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[StoreDesk]:
    places = places_in(tmp_path)
    places.make("retail")
    engine = open_database(prepare_app_db(places, MANIFEST))
    yield StoreDesk(engine)
    engine.dispose()
