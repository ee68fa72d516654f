"""Gives each result to a Modbus device: all registers first, then the valid coil; the gate only where asked."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from manufacturing.handshake import Result, Write
from manufacturing.settings import ModbusSettings
from verticals.devices.modbus import ModbusLink


class ModbusSink:
    """Registers and coils as the site file has them, until a recipe has them elsewhere."""

    def __init__(self, settings: ModbusSettings) -> None:
        self._site = settings
        self._settings = settings
        self._link = ModbusLink(settings.host, settings.port, device_id=settings.device_id)

    async def run(self) -> None:
        await self._link.run()

    def use(self, places: Mapping[str, Any]) -> None:
        """A recipe's own registers and coils; whatever it leaves out is the site's."""
        self._settings = replace(self._site, **places)

    async def tell(self, result: Result) -> None:
        """Raises DeviceError when the device did not take it."""
        await self._link.write_blocks(result_blocks(self._settings, result), self._settings.valid_coil)

    async def signal(self, writes: Sequence[Write]) -> None:
        """Ready, Busy and Fault to their coils, where they have one. Raises DeviceError."""
        coils = {
            "Ready": self._settings.ready_coil,
            "Busy": self._settings.busy_coil,
            "Fault": self._settings.fault_coil,
        }
        for name, value in writes:
            coil = coils.get(name)
            if coil is not None:
                await self._link.write_coil(coil, bool(value))

    async def reject(self) -> None:
        coil = self._settings.reject_coil
        if coil is not None:
            await self._link.pulse(coil, self._settings.reject_pulse)


def result_blocks(settings: ModbusSettings, result: Result) -> dict[int, list[int]]:
    """Registers by their first address; what stands side by side is one block, and so one request.

    The score is a float32; the words of part id and score are in the order that the settings say.
    """
    low_first = settings.word_order == "low-first"
    part = struct.unpack(">HH", struct.pack(">I", result.part_id & 0xFFFFFFFF))
    score = struct.unpack(">HH", struct.pack(">f", result.score))
    placed: dict[int, int] = {}
    for own, offset, words in (
        (settings.part_id_register, 0, part[::-1] if low_first else part),
        (settings.result_code_register, 2, (result.code,)),
        (settings.score_register, 3, score[::-1] if low_first else score),
    ):
        first = settings.result_register + offset if own is None else own
        placed |= {first + number: word for number, word in enumerate(words)}
    blocks: dict[int, list[int]] = {}
    begin = -1
    for address in sorted(placed):
        if begin < 0 or address != begin + len(blocks[begin]):
            begin = address
            blocks[begin] = []
        blocks[begin].append(placed[address])
    return blocks
