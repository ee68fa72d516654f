from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pymodbus.client import AsyncModbusTcpClient
from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from core.errors import DeviceError
from tests.support.cameras import Watcher
from verticals.devices.modbus import ModbusLink, ModbusTimings

VALID, RESULT = 3, 10
WRITES = {5: "coil", 15: "coil", 6: "registers", 16: "registers"}


class Device:
    """A real Modbus TCP server that records each write.

    `stuck` makes it answer nothing; `slow_s` delays writes, as a real coupler does, so that a reader can look
    between two of them.
    """

    def __init__(self) -> None:
        self.writes: list[tuple[str, int, list[int]]] = []
        self.stuck = asyncio.Event()
        self.slow_s = 0.0
        self.port = 0
        self._server: Any = None

    async def start(self) -> None:
        bits = [SimData(0, count=32, values=False, datatype=DataType.BITS)]
        inputs = [SimData(0, count=32, values=False, datatype=DataType.BITS)]
        words = [SimData(0, count=64, values=0, datatype=DataType.REGISTERS)]
        others = [SimData(0, count=64, values=0, datatype=DataType.REGISTERS)]
        device = SimDevice(id=1, simdata=(bits, inputs, words, others), action=self._action)
        self._server = ModbusTcpServer(device, address=("127.0.0.1", self.port))
        await self._server.serve_forever(background=True)
        self.port = self._server.transport.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        await self._server.shutdown()

    async def _action(
        self, function: int, _start: int, address: int, _count: int, _now: list[int], given: Any
    ) -> ExcCodes | None:
        if self.stuck.is_set():
            await asyncio.sleep(3600)
        if given is not None and function in WRITES:
            if self.slow_s:
                await asyncio.sleep(self.slow_s)
            self.writes.append((WRITES[function], address, list(map(int, given))))
        return None


@pytest.fixture
async def device() -> AsyncIterator[Device]:
    made = Device()
    await made.start()
    yield made
    await made.stop()
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()  # requests that a stuck server still holds


@asynccontextmanager
async def linked(device: Device, **more: Any) -> AsyncIterator[tuple[ModbusLink, Watcher]]:
    watcher = Watcher()
    link = ModbusLink("127.0.0.1", device.port, on_state=watcher, **more)
    running = asyncio.create_task(link.run())
    try:
        await watcher.until(True)
        yield link, watcher
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_registers_are_there_before_the_valid_coil(device: Device) -> None:
    async with linked(device) as (link, _):
        await link.write_result(RESULT, [0, 17, 1], VALID)
        assert device.writes == [("coil", VALID, [0]), ("registers", RESULT, [0, 17, 1]), ("coil", VALID, [1])]
        assert await link.read_registers(RESULT, 3) == [0, 17, 1]
        assert await link.read_coils(VALID - 1, 3) == [False, True, False]


async def test_a_result_that_was_cleared_needs_no_clearing_again(device: Device) -> None:
    async with linked(device) as (link, _):
        await link.write_result(RESULT, [1], VALID)
        await link.clear(VALID)
        device.writes.clear()
        await link.write_result(RESULT, [2], VALID)
        assert device.writes == [("registers", RESULT, [2]), ("coil", VALID, [1])]
        device.writes.clear()
        await link.write_result(RESULT, [3], VALID)
        assert device.writes[0] == ("coil", VALID, [0])


async def test_whoever_sees_valid_reads_the_matching_registers(device: Device) -> None:
    """A reader on its own connection, as a PLC would be; a result stands until it was read once."""
    device.slow_s = 0.004
    told: list[int] = [0]
    seen: asyncio.Queue[int] = asyncio.Queue()

    async def read(client: AsyncModbusTcpClient) -> None:
        while told[-1] >= 0:
            wanted = told[-1]
            on = (await client.read_coils(VALID, count=1)).bits[0]
            part, code, echo = (await client.read_holding_registers(RESULT, count=3)).registers
            if on and told[-1] == wanted:
                assert (part, code, echo) == (wanted, wanted % 7, wanted)
                seen.put_nowait(part)

    reader = AsyncModbusTcpClient("127.0.0.1", port=device.port)
    await reader.connect()
    async with linked(device) as (link, _):
        reading = asyncio.create_task(read(reader))
        for part in range(1, 31):
            await link.clear(VALID)
            told.append(part)
            await link.write_result(RESULT, [part, part % 7, part], VALID)
            while not reading.done() and await seen.get() != part:
                pass
        told.append(-1)
        await reading
    reader.close()


