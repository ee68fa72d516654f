from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from core.errors import DeviceError, EngineError
from core.inference.engine import LocalEngine
from core.inference.request import Ask
from core.models.trust import Trust
from tests.support.clocks import FakeClock
from tests.support.graphs import score_package
from verticals.contract import Action, DeviceNews, Sample
from verticals.devices.base import Port
from verticals.places import Places
from verticals.runtime.bridge import Bridge
from verticals.runtime.models import ModelKeeper, shelf_of


class Line:
    """A line's keeper of the slot `flange`, with the versions 1 to 3 on the shelf; each answers its own number."""

    def __init__(self, folder: Path) -> None:
        places = Places(folder / "data")
        self.shelf = shelf_of(places)
        for version in ("1", "2", "3"):
            path = folder / version
            score_package(path, Trust(places.keys).box_key(), version=version, gain=float(version))
            self.shelf.install(path)
        self.engine, self.bridge = LocalEngine(runners=1), Bridge()
        self.told: list[DeviceNews] = []
        self.keeper = ModelKeeper("line-3", ["flange"], self.shelf, self.engine, self.bridge)
        self.keeper._port = Port(self.take, self.told.append, FakeClock())

    async def take(self, sample: Sample) -> None:
        raise AssertionError("models give no samples")

    async def order(self, what: str, **wanted: str) -> str:
        return await self.keeper.act(Action(f"line-3-model.{what}", {"slot": "flange", **wanted}, 60.0))

    async def answers(self) -> float:
        ask = Ask("flange", {"x": np.ones(4, np.float32)})
        return (await self.engine.infer(ask, deadline_mono_s=time.monotonic() + 5)).scalar("score")


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    line = Line(tmp_path)
    yield line
    line.engine.close()
    line.bridge.close()


async def test_rolling_back_makes_what_answered_before_answer_again(line: Line) -> None:
    for version in ("1", "2", "3"):
        await line.order("activate", name="tiny", version=version)
        assert await line.answers() == float(version)
    assert (await line.order("rollback")).startswith("tiny 2 ")
    assert await line.answers() == 2.0
    await line.order("rollback")
    assert await line.answers() == 1.0
    assert [news.ok for news in line.told] == [True] * 5
    with pytest.raises(DeviceError, match="'flange' was not rolled back: slot 'flange' has no model before"):
        await line.order("rollback")
    assert await line.answers() == 1.0


async def test_what_cannot_be_loaded_is_not_rolled_back_to(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    for version in ("1", "2"):
        await line.order("activate", name="tiny", version=version)

    def full(*_: object, **__: object) -> None:
        raise EngineError("no memory left")

    with monkeypatch.context() as patch:
        patch.setattr(line.engine, "load", full)
        with pytest.raises(DeviceError, match="it stays as it is: no memory left"):
            await line.order("rollback")
    active = line.shelf.active("flange")
    assert active is not None
    assert active.card.version == "2"
    assert await line.answers() == 2.0


async def test_a_loaded_model_is_read_again_from_the_shelf_when_it_is_needed(line: Line) -> None:
    await line.order("activate", name="tiny", version="2")
    line.engine.arrange(1, {"flange": 2})
    standing = line.engine.standing("flange")
    assert standing is not None
    assert (standing.threads, standing.model.version) == (2, "2")
    assert await line.answers() == 2.0
