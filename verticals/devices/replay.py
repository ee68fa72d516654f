"""A recording played back as a source, and an actuator that only writes down: devices without an outside.

Both keep to everything the line expects of a device, so that a replay runs through the very loop that runs
at the machine.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field

from core.clock import Clock, Instant
from core.errors import DeviceError
from verticals.contract import Action, DeviceNews, Sample, Value
from verticals.devices.base import Port


@dataclass(frozen=True, slots=True)
class Recorded:
    """One sample of a recording: `after_s` since the one before it."""

    values: Mapping[str, Value] = field(default_factory=dict)
    key: str = ""
    after_s: float = 0.0


class ReplaySource:
    """Gives the recording's samples in order, each as if captured now, then stays silent.

    `emitted` keeps what the line has taken; `finished` is set after the last. When it is started again it
    goes on where it was.
    """

    def __init__(
        self, name: str, recording: Iterable[Recorded], wait: Callable[[float], Awaitable[object]] = asyncio.sleep
    ) -> None:
        self.name = name
        self.emitted: list[Sample] = []
        self.finished = asyncio.Event()
        self._recording = iter(recording)
        self._wait = wait

    async def run(self, port: Port) -> None:
        port.news(DeviceNews(self.name, True, port.clock.now()))
        for recorded in self._recording:
            if recorded.after_s > 0:
                await self._wait(recorded.after_s)
            sample = Sample(self.name, port.clock.now(), recorded.values, recorded.key)
            await port.emit(sample)
            self.emitted.append(sample)
        self.finished.set()
        await asyncio.Event().wait()

    async def act(self, action: Action) -> str:
        """Raises DeviceError: a source moves nothing."""
        raise DeviceError(f"{self.name} is a recording and takes no '{action.target}'")

    async def steer(self, *, ready: bool, beat: int) -> None:
        """A recording does not listen."""


@dataclass(frozen=True, slots=True)
class Taken:
    action: Action
    at: Instant


class RecordingActuator:
    """Takes every action and keeps it in `taken`; while `broken` says why, it takes none."""

    def __init__(self, name: str, clock: Clock) -> None:
        self.name = name
        self.taken: list[Taken] = []
        self.broken = ""
        self.ready = False
        self.beat = 0
        self._clock = clock

    async def run(self, port: Port) -> None:
        port.news(DeviceNews(self.name, True, port.clock.now()))
        await asyncio.Event().wait()

    async def act(self, action: Action) -> str:
        """Raises DeviceError while it is broken."""
        if self.broken:
            raise DeviceError(f"{self.name}: {self.broken}")
        self.taken.append(Taken(action, self._clock.now()))
        return "written down"

    async def steer(self, *, ready: bool, beat: int) -> None:
        self.ready, self.beat = ready, beat
