"""The cell with a PLC and a camera that a test plays: what it asks, in which order, and what becomes of a part."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from core.clock import Instant
from core.errors import DeviceError
from manufacturing.cell import PlcCell
from manufacturing.settings import CameraSettings, LineSettings, PlcSettings
from tests.support.clocks import FakeClock
from verticals.contract import Action, DeviceNews, Sample
from verticals.devices.base import Port
from verticals.devices.frames import Frame

LINE = LineSettings("line-3", "Line 3", "flange", PlcSettings("opc.tcp://none"), CameraSettings())


class Plc:
    """What the PLC holds; `read` answers once `may_answer` is set."""

    def __init__(self) -> None:
        self.tags: dict[str, Any] = {"PartId": 7, "PartCounter": 3, "PartsPassed": 4}
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.written: list[tuple[str, Any]] = []
        self.lost = False
        self.refuses: set[str] = set()

    async def run(self) -> None:
        await asyncio.Event().wait()

    async def read(self, names: list[str]) -> dict[str, Any]:
        await turns()
        await self.may_answer.wait()
        if self.lost:
            raise DeviceError("the PLC is gone")
        return {name: self.tags[name] for name in names}

    async def write_many(self, values: list[tuple[str, Any]]) -> None:
        await turns()
        if self.refuses & {name for name, _ in values}:
            self.refuses.clear()
            raise DeviceError("the PLC did not take it")
        self.written += values

    def readdress(self, nodes: Mapping[str, str]) -> None:
        self.nodes = dict(nodes)


class Camera:
    """Gives a picture whose every pixel is the ticket."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.asked: list[str] = []
        self.given_up: list[str] = []
        self.light: dict[str, float | str] = {}
        self.stuck = False
        self.lag_s = 0.0
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def run(self) -> None:
        await asyncio.Event().wait()

    async def grab(self, ticket: str, timeout_s: float, at: Instant | None = None) -> Frame:
        self.asked.append(ticket)
        try:
            await self.may_answer.wait()
        except asyncio.CancelledError:
            self.given_up.append(ticket)
            raise
        if ticket == "13":
            raise DeviceError("no picture of '13'")
        return Frame(np.full((2, 2, 3), int(ticket), np.uint8), self.clock.now(), ticket, 1, self.lag_s)

    async def adjust(self, settings: dict[str, float | str], timeout_s: float = 5.0) -> dict[str, float | str]:
        if self.stuck:
            raise DeviceError("the camera takes no settings")
        self.light = settings
        return settings


class Cell:
    def __init__(self, line: LineSettings = LINE) -> None:
        self.clock = FakeClock()
        self.plc, self.camera = Plc(), Camera(self.clock)
        self.samples: list[Sample] = []
        self.news: list[DeviceNews] = []
        self.device = PlcCell("line-3-cell", line)
        self.device.connect(self.plc, {"": self.camera})

    async def take(self, sample: Sample) -> None:
        self.samples.append(sample)

    def trigger(self, announced: int | None) -> None:
        self.device.plc_change("PartId", announced)
        self.device.plc_change("Trigger", True)


async def turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def settled() -> None:
    for _ in range(5):
        await turns()


@pytest.fixture
async def cell(request: pytest.FixtureRequest) -> AsyncIterator[Cell]:
    """The line is the test's parameter, where it has one."""
    cell = Cell(getattr(request, "param", LINE))
    running = asyncio.create_task(cell.device.run(Port(cell.take, cell.news.append, cell.clock)))
    await settled()
    cell.device.plc_state(True, "")
    await cell.device._signal({"Ready": True})
    await settled()
    cell.plc.written.clear()
    yield cell
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_the_picture_is_taken_while_the_plc_is_still_asked(cell: Cell) -> None:
    cell.plc.may_answer.clear()
    cell.trigger(announced=7)
    await settled()
    assert (cell.camera.asked, cell.samples, cell.plc.written) == (["7"], [], [])
    cell.plc.may_answer.set()
    await settled()
    [sample] = cell.samples
    assert (sample.key, sample.values["counter"], sample.values["passed"]) == ("7", 3, 4)
    assert np.asarray(sample.values["image"]).max() == 7
    assert cell.camera.asked == ["7"]
    assert cell.plc.written == [("Busy", True), ("Ready", False)]


@pytest.mark.parametrize("announced", [6, None])
async def test_a_part_never_gets_the_picture_of_another_id(cell: Cell, announced: int | None) -> None:
    cell.trigger(announced)
    await settled()
    [sample] = cell.samples
    assert sample.key == "7"
    assert np.asarray(sample.values["image"]).max() == 7
    assert cell.camera.asked[-1] == "7"


