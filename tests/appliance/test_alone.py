from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from appliance.alone import alone
from core.errors import RefusedError, StoreError
from verticals.places import Places

HOLDER = """
import sys
from pathlib import Path
from appliance.alone import alone
from verticals.places import Places
with alone(Places(Path(sys.argv[1]))):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_data_directory_has_one_holder_at_a_time_and_a_killed_one_lets_go(tmp_path: Path) -> None:
    words = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(RefusedError, match="runs already with this data directory"), alone(Places(tmp_path)):
            pass
        holder.kill()
    with alone(Places(tmp_path)):
        assert Places(tmp_path).supervisor_socket.parent.stat().st_mode & 0o077 == 0


def test_a_data_directory_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    places = Places(tmp_path / "file" / "data")
    with pytest.raises(StoreError, match=r"cannot be used as data directory: .*: Not a directory"), alone(places):
        pass
