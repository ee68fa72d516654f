"""A line with two cameras, each a real process: what a part gets of them, and what a lost one does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.clock import SystemClock
from core.errors import DeviceError
from manufacturing.cell import PlcCell
from manufacturing.handshake import Phase
from manufacturing.settings import CameraSettings, LineSettings, PlcSettings
from tests.support.cameras import CameraProcess, save, solid
from verticals.contract import Action, DeviceNews, Sample
from verticals.devices.base import Port
from verticals.devices.frames import CameraClient

CLOCK = SystemClock()
VIEWS = {"top": 10, "side": 200}
LINE = LineSettings(
    "line-3", "Line 3", "flange", PlcSettings("opc.tcp://none"),
    cameras=tuple(CameraSettings(name=view, grab_within=5.0) for view in VIEWS), inspect_window=10.0,
)  # fmt: skip


class Plc:
    """Gives the part's id when it is asked, and takes whatever it is told."""

    part_id = 0

    async def run(self) -> None:
        await asyncio.Event().wait()

    async def read(self, names: list[str]) -> dict[str, Any]:
        return dict.fromkeys(names, self.part_id)

    async def write_many(self, values: list[tuple[str, Any]]) -> None:
        """Nothing of it matters here."""

    def readdress(self, nodes: Mapping[str, str]) -> None:
        raise DeviceError("no recipe here moves tags")


class Rig:
    def __init__(self, folder: Path) -> None:
        self.plc = Plc()
        self.samples: asyncio.Queue[Sample] = asyncio.Queue()
        self.news: asyncio.Queue[DeviceNews] = asyncio.Queue()
        self.cell = PlcCell("line-3-cell", LINE)
        told = {view: partial(self.cell.camera_state, view) for view in VIEWS}
        clients = {
            view: CameraClient(folder / f"{view}.sock", name=view, clock=CLOCK, on_state=told[view]) for view in VIEWS
        }
        self.cell.connect(self.plc, clients)

    async def run(self) -> None:
        await self.cell.run(Port(self.samples.put, self.news.put_nowait, CLOCK))

    async def heard(self, code: str, ok: bool) -> DeviceNews:
        async with asyncio.timeout(60):
            while True:
                news = await self.news.get()
                if (news.code, news.ok) == (code, ok):
                    return news

    async def part(self, part_id: int) -> Sample:
        """What the line gets of one part, whose result is then told, taken and closed."""
        self.plc.part_id = part_id
        self.cell.plc_change("PartId", part_id)
        self.cell.plc_change("Trigger", True)
        async with asyncio.timeout(60):
            sample = await self.samples.get()
        self.cell.plc_change("Trigger", False)
        value = {"part_id": part_id, "accept": False, "code": 1, "score": 9.0}
        await self.cell.act(Action("line-3-cell.result", value, 5.0))
        self.cell.plc_change("Ack", True)
        self.cell.plc_change("Ack", False)
        assert self.cell.handshake.phase is Phase.READY
        return sample


@pytest.fixture
def cameras(tmp_path: Path) -> Iterator[dict[str, CameraProcess]]:
    running = {}
    for view, red in VIEWS.items():
        (tmp_path / view).mkdir()
        save(tmp_path / view / "a.png", solid(red, 0, 0))
        options = {"folder": str(tmp_path / view)}
        running[view] = CameraProcess(tmp_path / f"{view}.sock", "camera.folder", options)
    yield running
    for process in running.values():
        process.end()


@pytest.fixture
async def rig(tmp_path: Path, cameras: dict[str, CameraProcess]) -> AsyncIterator[Rig]:
    rig = Rig(tmp_path)
    running = asyncio.create_task(rig.run())
    await rig.heard("camera-lost", True)
    rig.cell.plc_state(True, "")
    await rig.cell.act(Action("line-3-cell.signals", {"Ready": True}, 5.0))
    yield rig
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


@pytest.mark.slow
async def test_every_camera_gives_its_view_of_each_part_and_a_lost_one_is_told_and_found_again(
    rig: Rig, cameras: dict[str, CameraProcess]
) -> None:
    for part_id in range(1, 21):
        sample = await rig.part(part_id)
        assert sample.key == str(part_id)
        seen = {view: np.unique(np.asarray(sample.values[f"image.{view}"])[..., 0]).tolist() for view in VIEWS}
        assert seen == {view: [red] for view, red in VIEWS.items()}
        assert "camera_error" not in sample.values

    cameras["side"].kill()
    lost = await rig.heard("camera-lost", False)
    assert "side" in lost.detail
    half = await rig.part(21)
    assert "image.side" not in half.values
    assert str(half.values["camera_error"]).startswith("side: ")

    cameras["side"].restart()
    await rig.heard("camera-lost", True)
    whole = await rig.part(22)
    assert {"image.top", "image.side"} <= set(whole.values)