async def test_a_slow_picture_of_another_id_is_given_up(cell: Cell) -> None:
    cell.camera.may_answer.clear()
    cell.trigger(announced=6)
    await settled()
    cell.camera.may_answer.set()
    await settled()
    assert cell.camera.asked == ["6", "7"]
    assert np.asarray(cell.samples[0].values["image"]).max() == 7


async def test_a_part_without_a_picture_is_judged_without(cell: Cell) -> None:
    cell.plc.tags["PartId"] = 13
    cell.trigger(announced=13)
    await settled()
    [sample] = cell.samples
    assert "image" not in sample.values
    assert sample.values["camera_error"] == "no picture of '13' [device]"


@pytest.mark.parametrize("trouble", ["lost", "bad-quality"])
async def test_a_trigger_whose_part_cannot_be_read_is_no_part(cell: Cell, trouble: str) -> None:
    cell.camera.may_answer.clear()
    cell.plc.lost = trouble == "lost"
    cell.plc.tags["PartId"] = None
    cell.trigger(announced=7)
    await settled()
    assert (cell.samples, cell.camera.given_up, cell.plc.written) == ([], ["7"], [])


async def test_a_trigger_while_not_ready_takes_no_picture(cell: Cell) -> None:
    await cell.device._signal({"Ready": False})
    cell.trigger(announced=7)
    await settled()
    assert (cell.samples, cell.camera.asked) == ([], [])


def accept(part_id: int, score: float = 0.25) -> Action:
    value = {"part_id": part_id, "accept": True, "code": 0, "score": score}
    return Action("line-3-cell.result", value, until_s=0.25)


VALUES = [("PassFail", True), ("ResultCode", 0), ("Score", 0.25), ("PartIdEcho", 7)]


async def in_work(cell: Cell) -> None:
    cell.trigger(announced=7)
    await settled()
    cell.plc.written.clear()


async def test_values_of_an_accept_are_written_before_its_record_and_count_after_it(cell: Cell) -> None:
    await in_work(cell)
    cell.device.prepare(accept(7))
    await settled()
    assert cell.plc.written == VALUES
    assert await cell.device.act(accept(7)) == "result valid"
    assert cell.plc.written == [*VALUES, ("ResultValid", True), ("Busy", False)]


async def test_values_that_are_still_on_their_way_are_waited_for(cell: Cell) -> None:
    await in_work(cell)
    cell.device.prepare(accept(7))
    await cell.device.act(accept(7))
    assert cell.plc.written == [*VALUES, ("ResultValid", True), ("Busy", False)]


@pytest.mark.parametrize("why", ["refused", "another score", "fresh link"])
async def test_values_that_did_not_arrive_or_are_others_are_written_with_the_result(cell: Cell, why: str) -> None:
    if why == "refused":
        cell.plc.refuses = {"Score"}
    if why == "fresh link":
        cell.trigger(announced=7)
        await settled()
        cell.device.prepare(accept(7))
        await settled()
        cell.device.plc_state(False, "gone")
        cell.device.plc_state(True, "")
        await settled()
        cell.plc.tags["PartId"] = 7
    await in_work(cell)
    if why != "fresh link":
        cell.device.prepare(accept(7, score=9.0 if why == "another score" else 0.25))
        await settled()
        cell.plc.written.clear()
    await cell.device.act(accept(7))
    assert cell.plc.written == [*VALUES, ("ResultValid", True), ("Busy", False)]


async def test_nothing_is_written_for_a_part_that_the_plc_has_left_behind(cell: Cell) -> None:
    await in_work(cell)
    cell.device.prepare(accept(6))
    cell.device.prepare(Action("line-3-cell.signals", {"Ready": True}, until_s=5.0))
    await settled()
    assert cell.plc.written == []
    cell.device.prepare(accept(7))
    await settled()
    cell.device._result_due(7)
    await settled()
    with pytest.raises(DeviceError, match="moved on"):
        await cell.device.act(accept(7))
    assert ("ResultValid", True) not in cell.plc.written
    assert cell.plc.written[-3:] == [("ResultValid", False), ("PassFail", False), ("Ready", True)]


async def test_a_clean_end_takes_ready_back_at_the_plc() -> None:
    cell = Cell()
    running = asyncio.create_task(cell.device.run(Port(cell.take, cell.news.append, cell.clock)))
    await settled()
    cell.device.plc_state(True, "")
    await cell.device._signal({"Ready": True})
    cell.plc.written.clear()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert ("Ready", False) in cell.plc.written
    assert ("ResultValid", False) in cell.plc.written


