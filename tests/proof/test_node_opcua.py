"""The line against a third party's OPC UA server, signed and encrypted: node-opcua as the PLC."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.clock import Instant, SystemClock
from manufacturing.cell import PlcCell
from manufacturing.plc_security import own_certificates, plc_security, teller, trust_list
from manufacturing.plc_tags import nodes, watched
from manufacturing.settings import CameraSettings, LineSettings, PlcSettings
from tests.proof.figures import heading
from tests.support.node_opcua_plc import NodePlc, install
from verticals.contract import Action, DeviceNews, Sample
from verticals.devices.base import Port
from verticals.devices.frames import Frame
from verticals.devices.opcua import OpcUaLink
from verticals.devices.opcua_trust import REJECTED
from verticals.places import Places

pytestmark = pytest.mark.slow

PARTS = 20


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("node-opcua")
    install(folder)
    return folder


class Camera:
    """Has its picture ready."""

    async def run(self) -> None:
        await asyncio.Event().wait()

    async def grab(self, ticket: str, timeout_s: float, at: Instant | None = None) -> Frame:
        return Frame(np.zeros((2, 2, 3), np.uint8), SystemClock().now(), ticket, 1)

    async def adjust(self, settings: dict[str, float | str], timeout_s: float = 5.0) -> dict[str, float | str]:
        return settings


class Box:
    """The real cell and link; every part is accepted at once, so that what is measured is the handshake."""

    def __init__(self, places: Places, url: str) -> None:
        self.clock = SystemClock()
        self.news: list[DeviceNews] = []
        plc = PlcSettings(url)
        line = LineSettings("line-3", "Line 3", "flange", plc, CameraSettings())
        self.cell = PlcCell("line-3-cell", line)
        self.link = OpcUaLink(
            url,
            nodes=nodes(plc, {}),
            watch=watched(plc),
            on_change=lambda name, value, _at: self.cell.plc_change(name, value),
            on_state=teller(self.cell, lambda: self.link, secured=True),
            security=plc_security(plc, places, self.clock),
        )
        self.cell.connect(self.link, {"": Camera()})

    async def _judge(self, sample: Sample) -> None:
        if sample.values.get("about") == "part":
            value = {"part_id": int(sample.key), "accept": True, "code": 0, "score": 0.5}
            await self.cell.act(Action("line-3-cell.result", value, until_s=0.25))

    @asynccontextmanager
    async def runs(self) -> AsyncIterator[Box]:
        running = asyncio.create_task(self.cell.run(Port(self._judge, self.news.append, self.clock)))
        try:
            yield self
        finally:
            assert not running.done(), f"the cell has ended: {running}"
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    async def ready(self) -> None:
        await until(lambda: self.link.up)
        signals = {"Ready": True, "Fault": False, "Bypass": False, "Simulated": False, "RecipeIdActive": "flange"}
        await self.cell.act(Action("line-3-cell.signals", signals, until_s=5.0))


async def until(true: Callable[[], bool], within_s: float = 20.0) -> None:
    async with asyncio.timeout(within_s):
        while not true():  # noqa: ASYNC110  # another process does it
            await asyncio.sleep(0.02)


async def twenty_parts(plc: NodePlc) -> list[dict[str, Any]]:
    told = [await asyncio.wait_for(asyncio.to_thread(plc.told, "part"), 30) for _ in range(PARTS)]
    assert [part["part"] for part in told] == list(range(1, PARTS + 1))
    assert all(part["valid"] and part["pass"] for part in told)
    return told


async def test_twenty_parts_and_a_restart_over_a_secured_third_party_server(packages: Path, tmp_path: Path) -> None:
    places, clock = Places(tmp_path / "data"), SystemClock()
    certificate = tmp_path / "edgewise.der"
    certificate.write_bytes(own_certificates(places, clock).ensure().certificate)
    plc = await asyncio.to_thread(NodePlc, packages, tmp_path / "plc", certificate, PARTS)
    try:
        async with Box(places, plc.url).runs() as box:
            await until(lambda: box.link.untrusted)
            [held] = trust_list(places, clock).held(REJECTED)
            assert "open Trust" in box.link.why and held.application_uri == held.facts.uri
            trust_list(places, clock).trust(held.facts.fingerprint)
            await box.ready()
            parts = await twenty_parts(plc)
            revised_ms = (box.link.revised_interval_s or 0.0) * 1000
            plc.kill()
            await until(lambda: not box.link.up)
            await asyncio.to_thread(plc.start)
            begun = clock.now()
            await until(lambda: box.link.up)
            resumed_s = clock.now().since(begun)
            await box.ready()
            parts += await twenty_parts(plc)
    finally:
        plc.kill()
    times = sorted(part["ms"] for part in parts)
    heading("node-opcua as the PLC, Basic256Sha256 SignAndEncrypt, no inference")
    print(f"publishing interval asked 10 ms, revised {revised_ms:g} ms; connected {resumed_s:.2f} s after its restart")
    print(f"trigger to valid, {len(times)} parts: p50 {times[len(times) // 2]:.1f} ms, max {times[-1]:.1f} ms")
    assert resumed_s <= 2.0


async def test_a_box_that_the_plc_does_not_trust_is_told_so(packages: Path, tmp_path: Path) -> None:
    places = Places(tmp_path / "data")
    plc = await asyncio.to_thread(NodePlc, packages, tmp_path / "plc", None, PARTS)
    try:
        trust_list(places, SystemClock()).add(plc.certificate)
        async with Box(places, plc.url).runs() as box:
            await until(lambda: box.link.untrusted)
            assert "refused this box" in box.link.why and not box.link.up
    finally:
        plc.kill()
