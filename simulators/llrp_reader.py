"""An RFID reader in a box: LLRP over TCP as a real one speaks it, with antennas, tags, noise and faults.

    python -m simulators.llrp_reader [--port 5084] [--tags 20] [--seed 0] [--minutes 0]

What can be heard is given by a callable (`llrp_reader_field.Truth`), so that a simulated store knows the truth.
"""

from __future__ import annotations

import argparse
import asyncio
import random
from collections.abc import Mapping
from dataclasses import dataclass, field

from core.clock import Clock, SystemClock
from core.errors import InputError, PortBusyError
from retail.codes.sgtin import Sgtin
from retail.rfid import messages
from retail.rfid.messages import ANSWERS, Attempt, Capabilities, Kind, ReaderEvent
from retail.rfid.reports import report
from retail.rfid.rospec import Inventory, read_inventory
from retail.rfid.wire import VERSION_1_1, Message, MessageCutter
from simulators.llrp_reader_field import Hearing, Shop, Truth, heard

LLRP_PORT = 5084
_FIELD_ERROR = 101
_LISTENS = 0.9


@dataclass(slots=True)
class ReaderSetup:
    """`maker` 0 is nobody's number. `clock_behind_s`: how far the reader's clock is behind. `tells_rospecs`: whether it
    sends events of its cycles, as it is asked to; `version_1_1` False: it knows LLRP 1.0.1 alone."""

    antennas: int = 4
    clock_behind_s: float = 0.0
    tells_rospecs: bool = True
    version_1_1: bool = True
    keepalives: bool = True
    hearing: Hearing = field(default_factory=Hearing)
    seed: int = 0


class SimulatedReader:
    """Belongs to one event loop. Port 0 takes a free one; `port` says which after `start`."""

    def __init__(
        self,
        truth: Truth,
        setup: ReaderSetup | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        clock: Clock | None = None,
    ) -> None:
        self.host, self.port = host, port
        self.setup = setup or ReaderSetup()
        self.truth = truth
        self.connected = dict.fromkeys(range(1, self.setup.antennas + 1), True)
        self.clients = 0  # that were let in, in all
        self.refused = 0
        self.rospecs: dict[int, Inventory] = {}
        self.asked: list[Kind] = []
        self._clock = clock or SystemClock()
        self._rng = random.Random(self.setup.seed)
        self._server: asyncio.Server | None = None
        self._client: _Client | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> int:
        """Raises PortBusyError."""
        try:
            self._server = await asyncio.start_server(self._connect, self.host, self.port)
        except OSError as error:
            raise PortBusyError(f"{self.host}:{self.port}: the simulated RFID reader cannot listen: {error}") from error
        self.port = self._server.sockets[0].getsockname()[1]
        return self.port

    async def stop(self) -> None:
        """Closes the port and hangs up; `start` begins anew at the same port."""
        if self._server is not None:
            self._server.close()
        self.hang_up()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def hang_up(self) -> None:
        """As a cable that is pulled: the client is not told."""
        if self._client is not None:
            self._client.abort()

    def set_antenna(self, antenna: int, *, connected: bool) -> None:
        """An antenna is plugged in or out; the client is told."""
        self.connected[antenna] = connected
        if self._client is not None:
            self._client.tell(ReaderEvent(self.now_us(), antennas={antenna: connected}))

    def tell(self, event: ReaderEvent) -> None:
        """Any other event, such as a full buffer."""
        if self._client is not None:
            self._client.tell(event)

    def send(self, data: bytes) -> None:
        """Any bytes, such as no LLRP at all."""
        if self._client is not None:
            self._client.write(data)

    def now_us(self) -> int:
        """The reader's own clock."""
        return round((self._clock.now().utc_s - self.setup.clock_behind_s) * 1e6)

    def capabilities(self) -> Capabilities:
        return Capabilities(self.setup.antennas, True, 0, 1, "simulated 1.0")

    def read(self, inventory: Inventory, begin_us: int) -> bytes:
        """One cycle's reads."""
        antennas = [
            antenna for antenna in inventory.antennas or tuple(self.connected) if self.connected.get(antenna, False)
        ]
        tags = self.truth(self._clock.now().utc_s)
        return report(heard(tags, antennas, begin_us, self.now_us(), self.setup.hearing, self._rng))

    def let_go(self, client: _Client) -> None:
        if self._client is client:
            self._client = None

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        client = _Client(self, reader, writer)
        try:
            if self._client is not None:
                self.refused += 1
                self._client.tell(ReaderEvent(self.now_us(), attempt=Attempt.ANOTHER_TRIED))
                client.tell(ReaderEvent(self.now_us(), attempt=Attempt.CLIENT_INITIATED_EXISTS))
                await writer.drain()
                return
            self._client = client
            self.clients += 1
            await client.serve()
        except (OSError, InputError, asyncio.CancelledError):
            return  # the other side is gone, or this one is told to go: nothing is owed
        finally:
            self.let_go(client)
            writer.close()
            self._tasks.discard(task)


