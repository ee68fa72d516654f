"""A line with one real client of a simulated reader, on real sockets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from core.clock import SystemClock
from retail.rfid.client import LlrpReader
from retail.rfid.settings import ReaderSettings
from simulators.llrp_reader import ReaderSetup, SimulatedReader
from simulators.llrp_reader_field import Hearing, Shop
from verticals.contract import DeviceNews, Sample
from verticals.devices.base import Port

LEVELS = {"floor": {1: -50.0}, "backroom": {2: -50.0}}
CLEAR = Hearing(noise_db=0.0, missed=0.0)


@dataclass
class Line:
    """What the device gave."""

    device: LlrpReader
    samples: list[Sample] = field(default_factory=list)
    news: list[DeviceNews] = field(default_factory=list)

    def tags(self) -> list[list[Any]]:
        """Of all samples: EPC, antenna, dBm, age in seconds, count."""
        return [row for sample in self.samples for row in json.loads(str(sample.values["tags"]))]

    def codes(self) -> list[tuple[str, bool]]:
        return [(news.code, news.ok) for news in self.news]

    async def until(self, true: Callable[[], object], within_s: float = 8.0) -> None:
        async with asyncio.timeout(within_s):
            while not true():  # noqa: ASYNC110 - whatever comes over a socket
                await asyncio.sleep(0.02)


@asynccontextmanager
async def listening(port: int, **changes: Any) -> AsyncIterator[Line]:
    """A client of the reader at `port`, until the end."""
    plain: dict[str, Any] = {"zones": {"floor": (1,), "backroom": (2,)}, "cycle": 0.2, "keepalive": 0.5}
    settings = ReaderSettings("dock", "127.0.0.1", port=port, **{**plain, **changes})
    line = Line(LlrpReader(settings.station, settings))

    async def emit(sample: Sample) -> None:
        line.samples.append(sample)

    task = asyncio.create_task(line.device.run(Port(emit, line.news.append, SystemClock())))
    try:
        yield line
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def reader(shop: Shop | None = None, **setup: Any) -> AsyncIterator[SimulatedReader]:
    """Without noise, unless asked for."""
    simulated = SimulatedReader(shop or Shop(LEVELS), ReaderSetup(**{"hearing": CLEAR, **setup}))
    await simulated.start()
    try:
        yield simulated
    finally:
        await simulated.stop()
