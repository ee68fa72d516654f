"""What the suite needs from the machine, and what it does where that is missing: skip with a reason, fail on CI."""

from __future__ import annotations

import gc
import shutil
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest

from core.settings import environment
from tests.proof.scale import SHORT, scale_of
from tests.support.databases import Cluster, server_programs
from tests.support.ready_stores import made_once
from tests.support.scheduling import FileByFile
from verticals.store import pins

#: Marked tests that run only when `-m` names the mark: they take minutes, or the whole machine.
ON_DEMAND = ("bench", "slow")


def _on_ci() -> bool:
    return environment("EDGEWISE_CI", "") == "1"


def _missing(reason: str) -> None:
    """Nothing is skipped on CI for want of a browser or of data."""
    if _on_ci():
        pytest.fail(f"{reason} (EDGEWISE_CI=1: not skipped)", pytrace=False)
    pytest.skip(reason)


def _samples() -> Path | None:
    named = environment("EDGEWISE_SAMPLES")
    return Path(named) if named and Path(named).is_dir() else None


def _chromium() -> str | None:
    """The one without a window of its own first: it takes a third less processor time."""
    return next(filter(None, map(shutil.which, ("chromium-headless-shell", "chromium", "chromium-browser"))), None)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Here and not in tests/proof: pytest reads options only from the folders that it starts in."""
    what = "how much tests/proof does: short, full, or with changes: short,kills=3,parts=40"
    parser.addoption("--proof-scale", type=scale_of, default=SHORT, metavar="SCALE", help=what)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    wanted = str(config.option.markexpr)
    left_out = [
        item for item in items if any(item.get_closest_marker(mark) and mark not in wanted for mark in ON_DEMAND)
    ]
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker("alone")
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> FileByFile | None:
    return FileByFile(config, log) if config.option.dist == "loadfile" else None


def pytest_collection_finish() -> None:
    """What was collected stays to the end: the garbage collector need not look through it again and again."""
    gc.collect()
    gc.freeze()


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("samples") and _samples() is None:
        _missing("the real data sets are not here: set EDGEWISE_SAMPLES to their folder")
    if item.get_closest_marker("browser") and _chromium() is None:
        _missing("Debian's Chromium is not installed: apt-get install chromium-headless-shell fonts-inter")


@pytest.fixture(scope="session", autouse=True)
def ready_stores() -> Iterator[None]:
    with made_once():
        yield


@pytest.fixture(scope="session", autouse=True)
def dear_pins() -> Iterator[int]:
    """What a guess costs in the product; it costs little in the tests, which sign in some thousand times."""
    product = pins._N
    with patch.object(pins, "_N", 2**8):
        yield product


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A PostgreSQL server of this session's own."""
    programs = server_programs()
    if programs is None:
        _missing("no PostgreSQL server is installed: apt-get install postgresql")
    assert programs is not None
    running = Cluster(programs)
    yield running
    running.close()


@pytest.fixture(scope="session")
def samples() -> Path:
    """The folder of the real data sets; for tests marked `samples`."""
    found = _samples()
    assert found is not None, "mark the test with @pytest.mark.samples"
    return found


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of Debian's Chromium; for tests marked `browser`."""
    found = _chromium()
    assert found is not None, "mark the test with @pytest.mark.browser"
    return found
