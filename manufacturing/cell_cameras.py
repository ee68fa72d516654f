"""The cameras of one cell: all views of a part at once, and whether every camera is there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Protocol

from core.clock import Instant
from manufacturing.settings import LineSettings
from manufacturing.verdicts import value_name
from verticals.contract import Value
from verticals.devices.frames import Frame
from verticals.devices.views import grab_all


class Camera(Protocol):
    """A camera as the cell needs it."""

    async def run(self) -> None: ...

    async def grab(self, ticket: str, timeout_s: float, at: Instant | None = None) -> Frame: ...

    async def adjust(self, settings: dict[str, float | str], timeout_s: float = 5.0) -> Mapping[str, float | str]: ...


class CellCameras:
    """By view, one empty name where the line has one camera. `news(up, why)` hears when the first is lost or the
    last is back.
    """

    def __init__(self, line: LineSettings, cameras: Mapping[str, Camera], news: Callable[[bool, str], None]) -> None:
        self._cameras = cameras
        self._within_s = max(camera.grab_within for camera in line.every_camera)
        self._news = news
        self._lost: dict[str, str] = {}
        self.down_since: Instant | None = None

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for camera in self._cameras.values():
                group.create_task(camera.run())

    def state(self, view: str, up: bool, why: str, now: Instant) -> None:
        """One camera came or went."""
        before = dict(self._lost)
        self._lost.pop(view, None)
        if not up:
            self._lost[view] = f"{view}: {why}" if view else why
        if not self._lost:
            self.down_since = None
        elif not before:
            self.down_since = now
        if self._lost != before or up:
            self._news(not self._lost, "; ".join(self._lost.values()))

    async def pictures(self, part_id: int, at: Instant) -> dict[str, Value]:
        """`image`, or `image.<view>` of each of several cameras; `camera_error` where one gave none. A part of which
        a view is missing cannot be judged. `lag_ms` from trigger to capture, of the view that is furthest from it.
        """
        views = await grab_all(self._cameras, str(part_id), self._within_s, at)
        values: dict[str, Value] = {value_name(view): frame.image for view, frame in views.frames.items()}
        if views.frames:
            values["lag_ms"] = round(max((frame.lag_s for frame in views.frames.values()), key=abs) * 1000, 2)
        if views.failed:
            values["camera_error"] = "; ".join(f"{view}: {why}" if view else why for view, why in views.failed.items())
        return values

    async def adjust(self, settings: Mapping[str, float]) -> None:
        """Exposure and gain of all cameras. Raises DeviceError when one did not take them."""
        for camera in self._cameras.values():
            await camera.adjust(dict(settings))
