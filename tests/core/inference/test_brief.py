"""An event loop that stands still for the runner of a brief model."""

from __future__ import annotations

import asyncio
import gc
import os
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pytest

from core.inference import job as job_module
from core.inference.engine import LocalEngine
from core.inference.request import Ask, Outcome
from core.inference.session import Session
from core.models.package import Package
from core.models.trust import SigningKey
from core.scheduling import slice_ns
from tests.support.graphs import score_package

NEVER_S = 1e12
KEY = SigningKey.new()


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Package:
    return score_package(tmp_path_factory.mktemp("tiny") / "p", KEY)


@pytest.fixture
def engine(tiny: Package) -> Iterator[LocalEngine]:
    engine = LocalEngine(runners=2)
    engine.load("t", tiny)
    yield engine
    engine.close()


ASK = Ask("t", {"x": np.ones(4, np.float32)})


def runners_at(engine: LocalEngine) -> list[tuple[set[int], int]]:
    """For each runner the cores that it may run on, and its slice."""
    numbers = [runner.thread.native_id or 0 for runner in engine._crew.runners]
    return [(os.sched_getaffinity(number), slice_ns(number)) for number in numbers]


async def test_the_loop_may_run_everywhere_after_it_stood_still(engine: LocalEngine) -> None:
    everywhere = os.sched_getaffinity(0)
    for _ in range(50):
        assert (await engine.infer(ASK, deadline_mono_s=NEVER_S)).outcome is Outcome.ANSWERED
        assert os.sched_getaffinity(0) == everywhere


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="needs two cores")
async def test_a_runner_stays_with_who_asks_and_is_let_go_for_other_work(engine: LocalEngine) -> None:
    before = runners_at(engine)
    await engine.infer(ASK, deadline_mono_s=NEVER_S)
    assert sorted(len(cores) for cores, _ in runners_at(engine)) == [1, len(before[0][0])]
    engine._slots["t"].usual_run_s = 1.0  # not brief any more: the next one is handed over as any other
    await asyncio.gather(*(engine.infer(ASK, deadline_mono_s=NEVER_S) for _ in range(8)))
    assert runners_at(engine) == before


async def test_a_run_that_is_not_brief_this_time_is_not_waited_for_and_may_go_elsewhere(
    engine: LocalEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = runners_at(engine)
    everywhere = os.sched_getaffinity(0)
    opened = Event()
    run = Session.run

    def held(session: Session, *given: Any) -> Any:
        assert opened.wait(10)
        return run(session, *given)

    monkeypatch.setattr(Session, "run", held)
    asked = asyncio.create_task(engine.infer(ASK, deadline_mono_s=NEVER_S))
    await asyncio.sleep(0)  # it stands still in here, and goes on without the answer
    assert not asked.done()
    assert os.sched_getaffinity(0) == everywhere
    assert runners_at(engine) == before
    opened.set()
    assert (await asked).outcome is Outcome.ANSWERED


async def test_late_is_late_for_who_stood_still(engine: LocalEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = Event()
    monkeypatch.setattr(Session, "run", lambda *given: opened.wait(10))
    began_s = time.monotonic()
    answer = await engine.infer(ASK, deadline_mono_s=began_s + 0.05)
    assert answer.outcome is Outcome.LATE
    opened.set()


def test_no_file_stays_open(engine: LocalEngine) -> None:
    def files_open() -> int:
        gc.collect()  # of engines and loops that are gone
        return len(list(Path("/proc/self/fd").iterdir()))

    async def ask_often() -> None:
        for _ in range(100):
            await engine.infer(ASK, deadline_mono_s=NEVER_S)

    before = files_open()
    asyncio.run(ask_often())
    assert files_open() <= before


async def test_without_a_file_left_it_is_answered_all_the_same(
    engine: LocalEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_left() -> None:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(job_module, "Bell", none_left)
    assert (await engine.infer(ASK, deadline_mono_s=NEVER_S)).outcome is Outcome.ANSWERED
