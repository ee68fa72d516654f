"""A Modbus TCP device as an I/O coupler in the cell: result registers, a valid coil, a reject coil; logs every write.

Wraps pymodbus. Registers and coils 0..63 of device id 1. Every write is kept in order with its time, so that a
test can see that the registers were there before the valid coil.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from core.clock import Clock, SystemClock
from core.errors import PortBusyError

SIZE = 64
_WRITES_COILS, _WRITES_REGISTERS = (5, 15), (6, 16)


@dataclass(frozen=True, slots=True)
class ModbusWrite:
    """`kind` is `coil` or `register`; `values` start at the 0-based `address`."""

    kind: str
    address: int
    values: tuple[int, ...]
    mono_s: float


class ModbusDevice:
    """Belongs to one event loop. Port 0 takes a free one; `port` says which after `start`."""

    def __init__(
        self, host: str = "127.0.0.1", port: int = 0, *, log_path: Path | None = None, clock: Clock | None = None
    ) -> None:
        self.host = host
        self.port = port
        self.writes: list[ModbusWrite] = []
        self.on_write: Callable[[ModbusWrite], None] = lambda write: None
        self._log_path = log_path
        self._clock = clock or SystemClock()
        self._server: ModbusTcpServer | None = None

    async def start(self) -> int:
        """Raises PortBusyError."""
        bits = [SimData(0, count=SIZE, values=False, datatype=DataType.BITS)]
        inputs = [SimData(0, count=SIZE, values=False, datatype=DataType.BITS)]
        holding = [SimData(0, count=SIZE, values=0, datatype=DataType.REGISTERS)]
        read_only = [SimData(0, count=SIZE, values=0, datatype=DataType.REGISTERS)]
        device = SimDevice(id=1, simdata=(bits, inputs, holding, read_only), action=self._action)
        self._server = ModbusTcpServer(device, address=(self.host, self.port))
        try:
            await self._server.serve_forever(background=True)
        except (OSError, RuntimeError) as error:
            raise PortBusyError(
                f"{self.host}:{self.port}: the simulated Modbus device cannot listen: {error}"
            ) from error
        transport = self._server.transport
        if isinstance(transport, asyncio.Server):
            self.port = transport.sockets[0].getsockname()[1]
        return self.port

    async def stop(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            await server.shutdown()  # type: ignore[no-untyped-call]

    async def _action(
        self,
        function: int,
        _start: int,
        address: int,
        _count: int,
        _now: list[int],
        given: list[int] | list[bool] | None,
    ) -> ExcCodes | None:
        if given is None or function not in _WRITES_COILS + _WRITES_REGISTERS:
            return None
        kind = "coil" if function in _WRITES_COILS else "register"
        write = ModbusWrite(kind, address, tuple(map(int, given)), self._clock.now().mono_s)
        self.writes.append(write)
        if self._log_path is not None:
            with self._log_path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(write)) + "\n")
        self.on_write(write)
        return None
