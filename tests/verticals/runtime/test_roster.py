from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import StoreError
from verticals.runtime.roster import Roster, Standing, read_roster, write_roster

STANDINGS = {
    "m:line": Standing("m:line", "running", 5.0, pid=12),
    "m:web": Standing("m:web", "waiting", 6.0, restarts=7, restless=True, last_end="exit code 3", next_start_utc_s=9.0),
}


def test_what_the_supervisor_writes_is_what_a_screen_reads(tmp_path: Path) -> None:
    roster = Roster(7.0, os.getpid(), STANDINGS)
    write_roster(tmp_path / "processes.json", roster)
    assert read_roster(tmp_path / "processes.json") == roster
    assert roster.restless == ["m:web"]
    assert [path.name for path in tmp_path.iterdir()] == ["processes.json"]


def test_no_file_and_a_dead_supervisor_are_no_roster(tmp_path: Path) -> None:
    assert read_roster(tmp_path / "processes.json") is None
    write_roster(tmp_path / "processes.json", Roster(7.0, 2**22 + 1))
    assert read_roster(tmp_path / "processes.json") is None


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be written"):
        write_roster(tmp_path / "nowhere" / "processes.json", Roster(7.0, 1))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
SHAPED = st.fixed_dictionaries({"at_utc_s": JSON, "supervisor": JSON, "processes": st.dictionaries(st.text(), JSON)})


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary() | SHAPED.map(lambda value: json.dumps(value).encode()))
def test_whatever_stands_in_the_file_is_a_roster_or_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "processes.json").write_bytes(content)
    assert isinstance(read_roster(tmp_path / "processes.json"), Roster | None)
