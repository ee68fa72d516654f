"""What the engine costs on top of a bare `session.run`, both in one run, in turns, so that the box's mood hits both."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
import pytest

from core.inference.engine import LocalEngine
from core.inference.request import Answer, Arrays, Ask, Outcome
from core.inference.session import Session
from core.models.golden import Golden, GoldenCase
from core.models.package import Package, write_package
from core.models.trust import SigningKey
from tests.support.graphs import score_package, work_card, work_graph

pytestmark = pytest.mark.bench

_ROUNDS = 31
_NEVER_S = 1e12


@dataclass
class Figures:
    """Per call, the middle of all rounds, in microseconds."""

    raw_us: float
    ours_us: float
    raw_cpu_us: float
    ours_cpu_us: float

    @property
    def cpu_ratio(self) -> float:
        return self.raw_cpu_us / self.ours_cpu_us

    def line(self, what: str) -> str:
        return (
            f"{what}: bare {self.raw_us:.1f} us, ours {self.ours_us:.1f} us (adds {self.ours_us - self.raw_us:.1f}); "
            f"CPU {self.raw_cpu_us:.1f} and {self.ours_cpu_us:.1f} us, ratio {self.cpu_ratio:.3f}"
        )


@pytest.fixture(scope="module")
def engine() -> Iterator[LocalEngine]:
    engine = LocalEngine()
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Package:
    return score_package(tmp_path_factory.mktemp("tiny") / "p", SigningKey.new())


def _work(folder: Path, target_ms: float) -> Package:
    """A package whose run takes about `target_ms` on this box."""
    inputs = {"x": np.ones((1, 256, 256), np.float32)}
    session = Session(work_graph(4), work_card("probe"))
    taken_s = []
    for _ in range(200):
        began = time.perf_counter()
        session.run(inputs)
        taken_s.append(time.perf_counter() - began)
    layers = max(round(target_ms / 1000 / (min(taken_s) / 4)), 1)
    golden = Golden((GoldenCase("ones", inputs, {"y": inputs["x"]}),))
    return write_package(folder / "p", work_card(f"work-{target_ms:g}ms"), work_graph(layers), golden, SigningKey.new())


def _measured(once: Callable[[], object], calls: int) -> tuple[float, float]:
    """Median wall and mean CPU time of one call, in microseconds."""
    taken = []
    cpu_before = time.process_time_ns()
    for _ in range(calls):
        began = time.perf_counter_ns()
        once()
        taken.append(time.perf_counter_ns() - began)
    return median(taken) / 1000, (time.process_time_ns() - cpu_before) / calls / 1000


async def _measured_in_loop(once: Callable[[], Awaitable[Answer]], calls: int) -> tuple[float, float]:
    taken = []
    cpu_before = time.process_time_ns()
    for _ in range(calls):
        began = time.perf_counter_ns()
        await once()
        taken.append(time.perf_counter_ns() - began)
    return median(taken) / 1000, (time.process_time_ns() - cpu_before) / calls / 1000


def _figures(rounds: list[tuple[tuple[float, float], tuple[float, float]]]) -> Figures:
    return Figures(
        raw_us=median(raw[0] for raw, _ in rounds),
        ours_us=median(ours[0] for _, ours in rounds),
        raw_cpu_us=median(raw[1] for raw, _ in rounds),
        ours_cpu_us=median(ours[1] for _, ours in rounds),
    )


def _bare(package: Package, inputs: Arrays) -> Callable[[], object]:
    session = Session(package.model, package.card)._session
    names = [spec.name for spec in package.card.outputs]
    return lambda: session.run(names, inputs)


def _from_a_thread(engine: LocalEngine, package: Package, calls: int) -> Figures:
    name = package.card.name
    engine.load(name, package)
    inputs = package.golden.cases[0].inputs
    bare = _bare(package, inputs)
    ask = Ask(name, inputs)
    assert engine.infer_blocking(ask, deadline_mono_s=_NEVER_S).outcome is Outcome.ANSWERED

    def ours() -> object:
        return engine.infer_blocking(ask, deadline_mono_s=_NEVER_S)

    return _figures([(_measured(bare, calls), _measured(ours, calls)) for _ in range(_ROUNDS)])


def test_from_a_thread_it_adds_at_most_30_us(engine: LocalEngine, tiny: Package) -> None:
    figures = _from_a_thread(engine, tiny, calls=200)
    print(figures.line("tiny model, from a thread"))
    assert figures.ours_us - figures.raw_us <= 30


async def test_from_asyncio_it_adds_at_most_80_us(engine: LocalEngine, tiny: Package) -> None:
    engine.load("tiny", tiny)
    inputs = tiny.golden.cases[0].inputs
    bare = _bare(tiny, inputs)
    ask = Ask("tiny", inputs)

    def ours() -> Awaitable[Answer]:
        return engine.infer(ask, deadline_mono_s=_NEVER_S)

    figures = _figures([(_measured(bare, 200), await _measured_in_loop(ours, 200)) for _ in range(_ROUNDS)])
    print(figures.line("tiny model, from asyncio"))
    assert figures.ours_us - figures.raw_us <= 80


@pytest.mark.parametrize(("target_ms", "calls", "least"), [(0.4, 100, 0.95), (10.0, 8, 0.98)])
def test_it_takes_hardly_more_cpu_than_a_bare_run(
    engine: LocalEngine, tmp_path: Path, target_ms: float, calls: int, least: float
) -> None:
    figures = _from_a_thread(engine, _work(tmp_path, target_ms), calls)
    print(figures.line(f"{target_ms:g} ms model, from a thread"))
    assert figures.cpu_ratio >= least
