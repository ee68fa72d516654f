from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event, Thread
from typing import Any

import numpy as np
import pytest

from core.errors import EngineError
from core.inference.engine import LocalEngine
from core.inference.request import Answer, Ask, Outcome
from core.inference.session import Session
from core.metrics import Metrics
from core.models.package import Package
from core.models.trust import SigningKey
from tests.support.clocks import FakeClock
from tests.support.graphs import awkward_inputs, awkward_package, score_package

NEVER_S = 1e12
A_WHILE_STEPS = 4000  # some 50 ms of work
KEY = SigningKey.new()


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Package:
    return score_package(tmp_path_factory.mktemp("tiny") / "p", KEY)


@pytest.fixture(scope="module")
def double(tmp_path_factory: pytest.TempPathFactory) -> Package:
    return score_package(tmp_path_factory.mktemp("double") / "p", KEY, version="2", gain=2.0)


@pytest.fixture(scope="module")
def awkward(tmp_path_factory: pytest.TempPathFactory) -> Package:
    return awkward_package(tmp_path_factory.mktemp("awkward") / "p", KEY)


@pytest.fixture
def engine() -> Iterator[LocalEngine]:
    engine = LocalEngine(runners=2)
    yield engine
    engine.close()


@pytest.fixture
def single() -> Iterator[LocalEngine]:
    """One model runs at a time, so that the order is seen."""
    engine = LocalEngine(runners=1)
    yield engine
    engine.close()


def ones() -> dict[str, Any]:
    return {"x": np.ones(4, np.float32)}


def score(level: float) -> dict[str, Any]:
    return {"x": np.full(4, level, np.float32)}


async def until_waiting(engine: LocalEngine, number: int) -> None:
    while engine.waiting < number:  # noqa: ASYNC110 - the tasks that are let run here put the asks into the queue
        await asyncio.sleep(0)