async def test_two_results_at_once_do_not_mix(device: Device) -> None:
    async with linked(device) as (link, _):
        await asyncio.gather(*(link.write_result(RESULT, [part, part], VALID) for part in range(1, 6)))
    steps = [(kind, values[0]) for kind, _, values in device.writes]
    for part in range(5):
        assert steps[part * 3 : part * 3 + 3] == [("coil", 0), ("registers", part + 1), ("coil", 1)]


async def test_a_pulse_ends_also_when_it_is_cancelled(device: Device) -> None:
    async with linked(device) as (link, _):
        await link.pulse(5, 0.001)
        assert device.writes == [("coil", 5, [1]), ("coil", 5, [0])]
        pulse = asyncio.create_task(link.pulse(6, 3600.0))
        while device.writes[-1] != ("coil", 6, [1]):
            await link.read_coils(0)
        pulse.cancel()
        with pytest.raises(asyncio.CancelledError):
            await pulse
        assert device.writes[-1] == ("coil", 6, [0])


async def test_a_heartbeat_wraps_at_its_register(device: Device) -> None:
    async with linked(device) as (link, _):
        await link.heartbeat(20, 65537)
        assert device.writes == [("registers", 20, [1])]


async def test_a_refusal_says_why_and_keeps_the_connection(device: Device) -> None:
    async with linked(device) as (link, watcher):
        with pytest.raises(DeviceError, match=r"refused registers 900\.\.900: no such address"):
            await link.read_registers(900)
        assert watcher.told == [(True, "")]
        await link.read_registers(0)


async def test_a_device_without_the_watchdog_register_is_alive_all_the_same(device: Device) -> None:
    timings = ModbusTimings(watchdog_every_s=0.005)
    async with linked(device, watchdog_register=900, timings=timings) as (link, watcher):
        for _ in range(20):
            await link.read_coils(0)
        assert watcher.told == [(True, "")]


@pytest.mark.parametrize("values", [[65536], [-1], [1.5], [], [0] * 124])
async def test_what_does_not_fit_registers_is_not_sent(device: Device, values: list[int]) -> None:
    async with linked(device) as (link, _):
        with pytest.raises(DeviceError, match=r"does not fit a register|cannot be written at once"):
            await link.write_result(RESULT, values, VALID)
        assert device.writes == []


async def test_a_device_that_falls_silent_is_lost_and_valid_is_not_set(device: Device) -> None:
    timings = ModbusTimings(timeout_s=0.1, watchdog_every_s=3600.0)
    async with linked(device, timings=timings) as (link, watcher):
        await link.read_registers(0)
        device.stuck.set()
        with pytest.raises(DeviceError, match="no answer to coil 3; whether it was done is unknown"):
            await link.write_result(RESULT, [1], VALID)
        await watcher.until(False)
        device.stuck.clear()
        await watcher.until(True)
        await link.write_result(RESULT, [2], VALID)
        assert device.writes[-3:] == [("coil", VALID, [0]), ("registers", RESULT, [2]), ("coil", VALID, [1])]


async def test_silence_is_noticed_without_anyone_asking(device: Device) -> None:
    async with linked(device, timings=ModbusTimings(timeout_s=0.1, watchdog_every_s=0.05)) as (_, watcher):
        device.stuck.set()
        await watcher.until(False)
        assert "no answer" in watcher.told[-1][1]


async def test_a_device_that_ends_is_found_again_on_its_return(device: Device) -> None:
    async with linked(device) as (link, watcher):
        await device.stop()
        await watcher.until(False)
        with pytest.raises(DeviceError, match="no connection to the Modbus device"):
            await link.read_registers(0)
        await device.start()
        await watcher.until(True)
        assert await link.read_registers(0) == [0]


async def test_a_cancel_in_the_very_moment_of_the_answer_is_not_lost(device: Device) -> None:
    async with linked(device, timings=ModbusTimings(watchdog_every_s=3600.0)) as (link, watcher):
        for turns in range(60):
            asking = asyncio.create_task(link.read_registers(0))
            for _ in range(turns):
                await asyncio.sleep(0)
            if asking.cancel():
                with pytest.raises(asyncio.CancelledError):
                    await asking
            await asyncio.sleep(0)  # the link hears of the request given up
            await watcher.until(True)


async def test_a_device_that_is_not_there_is_said_once() -> None:
    watcher = Watcher()
    running = asyncio.create_task(ModbusLink("127.0.0.1", 1, on_state=watcher).run())
    await watcher.until(False)
    await asyncio.sleep(0.25)
    assert len(watcher.told) == 1
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
