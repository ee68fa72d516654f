"""A PLC that speaks Modbus TCP: the same handshake over coils and holding registers of its server.

The box asks for what the PLC writes, every `poll_every_s`, and tells what changed as an OPC UA subscription does.
Where each tag lies is in docs/operate/line-engineer.md; `plc.tags` moves one by "coil N" or "register N". Two words
are one whole number or one float32, the high word first (as most PLCs: Modbus leaves it open).
"""

from __future__ import annotations

import asyncio
import re
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from core.errors import DeviceError
from verticals.devices.modbus import ModbusLink, ModbusTimings

SCHEME = "modbus"
_PORT, _DEVICE_ID = 502, 1
#: Values that lie so near each other are asked for at once; so many at most (protocol V1.1b3, 6.3: 125).
_NEAR, _MOST = 16, 100
_ADDRESS = re.compile(r"(coil|register) (\d{1,5})")


@dataclass(frozen=True, slots=True)
class Spot:
    """Where one tag lies. `form`: bit (a coil), word, double or float (two registers)."""

    address: int
    form: str

    @property
    def kind(self) -> str:
        return "coil" if self.form == "bit" else "register"

    @property
    def length(self) -> int:
        return 2 if self.form in ("double", "float") else 1


#: Written by the PLC: coils from 0, registers from 0; by the box: coils from 16, registers from 32.
SPOTS: Mapping[str, Spot] = {
    "Trigger": Spot(0, "bit"), "Ack": Spot(1, "bit"), "GateLastRejected": Spot(2, "bit"),
    "PartId": Spot(0, "double"), "PlcHeartbeat": Spot(2, "word"), "PartCounter": Spot(3, "double"),
    "PartsPassed": Spot(5, "double"), "GateLastPartId": Spot(7, "double"), "RecipeId": Spot(9, "word"),
    "Ready": Spot(16, "bit"), "Busy": Spot(17, "bit"), "ResultValid": Spot(18, "bit"), "PassFail": Spot(19, "bit"),
    "Fault": Spot(20, "bit"), "Bypass": Spot(21, "bit"), "Simulated": Spot(22, "bit"),
    "ResultCode": Spot(32, "word"), "PartIdEcho": Spot(33, "double"), "Score": Spot(35, "float"),
    "Heartbeat": Spot(37, "word"), "RecipeNumberActive": Spot(38, "word"),
}  # fmt: skip
#: Text has no place in registers.
_NOWHERE = frozenset({"RecipeIdActive"})


def spots_of(nodes: Mapping[str, str]) -> dict[str, Spot]:
    """Where the tags of `nodes` lie; whatever does not name a coil or register stays where it usually is.

    Raises DeviceError for a place that the tag cannot have.
    """
    found = dict(SPOTS)
    for name, place in nodes.items():
        match = _ADDRESS.fullmatch(place)
        if match is None or name not in SPOTS:
            continue
        usual = SPOTS[name]
        moved = Spot(int(match[2]), usual.form)
        if match[1] != usual.kind or moved.address + moved.length > 65536:
            raise DeviceError(f"{name} cannot lie in {place}", hint=f"It is a {usual.kind} from 0 to 65535.")
        found[name] = moved
    return found


