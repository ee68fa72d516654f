"""A Modbus TCP device: results written so that valid never runs ahead of its registers. Wraps pymodbus.

A new client object is made for each connection, and the first request that gets no answer ends it: a late
answer to an old request can then never be taken for the answer to a new one.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.errors import DeviceError
from core.logs import OutageLog

if TYPE_CHECKING:
    from pymodbus.client import AsyncModbusTcpClient
    from pymodbus.pdu import ModbusPDU

log = logging.getLogger(__name__)

_MOST_REGISTERS = 123  # in one write of function 16 (Modbus application protocol V1.1b3, 6.12)
_EXCEPTIONS = {1: "function not supported", 2: "no such address", 3: "value not allowed", 4: "device failure",
               6: "device busy"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ModbusTimings:
    """Seconds. A device is lost at the latest `watchdog_every_s` + `timeout_s` after its last answer."""

    timeout_s: float = 0.5
    watchdog_every_s: float = 0.4
    retry_first_s: float = 0.1
    retry_most_s: float = 0.5


class ModbusLink:
    """Addresses are 0-based, as on the wire. `watchdog_register` is a holding register the device has.

    Belongs to one event loop; calls are worked off one after the other, a result as a whole.
    """

    def __init__(
        self,
        host: str,
        port: int = 502,
        *,
        device_id: int = 1,
        watchdog_register: int = 0,
        on_state: Callable[[bool, str], None] | None = None,
        timings: ModbusTimings | None = None,
    ) -> None:
        self.where = f"Modbus device {host}:{port}"
        self.up = False
        self.why = "not connected yet"
        self._host, self._port, self._device_id = host, port, device_id
        self._watchdog_register = watchdog_register
        self._on_state = on_state
        self._timings = timings or ModbusTimings()
        self._outage = OutageLog(log, self.where)
        self._turn = asyncio.Semaphore(1)
        self._client: AsyncModbusTcpClient | None = None
        self._lost: asyncio.Future[str] | None = None
        self._cleared: set[int] = set()  # valid coils known to be off on this connection

    async def run(self) -> None:
        """Connects, watches and reconnects until cancelled."""
        logging.getLogger("pymodbus").setLevel(logging.CRITICAL)  # it tells each failed attempt again
        pause_s = self._timings.retry_first_s
        while True:
            why = await self._serve()
            pause_s = self._timings.retry_first_s if self.up else min(pause_s * 2, self._timings.retry_most_s)
            self._tell(False, why)
            await asyncio.sleep(pause_s)

    async def write_result(self, address: int, values: Sequence[int], valid_coil: int) -> None:
        """Coil off if it may be on, all registers in one request, then coil on; each confirmed before the next.

        Whoever reads the coil as on and then the registers reads these `values`. Raises DeviceError when the
        device did not take them; the coil is then off, or its state unknown where the message says so.
        """
        await self.write_blocks({address: values}, valid_coil)

    async def write_blocks(self, blocks: Mapping[int, Sequence[int]], valid_coil: int) -> None:
        """As `write_result`, for registers that do not all stand side by side; `blocks` by their first address."""
        checked = {address: _words(values) for address, values in blocks.items()}
        async with self._turn:
            if valid_coil not in self._cleared:
                await self._coil(valid_coil, False)
            for address, words in checked.items():
                await self._registers(address, words)
            self._cleared.discard(valid_coil)
            await self._coil(valid_coil, True)

    async def clear(self, valid_coil: int) -> None:
        """Takes a result back, or closes it once it was read."""
        async with self._turn:
            await self._coil(valid_coil, False)
            self._cleared.add(valid_coil)

    async def write_registers(self, address: int, values: Sequence[int]) -> None:
        words = _words(values)
        async with self._turn:
            await self._registers(address, words)

    async def write_coil(self, coil: int, on: bool) -> None:
        async with self._turn:
            self._cleared.discard(coil)
            await self._coil(coil, on)

    async def pulse(self, coil: int, seconds: float) -> None:
        """On, and off again after `seconds`, also when cancelled. The network adds its jitter: a coupler that can
        time the pulse itself is the better place. Raises DeviceError; it says so if the coil may have stayed on.
        """
        try:
            await self.write_coil(coil, True)
            await asyncio.sleep(seconds)
        finally:
            await asyncio.shield(asyncio.ensure_future(self._end_pulse(coil)))

    async def _end_pulse(self, coil: int) -> None:
        try:
            await self.write_coil(coil, False)
        except DeviceError as error:
            raise DeviceError(f"coil {coil} may have stayed on: {error.message}", hint=error.hint) from error

    async def heartbeat(self, register: int, beat: int) -> None:
        """`beat` modulo 65536: the device takes a counter that stands still for a dead box."""
        await self.write_registers(register, [beat % 65536])

    async def read_registers(self, address: int, count: int = 1) -> list[int]:
        """Holding registers."""
        async with self._turn:
            answer = await self._ask(
                lambda client: client.read_holding_registers(address, count=count, device_id=self._device_id),
                f"registers {address}..{address + count - 1}",
            )
        return list(answer.registers)

    async def read_coils(self, address: int, count: int = 1) -> list[bool]:
        async with self._turn:
            answer = await self._ask(
                lambda client: client.read_coils(address, count=count, device_id=self._device_id),
                f"coils {address}..{address + count - 1}",
            )
        return [bool(bit) for bit in answer.bits[:count]]  # the answer is filled up to whole bytes

    async def _registers(self, address: int, words: list[int]) -> None:
        await self._ask(lambda client: client.write_registers(address, words, device_id=self._device_id),
                        f"registers {address}..{address + len(words) - 1}")  # fmt: skip

    async def _coil(self, coil: int, on: bool) -> None:
        await self._ask(lambda client: client.write_coil(coil, on, device_id=self._device_id), f"coil {coil}")

    async def _ask(self, request: Callable[[AsyncModbusTcpClient], Awaitable[ModbusPDU]], what: str) -> ModbusPDU:
        """One request and its answer. No answer ends the connection; a refusal does not."""
        from pymodbus.exceptions import ModbusException

        client, lost = self._client, self._lost
        if client is None or not self.up:
            raise DeviceError(f"no connection to the {self.where}: {self.why}")
        task = asyncio.current_task()
        cancels = task.cancelling() if task is not None else 0
        try:
            async with asyncio.timeout(self._timings.timeout_s):
                answer = await request(client)
            if task is not None and task.cancelling() > cancels:
                raise asyncio.CancelledError  # python/cpython#86296: before 3.12 wait_for may swallow it
        except (ModbusException, OSError, TimeoutError) as error:
            self._lose(f"no answer to {what}", lost)
            raise DeviceError(f"{self.where}: no answer to {what}; whether it was done is unknown") from error
        except asyncio.CancelledError:
            self._lose("a request was given up", lost)  # its answer may still come
            raise
        if answer.isError():
            code = int(getattr(answer, "exception_code", 0))
            raise DeviceError(
                f"{self.where} refused {what}: {_EXCEPTIONS.get(code, f'exception {code}')}",
                hint="Compare addresses and device id in the site file with the device's manual.",
            )
        return answer

    async def _serve(self) -> str:
        """One connection from begin to end; says why it ended."""
        from pymodbus.client import AsyncModbusTcpClient

        lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._lost = lost
        client = AsyncModbusTcpClient(
            self._host,
            port=self._port,
            timeout=self._timings.timeout_s,
            retries=0,
            reconnect_delay=0,
            trace_connect=lambda up: None if up else self._lose("the device closed the connection", lost),
        )
        try:
            if not await client.connect():
                return f"no answer at {self._host}:{self._port}"
            self._cleared.clear()
            self._client = client
            self._tell(True, "")
            return await self._watch(lost)
        finally:
            self._client = None
            client.close()

    async def _watch(self, lost: asyncio.Future[str]) -> str:
        """Asks for one register now and then; a refusal is a sign of life too."""
        while not lost.done():
            try:
                await self.read_registers(self._watchdog_register)
            except DeviceError as error:
                log.debug("%s: %s", self.where, error)
            await asyncio.wait([lost], timeout=self._timings.watchdog_every_s)
        return lost.result()

    def _lose(self, why: str, lost: asyncio.Future[str] | None = None) -> None:
        """A connection that is over tells its own future, never its successor's."""
        lost = lost or self._lost
        if lost is not None and not lost.done():
            lost.set_result(why)

    def _tell(self, up: bool, why: str) -> None:
        changed = up != self.up or why != self.why
        self.up, self.why = up, why
        if up:
            self._outage.back()
        else:
            self._outage.gone(why)
        if changed and self._on_state is not None:
            self._on_state(up, why)


def _words(values: Sequence[int]) -> list[int]:
    if not 1 <= len(values) <= _MOST_REGISTERS:
        raise DeviceError(f"{len(values)} registers cannot be written at once, only 1 to {_MOST_REGISTERS}")
    for value in values:
        if int(value) != value or not 0 <= value <= 0xFFFF:
            raise DeviceError(f"{value!r} does not fit a register", hint="Registers hold whole numbers 0..65535.")
    return [int(value) for value in values]
