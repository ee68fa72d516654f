import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONFTEST = """
from tests.conftest import pytest_xdist_make_scheduler
"""
PASSES = "def test_one(): pass\ndef test_two(): pass\n"
KILLS = "import os\ndef test_before(): pass\ndef test_kills(): os._exit(1)\ndef test_after(): pass\n"
KILLS_ALONE = "import os\ndef test_kills(): os._exit(1)\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("workers", "files", "closing"),
    [
        ("1", (PASSES, KILLS), "1 failed, 4 passed"),
        ("1", (KILLS_ALONE, KILLS_ALONE, PASSES), "2 failed, 2 passed"),
        ("2", (PASSES, KILLS, KILLS_ALONE, PASSES, KILLS, PASSES), "3 failed, 10 passed"),
    ],
)
def test_a_test_that_kills_its_worker_fails_and_all_the_others_run(
    tmp_path: Path, workers: str, files: tuple[str, ...], closing: str
) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    for number, text in enumerate(files):
        (tmp_path / f"test_{number}.py").write_text(text)
    command = [sys.executable, *f"-m pytest -n {workers} --dist loadfile -c /dev/null --rootdir".split()]
    ran = subprocess.run(
        [*command, str(tmp_path), str(tmp_path)], capture_output=True, text=True, cwd=ROOT, timeout=60, check=False
    )
    assert ran.returncode == 1
    assert closing in ran.stdout.splitlines()[-1], ran.stdout