CHOOSING = replace(LINE, plc=PlcSettings("opc.tcp://none", chooses_recipes=True))


@pytest.mark.parametrize("cell", [CHOOSING], indirect=True)
async def test_the_recipe_asked_for_is_read_with_the_part_and_told_before_it(cell: Cell) -> None:
    cell.device.plc_change("RecipeId", 4)
    cell.plc.tags["RecipeId"] = 5
    cell.trigger(announced=7)
    await settled()
    told = [(sample.values["about"], sample.values["recipe_number"]) for sample in cell.samples]
    assert told == [("recipe", 4), ("recipe", 5), ("part", 5)]


@pytest.mark.parametrize("cell", [CHOOSING], indirect=True)
@pytest.mark.parametrize("value", [None, -1, "4", True])
async def test_a_recipe_that_cannot_be_read_is_told_as_such(cell: Cell, value: Any) -> None:
    cell.device.plc_change("RecipeId", value)
    await settled()
    assert [sample.values["recipe_number"] for sample in cell.samples] == [-1]


async def test_a_part_says_how_far_its_picture_lies_from_its_trigger(cell: Cell) -> None:
    cell.camera.lag_s = -0.0124
    cell.trigger(announced=7)
    await settled()
    assert cell.samples[0].values["lag_ms"] == -12.4
    cell.plc.tags["PartId"] = 13
    cell.device.plc_change("Trigger", False)
    cell.trigger(announced=13)
    await settled()
    assert "lag_ms" not in cell.samples[1].values


async def test_ready_waits_for_what_the_recipe_sets_up(cell: Cell) -> None:
    await cell.device._signal({"Ready": True, "setup": {"exposure_us": 900.0, "gain": 2.0}})
    assert cell.camera.light == {"exposure_us": 900.0, "gain": 2.0}
    cell.camera.stuck = True
    cell.plc.written.clear()
    await cell.device._signal({"Ready": True, "setup": {"exposure_us": 100.0}})
    assert cell.plc.written == [("Ready", False)]
    assert (cell.news[-1].code, cell.news[-1].ok) == ("setup-failed", False)
    assert cell.news[-1].detail == "the camera takes no settings"
    cell.camera.stuck = False
    await cell.device._signal({"Ready": True, "setup": {"exposure_us": 100.0}})
    assert (cell.plc.written[-1], cell.news[-1].ok) == (("Ready", True), True)


async def test_a_recipe_with_tags_of_its_own_takes_ready_back_and_another_connection(cell: Cell) -> None:
    with pytest.raises(DeviceError, match="connecting again"):
        await cell.device._signal({"Ready": True, "setup": {"tags": {"Score": "ns=2;s=Elsewhere"}}})
    assert cell.plc.written == [("Ready", False)]
    assert cell.plc.nodes["Score"] == "ns=2;s=Elsewhere"
    assert cell.plc.nodes["Ready"] == "ns=2;s=Cell.Ready"
    await cell.device._signal({"Ready": True, "setup": {"tags": {"Score": "ns=2;s=Elsewhere"}}})
    assert cell.plc.written[-1] == ("Ready", True)


async def test_several_cameras_are_asked_at_once_and_each_loss_is_told() -> None:
    line = replace(LINE, camera=None, cameras=(CameraSettings(name="top"), CameraSettings(name="side")))
    cell = Cell(line)
    side = Camera(cell.clock)
    cell.device.connect(cell.plc, {"top": cell.camera, "side": side})
    running = asyncio.create_task(cell.device.run(Port(cell.take, cell.news.append, cell.clock)))
    await settled()
    cell.device.plc_state(True, "")
    await cell.device._signal({"Ready": True})
    cell.plc.may_answer.clear()
    cell.trigger(announced=7)
    await settled()
    assert (cell.camera.asked, side.asked) == (["7"], ["7"])
    cell.plc.may_answer.set()
    await settled()
    assert {"image.top", "image.side"} <= set(cell.samples[0].values)
    cell.device.camera_state("side", False, "unplugged")
    cell.device.camera_state("top", True, "")
    cell.device.camera_state("side", True, "")
    lost = [(news.ok, news.detail) for news in cell.news if news.code == "camera-lost"]
    assert lost == [(False, "side: unplugged"), (False, "side: unplugged"), (True, "")]
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
