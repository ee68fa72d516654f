"""Tells what a line process counts over the live line, for the `/metrics` of the screen that hears it.

A device of the whole app, `measures`, that has no output. What is told is a page in the text format of Prometheus,
as the payload of a message; nobody hears it: nothing is made.
"""

from __future__ import annotations

import asyncio
import logging

from core.errors import DeviceError
from core.metrics import Metrics
from verticals.contract import Action
from verticals.devices.base import Port
from verticals.runtime.bridge import Bridge
from verticals.runtime.live import LiveMessage, LiveServer

log = logging.getLogger(__name__)

TOPIC = "metrics"
#: Every so many beats: 2 s.
EVERY_BEATS = 4
#: A page with more is not told; some thirty versions of models in one process make 100 kB.
MOST_BYTES = 256 << 10


class Measures:
    """Belongs to the line's event loop. `process` is the label that tells its numbers from those of others."""

    name = "measures"

    def __init__(self, process: str, metrics: Metrics, live: LiveServer, bridge: Bridge) -> None:
        self._process = process
        self._metrics = metrics
        self._live = live
        self._bridge = bridge
        self._too_large = False

    async def run(self, port: Port) -> None:
        await asyncio.Event().wait()

    async def act(self, action: Action) -> str:
        raise DeviceError(f"{self.name} has no output '{action.target}'")

    async def steer(self, *, ready: bool, beat: int) -> None:
        if beat % EVERY_BEATS or not self._live.clients:
            return
        page = await self._bridge.call(self.name, self._metrics.text)
        if len(page) <= MOST_BYTES:
            self._live.publish(LiveMessage(TOPIC, {"process": self._process}, page))
        elif not self._too_large:
            log.warning("the metrics of this process are %d bytes and are not told any more", len(page))
        self._too_large = len(page) > MOST_BYTES
