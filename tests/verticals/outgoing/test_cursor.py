from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import StoreError
from verticals.outgoing.cursor import Cursor


def test_a_cursor_stands_where_it_was_moved_to_after_a_restart(tmp_path: Path) -> None:
    file = tmp_path / "out" / "cursor.json"
    assert not Cursor(file).known
    Cursor(file).move(17, 5.5)
    again = Cursor(file)
    assert (again.known, again.sequence, again.at_utc_s) == (True, 17, 5.5)
    assert file.stat().st_mode & 0o077 == 0


def test_a_cursor_that_cannot_be_read_counts_as_none(tmp_path: Path) -> None:
    file = tmp_path / "cursor.json"
    file.write_text('{"sequence": "far"}')
    assert not Cursor(file).known


def test_a_cursor_that_cannot_be_written_stands_where_it_stood(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    cursor = Cursor(tmp_path / "file" / "cursor.json")
    with pytest.raises(StoreError, match="cannot be written"):
        cursor.move(3, 1.0)
    assert cursor.sequence == 0
