"""A plant cell in a box: a PLC over OPC UA in its own process, a belt with a camera, a gate, a Modbus device.

    python -m simulators.plant --hot-folder DIR [--opcua-url URL] [--pictures DIR|rendered] [--parts N] [--rate 2]

The belt starts when the inspection is ready and stands while the PLC is dead. `--log FILE` keeps every part;
`python -m simulators.report FILE` makes the account of it.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import logging
import random
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2

from core import logs
from core.clock import Clock, SystemClock
from core.errors import EdgewiseError
from simulators.belt import Belt, Shot, folder_shots, rendered_shots
from simulators.faults import KINDS, PlantFault, due, parse_fault
from simulators.modbus_device import ModbusDevice
from simulators.partlog import read_rows
from simulators.passages import Part
from simulators.plc import DEFAULT_URL
from simulators.plc_process import PlcProcess
from simulators.program import CellTimes
from simulators.report import report, summary

log = logging.getLogger(__name__)

RENDERED = "rendered"
#: Of the time between two parts, at most so much passes before the next part is drawn.
_STILL_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class PlantSettings:
    """`pictures` is a folder or `rendered`; `parts` 0 goes on without end; `jitter` is a share of the interval.

    `stays`: after the last part the belt stands and the PLC runs on, until it is stopped.
    """

    hot_folder: Path
    opcua_url: str = DEFAULT_URL
    pictures: str = RENDERED
    parts: int = 0
    rate_per_s: float = 2.0
    jitter: float = 0.1
    flawed_share: float = 0.12
    seed: int = 0
    log_path: Path | None = None
    certificates: Path | None = None
    modbus_port: int | None = None
    wait_for_ready: bool = True
    stays: bool = False
    times: CellTimes = field(default_factory=CellTimes)
    faults: Sequence[PlantFault] = ()

    def command(self) -> list[str]:
        """The same plant as a command line, for whoever runs it as a process of its own."""
        words = [
            sys.executable, "-m", "simulators.plant", "--hot-folder", str(self.hot_folder),
            "--opcua-url", self.opcua_url, "--pictures", self.pictures, "--parts", str(self.parts),
            "--rate", str(self.rate_per_s), "--jitter", str(self.jitter), "--flawed-share", str(self.flawed_share),
            "--seed", str(self.seed), "--inspect-window-ms", str(self.times.inspect_window_s * 1e3),
            "--travel-ms", str(self.times.travel_s * 1e3),
        ]  # fmt: skip
        if self.log_path is not None:
            words += ["--log", str(self.log_path)]
        if self.certificates is not None:
            words += ["--certificates", str(self.certificates)]
        if self.modbus_port is not None:
            words += ["--modbus-port", str(self.modbus_port)]
        if not self.wait_for_ready:
            words.append("--no-wait")
        if self.stays:
            words.append("--stay")
        for fault in self.faults:
            words += ["--fault", f"{fault.kind}@{fault.part}:{fault.seconds:g}"]
        return words


class Plant:
    """Belongs to one event loop: `start`, then `run` until the parts are through or it is cancelled, then `stop`."""

    def __init__(self, settings: PlantSettings, clock: Clock) -> None:
        self.settings = settings
        self.plc = PlcProcess(settings.opcua_url, settings.times, settings.log_path, settings.certificates)
        self.modbus: ModbusDevice | None = None
        self._clock = clock
        self._pace = random.Random(settings.seed)
        self._belt: Belt | None = None
        self._first_shot: Shot | None = None
        self._extra: set[asyncio.Task[None]] = set()

    async def start(self) -> str:
        """PLC and Modbus device listen. Returns the OPC UA URL."""
        settings = self.settings
        if settings.modbus_port is not None:
            log_path = settings.log_path and settings.log_path.with_suffix(".modbus.jsonl")
            self.modbus = ModbusDevice(port=settings.modbus_port, log_path=log_path, clock=self._clock)
            await self.modbus.start()
        self._belt = await asyncio.to_thread(self._make_belt)
        # The first one takes a moment to draw; so does the PLC to start.
        url, self._first_shot = await asyncio.gather(self.plc.start(), self._next_shot())
        return url

    async def run(self) -> None:
        """Brings the parts, one after the other; returns when the last has left the gate, unless it stays."""
        settings = self.settings
        if settings.wait_for_ready:
            await self.plc.ready.wait()
        first_id = await asyncio.to_thread(_next_part_id, settings.log_path)
        number = 0
        shot = self._first_shot or await self._next_shot()
        start_s = self._clock.now().mono_s
        while settings.parts == 0 or number < settings.parts:
            number += 1
            await self._bring(number, first_id + number - 1, shot)
            # No plant draws its parts: whoever judges this one on a small box must have it to himself.
            await asyncio.sleep(min(settings.times.inspect_window_s, _STILL_SHARE / settings.rate_per_s))
            shot = await self._next_shot()
            wanted_s = start_s + (number + self._pace.uniform(-0.5, 0.5) * settings.jitter) / settings.rate_per_s
            wait_s = wanted_s - self._clock.now().mono_s
            if wait_s < 0:  # the PLC stood: go on from here, without a rush of parts
                start_s -= wait_s
            await asyncio.sleep(max(0.0, wait_s))
        await asyncio.sleep(settings.times.travel_s + 0.2)
        if settings.stays:
            log.info("all %d parts are through; the belt stands", settings.parts)
            if settings.log_path is not None:
                log.info("%s", summary(report(read_rows(settings.log_path))))
            await asyncio.Event().wait()

    async def stop(self) -> None:
        for task in list(self._extra):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await self.plc.stop()
        if self.modbus is not None:
            await self.modbus.stop()

    def _make_belt(self) -> Belt:
        settings = self.settings
        if settings.pictures == RENDERED:
            return Belt(settings.hot_folder, rendered_shots(settings.seed, settings.flawed_share))
        return Belt(settings.hot_folder, folder_shots(Path(settings.pictures), settings.seed))

    async def _next_shot(self) -> Shot:
        assert self._belt is not None
        return await asyncio.to_thread(self._belt.next_shot)

    async def _bring(self, number: int, part_id: int, shot: Shot) -> None:
        assert self._belt is not None
        for fault in due(self.settings.faults, number, belt=False):
            self._strike(fault)
        faults = due(self.settings.faults, number, belt=True)
        late = [fault for fault in faults if fault.kind == "late-picture"]
        if late:
            await self.plc.part(Part(part_id, shot.name, shot.truth))
            await asyncio.sleep(late[0].seconds)
            await asyncio.to_thread(self._belt.lay, part_id, shot)
        else:
            kind = faults[0].kind if faults else ""
            await self.plc.part(await asyncio.to_thread(self._belt.lay, part_id, shot, kind))

    def _strike(self, fault: PlantFault) -> None:
        log.warning("fault: %s at part %d, %g s", fault.kind, fault.part, fault.seconds)
        if fault.kind == "kill":
            self.plc.kill()
        elif fault.kind == "freeze":
            self.plc.freeze()
            self._later(fault.seconds, self.plc.thaw)
        elif fault.kind == "recipe":
            self.plc.ask_for_recipe(int(fault.seconds))
        elif fault.kind == "hold-ack":
            self.plc.inject("hold-ack", on=True)
            self._later(fault.seconds, lambda: self.plc.inject("hold-ack", on=False))
        else:
            self.plc.inject(fault.kind, seconds=fault.seconds)

    def _later(self, seconds: float, act: Any) -> None:
        async def wait() -> None:
            await asyncio.sleep(seconds)
            act()

        task = asyncio.create_task(wait())
        self._extra.add(task)
        task.add_done_callback(self._extra.discard)


def _next_part_id(log_path: Path | None) -> int:
    """Ids go on where the log ends, so that no id names two parts."""
    if log_path is None or not log_path.exists():
        return 1
    return 1 + max((row["part_id"] for row in read_rows(log_path) if "part_id" in row), default=0)


def parser() -> argparse.ArgumentParser:
    wanted = argparse.ArgumentParser(prog="python -m simulators.plant", description=__doc__.partition("\n")[0])
    wanted.add_argument("--hot-folder", type=Path, required=True, help="where the camera looks for pictures")
    wanted.add_argument("--opcua-url", default=DEFAULT_URL, help="where the PLC listens; port 0 takes a free one")
    wanted.add_argument("--pictures", default=RENDERED, help="a folder with test/good and test/<defect>, or 'rendered'")
    wanted.add_argument("--parts", type=int, default=0, help="how many; 0 goes on until stopped")
    wanted.add_argument("--rate", type=float, default=2.0, help="parts a second")
    wanted.add_argument("--jitter", type=float, default=0.1, help="share of the interval")
    wanted.add_argument("--flawed-share", type=float, default=0.12, help="of rendered parts")
    wanted.add_argument("--seed", type=int, default=0)
    wanted.add_argument("--log", type=Path, help="JSON lines, one per part; also the PLC's memory")
    wanted.add_argument("--certificates", type=Path, help="of the PLC and of whom it trusts; none: no security")
    wanted.add_argument("--modbus-port", type=int, help="a Modbus TCP device there; 0 takes a free port")
    wanted.add_argument("--inspect-window-ms", type=float, default=250.0)
    wanted.add_argument("--travel-ms", type=float, default=800.0, help="from the camera to the gate")
    wanted.add_argument("--no-wait", action="store_true", help="start the belt before the inspection is ready")
    wanted.add_argument("--stay", action="store_true", help="the PLC runs on after the last part")
    kinds = "; ".join(f"{kind}: {what}" for kind, (what, _) in KINDS.items())
    wanted.add_argument("--fault", action="append", default=[], metavar="KIND@PART[:SECONDS]", help=kinds)
    return wanted


def settings_of(arguments: argparse.Namespace) -> PlantSettings:
    return PlantSettings(
        hot_folder=arguments.hot_folder,
        opcua_url=arguments.opcua_url,
        pictures=arguments.pictures,
        parts=arguments.parts,
        rate_per_s=arguments.rate,
        jitter=arguments.jitter,
        flawed_share=arguments.flawed_share,
        seed=arguments.seed,
        log_path=arguments.log,
        certificates=arguments.certificates,
        modbus_port=arguments.modbus_port,
        wait_for_ready=not arguments.no_wait,
        stays=arguments.stay,
        times=CellTimes(arguments.inspect_window_ms / 1e3, arguments.travel_ms / 1e3),
        faults=tuple(parse_fault(text) for text in arguments.fault),
    )


async def run_plant(settings: PlantSettings) -> None:
    """The whole cell until its parts are through. Says where it listens as one JSON line on standard output."""
    cv2.setNumThreads(1)  # drawing the next part must not take the cores from whoever judges this one
    plant = Plant(settings, SystemClock())
    try:
        url = await plant.start()
        modbus_port = None if plant.modbus is None else plant.modbus.port
        sys.stdout.write(json.dumps({"opcua_url": url, "modbus_port": modbus_port}) + "\n")
        sys.stdout.flush()
        await plant.run()
    finally:
        await plant.stop()


def main() -> int:
    logs.set_up("info")
    try:
        asyncio.run(run_plant(settings_of(parser().parse_args())))
    except KeyboardInterrupt:
        return 0
    except EdgewiseError as error:
        log.error("%s", error)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
