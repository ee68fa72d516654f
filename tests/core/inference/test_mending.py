"""Runs that do not come back, by graphs that really run on: one in many nodes, one stuck in a single node."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from queue import Queue

import pytest

from core.errors import EngineError
from core.inference import mending
from core.inference.engine import LocalEngine
from core.inference.loaded import Loaded
from core.inference.request import Answer, Ask, Outcome
from core.inference.session import Session
from core.models.package import Package
from core.models.trust import SigningKey
from tests.support.graphs import awkward_inputs, awkward_package, stuck_inputs, stuck_package

KEY = SigningKey.new()
MANY_STEPS = 500_000  # in its loop for some 5 s, unless ended
MANY_BOXES = 50_000  # in one node for 3 to 6 s, whatever anybody does
NEVER_S = 1e12


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Package:
    return awkward_package(tmp_path_factory.mktemp("long") / "p", KEY)


@pytest.fixture(scope="module")
def stuck(tmp_path_factory: pytest.TempPathFactory) -> Package:
    return stuck_package(tmp_path_factory.mktemp("stuck") / "p", KEY)


class Cell:
    """An engine with one runner, so that a run that does not end is in everybody's way."""

    def __init__(self) -> None:
        self.restarts: Queue[str] = Queue()
        self.engine = LocalEngine(runners=1, give_up=self.restarts.put)

    async def infer(self, ask: Ask, within_s: float) -> Answer:
        return await self.engine.infer(ask, deadline_mono_s=time.monotonic() + within_s)

    async def hang(self) -> None:
        """One run that gets stuck and is left."""
        answer = await self.infer(Ask("m", stuck_inputs(boxes=MANY_BOXES)), 0.05)
        assert answer.outcome is Outcome.LATE

    async def until_it_answers(self) -> float:
        """How long that took, in seconds; nobody gets anything but his own answer or none."""
        began_s = time.monotonic()
        while time.monotonic() < began_s + 20:
            answer = await self.infer(Ask("m", stuck_inputs(7.0)), 0.2)
            if answer.outcome is Outcome.ANSWERED:
                assert answer.scalar("score") == 7.0
                return time.monotonic() - began_s
            assert not answer.outputs
            assert answer.reason
        raise AssertionError("it does not answer any more")

    def session(self) -> Session:
        return self.engine._slots["m"].session


@pytest.fixture
def cell() -> Iterator[Cell]:
    cell = Cell()
    yield cell
    cell.engine.close()


async def test_a_run_past_its_deadline_is_ended_and_the_next_one_is_answered(cell: Cell, long: Package) -> None:
    cell.engine.load("m", long)
    session = cell.session()
    for tag in (1.0, 2.0, 3.0):
        answer = await cell.infer(Ask("m", awkward_inputs(steps=MANY_STEPS)), 0.05)
        assert answer.outcome is Outcome.LATE
        answer = await cell.infer(Ask("m", awkward_inputs(tag)), 0.5)
        assert (answer.outcome, answer.reason) == (Outcome.ANSWERED, "")
        assert answer.scalar("score") == tag
    assert cell.session() is session
    assert cell.restarts.empty()


def test_a_run_on_the_askers_own_thread_is_ended_too(cell: Cell, long: Package) -> None:
    cell.engine.load("m", long)
    before = {thread.name for thread in threading.enumerate()}
    for _ in range(2):
        began_s = time.monotonic()
        ask = Ask("m", awkward_inputs(steps=MANY_STEPS))
        answer = cell.engine.infer_blocking(ask, deadline_mono_s=began_s + 0.3)
        assert answer.outcome is Outcome.LATE
        assert time.monotonic() - began_s < 1.0
    assert "watch" not in before
    cell.engine.infer_blocking(Ask("m", awkward_inputs(4.0)), deadline_mono_s=NEVER_S).scalar("score")


async def test_a_run_whose_asker_went_away_is_ended_all_the_same(cell: Cell, long: Package) -> None:
    import asyncio

    cell.engine.load("m", long)
    asking = asyncio.create_task(cell.infer(Ask("m", awkward_inputs(steps=MANY_STEPS)), 0.2))
    await asyncio.sleep(0.05)
    asking.cancel()
    await asyncio.wait({asking})
    assert (await cell.infer(Ask("m", awkward_inputs(4.0)), 1.0)).scalar("score") == 4.0


