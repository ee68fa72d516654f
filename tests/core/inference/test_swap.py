"""Models swapped under load: nobody is dropped, nobody answered twice, and the memory stays where it was."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Event

import numpy as np
import psutil
import pytest

from core.inference.engine import LocalEngine
from core.inference.request import Ask, Outcome
from core.models.golden import Golden, GoldenCase
from core.models.package import Package, write_package
from core.models.trust import SigningKey
from tests.support.graphs import work_card, work_graph

KEY = SigningKey.new()
NEVER_S = 1e12


def large_package(folder: Path, version: str, layers: int = 12) -> Package:
    """3 MB of weights: what is not given back would be seen."""
    card = replace(work_card("work"), version=version)
    inputs = {"x": np.zeros((1, 256, 256), np.float32)}
    golden = Golden((GoldenCase("zeros", inputs, {"y": inputs["x"]}),))
    return write_package(folder, card, work_graph(layers), golden, KEY)


class Load:
    """Askers on two threads and one event loop. Each ask has a number of its own, and exactly one answer."""

    def __init__(self, engine: LocalEngine) -> None:
        self.engine = engine
        self.stop = Event()
        self.answers: Counter[tuple[str, int]] = Counter()
        self.outcomes: Counter[str] = Counter()
        self.versions: Counter[str] = Counter()

    def ask_on(self, who: str) -> None:
        number = 0
        ask = Ask("m", {"x": np.zeros((1, 256, 256), np.float32)})
        while not self.stop.is_set():
            answer = self.engine.infer_blocking(ask, deadline_mono_s=NEVER_S)
            self._note(who, number, answer.outcome, answer.model.version if answer.model else "")
            number += 1

    async def ask_on_in_loop(self, who: str) -> None:
        async def one(number: int) -> None:
            ask = Ask("m", {"x": np.zeros((1, 256, 256), np.float32)})
            answer = await self.engine.infer(ask, deadline_mono_s=time.monotonic() + 60)
            self._note(who, number, answer.outcome, answer.model.version if answer.model else "")

        number = 0
        while not self.stop.is_set():
            await asyncio.gather(*(one(number + index) for index in range(4)))
            number += 4

    def _note(self, who: str, number: int, outcome: Outcome, version: str) -> None:
        self.answers[who, number] += 1
        self.outcomes[outcome] += 1
        self.versions[version] += 1


def _swap(tmp_path: Path, swaps: int) -> tuple[Load, list[int]]:
    """Memory after each tenth of the swaps, in bytes."""
    packages = [large_package(tmp_path / version, version) for version in ("1", "2")]
    engine = LocalEngine(runners=2)
    engine.load("m", packages[0])
    load = Load(engine)
    memory = []
    with ThreadPoolExecutor(3) as pool:
        askers = [pool.submit(load.ask_on, "thread"), pool.submit(lambda: asyncio.run(load.ask_on_in_loop("loop")))]
        try:
            for swap in range(swaps):
                engine.load("m", packages[(swap + 1) % 2])
                if swap % (swaps // 10) == 0:
                    memory.append(psutil.Process().memory_info().rss)
        finally:
            load.stop.set()
        for asker in askers:
            asker.result(60)
    engine.close()
    return load, memory


def _check(load: Load) -> None:
    assert set(load.outcomes) == {"answered"}, load.outcomes
    assert set(load.answers.values()) == {1}
    for who in ("thread", "loop"):
        numbers = {number for name, number in load.answers if name == who}
        assert numbers == set(range(len(numbers))), "an ask was dropped"
    assert set(load.versions) == {"1", "2"}


def test_no_ask_is_dropped_or_answered_twice_while_models_are_swapped(tmp_path: Path) -> None:
    load, _ = _swap(tmp_path, 20)
    _check(load)


@pytest.mark.slow
def test_a_thousand_swaps_under_load_leave_the_memory_where_it_was(tmp_path: Path) -> None:
    load, memory = _swap(tmp_path, 1000)
    _check(load)
    # 1000 sessions of 3 MB each would be 3 GB; the first tenth still grows into its arena.
    assert max(memory[2:]) - min(memory[2:]) < 30e6
