from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from core.inference.engine import LocalEngine
from core.inference.governor import Box
from core.inference.request import Ask, Outcome
from core.inference.review import EVERY_S, Reviewer
from core.metrics import Metrics
from core.models.package import Package
from core.models.trust import SigningKey
from tests.support.clocks import FakeClock
from tests.support.graphs import score_package

ASK = Ask("m", {"x": np.ones(4, np.float32)})


@pytest.fixture
def tiny(tmp_path: Path) -> Package:
    return score_package(tmp_path / "p", SigningKey.new())


@pytest.fixture
def engine() -> Iterator[LocalEngine]:
    engine = LocalEngine(runners=2)
    yield engine
    engine.close()


class Watched:
    def __init__(self, engine: LocalEngine) -> None:
        self.engine = engine
        self.clock = FakeClock()
        self.metrics = Metrics()
        self.reviewer = Reviewer(engine, self.metrics, Box(2, 2**30))
        self.reviewer.watch("m", 0.25)

    def slow(self, cost_s: float, per_s: float) -> None:
        """A time passes in which the model was asked so often, and took so long each time."""
        loaded = self.engine._slots["m"]
        self.clock.advance(EVERY_S)
        loaded.asked += round(per_s * EVERY_S)
        loaded.usual_run_s = cost_s

    def words(self) -> str:
        assert self.reviewer.last is not None
        return "; ".join(self.reviewer.last.plan.words)


@pytest.fixture
def watched(engine: LocalEngine) -> Watched:
    return Watched(engine)


def test_before_anything_is_loaded_all_is_well_and_nothing_is_logged(
    watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", logger="core.inference.review")
    review = watched.reviewer.look(watched.clock.now())
    assert review is not None
    assert (review.plan.fits, dict(review.standings), review.excess) == (True, {}, "")
    assert not caplog.records


def test_it_looks_every_few_seconds_and_tells_only_what_is_news(watched: Watched, tiny: Package) -> None:
    watched.engine.load("m", tiny)
    assert watched.reviewer.look(watched.clock.now()) is not None
    assert watched.reviewer.look(watched.clock.advance(EVERY_S - 0.1)) is None
    first = watched.reviewer.last
    assert watched.reviewer.look(watched.clock.advance(0.2)) is None
    assert watched.reviewer.last is not first


def test_the_rate_is_what_was_really_asked(watched: Watched, tiny: Package) -> None:
    watched.engine.load("m", tiny)
    watched.reviewer.look(watched.clock.now())
    for _ in range(30):
        watched.slow(0.016, 5)
        watched.reviewer.look(watched.clock.now())
    assert watched.words() == "m: 5 a second at 16 ms on 2 cores: 4 %; fits"
    assert "edge_inference_share 0.0" in watched.metrics.text().decode()


def test_a_model_that_is_kept_ready_beside_the_others_counts_too(watched: Watched, tiny: Package) -> None:
    for slot in ("m", "m-next"):
        watched.engine.load(slot, tiny)
    watched.engine._slots["m-next"].usual_run_s = 0.3
    review = watched.reviewer.look(watched.clock.now())
    assert review is not None
    assert review.plan.threads == {"m": 1, "m-next": 2}


def test_a_model_that_gets_slower_is_news_once_it_does_not_fit(watched: Watched, tiny: Package) -> None:
    watched.engine.load("m", tiny)
    watched.reviewer.look(watched.clock.now())
    told = []
    for cost_s in [0.014] * 20 + [0.2] * 20 + [0.014] * 20:
        watched.slow(cost_s, 10)
        review = watched.reviewer.look(watched.clock.now())
        if review is not None:
            told.append(review.excess.rpartition(" a second")[0])
    assert told == ["m: 9.99", ""]
    assert "edge_inference_fits 1.0" in watched.metrics.text().decode()


async def test_a_model_that_outlasts_its_deadline_is_loaded_with_more_threads_while_it_answers(
    watched: Watched, tiny: Package
) -> None:
    watched.engine.load("m", tiny)
    watched.slow(0.3, 1)
    review = watched.reviewer.look(watched.clock.now())
    assert review is not None
    assert review.plan.threads == {"m": 2}
    arranging = asyncio.create_task(asyncio.to_thread(watched.engine.arrange, review.plan.runners, review.plan.threads))
    while not arranging.done():
        answer = await watched.engine.infer(ASK, deadline_mono_s=time.monotonic() + 5)
        assert answer.outcome is Outcome.ANSWERED
    await arranging
    standing = watched.engine.standing("m")
    assert standing is not None
    assert standing.threads == 2


async def test_fewer_runners_answer_all_that_is_asked_one_after_the_other(engine: LocalEngine, tiny: Package) -> None:
    engine.load("m", tiny)
    for runners in (1, 0, 2, 9):
        engine.arrange(runners, {})
        asking = [engine.infer(ASK, deadline_mono_s=time.monotonic() + 10) for _ in range(50)]
        answers = await asyncio.gather(*asking)
        assert {answer.outcome for answer in answers} == {Outcome.ANSWERED}
        assert engine.infer_blocking(ASK, deadline_mono_s=time.monotonic() + 5).outcome is Outcome.ANSWERED
