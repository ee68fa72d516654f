"""A line with its real store, engine, shelf and OPC UA link at a simulated PLC; only the camera is the test's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np

from core.clock import Clock, Instant, SystemClock
from core.inference.engine import LocalEngine
from core.models.gate import Gate
from core.models.package import Package
from core.models.shelf import Shelf
from core.models.trust import Trust
from manufacturing.cell import PlcCell
from manufacturing.plc_tags import nodes, watched
from manufacturing.recipe_tables import metadata
from manufacturing.settings import CameraSettings, LineSettings, PlcSettings
from manufacturing.station import InspectionStation
from manufacturing.vertical import Manufacturing
from simulators.plc import Plc
from simulators.program import CellTimes
from tests.support.brightness import brightness_package
from tests.support.lines import Plan, Rig, running_line, until
from verticals.contract import Command
from verticals.devices.frames import Frame
from verticals.devices.opcua import OpcUaLink
from verticals.runtime.bridge import Bridge
from verticals.runtime.fittings import Fitting
from verticals.runtime.live import LiveMessage
from verticals.runtime.models import ModelKeeper

TIMES = CellTimes(inspect_window_s=1.0, travel_s=0.3)


class GreyCamera:
    """Sees a grey plate."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def run(self) -> None:
        await asyncio.Event().wait()

    async def grab(self, ticket: str, timeout_s: float, at: Instant | None = None) -> Frame:
        return Frame(np.full((64, 64, 3), 60, np.uint8), self._clock.now(), ticket, 1)

    async def adjust(self, settings: dict[str, float | str], timeout_s: float = 5.0) -> dict[str, float | str]:
        return settings


class RecipeCell:
    """`plc` asks for recipes, `rig` is the line, `packages` are on the shelf by model name."""

    def __init__(self, plc: Plc, rig: Rig, packages: dict[str, Package]) -> None:
        self.plc = plc
        self.rig = rig
        self.packages = packages

    async def save(self, name: str, number: int) -> None:
        package = self.packages[name]
        model = {"name": name, "version": package.card.version, "sha256": package.sha256}
        said = {"name": name, "plc_number": number, "model": model, "reason": "new part"}
        command = Command("save-recipe", self.rig.clock.now(), said, "Engineer 2", "engineer")
        number = await asyncio.to_thread(self.rig.commands.ask, "line-3", command)
        self.rig.live.receive(LiveMessage("command", {"id": number}))
        await until(lambda: {"id": number} in self.rig.live.data("command"))
        reply = self.rig.commands.reply_of(number)
        assert reply is not None and reply.accepted, reply

    def shows(self, number: int) -> bool:
        """Whether the PLC sees this recipe in force and the box ready."""
        box = self.plc.program.box
        return box["RecipeNumberActive"] == number and bool(box["Ready"])

    async def change_to(self, number: int, within_s: float = 5.0) -> float:
        """Seconds from the PLC's wish until it sees it fulfilled."""
        clock = SystemClock()
        begun = clock.now()
        self.plc.ask_for_recipe(number)
        await until(lambda: self.shows(number), within_s)
        return clock.now().since(begun)


def line_of(url: str) -> LineSettings:
    plc = PlcSettings(url, security="none", chooses_recipes=True)
    return LineSettings("line-3", "Line 3", "flange", plc, CameraSettings(), inspect_window=TIMES.inspect_window_s)


@asynccontextmanager
async def recipe_cell(folder: Path, models: dict[str, float]) -> AsyncIterator[RecipeCell]:
    """`models` by name with what white gives; the first is the line's own recipe."""
    clock = SystemClock()
    said: list[Any] = []
    plc = Plc("opc.tcp://127.0.0.1:0/", TIMES, folder / "parts.jsonl", clock, said.append)
    line = line_of(await plc.start())
    trust = Trust(folder / "keys")
    shelf = Shelf(folder / "models", trust, Gate())
    packages = {}
    for name, gain in models.items():
        brightness_package(folder / "made" / name, trust, name=name, gain=gain)
        packages[name] = shelf.install(folder / "made" / name)
    shelf.activate("flange", next(iter(models)), "1")
    engine, bridge = LocalEngine(runners=1), Bridge()
    keeper = ModelKeeper("line-3", ["flange"], shelf, engine, bridge)
    cell = PlcCell("line-3-cell", line)
    link = OpcUaLink(
        line.plc.url, nodes=nodes(line.plc, {}), watch=watched(line.plc), on_state=cell.plc_state,
        on_change=lambda name, value, _at: cell.plc_change(name, value),
    )  # fmt: skip
    cell.connect(link, {"": GreyCamera(clock)})
    station = InspectionStation(line, simulated=True, time_zone="UTC")
    devices = [Fitting(keeper, "line-3"), Fitting(cell, "line-3")]
    plan = Plan(folder, [station], Manufacturing(), devices, engine, clock, [metadata])
    try:
        async with running_line(plan) as rig:
            await until(lambda: bool(plc.program.box["Ready"]) and plc.program.box_alive(clock.now()), 20.0)
            yield RecipeCell(plc, rig, packages)
    finally:
        await plc.stop()
        engine.close()
        bridge.close()
