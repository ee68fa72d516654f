"""Real camera processes and the pictures they show."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from core.clock import SystemClock
from verticals.devices.frames import CameraClient


def solid(red: int, green: int, blue: int, height: int = 24, width: int = 32) -> NDArray[np.uint8]:
    """One colour, HxWx3 RGB."""
    return np.full((height, width, 3), (red, green, blue), np.uint8)


def save(path: Path, image: NDArray[np.uint8]) -> Path:
    assert cv2.imwrite(str(path), cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    return path


def encoded(image: NDArray[np.uint8], suffix: str) -> bytes:
    done, data = cv2.imencode(suffix, cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    assert done
    return data.tobytes()


class CameraProcess:
    """`python -m verticals.devices.camera`, killable."""

    def __init__(self, socket: Path, source: str, options: Mapping[str, Any], *more: str) -> None:
        self._words = [sys.executable, "-m", "verticals.devices.camera", "--socket", str(socket), "--source", source,
                       "--options", json.dumps(options), *more]  # fmt: skip
        self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(self._words, stderr=subprocess.DEVNULL)

    def kill(self, number: int = signal.SIGKILL) -> None:
        os.kill(self.process.pid, number)
        if number in (signal.SIGKILL, signal.SIGTERM):
            self.process.wait(10)

    def restart(self) -> None:
        self.process = self._start()

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)


class Watcher:
    """Remembers what a client told of its camera and lets a test wait for it."""

    def __init__(self) -> None:
        self.told: list[tuple[bool, str]] = []
        self._changed = asyncio.Event()

    def __call__(self, up: bool, why: str) -> None:
        self.told.append((up, why))
        self._changed.set()

    async def until(self, up: bool, timeout_s: float = 10.0) -> None:
        async with asyncio.timeout(timeout_s):
            while not self.told or self.told[-1][0] is not up:
                self._changed.clear()
                await self._changed.wait()


@asynccontextmanager
async def connected(socket: Path, **more: Any) -> AsyncIterator[tuple[CameraClient, Watcher]]:
    watcher = Watcher()
    client = CameraClient(socket, name="top", clock=SystemClock(), on_state=watcher, **more)
    running = asyncio.create_task(client.run())
    try:
        await watcher.until(True)
        yield client, watcher
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