class Gate:
    """Holds every run of a slot until it is opened; what ran is in `tags`, in order."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.opened = Event()
        self.entered = Event()
        self.tags: list[float] = []
        run = Session.run

        def held(session: Session, inputs: Any, *more: Any) -> Any:
            self.tags.append(float(next(iter(inputs.values()))[0]))
            self.entered.set()
            assert self.opened.wait(10)
            return run(session, inputs, *more)

        monkeypatch.setattr(Session, "run", held)


Asker = Callable[[LocalEngine, Ask, float], Answer]


def _from_a_thread(engine: LocalEngine, ask: Ask, deadline_mono_s: float) -> Answer:
    return engine.infer_blocking(ask, deadline_mono_s=deadline_mono_s)


def _from_a_loop(engine: LocalEngine, ask: Ask, deadline_mono_s: float) -> Answer:
    async def main() -> Answer:
        return await engine.infer(ask, deadline_mono_s=deadline_mono_s)

    return asyncio.run(main())


both_ways = pytest.mark.parametrize("asker", [_from_a_thread, _from_a_loop])


@both_ways
def test_an_answer_says_which_package_gave_it(engine: LocalEngine, tiny: Package, asker: Asker) -> None:
    engine.load("line-3", tiny)
    answer = asker(engine, Ask("line-3", score(0.75)), NEVER_S)
    assert answer.outcome is Outcome.ANSWERED
    assert answer.scalar("score") == 0.75
    assert answer.model == engine.active("line-3")
    assert answer.model is not None
    assert (answer.model.name, answer.model.sha256) == ("tiny", tiny.sha256)
    assert answer.model.limits == {"threshold": 0.5}
    assert answer.run_s > 0


@both_ways
def test_a_slot_without_a_model_is_a_failed_answer(engine: LocalEngine, tiny: Package, asker: Asker) -> None:
    answer = asker(engine, Ask("nobody", ones()), NEVER_S)
    assert (answer.outcome, answer.model) == (Outcome.FAILED, None)
    assert "no model is active for 'nobody'" in answer.reason
    engine.load("somebody", tiny)
    engine.unload("somebody")
    assert engine.active("somebody") is None
    assert asker(engine, Ask("somebody", ones()), NEVER_S).outcome is Outcome.FAILED


@both_ways
def test_a_failed_run_is_a_value_with_its_reason(engine: LocalEngine, awkward: Package, asker: Asker) -> None:
    engine.load("a", awkward)
    answer = asker(engine, Ask("a", awkward_inputs(fails=True)), NEVER_S)
    assert answer.outcome is Outcome.FAILED
    assert "Gather" in answer.reason
    assert not answer.outputs
    answer = asker(engine, Ask("a", {"tag": np.zeros(3)}), NEVER_S)
    assert (answer.outcome, "the inputs are" in answer.reason) == (Outcome.FAILED, True)
    assert asker(engine, Ask("a", awkward_inputs(5.0)), NEVER_S).scalar("score") == 5.0


@both_ways
def test_a_deadline_that_has_passed_is_late_without_a_run(
    engine: LocalEngine, tiny: Package, asker: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.load("t", tiny)
    gate = Gate(monkeypatch)
    for deadline in (time.monotonic(), time.monotonic() - 5, float("nan")):
        answer = asker(engine, Ask("t", ones()), deadline)
        assert (answer.outcome, dict(answer.outputs)) == (Outcome.LATE, {})
    assert gate.tags == []


@both_ways
def test_a_run_that_outlasts_the_deadline_gives_no_outputs(engine: LocalEngine, awkward: Package, asker: Asker) -> None:
    engine.load("a", awkward)
    answer = asker(engine, Ask("a", awkward_inputs(steps=A_WHILE_STEPS)), time.monotonic() + 0.01)
    assert (answer.outcome, dict(answer.outputs)) == (Outcome.LATE, {})
    assert asker(engine, Ask("a", awkward_inputs(3.0)), NEVER_S).scalar("score") == 3.0


@both_ways
def test_lateness_is_judged_by_the_clock_that_was_given(tiny: Package, asker: Asker) -> None:
    clock = FakeClock(mono_s=100.0)
    engine = LocalEngine(runners=1, clock=clock)
    engine.load("t", tiny)
    assert asker(engine, Ask("t", ones()), 100.5).outcome is Outcome.ANSWERED
    clock.advance(1.0)
    assert asker(engine, Ask("t", ones()), 100.5).outcome is Outcome.LATE
    engine.close()


@both_ways
def test_who_waits_behind_a_hung_model_is_told_at_the_deadline(
    single: LocalEngine, tiny: Package, asker: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    single.load("t", tiny)
    gate = Gate(monkeypatch)
    hung = Thread(target=single.infer_blocking, args=(Ask("t", score(1)),), kwargs={"deadline_mono_s": NEVER_S})
    hung.start()
    assert gate.entered.wait(10)
    answer = asker(single, Ask("t", score(2)), time.monotonic() + 0.01)
    assert answer.outcome is Outcome.LATE
    assert single.waiting == 0
    gate.opened.set()
    hung.join()
    assert asker(single, Ask("t", score(3)), NEVER_S).outcome is Outcome.ANSWERED
    assert gate.tags == [1, 3], "the ask that was given up must not be run"


async def test_a_loop_is_told_at_the_deadline_while_its_own_run_goes_on(
    single: LocalEngine, tiny: Package, monkeypatch: pytest.MonkeyPatch
) -> None:
    single.load("t", tiny)
    gate = Gate(monkeypatch)
    answer = await single.infer(Ask("t", ones()), deadline_mono_s=time.monotonic() + 0.01)
    assert answer.outcome is Outcome.LATE
    gate.opened.set()


async def test_priority_goes_first_and_then_the_earlier_deadline(
    single: LocalEngine, tiny: Package, monkeypatch: pytest.MonkeyPatch
) -> None:
    single.load("t", tiny)
    gate = Gate(monkeypatch)
    soon = time.monotonic() + 100
    first = asyncio.create_task(single.infer(Ask("t", score(0)), deadline_mono_s=soon))
    await asyncio.to_thread(gate.entered.wait, 10)
    order = [(1, 1, soon + 9), (2, 1, soon + 3), (3, 0, soon + 9), (4, 0, soon + 3), (5, 2, soon + 1), (6, 1, soon + 9)]
    waiting = [
        asyncio.create_task(single.infer(Ask("t", score(tag)), deadline_mono_s=deadline, priority=priority))
        for tag, priority, deadline in order
    ]
    await until_waiting(single, len(order))
    gate.opened.set()
    answers = await asyncio.gather(first, *waiting)
    assert {answer.outcome for answer in answers} == {Outcome.ANSWERED}
    assert gate.tags == [0, 4, 3, 2, 1, 6, 5]


async def test_a_cancelled_ask_is_not_run_and_harms_nobody(
    single: LocalEngine, tiny: Package, monkeypatch: pytest.MonkeyPatch
) -> None:
    single.load("t", tiny)
    gate = Gate(monkeypatch)
    running = asyncio.create_task(single.infer(Ask("t", score(1)), deadline_mono_s=NEVER_S))
    await asyncio.to_thread(gate.entered.wait, 10)
    waiting = asyncio.create_task(single.infer(Ask("t", score(2)), deadline_mono_s=NEVER_S))
    await until_waiting(single, 1)
    for task in (running, waiting):
        task.cancel()
    await asyncio.wait({running, waiting})
    gate.opened.set()
    assert (await single.infer(Ask("t", score(3)), deadline_mono_s=NEVER_S)).scalar("score") == 3.0
    assert gate.tags == [1, 3]


async def test_a_full_queue_answers_at_once_and_makes_room_of_those_who_left(
    tiny: Package, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = LocalEngine(runners=1, queue_limit=2)
    engine.load("t", tiny)
    gate = Gate(monkeypatch)
    ask = Ask("t", ones())
    tasks = [asyncio.create_task(engine.infer(ask, deadline_mono_s=NEVER_S)) for _ in range(3)]
    await asyncio.to_thread(gate.entered.wait, 10)
    await until_waiting(engine, 2)
    refused = await engine.infer(ask, deadline_mono_s=NEVER_S)
    assert (refused.outcome, refused.reason) == (Outcome.FAILED, "2 asks wait already")
    tasks[2].cancel()
    await asyncio.wait({tasks[2]})
    last = asyncio.create_task(engine.infer(ask, deadline_mono_s=NEVER_S))
    await asyncio.sleep(0)
    gate.opened.set()
    assert (await last).outcome is Outcome.ANSWERED
    assert (await tasks[1]).outcome is Outcome.ANSWERED
    engine.close()


async def test_closing_answers_those_who_wait(tiny: Package, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = LocalEngine(runners=1)
    engine.load("t", tiny)
    gate = Gate(monkeypatch)
    ask = Ask("t", ones())
    running, waiting = (asyncio.create_task(engine.infer(ask, deadline_mono_s=NEVER_S)) for _ in range(2))
    await asyncio.to_thread(gate.entered.wait, 10)
    await until_waiting(engine, 1)
    closing = asyncio.create_task(asyncio.to_thread(engine.close))
    assert (await waiting).reason == "the engine is closed"
    gate.opened.set()
    assert (await running).outcome is Outcome.ANSWERED
    await closing
    assert (await engine.infer(ask, deadline_mono_s=NEVER_S)).reason == "the engine is closed"
    assert not any(runner.thread.is_alive() for runner in engine._crew.runners)


@both_ways
def test_an_error_that_nobody_thought_of_does_not_end_a_runner(
    single: LocalEngine, tiny: Package, asker: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    single.load("t", tiny)

    def out_of_memory(*_: object) -> None:
        raise MemoryError("no memory left")

    with monkeypatch.context() as patch:
        patch.setattr(Session, "run", out_of_memory)
        for _ in range(3):
            answer = asker(single, Ask("t", ones()), NEVER_S)
            assert (answer.outcome, answer.reason) == (Outcome.FAILED, "MemoryError: no memory left")
    assert asker(single, Ask("t", ones()), NEVER_S).outcome is Outcome.ANSWERED


def test_a_package_that_does_not_run_leaves_the_one_before(
    engine: LocalEngine, tiny: Package, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = engine.load("t", tiny)
    broken = Package(tiny.card, tiny.golden, "0" * 64, "", "", False, {**tiny.files, "model.onnx": b"junk"}, b"")
    with pytest.raises(EngineError):
        engine.load("t", broken)
    assert engine.active("t") == before


def test_models_are_swapped_under_load_and_nobody_is_dropped(
    engine: LocalEngine, tiny: Package, double: Package
) -> None:
    engine.load("t", tiny)
    stop = Event()
    ready = Barrier(4)

    def ask_on() -> list[Answer]:
        ready.wait(10)
        answers = []
        while not stop.is_set():
            answers.append(engine.infer_blocking(Ask("t", ones()), deadline_mono_s=NEVER_S))
        return answers

    async def ask_on_in_loop() -> list[Answer]:
        ready.wait(10)
        answers = []
        while not stop.is_set():
            answers.append(await engine.infer(Ask("t", ones()), deadline_mono_s=NEVER_S))
        return answers

    with ThreadPoolExecutor() as pool:
        askers = [pool.submit(ask_on), pool.submit(ask_on), pool.submit(lambda: asyncio.run(ask_on_in_loop()))]
        ready.wait(10)
        answers = []
        for package in [double, tiny] * 10:
            engine.load("t", package)
            answers += [engine.infer_blocking(Ask("t", ones()), deadline_mono_s=NEVER_S) for _ in range(10)]
        stop.set()
        answers += [answer for asker in askers for answer in asker.result()]
    assert {answer.outcome for answer in answers} == {Outcome.ANSWERED}
    assert {answer.model.version for answer in answers if answer.model} == {"1", "2"}
    for answer in answers:
        assert answer.model is not None
        assert answer.scalar("score") == float(answer.model.version), "the answer of one model under another's name"


def test_every_ask_is_counted_once_under_its_outcome(tiny: Package, awkward: Package) -> None:
    metrics = Metrics()
    engine = LocalEngine(runners=1, metrics=metrics)
    engine.load("t", tiny)
    engine.load("a", awkward)
    for _ in range(3):
        engine.infer_blocking(Ask("t", ones()), deadline_mono_s=NEVER_S)
    engine.infer_blocking(Ask("t", ones()), deadline_mono_s=0.0)
    engine.infer_blocking(Ask("a", awkward_inputs(fails=True)), deadline_mono_s=NEVER_S)
    engine.unload("a")
    engine.close()
    text = metrics.text().decode()
    assert 'requests_total{code="answered",model="tiny",version="1"} 3.0' in text
    assert 'requests_total{code="late",model="tiny",version="1"} 1.0' in text
    assert 'requests_total{code="failed",model="awkward",version="1"} 1.0' in text
    assert 'edge_inference_duration_seconds_count{model="tiny",version="1"} 3.0' in text
    assert f'sha256="{tiny.sha256}"' in text
    assert awkward.sha256 not in text
