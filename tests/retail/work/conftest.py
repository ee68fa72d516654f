"""A desk over a store's real tables in a file."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from retail.vertical import MANIFEST
from tests.support.databases import places_in
from tests.support.store_desks import StoreDesk
from verticals.store.database import open_database
from verticals.store.upgrade import prepare_app_db


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a store in which nothing has happened: made once, each test has a copy."""
    places = places_in(tmp_path_factory.mktemp("store"))
    places.make("retail")
    path = prepare_app_db(places, MANIFEST)
    assert isinstance(path, Path)
    return path


@pytest.fixture
def desk(empty_store: Path, tmp_path: Path) -> Iterator[StoreDesk]:
    engine = open_database(Path(shutil.copy(empty_store, tmp_path / empty_store.name)))
    yield StoreDesk(engine)
    engine.dispose()
