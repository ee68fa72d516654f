"""Results at a real Modbus device: registers before the valid coil, wherever a recipe wants them."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import SystemClock
from manufacturing.handshake import Result
from manufacturing.modbus_sink import ModbusSink, result_blocks
from manufacturing.settings import ModbusSettings
from simulators.modbus_device import ModbusDevice
from tests.support.lines import until


@pytest.fixture
async def device(tmp_path: Path) -> AsyncIterator[ModbusDevice]:
    device = ModbusDevice(port=0, log_path=tmp_path / "modbus.jsonl", clock=SystemClock())
    await device.start()
    yield device
    await device.stop()


def written(device: ModbusDevice) -> list[tuple[str, int, list[int]]]:
    return [(write.kind, write.address, [int(value) for value in write.values]) for write in device.writes]


async def test_a_recipe_has_its_own_places_and_the_valid_coil_comes_last(device: ModbusDevice) -> None:
    sink = ModbusSink(ModbusSettings("127.0.0.1", device.port, result_register=10, valid_coil=3, ready_coil=7))
    running = asyncio.create_task(sink.run())
    await until(lambda: sink._link.up)
    await sink.tell(Result(0x10002, accept=False, code=1, score=1.5))
    sink.use({"result_code_register": 40, "valid_coil": 9})
    await sink.tell(Result(0x10002, accept=False, code=1, score=1.5))
    sink.use({})
    await sink.signal([("Ready", True), ("Busy", True), ("PartIdEcho", 3)])
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    high, low = struct.unpack(">HH", struct.pack(">f", 1.5))
    assert written(device) == [
        ("coil", 3, [0]),
        ("register", 10, [1, 2, 1, high, low]),
        ("coil", 3, [1]),
        ("coil", 9, [0]),
        ("register", 10, [1, 2]),
        ("register", 13, [high, low]),
        ("register", 40, [1]),
        ("coil", 9, [1]),
        ("coil", 7, [1]),
    ]


@given(st.integers(0, 2**32 - 1), st.floats(0, 1e6, width=32), st.booleans())
def test_words_come_back_in_the_order_that_was_set(part_id: int, score: float, low_first: bool) -> None:
    settings = ModbusSettings("none", word_order="low-first" if low_first else "high-first", score_register=20)
    blocks = result_blocks(settings, Result(part_id, accept=False, code=7, score=score))
    words: dict[int, Any] = {first + at: word for first, block in blocks.items() for at, word in enumerate(block)}
    order = -1 if low_first else 1
    assert struct.unpack(">I", struct.pack(">HH", *[words[0], words[1]][::order]))[0] == part_id
    assert struct.unpack(">f", struct.pack(">HH", *[words[20], words[21]][::order]))[0] == score
    assert words[2] == 7
