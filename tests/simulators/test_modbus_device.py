from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pymodbus.client import AsyncModbusTcpClient

from core.errors import PortBusyError
from simulators.modbus_device import ModbusDevice


@pytest.fixture
async def device(tmp_path: Path) -> AsyncIterator[ModbusDevice]:
    made = ModbusDevice(log_path=tmp_path / "modbus.jsonl")
    await made.start()
    yield made
    await made.stop()


async def test_writes_are_kept_in_order_with_their_values(device: ModbusDevice, tmp_path: Path) -> None:
    client = AsyncModbusTcpClient("127.0.0.1", port=device.port)
    await client.connect()
    await client.write_registers(0, [0, 7, 1], device_id=1)
    await client.write_coil(3, True, device_id=1)
    await client.write_coil(3, False, device_id=1)
    back = await client.read_holding_registers(0, count=3, device_id=1)
    client.close()
    assert back.registers == [0, 7, 1]
    assert [(write.kind, write.address, write.values[:3]) for write in device.writes] == [
        ("register", 0, (0, 7, 1)),
        ("coil", 3, (1,)),
        ("coil", 3, (0,)),
    ]
    assert len((tmp_path / "modbus.jsonl").read_text().splitlines()) == 3


async def test_a_port_that_is_taken_is_said_so(device: ModbusDevice) -> None:
    with pytest.raises(PortBusyError, match=str(device.port)):
        await ModbusDevice(port=device.port).start()
