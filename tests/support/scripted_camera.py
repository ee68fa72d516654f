"""A camera that a test writes the life of: what it sends, when it is unplugged, which settings it takes.

`open_scripted` is a source for a real camera process. Its cable is a file: no file, no camera.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.clock import Clock, Instant
from core.errors import DeviceError, InputError
from tests.support.cameras import solid
from verticals.devices import stream
from verticals.devices.notices import Settings
from verticals.devices.stream import StreamRules, StreamSource


class ScriptedDriver:
    """A frame every `every_s` while `cable` is there; its red is the exposure in us, its green the gain."""

    def __init__(self, cable: Path, clock: Clock, every_s: float) -> None:
        self._cable = cable
        self._clock = clock
        self._every_s = every_s
        self._exposure_us, self._gain = 10.0, 1.0
        self._plugged()

    def next(self) -> Instant | None:
        time.sleep(self._every_s)
        self._plugged()
        return self._clock.now()

    def image(self) -> NDArray[np.uint8]:
        return solid(int(self._exposure_us), int(self._gain), 0)

    def set(self, wanted: Settings) -> Settings:
        for key, value in wanted.items():
            if key not in ("exposure_us", "gain") or isinstance(value, str):
                raise InputError(f"it has no setting {key} = {value}")
        if wanted.get("gain") == 66:
            self._exposure_us = 66
            raise DeviceError("half set")
        self._exposure_us = min(200.0, float(wanted.get("exposure_us", self._exposure_us)))
        self._gain = float(wanted.get("gain", self._gain))
        return {"exposure_us": self._exposure_us, "gain": self._gain}

    def fire(self) -> None:
        """It sends by itself."""

    def close(self) -> None:
        """Nothing is held."""

    def _plugged(self) -> None:
        """A cable with text in it is one whose driver stands still."""
        if not self._cable.exists():
            raise DeviceError("unplugged")
        while self._cable.exists() and self._cable.read_text():
            time.sleep(3600)


def open_scripted(options: Mapping[str, Any], clock: Clock) -> StreamSource:
    stream._HANG_S = float(options.get("hang_s", stream._HANG_S))
    cable, every_s = Path(options["cable"]), float(options.get("every_s", 0.02))
    return StreamSource("scripted", lambda: ScriptedDriver(cable, clock, every_s), StreamRules(0.3, 0.8), clock)
