"""The keeper over a real shelf and a real engine: what is loaded, what is refused, and what stays in force then."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.clock import SystemClock
from core.errors import DeviceError
from core.inference.engine import LocalEngine
from core.inference.request import Ask, Outcome
from core.models.gate import Gate
from core.models.package import Package
from core.models.shelf import Shelf
from core.models.trust import Trust
from tests.support.brightness import brightness_package
from tests.support.lines import until
from verticals.contract import Action, DeviceNews, Sample
from verticals.devices.base import Port
from verticals.runtime.bridge import Bridge
from verticals.runtime.models import ModelKeeper


class Kept:
    """A keeper of the slot `flange`, with packages of the shelf named by what their white gives."""

    def __init__(self, folder: Path) -> None:
        self.trust = Trust(folder / "keys")
        self.shelf = Shelf(folder / "models", self.trust, Gate())
        self.engine = LocalEngine(runners=1)
        self.bridge = Bridge()
        self.keeper = ModelKeeper("line-3", ["flange"], self.shelf, self.engine, self.bridge)
        self.news: list[DeviceNews] = []
        self.folder = folder

    def install(self, name: str, gain: float) -> Package:
        made = self.folder / "made" / name
        brightness_package(made, self.trust, name=name, gain=gain)
        return self.shelf.install(made)

    async def order(self, what: str, **value: Any) -> str:
        return await self.keeper.act(Action(f"line-3-model.{what}", value, 5.0))

    def load(self, package: Package, slot: str, **more: Any) -> Any:
        card = package.card
        value = {"slot": slot, "name": card.name, "version": card.version, "sha256": package.sha256, **more}
        return self.order("load", **value)

    async def white(self, slot: str) -> float | None:
        """The score of a white picture; None when nothing answers."""
        ask = Ask(slot, {"image": np.full((4, 4, 3), 255, np.uint8)})
        answer = await self.engine.infer(ask, deadline_mono_s=SystemClock().now().mono_s + 5)
        return round(answer.scalar("score"), 3) if answer.outcome is Outcome.ANSWERED else None


async def _nobody(sample: Sample) -> None:
    raise AssertionError(f"a keeper sends no samples: {sample}")


@pytest.fixture
async def kept(tmp_path: Path) -> AsyncIterator[Kept]:
    kept = Kept(tmp_path)
    kept.shelf.activate("flange", "first", kept.install("first", 1.0).card.version)
    running = asyncio.create_task(kept.keeper.run(Port(_nobody, kept.news.append, SystemClock())))
    await until(lambda: kept.news)
    yield kept
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    kept.engine.close()
    kept.bridge.close()


async def test_what_is_active_answers_at_the_start_and_is_told_by_its_content(kept: Kept) -> None:
    package = kept.shelf.active("flange")
    assert package is not None
    assert (kept.news[0].ok, kept.news[0].detail) == (True, f"first 1 {package.sha256}")
    assert await kept.white("flange") == 1.0


async def test_a_further_package_answers_beside_the_first_and_can_be_let_go(kept: Kept) -> None:
    second = kept.install("second", 3.0)
    assert await kept.load(second, "line-3:second:1") == f"second 1 {second.sha256}"
    assert (await kept.white("flange"), await kept.white("line-3:second:1")) == (1.0, 3.0)
    await kept.order("unload", slot="line-3:second:1")
    assert (await kept.white("flange"), await kept.white("line-3:second:1")) == (1.0, None)
    assert await kept.load(second, "line-3:second:1")
    assert await kept.white("line-3:second:1") == 3.0


async def test_one_that_is_not_what_was_asked_for_is_refused_and_does_not_answer(kept: Kept) -> None:
    second = kept.install("second", 3.0)
    with pytest.raises(DeviceError, match="another package"):
        await kept.load(second, "line-3:second:1", sha256="ab" * 32)
    with pytest.raises(DeviceError, match="not on the shelf"):
        await kept.load(second, "line-3:third:1", name="third")
    assert await kept.white("line-3:second:1") is None


async def test_one_activated_under_another_name_leaves_the_first_in_place(kept: Kept) -> None:
    second = kept.install("second", 3.0)
    done = await kept.order("activate", slot="flange", name="second", version="1", **{"as": "line-3:second:1"})
    assert done == f"second 1 {second.sha256}"
    assert (await kept.white("flange"), await kept.white("line-3:second:1")) == (1.0, 3.0)
    active = kept.shelf.active("flange")
    assert active is not None and active.card.name == "second", "the next start begins with it"


async def test_a_damaged_note_of_the_shelf_costs_a_check_and_not_the_recipe(kept: Kept) -> None:
    second = kept.install("second", 3.0)
    await kept.load(second, "line-3:second:1")
    note = next(path for path in (kept.folder / "models" / "slots").glob("*.json") if "second" in path.name)
    note.write_text("{", "utf-8")
    assert await kept.load(second, "line-3:second:1") == f"second 1 {second.sha256}"
