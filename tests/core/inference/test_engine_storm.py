"""Thousands of asks at random: no answer that came late is ever handed out as valid."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest

from core.inference.engine import LocalEngine
from core.inference.request import Answer, Ask, Outcome
from core.inference.session import Session
from core.models.package import Package
from core.models.trust import SigningKey
from tests.support.graphs import awkward_inputs, awkward_package

_LOOP_ASKERS = 40
_THREADS = 6


@dataclass
class Order:
    """One ask, known by its tag; the deadline begins to run when it is asked."""

    tag: float
    within_s: float
    priority: int
    steps: int
    fails: bool
    deadline_mono_s: float = 0.0

    def ask(self) -> Ask:
        self.deadline_mono_s = time.monotonic() + self.within_s
        return Ask("a", awkward_inputs(self.tag, steps=self.steps, fails=self.fails))


@dataclass
class Storm:
    """What was asked and what came of it. `ended_mono_s` is when the model really had run, by tag."""

    orders: list[Order]
    answers: dict[float, Answer] = field(default_factory=dict)
    ended_mono_s: dict[float, float] = field(default_factory=dict)

    def watch(self, monkeypatch: pytest.MonkeyPatch) -> None:
        run = Session.run

        def watched(session: Session, inputs: Any, *more: Any) -> Any:
            try:
                return run(session, inputs, *more)
            finally:
                self.ended_mono_s[float(inputs["tag"][0])] = time.monotonic()

        monkeypatch.setattr(Session, "run", watched)

    def check(self) -> dict[str, int]:
        """How many had which outcome. Every answer is held against its own ask and the clock."""
        seen = {outcome.value: 0 for outcome in Outcome}
        for order in self.orders:
            answer = self.answers[order.tag]
            seen[answer.outcome] += 1
            if answer.outcome is Outcome.ANSWERED:
                assert self.ended_mono_s[order.tag] <= order.deadline_mono_s, "a late answer was handed out as valid"
                assert answer.scalar("score") == order.tag, "somebody else's answer"
                assert not order.fails
            else:
                assert not answer.outputs
                assert answer.reason
            if answer.outcome is Outcome.FAILED:
                assert order.fails, answer.reason
        return seen


def _orders(number: int, seed: int) -> list[Order]:
    source = random.Random(seed)
    return [
        Order(
            tag=float(tag),
            within_s=source.choice([-0.001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.02, 1.0]),
            priority=source.randint(0, 2),
            steps=source.choice([0, 0, 0, 5, 20, 100, 200]),
            fails=source.random() < 0.1,
        )
        for tag in range(number)
    ]


def _from_a_loop(engine: LocalEngine, storm: Storm) -> None:
    async def main() -> None:
        room = asyncio.Semaphore(_LOOP_ASKERS)

        async def one(order: Order) -> None:
            async with room:
                ask = order.ask()
                answer = await engine.infer(ask, deadline_mono_s=order.deadline_mono_s, priority=order.priority)
                storm.answers[order.tag] = answer

        await asyncio.gather(*map(one, storm.orders))

    asyncio.run(main())


def _from_threads(engine: LocalEngine, storm: Storm) -> None:
    def one(order: Order) -> None:
        ask = order.ask()
        answer = engine.infer_blocking(ask, deadline_mono_s=order.deadline_mono_s, priority=order.priority)
        storm.answers[order.tag] = answer

    with ThreadPoolExecutor(_THREADS) as pool:
        list(pool.map(one, storm.orders))


@pytest.fixture(scope="module")
def awkward(tmp_path_factory: pytest.TempPathFactory) -> Package:
    return awkward_package(tmp_path_factory.mktemp("awkward") / "p", SigningKey.new())


@pytest.fixture(params=[_from_a_loop, _from_threads])
def blow(
    request: pytest.FixtureRequest, awkward: Package, monkeypatch: pytest.MonkeyPatch
) -> Callable[[int, int], dict[str, int]]:
    def blow(number: int, seed: int) -> dict[str, int]:
        engine = LocalEngine(runners=2)
        engine.load("a", awkward)
        storm = Storm(_orders(number, seed))
        with monkeypatch.context() as patch:
            storm.watch(patch)
            request.param(engine, storm)
            engine.close()
        return storm.check()

    return blow


def test_no_late_answer_is_handed_out_as_valid(blow: Callable[[int, int], dict[str, int]]) -> None:
    seen = blow(2_000, 1)
    assert all(seen.values()), f"a storm must hold every outcome: {seen}"


@pytest.mark.slow
def test_no_late_answer_in_100_000_is_handed_out_as_valid(blow: Callable[[int, int], dict[str, int]]) -> None:
    total: dict[str, int] = {}
    for seed in range(5):
        for outcome, count in blow(20_000, seed).items():
            total[outcome] = total.get(outcome, 0) + count
    assert sum(total.values()) == 100_000
    assert all(total.values()), f"a storm must hold every outcome: {total}"
