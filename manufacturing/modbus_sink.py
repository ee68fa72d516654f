"""Gives each result to a Modbus device: all registers first, then the valid coil; the gate only where asked."""

from __future__ import annotations

import struct

from manufacturing.handshake import Result
from manufacturing.settings import ModbusSettings
from verticals.devices.modbus import ModbusLink


class ModbusSink:
    """Registers from `result_register` on: part id (high, low word), result code, score (float32, high word first)."""

    def __init__(self, settings: ModbusSettings) -> None:
        self._settings = settings
        self._link = ModbusLink(settings.host, settings.port, device_id=settings.device_id)

    async def run(self) -> None:
        await self._link.run()

    async def tell(self, result: Result) -> None:
        """Raises DeviceError when the device did not take it."""
        high, low = struct.unpack(">HH", struct.pack(">f", result.score))
        part = result.part_id & 0xFFFFFFFF
        values = [part >> 16, part & 0xFFFF, result.code, high, low]
        await self._link.write_result(self._settings.result_register, values, self._settings.valid_coil)

    async def reject(self) -> None:
        coil = self._settings.reject_coil
        if coil is not None:
            await self._link.pulse(coil, self._settings.reject_pulse)