class _Client:
    """The one client a reader has."""

    def __init__(self, owner: SimulatedReader, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._owner, self._reader, self._writer = owner, reader, writer
        self._version = 1
        self._next_id = 1000
        self._keepalive: asyncio.Task[None] | None = None
        self._running: dict[int, asyncio.Task[None]] = {}
        self._open = True

    async def serve(self) -> None:
        self.tell(ReaderEvent(self._owner.now_us(), attempt=Attempt.SUCCESS))
        cutter = MessageCutter()
        try:
            while self._open and (data := await self._reader.read(1 << 16)):
                for message in cutter.cut(data):
                    self._answer(message)
                await self._writer.drain()
        finally:
            tasks = [*self._running.values(), *([self._keepalive] if self._keepalive else [])]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def abort(self) -> None:
        self._writer.transport.abort()

    def tell(self, event: ReaderEvent) -> None:
        self._send(Kind.READER_EVENT_NOTIFICATION, messages.event(event))

    def write(self, data: bytes) -> None:
        if not self._writer.is_closing():
            self._writer.write(data)

    def _send(self, kind: Kind, body: bytes = b"", number: int | None = None) -> None:
        if number is None:
            number = self._next_id
            self._next_id += 1
        self.write(Message(kind, number, body, self._version).encoded())

    def _answer(self, message: Message) -> None:
        try:
            kind = Kind(message.type)
        except ValueError:
            kind = Kind.ERROR_MESSAGE
        self._owner.asked.append(kind)
        if kind in (Kind.KEEPALIVE_ACK, Kind.ENABLE_EVENTS_AND_REPORTS):
            return
        if kind not in ANSWERS or (message.type in (46, 47) and not self._owner.setup.version_1_1):
            unknown = messages.status(messages.UNSUPPORTED_MESSAGE, f"message type {message.type}")
            self._send(Kind.ERROR_MESSAGE, unknown, message.id)
            return
        try:
            body = self._done(kind, message)
        except InputError as error:
            body = messages.status(_FIELD_ERROR, error.message)
        self._send(ANSWERS[kind], body, message.id)
        if kind is Kind.CLOSE_CONNECTION:
            self._open = False
            self._owner.let_go(self)

    def _done(self, kind: Kind, message: Message) -> bytes:
        """The body of the answer. Raises InputError for what the reader refuses."""
        if kind is Kind.GET_READER_CAPABILITIES:
            return messages.capabilities(self._owner.capabilities())
        if kind is Kind.GET_READER_CONFIG:
            return messages.antennas(self._owner.connected)
        if kind is Kind.SET_READER_CONFIG:
            self._keep_alive(messages.read_keepalive_ms(message.body))
        elif kind is Kind.ADD_ROSPEC:
            self._add(read_inventory(message.body))
        elif kind in (Kind.DELETE_ROSPEC, Kind.ENABLE_ROSPEC, Kind.START_ROSPEC, Kind.STOP_ROSPEC):
            self._rospec(kind, int.from_bytes(message.body[:4], "big"))
        elif kind is Kind.GET_SUPPORTED_VERSION:
            return bytes([self._version, VERSION_1_1]) + messages.status()
        elif kind is Kind.SET_PROTOCOL_VERSION:
            self._version = message.body[0]
        return messages.status()

    def _add(self, inventory: Inventory) -> None:
        if inventory.number in self._owner.rospecs:
            raise InputError(f"ROSpec {inventory.number} exists already")
        unknown = [antenna for antenna in inventory.antennas if antenna not in self._owner.connected]
        if unknown:
            raise InputError(f"there is no antenna {unknown[0]}")
        self._owner.rospecs[inventory.number] = inventory

    def _rospec(self, kind: Kind, number: int) -> None:
        chosen = [number] if number else list(self._owner.rospecs)
        for one in chosen:
            if one not in self._owner.rospecs:
                raise InputError(f"there is no ROSpec {one}")
            if kind in (Kind.DELETE_ROSPEC, Kind.STOP_ROSPEC) and one in self._running:
                self._running.pop(one).cancel()
            if kind is Kind.DELETE_ROSPEC:
                del self._owner.rospecs[one]
            elif kind is Kind.ENABLE_ROSPEC:
                self._running[one] = asyncio.create_task(self._inventory(self._owner.rospecs[one]))

    def _keep_alive(self, period_ms: int | None) -> None:
        if self._keepalive is not None:
            self._keepalive.cancel()
        if period_ms and self._owner.setup.keepalives:
            self._keepalive = asyncio.create_task(self._beat(period_ms / 1000))

    async def _beat(self, period_s: float) -> None:
        while True:
            await asyncio.sleep(period_s)
            self._send(Kind.KEEPALIVE)

    async def _inventory(self, inventory: Inventory) -> None:
        cycle_s = inventory.cycle_ms / 1000
        while True:
            begin_us = self._owner.now_us()
            self._cycle_event(messages.ROSPEC_STARTED)
            await asyncio.sleep(cycle_s * _LISTENS)
            found = self._owner.read(inventory, begin_us)
            if found:
                self._send(Kind.RO_ACCESS_REPORT, found)
            self._cycle_event(messages.ROSPEC_ENDED)
            await asyncio.sleep(cycle_s * (1 - _LISTENS))

    def _cycle_event(self, what: int) -> None:
        if self._owner.setup.tells_rospecs:
            self.tell(ReaderEvent(self._owner.now_us(), rospec=what))


LEVELS: Mapping[str, Mapping[int, float]] = {"floor": {1: -52.0, 2: -66.0}, "backroom": {2: -50.0, 1: -68.0}}


def demo_shop(tags: int, seed: int = 0) -> Shop:
    """Tags of invented products, two thirds of them on the floor."""
    rng, shop = random.Random(seed), Shop(LEVELS)
    for number in range(tags):
        item = f"{rng.randrange(10**5):06d}"
        epc = Sgtin("0952123", item, str(number + 1)).encoded()
        shop.put(epc, "backroom" if number % 3 == 0 else "floor")
    return shop


async def _run(arguments: argparse.Namespace) -> None:
    reader = SimulatedReader(demo_shop(arguments.tags, arguments.seed), ReaderSetup(seed=arguments.seed),
                             port=arguments.port)  # fmt: skip
    await reader.start()
    try:
        await asyncio.sleep(arguments.minutes * 60 or 10**9)
    finally:
        await reader.stop()


def main() -> None:
    parser = argparse.ArgumentParser(prog="simulators.llrp_reader", description="A simulated RFID reader (LLRP).")
    parser.add_argument("--port", type=int, default=LLRP_PORT)
    parser.add_argument("--tags", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=0.0, help="0: until it is ended")
    asyncio.run(_run(parser.parse_args()))


if __name__ == "__main__":
    main()
