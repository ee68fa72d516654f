from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import DeviceError
from core.inference.engine import LocalEngine
from core.inference.governor import Box
from core.inference.review import EVERY_S, Reviewer
from core.models.trust import SigningKey
from tests.support.clocks import FakeClock
from tests.support.graphs import score_package
from verticals.contract import Action, DeviceNews, Sample
from verticals.devices.base import Port
from verticals.runtime.bridge import Bridge
from verticals.runtime.inference import InferenceWatch


class Line:
    """The watch of a line with one model that has 250 ms for each part, on a box with two cores."""

    def __init__(self, folder: Path) -> None:
        self.clock = FakeClock()
        self.engine = LocalEngine(runners=2)
        self.bridge = Bridge()
        self.file = folder / "inference.json"
        self.heard: list[DeviceNews] = []
        reviewer = Reviewer(self.engine, box=Box(2, 2**30))
        reviewer.watch("flange", 0.25)
        self.watch = InferenceWatch(reviewer, self.engine, self.bridge, self.file)
        self.watch._port = Port(self.take, self.hear, self.clock)
        self.engine.load("flange", score_package(folder / "p", SigningKey.new(), name="flange"))

    async def take(self, sample: Sample) -> None:
        raise AssertionError("it has no samples")

    def hear(self, news: DeviceNews) -> None:
        self.heard.append(news)

    async def beat(self, cost_s: float, *, asked: int = 0, fallen: str = "") -> None:
        loaded = self.engine._slots["flange"]
        loaded.usual_run_s, loaded.fallen = cost_s, fallen
        loaded.asked += asked
        self.clock.advance(EVERY_S)
        await self.watch.steer(ready=True, beat=1)


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    line = Line(tmp_path)
    yield line
    line.engine.close()
    line.bridge.close()


async def test_the_beat_and_the_file_say_how_the_models_fare(line: Line) -> None:
    assert line.watch.told() == {}
    await line.beat(0.014)
    told = line.watch.told()
    assert told == json.loads(line.file.read_bytes())
    assert told["fits"]
    assert told["words"] == ["flange: 0 a second at 14 ms on 2 cores: 0 %; fits"]
    assert told["models"]["flange"]["provider"] == "cpu"


async def test_a_model_that_became_too_slow_gets_more_threads_and_that_is_written(line: Line) -> None:
    await line.beat(0.014)
    await line.beat(0.3)
    standing = line.engine.standing("flange")
    assert standing is not None
    assert standing.threads == 2
    assert json.loads(line.file.read_bytes())["models"]["flange"]["usual_ms"] == 300.0


async def test_stations_hear_once_that_what_is_asked_does_not_fit_and_once_that_it_does_again(line: Line) -> None:
    for cost_s in (0.014, 0.6, 0.6, 0.7, 0.014):
        await line.beat(cost_s, asked=25)
    assert [(news.code, news.ok) for news in line.heard] == [("model-slow", False), ("model-slow", True)]
    assert line.heard[0].detail == "flange: 1.5 a second at 600 ms does not fit, see doctor."


async def test_stations_hear_where_a_model_runs_instead_and_of_a_reason_no_more_than_a_line(line: Line) -> None:
    await line.beat(0.014)
    assert not line.heard
    await line.beat(0.014, fallen=f"asked openvino, runs on cpu since 2026-11-24 10:04 UTC: {'device lost ' * 40}")
    await line.beat(0.014)
    assert [(news.code, news.ok) for news in line.heard] == [("model-fallen", False), ("model-fallen", True)]
    assert line.heard[0].detail.startswith("flange: asked openvino, runs on cpu since 2026-11-24 10:04 UTC")
    assert len(line.heard[0].detail) <= 120


async def test_a_file_that_cannot_be_written_harms_nobody(line: Line, caplog: pytest.LogCaptureFixture) -> None:
    line.file.mkdir()
    await line.beat(0.014)
    assert "cannot be kept" in caplog.text
    assert line.watch.told()["fits"]


async def test_it_takes_no_orders(line: Line) -> None:
    with pytest.raises(DeviceError, match="has no output"):
        await line.watch.act(Action("inference.stop", None, 1.0))
