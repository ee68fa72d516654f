"""Thousands of asks at random: no answer that came late is ever handed out as valid."""

from __future__ import annotations

import asyncio
import random
import time
from typing import Any

import pytest

from core.inference.engine import LocalEngine
from core.inference.request import Answer, Ask, Outcome
from core.models.package import Package
from core.models.trust import SigningKey
from tests.support.graphs import awkward_inputs, awkward_package


@pytest.fixture(scope="module")
def awkward(tmp_path_factory: pytest.TempPathFactory) -> Package:
    return awkward_package(tmp_path_factory.mktemp("awkward") / "p", SigningKey.new())


async def _storm(engine: LocalEngine, asks: int, seed: int) -> dict[Outcome, int]:
    """Random deadlines, priorities, durations and failures; checks every answer against its own ask."""
    source = random.Random(seed)
    seen = dict.fromkeys(Outcome, 0)
    room = asyncio.Semaphore(40)

    async def one(tag: float) -> None:
        fails = source.random() < 0.1
        steps = source.choice([0, 0, 0, 5, 20, 100])
        deadline = time.monotonic() + source.choice([-0.001, 0.0, 0.0005, 0.002, 0.01, 1.0])
        ask = Ask("a", awkward_inputs(tag, steps=steps, fails=fails))
        priority = source.randint(0, 2)
        async with room:
            answer = await engine.infer(ask, deadline_mono_s=deadline, priority=priority)
        seen[answer.outcome] += 1
        if answer.outcome is Outcome.ANSWERED:
            assert not fails
            assert answer.scalar("score") == tag
        else:
            assert not answer.outputs
            assert answer.reason

    await asyncio.gather(*(one(float(number)) for number in range(asks)))
    return seen


def _check_storm(awkward: Package, asks: int, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every answer that is handed out as valid is checked against the clock in the same breath."""
    engine = LocalEngine(runners=2)
    engine.load("a", awkward)
    settle = LocalEngine._settle
    late_as_valid = []

    def watched(self: LocalEngine, job: Any, answer: Answer | None) -> Answer:
        before = time.monotonic()
        settled = settle(self, job, answer)
        if settled.outcome is Outcome.ANSWERED and before > job.deadline_mono_s:
            late_as_valid.append(settled)
        return settled

    monkeypatch.setattr(LocalEngine, "_settle", watched)
    seen = asyncio.run(_storm(engine, asks, seed))
    engine.close()
    assert late_as_valid == []
    assert sum(seen.values()) == asks
    assert all(seen.values()), f"the storm must hold every outcome: {seen}"


def test_no_late_answer_is_handed_out_as_valid(awkward: Package, monkeypatch: pytest.MonkeyPatch) -> None:
    _check_storm(awkward, 2_000, 1, monkeypatch)


@pytest.mark.slow
def test_no_late_answer_in_200_000_is_handed_out_as_valid(awkward: Package, monkeypatch: pytest.MonkeyPatch) -> None:
    for seed in range(10):
        _check_storm(awkward, 20_000, seed, monkeypatch)