class ModbusPlc:
    """The `PlcLink` of a cell. Belongs to one event loop. `watch` in the order in which changes are told."""

    untrusted = False

    def __init__(
        self,
        url: str,
        *,
        nodes: Mapping[str, str],
        watch: Sequence[str],
        poll_every_s: float,
        on_change: Callable[[str, Any], None],
        on_state: Callable[[bool, str], None],
        timings: ModbusTimings | None = None,
    ) -> None:
        parts = urlsplit(url)
        self._spots = spots_of(nodes)
        self._watch = list(watch)
        self._poll_every_s = poll_every_s
        self._on_change, self._on_state = on_change, on_state
        self._seen: dict[str, Any] = {}
        self._link = ModbusLink(
            parts.hostname or "", parts.port or _PORT, device_id=int(parts.path.strip("/") or _DEVICE_ID),
            watchdog_register=self._spots["PartId"].address, on_state=self._told, timings=timings,
        )  # fmt: skip

    async def run(self) -> None:
        """Connects, polls and reconnects until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._link.run())
            group.create_task(self._poll())

    async def read(self, names: list[str]) -> dict[str, Any]:
        """Raises DeviceError when the PLC does not answer."""
        return await self._read(names)

    async def write_many(self, values: list[tuple[str, Any]]) -> None:
        """Registers first, then coils in their order. Raises DeviceError when the PLC did not take them."""
        wanted = [(self._spots[name], value) for name, value in values if name not in _NOWHERE]
        words: dict[int, int] = {}
        for spot, value in wanted:
            if spot.kind == "register":
                words |= dict(enumerate(_words(spot, value), spot.address))
        for first, block in _side_by_side(words):
            await self._link.write_registers(first, block)
        for spot, value in wanted:
            if spot.kind == "coil":
                await self._link.write_coil(spot.address, bool(value))

    def readdress(self, nodes: Mapping[str, str]) -> None:
        """The tags lie elsewhere: told as a new connection, so that every output is made safe there first."""
        self._spots = spots_of(nodes)
        if self._link.up:
            self._told(False, "another recipe's tags")
            self._told(True, "")

    def _told(self, up: bool, why: str) -> None:
        self._seen.clear()
        self._on_state(up, why)

    async def _poll(self) -> None:
        while True:
            if self._link.up:
                await self._look()
            await asyncio.sleep(self._poll_every_s)

    async def _look(self) -> None:
        seen = self._seen
        try:
            found = await self._read(self._watch)
        except DeviceError:
            return  # the link says so itself, and is made anew
        for name in self._watch:
            if seen.get(name) != found[name]:
                seen[name] = found[name]
                self._on_change(name, found[name])

    async def _read(self, names: Sequence[str]) -> dict[str, Any]:
        """Coils first: what a PLC wrote before it raised one is then read as it was written."""
        spots = {name: self._spots[name] for name in names}
        held: dict[tuple[str, int], int] = {}
        for kind, ask in (("coil", self._link.read_coils), ("register", self._link.read_registers)):
            for first, count in _near([spot for spot in spots.values() if spot.kind == kind]):
                answer = await ask(first, count)
                held |= {(kind, first + number): int(value) for number, value in enumerate(answer)}
        return {
            name: _value(spot, [held[spot.kind, spot.address + number] for number in range(spot.length)])
            for name, spot in spots.items()
        }


def _near(spots: Sequence[Spot]) -> Iterator[tuple[int, int]]:
    """First address and count of as few requests as hold them all."""
    ends = sorted((spot.address, spot.address + spot.length) for spot in spots)
    while ends:
        first, end = ends.pop(0)
        while ends and ends[0][0] - end <= _NEAR and ends[0][1] - first <= _MOST:
            end = max(end, ends.pop(0)[1])
        yield first, end - first


def _side_by_side(words: Mapping[int, int]) -> Iterator[tuple[int, list[int]]]:
    block: list[int] = []
    for address in sorted(words):
        block.append(words[address])
        if address + 1 not in words:
            yield address + 1 - len(block), block
            block = []


def _value(spot: Spot, words: Sequence[int]) -> bool | int | float:
    if spot.form == "bit":
        return bool(words[0])
    if spot.form == "word":
        return words[0]
    raw = struct.pack(">HH", *words)
    number: int | float = struct.unpack(">I" if spot.form == "double" else ">f", raw)[0]
    return number


def _words(spot: Spot, value: Any) -> tuple[int, ...]:
    """Raises DeviceError for a value that does not fit."""
    forms = {"word": ">H", "double": ">I", "float": ">f"}
    try:
        raw = struct.pack(forms[spot.form], value if spot.form == "float" else int(value))
    except (struct.error, OverflowError) as error:
        raise DeviceError(f"{value!r} does not fit register {spot.address}: {error}") from error
    return struct.unpack(f">{len(raw) // 2}H", raw)
