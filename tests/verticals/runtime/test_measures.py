from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.errors import DeviceError
from core.metrics import Metrics
from verticals.contract import Action
from verticals.runtime import measures
from verticals.runtime.bridge import Bridge
from verticals.runtime.live import LiveClient, LiveMessage, LiveServer
from verticals.runtime.measures import EVERY_BEATS, Measures


class Line:
    def __init__(self, folder: Path) -> None:
        self.metrics = Metrics()
        self.live = LiveServer(folder / "line.sock")
        self.bridge = Bridge()
        self.measures = Measures("line", self.metrics, self.live, self.bridge)
        self.got: asyncio.Queue[LiveMessage] = asyncio.Queue()
        self.client = LiveClient(folder / "line.sock", self.got.put_nowait)

    async def beat(self, count: int) -> None:
        for beat in range(1, count + 1):
            await self.measures.steer(ready=True, beat=beat)


@pytest.fixture
async def line(tmp_path: Path) -> AsyncIterator[Line]:
    line = Line(tmp_path)
    await line.live.start()
    yield line
    await line.live.stop()
    line.bridge.close()


async def listen(line: Line) -> asyncio.Task[None]:
    joined = asyncio.Event()
    line.live.joined = joined.set
    listening = asyncio.create_task(line.client.run())
    await asyncio.wait_for(joined.wait(), 5)
    return listening


async def test_who_listens_gets_a_page_every_two_seconds(line: Line) -> None:
    await line.beat(EVERY_BEATS)  # nobody there
    listening = await listen(line)
    line.metrics.decisions.labels("line-3", "reject").inc()
    await line.beat(2 * EVERY_BEATS)
    told = [await asyncio.wait_for(line.got.get(), 5) for _ in range(2)]
    assert [(message.topic, message.data) for message in told] == [("metrics", {"process": "line"})] * 2
    assert b'edge_decision_total{station="line-3",verdict="reject"} 1.0' in told[0].payload
    assert line.got.empty()
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)


async def test_a_page_without_bounds_is_not_told_and_that_is_said_once(
    line: Line, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    listening = await listen(line)
    monkeypatch.setattr(measures, "MOST_BYTES", 10)
    await line.beat(2 * EVERY_BEATS)
    assert line.got.empty()
    assert caplog.text.count("are not told any more") == 1
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)


async def test_it_takes_no_orders(line: Line) -> None:
    with pytest.raises(DeviceError, match="has no output"):
        await line.measures.act(Action("measures.stop", None, 1.0))
