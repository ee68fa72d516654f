from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import StoreError
from verticals.places import Places


@pytest.fixture
def open_handed() -> Iterator[None]:
    """An umask that keeps nothing from anybody."""
    before = os.umask(0)
    yield
    os.umask(before)


def test_what_is_said_of_people_and_the_keys_are_for_the_owner_alone(tmp_path: Path, open_handed: None) -> None:
    places = Places(tmp_path / "data")
    places.make("ward")
    for folder in (places.app("ward"), places.box_db.parent, places.backups, places.keys):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700, folder


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("in the way")
    with pytest.raises(StoreError, match="models: this folder cannot be made"):
        Places(tmp_path / "data").make("ward")
