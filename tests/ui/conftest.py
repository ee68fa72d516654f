"""A running screen for every test that needs one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.screens import MANIFEST, ScreenRig
from verticals.places import Places
from verticals.store.upgrade import prepare_app_db, prepare_box_db


@pytest.fixture(scope="session")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with empty databases, made once: migrations cost more than most tests."""
    places = Places(tmp_path_factory.mktemp("blank") / "data")
    places.make(MANIFEST.name)
    prepare_app_db(places, MANIFEST)
    prepare_box_db(places)
    return places.data


@pytest.fixture
def rig(tmp_path: Path, blank: Path) -> Iterator[ScreenRig]:
    with ScreenRig(tmp_path, blank=blank) as running:
        yield running
