"""The handshake over a real Modbus server that a PLC's program, played here, reads and writes beside the box."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import Instant, SystemClock
from core.errors import DeviceError, SettingsError
from core.settings import checked
from manufacturing.cell import PlcCell
from manufacturing.plc_link import _modbus
from manufacturing.plc_modbus import SPOTS, Spot, _value, _words, spots_of
from manufacturing.settings import CameraSettings, LineSettings, PlcSettings
from simulators.modbus_device import ModbusDevice
from verticals.contract import Action, DeviceNews, Sample
from verticals.devices.base import Port
from verticals.devices.frames import Frame
from verticals.devices.modbus import ModbusLink

CLOCK = SystemClock()


class Camera:
    """Gives a picture whose every pixel is the part's id."""

    async def run(self) -> None:
        await asyncio.Event().wait()

    async def grab(self, ticket: str, timeout_s: float, at: Instant | None = None) -> Frame:
        return Frame(np.full((2, 2, 3), int(ticket) % 256, np.uint8), CLOCK.now(), ticket, 1, 0.0)

    async def adjust(self, settings: dict[str, float | str], timeout_s: float = 5.0) -> dict[str, float | str]:
        return settings


class Rig:
    """A cell, the PLC's Modbus server, and the PLC's program on it."""

    def __init__(self, port: int) -> None:
        plc = PlcSettings(f"modbus://127.0.0.1:{port}/1", security="none", publishing_interval=0.005)
        line = LineSettings("line-3", "Line 3", "flange", plc, CameraSettings())
        self.samples: asyncio.Queue[Sample] = asyncio.Queue()
        self.news: list[DeviceNews] = []
        self.cell = PlcCell("line-3-cell", line)
        self.cell.connect(_modbus(self.cell, line), {"": Camera()})
        self.program = ModbusLink("127.0.0.1", port)
        self.beats = 0

    async def take(self, sample: Sample) -> None:
        if sample.values["about"] == "part":
            await self.samples.put(sample)

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self.cell.run(Port(self.take, self.news.append, CLOCK)))
            group.create_task(self.program.run())

    async def shows(self, **wanted: bool | int | float) -> None:
        """Waits until the PLC sees the box's tags so."""

        async def shown() -> bool:
            return [await self.seen(name) for name in wanted] == [*wanted.values()]

        await _until(shown)

    async def seen(self, name: str) -> Any:
        spot = SPOTS[name]
        try:
            if spot.kind == "coil":
                return (await self.program.read_coils(spot.address))[0]
            return _value(spot, await self.program.read_registers(spot.address, spot.length))
        except DeviceError:
            return None

    async def trigger(self, part_id: int) -> None:
        await self.program.write_registers(0, struct.unpack(">HH", struct.pack(">I", part_id)))
        await self.program.write_registers(3, [0, 5, 0, 6])
        await self.program.write_coil(SPOTS["Trigger"].address, True)


@pytest.fixture
async def device() -> AsyncIterator[ModbusDevice]:
    device = ModbusDevice()
    await device.start()
    yield device
    await device.stop()


@pytest.fixture
async def rig(device: ModbusDevice) -> AsyncIterator[Rig]:
    rig = Rig(device.port)
    running = asyncio.create_task(rig.run())

    async def both_up() -> bool:
        return rig.cell._up and rig.program.up

    await _until(both_up)
    await rig.cell.act(Action("line-3-cell.signals", {"Ready": True, "Fault": False}, 1.0))
    yield rig
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


def _result(part_id: int, accept: bool, code: int, score: float) -> Action:
    value = {"part_id": part_id, "accept": accept, "code": code, "score": score}
    return Action("line-3-cell.result", value, 1.0)


