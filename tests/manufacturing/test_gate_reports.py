"""An outcome at the gate belongs to its own part, whatever passes while it is read; else nothing is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import DeviceError
from manufacturing.cell import PlcCell
from manufacturing.gate_reports import PART_ID, REJECTED, GateReports
from manufacturing.plc_tags import WATCHED, nodes
from manufacturing.settings import CameraSettings, LineSettings, PlcSettings
from simulators.cell_server import CellServer
from simulators.tags import TagValue
from tests.support.clocks import FakeClock
from tests.support.lines import until
from verticals.contract import DeviceNews, Sample
from verticals.devices.base import Port
from verticals.devices.opcua import OpcUaLink

Write = tuple[str, TagValue]


def passing(part_id: int, rejected: bool) -> list[Write]:
    """What a PLC writes when a part passes its gate, in its order."""
    return [(PART_ID, 0), (REJECTED, rejected), (PART_ID, part_id)]


class Gate:
    """A PLC whose tags may change between any two tags of one request: `goes_on` says how many writes come first."""

    def __init__(self, writes: list[Write], goes_on: Callable[[], int], backwards: bool = False) -> None:
        self.tags: dict[str, Any] = {PART_ID: 0, REJECTED: False}
        self.reports = GateReports(self.read)
        self.told: list[tuple[int, bool]] = []
        self._writes = list(writes)
        self._goes_on = goes_on
        self._backwards = backwards
        self.news: list[Any] = [0]

    def write(self, count: int) -> None:
        for name, value in self._writes[:count]:
            self.tags[name] = value
            if name == PART_ID:
                self.news.append(value)
        del self._writes[:count]

    async def read(self, names: list[str]) -> dict[str, Any]:
        answer = {}
        for name in reversed(names) if self._backwards else names:
            self.write(self._goes_on())
            answer[name] = self.tags[name]
        return answer

    async def hear_all(self) -> list[tuple[int, bool]]:
        """Everything is written and heard, one news after the other."""
        while self._writes or self.news:
            if not self.news:
                self.write(1)
            elif self.reports.passed(self.news.pop(0)):
                seen = await self.reports.seen()
                self.told += [seen] if seen is not None else []
        return self.told


def steps(counts: list[int]) -> Callable[[], int]:
    rest = iter(counts)
    return lambda: next(rest, 0)


@given(
    st.lists(st.booleans(), min_size=1, max_size=8),
    st.lists(st.integers(0, 4), max_size=80),
    st.booleans(),
)
def test_no_part_gets_the_outcome_of_another(outcomes: list[bool], counts: list[int], backwards: bool) -> None:
    truth = dict(enumerate(outcomes, 1))
    writes = [write for part_id, rejected in truth.items() for write in passing(part_id, rejected)]
    told = asyncio.run(Gate(writes, steps(counts), backwards).hear_all())
    assert all(truth[part_id] == rejected for part_id, rejected in told)
    assert len({part_id for part_id, _ in told}) == len(told)
    assert [part_id for part_id, _ in told][-1:] == [len(outcomes)]


@given(st.lists(st.booleans(), min_size=1, max_size=8))
def test_a_gate_that_leaves_time_to_read_is_told_part_by_part(outcomes: list[bool]) -> None:
    truth = list(enumerate(outcomes, 1))
    told = asyncio.run(Gate([w for part in truth for w in passing(*part)], lambda: 0).hear_all())
    assert told == truth


async def test_a_part_that_passed_before_the_box_looked_is_not_told() -> None:
    gate = Gate(passing(8, False), lambda: 0)
    gate.news = [7, 7]
    assert await gate.hear_all() == [(8, False)]


@pytest.mark.parametrize("tag", [PART_ID, REJECTED])
async def test_a_tag_that_the_plc_does_not_vouch_for_is_no_outcome(tag: str) -> None:
    gate = Gate([], lambda: 0)
    gate.tags |= {PART_ID: 5, REJECTED: True, tag: None}
    assert await gate.reports.seen() is None
    assert gate.reports.passed(None) is False


async def test_a_gate_faster_than_its_answers_is_given_up() -> None:
    gate = Gate([w for part in range(1, 100) for w in passing(part, part % 2 == 0)], lambda: 3)
    assert await gate.reports.seen() is None
    assert gate.tags[PART_ID] < 20


class Overtaken:
    """The real link; before its next answer another part passes the gate."""

    def __init__(self, link: OpcUaLink, server: CellServer) -> None:
        self.link, self.server = link, server
        self.then: list[Write] = []

    async def run(self) -> None:
        await self.link.run()

    async def read(self, names: list[str]) -> dict[str, Any]:
        if PART_ID in names:
            await self.pass_by()
        return await self.link.read(names)

    async def pass_by(self) -> None:
        writes, self.then = self.then, []
        for name, value in writes:
            await self.server.write(name, value)

    async def write_many(self, values: list[tuple[str, Any]]) -> None:
        await self.link.write_many(values)

    def readdress(self, nodes: Any) -> None:
        raise DeviceError("not in this test")


@asynccontextmanager
async def plc_and_cell(mode: str) -> AsyncIterator[tuple[Overtaken, list[Sample]]]:
    server = CellServer("opc.tcp://127.0.0.1:0/", lambda name, value: None)
    url = await server.start({})
    line = LineSettings("line-3", "Line 3", "flange", PlcSettings(url), CameraSettings())
    samples: list[Sample] = []
    connected = asyncio.Event()

    async def take(sample: Sample) -> None:
        samples.append(sample)

    cell = PlcCell("line-3-cell", line)

    def changed(name: str, value: Any, _at: float | None) -> None:
        cell.plc_change(name, value)
        if name == PART_ID:
            connected.set()

    link = OpcUaLink(
        url, nodes=nodes(line.plc, {}), watch=WATCHED, mode=mode, on_change=changed, on_state=cell.plc_state
    )
    overtaken = Overtaken(link, server)
    cell.connect(overtaken, {})
    news: list[DeviceNews] = []
    running = asyncio.create_task(cell.run(Port(take, news.append, FakeClock())))
    try:
        await asyncio.wait_for(connected.wait(), 10)
        yield overtaken, samples
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await server.stop()


def told_last(samples: list[Sample], key: str) -> bool:
    return bool(samples) and samples[-1].key == key


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["subscribe", "poll"])
async def test_over_opc_ua_the_part_that_was_overtaken_is_not_seen(mode: str) -> None:
    async with plc_and_cell(mode) as (plc, samples):
        for first, then, last in (
            (passing(1, True), [], 1),
            (passing(2, True), passing(3, False), 3),
            (passing(4, False), [], 4),
        ):
            plc.then = first
            await plc.pass_by()
            plc.then = then
            await until(partial(told_last, samples, str(last)), 10)
        told = [(sample.key, sample.values["rejected"]) for sample in samples if sample.values["about"] == "gate"]
        assert told == [("1", True), ("3", False), ("4", False)]