async def test_nobody_watches_while_answers_come_in_time(cell: Cell, long: Package) -> None:
    cell.engine.load("m", long)
    for _ in range(20):
        assert (await cell.infer(Ask("m", awkward_inputs()), 5.0)).outcome is Outcome.ANSWERED
    assert cell.engine._mending._watch._thread is None


async def test_a_run_that_is_stuck_is_left_and_a_fresh_session_takes_over(cell: Cell, stuck: Package) -> None:
    cell.engine.load("m", stuck)
    session, runner = cell.session(), cell.engine._crew.runners[0].thread
    await cell.hang()
    took_s = await cell.until_it_answers()
    assert took_s < 2.0
    assert runner.is_alive(), "it was not stuck at all"
    assert cell.session() is not session
    assert runner not in [runner.thread for runner in cell.engine._crew.runners]
    assert cell.restarts.empty()
    runner.join(60)
    assert not runner.is_alive()
    assert (await cell.infer(Ask("m", stuck_inputs(3.0)), 5.0)).scalar("score") == 3.0


async def test_a_package_that_was_replaced_meanwhile_is_not_loaded_in_its_place(
    cell: Cell, stuck: Package, long: Package
) -> None:
    cell.engine.load("m", stuck, again=lambda: long)
    await cell.hang()
    reason = cell.restarts.get(timeout=10)
    assert "a fresh session failed: stuck 1 is not the package that was loaded any more" in reason


async def test_the_second_time_within_ten_minutes_the_process_asks_for_its_restart(cell: Cell, stuck: Package) -> None:
    cell.engine.load("m", stuck)
    await cell.hang()
    await cell.until_it_answers()
    await cell.hang()
    reason = cell.restarts.get(timeout=5)
    assert reason == "stuck 1 hangs again after it was loaded anew; this process asks to be started again"
    answer = await cell.infer(Ask("m", stuck_inputs()), 5.0)
    assert (answer.outcome, answer.reason) == (Outcome.FAILED, reason)


async def test_a_model_that_hangs_seldom_is_mended_every_time(
    cell: Cell, stuck: Package, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mending, "HANGS_APART_S", 0.0)
    cell.engine.load("m", stuck)
    for _ in range(2):
        await cell.hang()
        await cell.until_it_answers()
    assert cell.restarts.empty()
    assert cell.engine._slots["m"].counts.hangs == 2


@pytest.mark.slow
def test_who_runs_a_stuck_model_himself_stands_in_nobodys_way(cell: Cell, stuck: Package) -> None:
    cell.engine.load("m", stuck)
    ask = Ask("m", stuck_inputs(boxes=MANY_BOXES))
    with ThreadPoolExecutor(1) as pool:
        own = pool.submit(cell.engine.infer_blocking, ask, deadline_mono_s=time.monotonic() + 0.3)
        time.sleep(1.8)
        ask = Ask("m", stuck_inputs(5.0))
        answer = cell.engine.infer_blocking(ask, deadline_mono_s=time.monotonic() + 0.5)
        assert answer.scalar("score") == 5.0
        assert not own.done()
        assert own.result(60).outcome is Outcome.LATE
    assert cell.engine.infer_blocking(ask, deadline_mono_s=NEVER_S).scalar("score") == 5.0


@pytest.mark.parametrize(
    ("fails", "why"),
    [(True, "hangs, and a fresh session failed: no memory"), (False, "hangs, and a fresh session does not come")],
)
async def test_a_model_that_cannot_be_loaded_anew_needs_another_process(
    cell: Cell, stuck: Package, monkeypatch: pytest.MonkeyPatch, fails: bool, why: str
) -> None:
    over = threading.Event()

    def load_again(loaded: Loaded) -> Session:
        if fails:
            raise EngineError("no memory")
        over.wait(20)
        return loaded.session

    monkeypatch.setattr(Loaded, "fresh_session", load_again)
    monkeypatch.setattr(mending, "RENEW_WITHIN_S", 0.2)
    cell.engine.load("m", stuck)
    await cell.hang()
    assert why in cell.restarts.get(timeout=10)
    over.set()