async def test_a_trigger_over_modbus_is_judged_answered_and_acknowledged(rig: Rig, device: ModbusDevice) -> None:
    await rig.shows(Ready=True)
    await rig.trigger(70_001)
    async with asyncio.timeout(20):
        sample = await rig.samples.get()
    assert (sample.key, sample.values["counter"], sample.values["passed"]) == ("70001", 5, 6)
    await rig.shows(Busy=True, Ready=False)
    await rig.program.write_coil(SPOTS["Trigger"].address, False)
    await rig.cell.act(_result(70_001, True, 0, 2.5))
    await rig.shows(ResultValid=True, Busy=False, PassFail=True, ResultCode=0, PartIdEcho=70_001, Score=2.5)
    valid = next(index for index, one in enumerate(device.writes) if (one.address, one.values) == (18, (1,)))
    assert [one.address for one in device.writes[:valid] if one.kind == "register" and one.address >= 32] == [32]
    await rig.program.write_coil(SPOTS["Ack"].address, True)
    await rig.shows(ResultValid=False, PassFail=False, Ready=True)
    await rig.program.write_coil(SPOTS["Ack"].address, False)


async def test_a_trigger_that_stays_up_is_one_part(rig: Rig) -> None:
    await rig.shows(Ready=True)
    await rig.trigger(7)
    async with asyncio.timeout(20):
        await rig.samples.get()
    await rig.cell.act(_result(7, False, 1, 9.0))
    await rig.shows(ResultValid=True, PassFail=False, ResultCode=1)
    await rig.program.write_coil(SPOTS["Ack"].address, True)
    await rig.shows(ResultValid=False, Ready=True)
    assert rig.samples.empty()


async def test_a_server_that_goes_and_comes_back_finds_every_output_safe(rig: Rig, device: ModbusDevice) -> None:
    await rig.shows(Ready=True)
    await device.stop()

    async def gone() -> bool:
        """Both ends know it: a server that begins while the old one's links end answers none of them."""
        return ("plc-lost", False) in [(one.code, one.ok) for one in rig.news] and not rig.program.up

    await _until(gone)
    await _refused(device.port)
    await device.start()
    await rig.shows(Ready=True, ResultValid=False, Busy=False)
    await rig.trigger(8)
    async with asyncio.timeout(20):
        assert (await rig.samples.get()).key == "8"


async def _refused(port: int) -> None:
    async def refused() -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            return True
        writer.close()
        return False

    await _until(refused)


async def test_a_link_over_modbus_says_that_it_is_not_secured(rig: Rig) -> None:
    assert ("plc-not-secured", False) in [(one.code, one.ok) for one in rig.news]


async def _until(true: Callable[[], Awaitable[bool]]) -> None:
    """Asks again each time that the loop has been round."""
    async with asyncio.timeout(20):
        while not await true():  # noqa: ASYNC110  # another process of the PLC, nothing to wait for
            await asyncio.sleep(0.002)


def test_tags_are_moved_by_name_and_only_to_what_they_can_be() -> None:
    moved = spots_of({"Trigger": "coil 100", "PartId": "register 200", "Ack": "ns=2;s=Cell.Ack"})
    assert moved["Trigger"] == Spot(100, "bit")
    assert moved["PartId"] == Spot(200, "double")
    assert moved["Ack"] == SPOTS["Ack"]
    for name, place in (("Trigger", "register 1"), ("PartId", "coil 1"), ("PartId", "register 65535")):
        with pytest.raises(DeviceError, match=f"{name} cannot lie in {place}"):
            spots_of({name: place})


def test_no_two_tags_lie_in_one_place() -> None:
    taken = [(spot.kind, spot.address + number) for spot in SPOTS.values() for number in range(spot.length)]
    assert len(taken) == len(set(taken))


@given(st.integers(0, 2**32 - 1))
def test_whole_numbers_come_back_from_their_two_words(value: int) -> None:
    spot = SPOTS["PartId"]
    assert _value(spot, _words(spot, value)) == value


@pytest.mark.parametrize(("name", "value"), [("ResultCode", 65536), ("PartIdEcho", -1), ("ResultCode", -1)])
def test_a_value_that_does_not_fit_is_refused(name: str, value: int) -> None:
    with pytest.raises(DeviceError, match="does not fit register"):
        _words(SPOTS[name], value)


@pytest.mark.parametrize("url", ["modbus://", "modbus://plc:0", "modbus://plc/300", "modbus://plc/x", "http://plc"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match=r"modbus://10\.1\.2\.3:502/1"):
        checked(PlcSettings, {"url": url, "security": "none"}, "plc")


def test_modbus_with_a_security_is_refused() -> None:
    with pytest.raises(SettingsError, match="a PLC over Modbus, which has none"):
        checked(PlcSettings, {"url": "modbus://plc"}, "plc")
