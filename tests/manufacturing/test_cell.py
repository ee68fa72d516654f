"""The cell with a PLC and a camera that a test plays: what it asks, in which order, and what becomes of a part."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest

from core.errors import DeviceError
from manufacturing.cell import PlcCell
from manufacturing.settings import CameraSettings, LineSettings, PlcSettings
from tests.support.clocks import FakeClock
from verticals.contract import DeviceNews, Sample
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

    async def run(self) -> None:
        await asyncio.Event().wait()

    async def read(self, names: list[str]) -> dict[str, Any]:
        await turns()
        await self.may_answer.wait()
        if self.lost:
            raise DeviceError("the PLC is gone")
        return {name: self.tags[name] for name in names}

    async def write_many(self, values: list[tuple[str, Any]]) -> None:
        self.written += values


class Camera:
    """Gives a picture whose every pixel is the ticket."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.asked: list[str] = []
        self.given_up: list[str] = []
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def run(self) -> None:
        await asyncio.Event().wait()

    async def grab(self, ticket: str, timeout_s: float) -> Frame:
        self.asked.append(ticket)
        try:
            await self.may_answer.wait()
        except asyncio.CancelledError:
            self.given_up.append(ticket)
            raise
        if ticket == "13":
            raise DeviceError("no picture of '13'")
        return Frame(np.full((2, 2, 3), int(ticket), np.uint8), self.clock.now(), ticket, 1)


class Cell:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.plc, self.camera = Plc(), Camera(self.clock)
        self.samples: list[Sample] = []
        self.news: list[DeviceNews] = []
        self.device = PlcCell("line-3-cell", LINE)
        self.device.connect(self.plc, self.camera)

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
async def cell() -> AsyncIterator[Cell]:
    cell = Cell()
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
