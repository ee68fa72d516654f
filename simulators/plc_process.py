"""The plant's hold on the PLC's process: starts it, is its photo eye, kills and freezes it, starts it again."""

from __future__ import annotations

import asyncio
import json
import logging
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from core.errors import DeviceError
from simulators.passages import Part
from simulators.program import CellTimes

log = logging.getLogger(__name__)


class PlcProcess:
    """Belongs to one event loop. A PLC that dies is started again on the same port, with its log as memory."""

    def __init__(self, url: str, times: CellTimes, log_path: Path | None, certificates: Path | None = None) -> None:
        self.url = url
        self.gated = 0
        self.on_gate: Callable[[dict[str, Any]], None] = lambda message: None
        self.ready = asyncio.Event()  # the box's Ready, as the PLC sees it
        self.listening = asyncio.Event()
        self._times = times
        self._log_path = log_path
        self._certificates = certificates
        self._process: Process | None = None
        self._seen = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None

    async def start(self) -> str:
        """Listening. Returns the URL with the port it got; raises DeviceError when it does not come up."""
        self._keeper = asyncio.create_task(self._keep())
        waiting = asyncio.create_task(self.listening.wait())
        done, _ = await asyncio.wait({waiting, self._keeper}, return_when=asyncio.FIRST_COMPLETED)
        if self._keeper in done:
            waiting.cancel()
            await self._keeper
        return self.url

    async def part(self, part: Part) -> None:
        """Puts it under the camera and returns once the PLC saw it; while the PLC is dead or frozen the belt stands."""
        while True:
            await self.listening.wait()
            self._seen.clear()
            self._order({"part": asdict(part)})
            await self._seen.wait()
            if self.listening.is_set():
                return

    def inject(self, fault: str, **more: Any) -> None:
        self._order({"fault": fault, **more})

    def ask_for_recipe(self, number: int) -> None:
        """What the next parts need."""
        self._order({"recipe": number})

    def kill(self) -> None:
        self._signal(signal.SIGKILL)

    def freeze(self) -> None:
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)
        self._order({"mark": "thawed"})

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    async def stop(self) -> None:
        keeper, self._keeper = self._keeper, None
        process = self._process
        if process is not None and process.returncode is None:
            self._signal(signal.SIGCONT)
            assert process.stdin is not None
            process.stdin.close()
            try:
                await asyncio.wait_for(process.wait(), 5.0)
            except TimeoutError:
                process.kill()
                await process.wait()
        if keeper is not None:
            keeper.cancel()
            await asyncio.gather(keeper, return_exceptions=True)

    async def _keep(self) -> None:
        came_up = False
        while True:
            # A group of its own: Ctrl-C reaches the plant alone, which ends the PLC by closing its input. No session of
            # its own: Linux weighs sessions against each other, and a niced job of the box would be none to the PLC.
            process = await asyncio.create_subprocess_exec(*self._command(), stdin=PIPE, stdout=PIPE, process_group=0)
            self._process = process
            assert process.stdout is not None
            try:
                while line := await process.stdout.readline():
                    self._heard(json.loads(line))
                code = await process.wait()
            except asyncio.CancelledError:
                if process.returncode is None:
                    process.kill()
                    await process.wait()
                raise
            if self._keeper is None:
                return  # it was told to stop
            was_up = self.listening.is_set()
            self.listening.clear()
            self.ready.clear()
            self._seen.set()  # the part that waited is put before the next PLC
            if not was_up and not came_up:
                raise DeviceError(
                    f"the simulated PLC at {self.url} did not start (exit {code})", hint="See its log above."
                )
            came_up = True
            log.warning("the PLC's process ended (%s); starting it again", code)
            await asyncio.sleep(0.0 if was_up else 1.0)

    def _heard(self, message: dict[str, Any]) -> None:
        if "listening" in message:
            self.url = message["listening"]
            self.listening.set()
        elif "seen" in message:
            self._seen.set()
        elif "gate" in message:
            self.gated += 1
            self.on_gate(message)
        elif message.get("ready"):
            self.ready.set()
        else:
            self.ready.clear()

    def _command(self) -> list[str]:
        times = self._times
        command = [
            sys.executable, "-m", "simulators.plc", "--url", self.url,
            "--inspect-window-ms", str(times.inspect_window_s * 1e3), "--travel-ms", str(times.travel_s * 1e3),
            "--watchdog-ms", str(times.watchdog_s * 1e3),
        ]  # fmt: skip
        if self._log_path is not None:
            command += ["--log", str(self._log_path)]
        return command if self._certificates is None else [*command, "--certificates", str(self._certificates)]

    def _order(self, order: dict[str, Any]) -> None:
        process = self._process
        if process is not None and process.stdin is not None and not process.stdin.is_closing():
            process.stdin.write(json.dumps(order).encode() + b"\n")

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(number)
