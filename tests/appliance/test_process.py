from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from appliance import process
from tests.support.repository import ROOT
from tests.support.sites import free_port, on_port, write_site
from verticals.places import Places

APP, CAMERA = "manufacturing", "line-3-camera"


def words(kind: str, *names: str, config: Path, data: Path) -> list[str]:
    return [kind, *names, "--config", str(config), "--data", str(data)]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return write_site(tmp_path, on_port(free_port()))


@pytest.mark.parametrize(("kind", "names", "says"), [
    ("camera", [APP, "side"], "manufacturing has no camera 'side'"),
    ("line", ["retail"], "there is no table [retail]"),
    ("web", [], "there is no table []"),
])  # fmt: skip
def test_a_process_that_the_site_does_not_have_says_so_and_ends(
    tmp_path: Path, config: Path, kind: str, names: list[str], says: str
) -> None:
    assert says in refusal(*words(kind, *names, config=config, data=tmp_path / "data"))


def test_a_process_without_its_settings_says_so_and_ends(tmp_path: Path) -> None:
    said = refusal(*words("jobs", config=tmp_path / "none.toml", data=tmp_path))
    assert "there is no such settings file" in said


def refusal(*given: str) -> str:
    """The one line of a process that ends with 2."""
    done = subprocess.run(
        [sys.executable, "-m", "appliance.process", *given], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), done.stderr
    return done.stderr


def test_an_unknown_kind_is_bad_usage(config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        process.main(words("rocket", config=config, data=tmp_path))
    assert end.value.code == 2
    assert "invalid choice: 'rocket'" in capsys.readouterr().err


def test_a_camera_starts_without_its_pictures_and_ends_when_told(tmp_path: Path, config: Path) -> None:
    data = tmp_path / "data"
    Places(data).make(APP)
    camera = subprocess.Popen(
        [sys.executable, "-m", "appliance.process", *words("camera", APP, CAMERA, config=config, data=data)],
        stderr=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip
    assert camera.stderr is not None
    with camera:
        assert "cannot be read: No such file or directory" in camera.stderr.readline()
        camera.send_signal(signal.SIGTERM)
        assert camera.wait(20) == 0


def test_a_jobs_process_works_beats_and_ends_when_told(tmp_path: Path, config: Path) -> None:
    data = tmp_path / "data"
    Places(data).make(APP)
    started = [sys.executable, "-c", JOBS, *words("jobs", config=config, data=data)]
    with subprocess.Popen(started, stdout=subprocess.PIPE, text=True, cwd=ROOT) as jobs:
        assert jobs.stdout is not None
        assert jobs.stdout.readline() == "beat\n"
        assert jobs.wait(20) == 0


JOBS = """
import os, signal, sys
from appliance import process
def beat():
    print("beat", flush=True)
    os.kill(os.getpid(), signal.SIGTERM)
process.beater = lambda: beat
sys.exit(process.main(sys.argv[1:]))
"""


def test_a_line_imports_no_screen_and_a_screen_no_inference(tmp_path: Path, config: Path) -> None:
    for kind, foreign in (("line", ("flask", "uvicorn", "ui")), ("web", ("onnxruntime", "asyncua", "cv2"))):
        data = tmp_path / kind
        started = [sys.executable, "-c", IMPORTS, ",".join(foreign), *words(kind, APP, config=config, data=data)]
        done = subprocess.run(started, capture_output=True, text=True, cwd=ROOT, timeout=60, check=False)
        assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr


def test_the_pages_of_no_app_load_arithmetic() -> None:
    """Each of these takes a second of a slow core at every start of a screen."""
    heavy = ("asyncua", "cv2", "onnxruntime", "scipy", "zxingcpp")
    panels = "import healthcare.panel, manufacturing.panel, retail.panel, sys"
    done = subprocess.run(
        [sys.executable, "-c", f"{panels}; print(sorted(set({heavy}) & set(sys.modules)))"],
        capture_output=True, text=True, cwd=ROOT, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr


IMPORTS = """
import os, signal, sys
from appliance import process
foreign = sys.argv[1].split(",")
def beat():
    print(sorted(set(foreign) & set(sys.modules)), flush=True)
    process.beater = None
    os.kill(os.getpid(), signal.SIGTERM)
once = iter([beat])
process.beater = lambda: (lambda: next(once, int)())
sys.exit(process.main(sys.argv[2:]))
"""
