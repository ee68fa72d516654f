"""Keeps the devices of a line running: each in a task of its own, started again with back-off when it ends."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from core.clock import Clock
from core.errors import SettingsError
from verticals.contract import DeviceNews, Sample
from verticals.devices.base import Device, Port
from verticals.runtime.mishaps import Mishaps, in_words
from verticals.runtime.schedule import Schedule

log = logging.getLogger(__name__)

RESTART_FIRST_S = 0.2
RESTART_LAST_S = 30.0
#: A device that ran this long begins anew with the shortest pause.
STEADY_S = 60.0
STOPPED = "device-stopped"


@dataclass(frozen=True, slots=True)
class Fitting:
    """A device and the station it belongs to; empty: it belongs to all of the app."""

    device: Device
    station: str = ""


class Fittings:
    """Belongs to the line's event loop. `take` gets samples, `tell` a device's news and its station's name."""

    def __init__(
        self,
        fittings: Sequence[Fitting],
        schedule: Schedule,
        clock: Clock,
        take: Callable[[Sample], Awaitable[None]],
        tell: Callable[[DeviceNews, str], None],
    ) -> None:
        self._fittings = {fitting.device.name: fitting for fitting in fittings}
        if len(self._fittings) != len(fittings):
            raise SettingsError(f"two devices have one name: {', '.join(fit.device.name for fit in fittings)}")
        self._schedule = schedule
        self._clock = clock
        self._take = take
        self._tell = tell
        self._running: list[asyncio.Task[None]] = []
        self._steering: dict[str, asyncio.Task[None]] = {}
        self._mishaps = Mishaps("devices")
        self.latest: dict[str, DeviceNews] = {}
        self.restarts = 0

    @property
    def devices(self) -> dict[str, Device]:
        return {name: fitting.device for name, fitting in self._fittings.items()}

    def start(self) -> None:
        for name, fitting in self._fittings.items():
            self._running.append(asyncio.create_task(self._keep_running(fitting), name=f"device {name}"))

    async def stop(self) -> None:
        tasks = [*self._running, *self._steering.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._running.clear()
        self._steering.clear()

    def steer(self, able: Callable[[str], bool], beat: int) -> None:
        """Passes heartbeat and readiness (`able` of its station) on; a device still busy with the last is left out."""
        for name, fitting in self._fittings.items():
            if name not in self._steering:
                task = asyncio.create_task(self._steer(fitting.device, able(fitting.station), beat))
                self._steering[name] = task
                task.add_done_callback(lambda _, name=name: self._steering.pop(name, None))  # type: ignore[misc]

    async def _steer(self, device: Device, ready: bool, beat: int) -> None:
        try:
            await device.steer(ready=ready, beat=beat)
        except Exception as error:
            self._mishaps.note(f"{device.name}.steer", error)

    async def _keep_running(self, fitting: Fitting) -> None:
        device = fitting.device
        port = Port(emit=self._take, news=lambda news: self._heard(fitting, news), clock=self._clock)
        pause_s = RESTART_FIRST_S
        while True:
            began = self._clock.now()
            why = await self._run_once(device, port)
            ended = self._clock.now()
            self.restarts += 1
            self._heard(fitting, DeviceNews(device.name, False, ended, STOPPED, why))
            pause_s = RESTART_FIRST_S if ended.since(began) >= STEADY_S else pause_s
            await self._schedule.sleep(pause_s)
            pause_s = min(pause_s * 2, RESTART_LAST_S)

    async def _run_once(self, device: Device, port: Port) -> str:
        """Why it ended."""
        try:
            await device.run(port)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            return "it cancelled itself"
        except Exception as error:
            self._mishaps.note(f"{device.name}.run", error)
            return in_words(error)
        return "it ended"

    def _heard(self, fitting: Fitting, news: DeviceNews) -> None:
        self.latest[news.device] = news
        self._tell(news, fitting.station)
