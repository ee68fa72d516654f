from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import psutil
import pytest

from appliance.teaching import Tell, teach_for, work_apart
from core.errors import EngineError, InputError
from tests.support.pictures import write_good
from tests.support.repository import ROOT
from verticals.contract import Json
from verticals.jobs.context import JobContext
from verticals.places import Places
from verticals.runtime.models import shelf_of


def teach(ctx: JobContext, inputs: Json) -> Json:
    """Works in the other process."""
    return teach_for(ctx, inputs, "line-3")


def teach_apart(places: Places, inputs: Json, tell: Tell) -> Json:
    return work_apart(places, f"{__name__}:teach", inputs, tell)


@pytest.fixture(autouse=True)
def reachable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))  # for the job function above


def lesson(folder: Path, goods: int = 6) -> dict[str, Any]:
    write_good(folder / "goods", goods)
    return {
        "recipe": "flange",
        "folder": str(folder / "goods"),
        "augment": "none",
        "register": "no",
        "eight_bits": "no",
    }


def lessons() -> list[psutil.Process]:
    """The processes that teach for this one; servers of other tests may be its children too."""
    return [child for child in psutil.Process().children() if "verticals.jobs.child" in child.cmdline()]


@pytest.mark.slow
def test_a_lesson_apart_is_on_the_shelf_and_leaves_no_process_and_little_memory(tmp_path: Path) -> None:
    places, heard, apart = Places(tmp_path / "data"), [], set[int]()
    before_bytes = psutil.Process().memory_info().rss

    def tell(share: float, text: str) -> None:
        heard.append(share)
        apart.update(child.pid for child in lessons())

    result = teach_apart(places, lesson(tmp_path), tell)
    active = shelf_of(places).active("line-3")
    assert active is not None and active.sha256 == result["sha256"]
    assert heard and heard[-1] == max(heard) <= 1.0
    assert len(apart) == 1 and not any(psutil.pid_exists(pid) for pid in apart)
    assert psutil.Process().memory_info().rss - before_bytes < 100 << 20


def test_what_cannot_be_taught_from_is_the_same_error_as_it_would_be_here(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="pictures") as refused:
        teach_apart(Places(tmp_path / "data"), lesson(tmp_path, goods=1), lambda share, text: None)
    assert str(refused.value).count("[input]") == 1


def test_a_lesson_whose_process_is_killed_says_so(tmp_path: Path) -> None:
    def kill(share: float, text: str) -> None:
        (child,) = lessons()
        os.kill(child.pid, signal.SIGKILL)

    with pytest.raises(EngineError, match="its process ended with SIGKILL"):
        teach_apart(Places(tmp_path / "data"), lesson(tmp_path), kill)
    assert shelf_of(Places(tmp_path / "data")).active("line-3") is None


def test_who_is_interrupted_takes_the_lesson_along(tmp_path: Path) -> None:
    children: list[int] = []

    def interrupt(share: float, text: str) -> None:
        children.extend(child.pid for child in lessons())
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        teach_apart(Places(tmp_path / "data"), lesson(tmp_path), interrupt)
    assert children and not any(psutil.pid_exists(pid) for pid in children)
