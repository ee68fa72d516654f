"""The simulated PLC, in a process of its own: `python -m simulators.plc --url opc.tcp://127.0.0.1:4840/ --log FILE`.

The belt is its photo eye: it writes one JSON line per part to standard input, and the PLC answers on standard
output. In: `{"part": {"part_id": 7, "picture": "7.bmp", "truth": "good"}}`, `{"fault": "restart", "seconds": 1}`,
`{"fault": "hold-ack", "on": true}`, `{"fault": "clock", "seconds": 3600}`, `{"recipe": 7}`,
`{"mark": "thawed"}` for the log.
Out: `{"listening": URL}`, `{"ready": true}` as the box's Ready changes, `{"seen": 7, "triggered": true}`,
`{"gate": 7, "rejected": false}`. The end of standard input is the end of the PLC.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import selectors
import sys
from pathlib import Path
from typing import Any

from core import logs
from core.clock import Clock, SystemClock
from core.errors import EdgewiseError, InputError
from simulators.cell_server import CellServer
from simulators.partlog import PartLog, lost_to_power, read_rows, retained
from simulators.passages import Part
from simulators.program import CellProgram, CellTimes, Counters
from simulators.tags import TagValue

log = logging.getLogger(__name__)

DEFAULT_URL = "opc.tcp://127.0.0.1:4840/"


class Plc:
    """Joins program, server and log. Belongs to one event loop; `said` takes what goes to the belt."""

    def __init__(
        self,
        url: str,
        times: CellTimes,
        log_path: Path | None,
        clock: Clock,
        say: Any,
        certificates: Path | None = None,
    ) -> None:
        self._clock = clock
        self._say = say
        counters, lost = _memory(log_path)
        self.log = PartLog(log_path)
        now = clock.now()
        for row in lost:
            self.log.row(lost_to_power(row, now))
        counters = Counters(
            counters.triggered, counters.passed, counters.gate_rejected + len(lost), counters.gate_passed
        )
        self.program = CellProgram(times, now, counters)
        self.server = CellServer(url, self._box_wrote, certificates)
        self._writes: asyncio.Queue[tuple[str, TagValue]] = asyncio.Queue()
        self._timer: asyncio.TimerHandle | None = None
        self._was_ready = False
        self._resuming = True  # the first Ready after each start of the server goes to the log
        self._writer: asyncio.Task[None] | None = None
        self._outage: asyncio.Task[None] | None = None

    async def start(self) -> str:
        """Listening, and the heartbeat beating. Returns the URL."""
        url = await self.server.start(self.program.outputs)
        self.log.news("listening", self._clock.now())
        self._writer = asyncio.create_task(self._write_out())
        self._say({"listening": url})
        self._after()
        return url

    async def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        for task in (self._outage, self._writer):
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        await self.server.stop()
        self.log.close()

    def part(self, part: Part) -> None:
        passage = self.program.part_arrives(part, self._clock.now())
        self._after()
        self.log.seen(passage)
        self._say({"seen": part.part_id, "triggered": passage.triggered})

    def ask_for_recipe(self, number: int) -> None:
        self.program.ask_for_recipe(number)
        self._after()
        self.log.news("recipe", self._clock.now(), number=number)

    def inject(self, fault: str, *, seconds: float = 0.0, on: bool = True) -> None:
        """A fault of the PLC itself: its OPC UA server away for `seconds`, no more Ack, its clock wrong."""
        if fault == "restart":
            self._outage = asyncio.create_task(self._restart(seconds))
        elif fault == "hold-ack":
            self.program.hold_ack = on
        elif fault == "clock":
            self.server.clock_offset_s = seconds
        else:
            raise InputError(f"the PLC does not know the fault '{fault}'", hint="restart, hold-ack or clock.")
        self.log.news(fault, self._clock.now(), seconds=seconds, on=on)

    def obey(self, line: bytes) -> None:
        """One line of standard input. Raises InputError when it is not a line of this protocol."""
        try:
            order = json.loads(line)
            if "part" in order:
                asked = order["part"]
                self.part(Part(int(asked["part_id"]), str(asked.get("picture", "")), str(asked.get("truth", ""))))
            elif "recipe" in order:
                self.ask_for_recipe(int(order["recipe"]))
            elif "mark" in order:
                self.log.news(str(order["mark"]), self._clock.now())
            else:
                self.inject(
                    str(order["fault"]), seconds=float(order.get("seconds", 0.0)), on=bool(order.get("on", True))
                )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(f"the PLC was told {line[:80]!r}, which is no line of its protocol") from error

    async def _restart(self, seconds: float) -> None:
        await self.server.stop()
        self.program.forget_box(self._clock.now())
        self._resuming = True
        self._after()
        await asyncio.sleep(seconds)
        await self.server.start(self.program.outputs)
        self.log.news("listening", self._clock.now())

    def _box_wrote(self, name: str, value: TagValue) -> None:
        self.program.box_wrote(name, value, self._clock.now())
        self._after()

    def _after(self) -> None:
        """Sends out what the last call led to, and sets the timer for the next thing due."""
        for write in self.program.drain_writes():
            self._writes.put_nowait(write)
        for row in self.program.drain_rows():
            self.log.row(row)
            self._say({"gate": row["part_id"], "rejected": row["gate_rejected"], "verdict": row["verdict"]})
        # Without its heartbeat a box is not ready, whatever it wrote: the program would trigger no part.
        ready = bool(self.program.box["Ready"]) and self.program.box_alive(self._clock.now())
        if ready != self._was_ready:
            self._was_ready = ready
            self._note_ready(ready)
            self._say({"ready": ready})
        if self._timer is not None:
            self._timer.cancel()
        delay_s = max(0.0, self.program.due_s() - self._clock.now().mono_s)
        self._timer = asyncio.get_running_loop().call_later(delay_s, self._tick)

    def _note_ready(self, ready: bool) -> None:
        if ready and self._resuming:
            self._resuming = False
            self.log.news("ready", self._clock.now())

    def _tick(self) -> None:
        self.program.tick(self._clock.now())
        self._after()

    async def _write_out(self) -> None:
        while True:
            name, value = await self._writes.get()
            await self.server.write(name, value)


def _memory(log_path: Path | None) -> tuple[Counters, list[dict[str, Any]]]:
    if log_path is None or not log_path.exists():
        return Counters(), []
    return retained(read_rows(log_path))


def _say_line(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


async def _stdin() -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    return reader


async def _serve(arguments: argparse.Namespace) -> None:
    times = CellTimes(
        inspect_window_s=arguments.inspect_window_ms / 1e3,
        travel_s=arguments.travel_ms / 1e3,
        watchdog_s=arguments.watchdog_ms / 1e3,
    )
    plc = Plc(arguments.url, times, arguments.log, SystemClock(), _say_line, arguments.certificates)
    orders = await _stdin()
    await plc.start()
    try:
        while line := await orders.readline():
            try:
                plc.obey(line)
            except InputError as error:
                log.error("%s", error)
    finally:
        await plc.stop()


def _precise_loop() -> asyncio.AbstractEventLoop:
    """A PLC keeps its cycle: select(2) sleeps to the microsecond, where epoll(7) rounds up to the next millisecond."""
    return asyncio.SelectorEventLoop(selectors.SelectSelector())


def parser() -> argparse.ArgumentParser:
    wanted = argparse.ArgumentParser(prog="python -m simulators.plc", description=__doc__.partition("\n")[0])
    wanted.add_argument("--url", default=DEFAULT_URL, help="where to listen; port 0 takes a free one")
    wanted.add_argument("--log", type=Path, help="JSON lines, one per part; also the PLC's retentive memory")
    wanted.add_argument("--certificates", type=Path, help="folder of its own and its trusted ones; none: no security")
    wanted.add_argument("--inspect-window-ms", type=float, default=250.0)
    wanted.add_argument("--travel-ms", type=float, default=800.0, help="from the camera to the gate")
    wanted.add_argument("--watchdog-ms", type=float, default=2000.0, help="for the box's heartbeat")
    return wanted


def main() -> int:
    logs.set_up("info")
    logging.getLogger("asyncua").setLevel(logging.ERROR)  # warns of no security at every start; it is meant
    arguments = parser().parse_args()
    try:
        with asyncio.Runner(loop_factory=_precise_loop) as runner:
            runner.run(_serve(arguments))
    except KeyboardInterrupt:
        return 0
    except EdgewiseError as error:
        log.error("%s", error)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
