"""Figures of the HL7 feed over real sockets and a real store: 200 beds at one message a second, and a queue drained."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from core.clock import SystemClock
from healthcare.hl7.mllp import MllpServer
from tests.healthcare.hl7.listeners import Client, settings, until
from tests.healthcare.hl7.messages import frame
from tests.proof.scale import Scale
from tests.support.lines import Plan, running_line
from tests.support.stations import ScriptedStation, ScriptedVertical
from verticals.contract import Decision, Reading, Sample

BEDS = 200
SECONDS = 10
QUEUED = 5000
ACK_P99_LIMIT_MS = 200.0
DRAIN_LIMIT_S = 20.0
MEASURES = ("147842", "150456", "149530", "151562", "150021", "150022", "150023", "150344")


def message(bed: int, number: int) -> bytes:
    rows = [f"OBX|{at}|NM|{code}^^MDC|1.5.1.{at}|{60 + number % 40}||||||R" for at, code in enumerate(MEASURES, 1)]
    place = ("PID|||1^^^H^MR", f"PV1||I|W7^R{bed}^1", "OBR|1||||||20260726120500+0000")
    return frame(*place, *rows, id=f"{bed}.{number}")


@dataclass
class Ward(ScriptedVertical):
    """Two hundred beds; each keeps what it was told as a series, and notes when what message was on the disk."""

    keys: list[str] = field(default_factory=list)
    recorded_s: dict[str, float] = field(default_factory=dict)
    watching: set[asyncio.Task[None]] = field(default_factory=set)

    def __post_init__(self) -> None:
        super().__init__([ScriptedStation(f"bed-{bed}", decide=self._decide) for bed in range(BEDS)])

    def _decide(self, sample: Sample, answers: Sequence[object]) -> Decision:
        self.keys.append(sample.key)
        task = asyncio.get_running_loop().create_task(self._watch(sample))
        self.watching.add(task)
        task.add_done_callback(self.watching.discard)
        return Decision(series=[Reading(f"{sample.values['location']}/{code}", 75.0) for code in MEASURES])

    async def _watch(self, sample: Sample) -> None:
        await sample.recorded
        self.recorded_s[sample.key.rpartition("|")[2]] = time.perf_counter()

    def route(self, sample: Sample) -> str | None:
        place = str(sample.values.get("location", "")).split("^")
        return f"bed-{place[1][1:]}" if len(place) == 3 else None


@asynccontextmanager
async def ward(folder: Path) -> AsyncIterator[tuple[MllpServer, Ward]]:
    vertical, server = Ward(), MllpServer("hl7", settings())
    plan = Plan(folder, vertical.stations(None), vertical, [server], clock=SystemClock())
    async with running_line(plan):
        await until(lambda: server.address is not None)
        yield server, vertical


#: Seconds from send to answer, and when the answer to which message came.
Answers = tuple[list[float], dict[str, float]]


async def pipelined(client: Client, messages: Sequence[bytes], every_s: float) -> Answers:
    """Sends at a steady pace and reads answers beside it."""
    sent: deque[float] = deque()
    took_s: list[float] = []
    answered_s: dict[str, float] = {}

    async def read() -> None:
        for _ in messages:
            code, number = await client.code(within_s=60)
            assert code == "AA"
            answered_s[number] = time.perf_counter()
            took_s.append(answered_s[number] - sent.popleft())

    reading = asyncio.create_task(read())
    began = time.perf_counter()
    for number, each in enumerate(messages):
        await asyncio.sleep(max(0.0, began + number * every_s - time.perf_counter()))
        sent.append(time.perf_counter())
        await client.send(each)
    await reading
    return took_s, answered_s


async def stop_and_wait(client: Client, messages: Sequence[bytes], every_s: float) -> Answers:
    """Sends the next when the last was answered, and it is due."""
    took_s: list[float] = []
    answered_s: dict[str, float] = {}
    began = time.perf_counter()
    for number, each in enumerate(messages):
        await asyncio.sleep(max(0.0, began + number * every_s - time.perf_counter()))
        sent = time.perf_counter()
        code, answered = await client.ask(each)
        assert code == "AA"
        answered_s[answered] = time.perf_counter()
        took_s.append(answered_s[answered] - sent)
    return took_s, answered_s


async def two_hundred_beds(folder: Path, links: int, send: Callable[..., Awaitable[Answers]], seconds: int) -> None:
    """Each bed a message a second for so long: none lost, none doubled, each answered soon after its commit."""
    async with ward(folder) as (server, vertical):
        clients = [await Client.connect(server) for _ in range(links)]
        work = [
            [message(bed, number) for number in range(seconds) for bed in range(link, BEDS, links)]
            for link in range(links)
        ]
        began, cpu = time.perf_counter(), time.process_time()
        pace_s = links / BEDS
        sending = (send(client, mine, pace_s) for client, mine in zip(clients, work, strict=True))
        ends = await asyncio.gather(*sending)
        lasted_s, cpu_s = time.perf_counter() - began, time.process_time() - cpu
        for client in clients:
            await client.close()
    took_ms = [each * 1000 for of_link, _ in ends for each in of_link]
    after_ms = [(at_s - vertical.recorded_s[key]) * 1000 for _, answered in ends for key, at_s in answered.items()]
    p99_ms = float(np.percentile(after_ms, 99))
    print(f"\n{links} links, {send.__name__}: {len(took_ms) / lasted_s:.0f} messages/s, {cpu_s / lasted_s:.0%} of a "
          f"core with the senders, send to acknowledgement p50 {np.median(took_ms):.0f} ms max {max(took_ms):.0f} ms, "
          f"record to acknowledgement p50 {np.median(after_ms):.1f} ms p99 {p99_ms:.1f} ms")  # fmt: skip
    assert len(vertical.keys) == len(set(vertical.keys)) == BEDS * seconds
    assert p99_ms <= ACK_P99_LIMIT_MS
    assert lasted_s < seconds * 1.2


@pytest.mark.bench
@pytest.mark.parametrize("send", [pipelined, stop_and_wait])
@pytest.mark.parametrize("links", [1, 20])
async def test_two_hundred_beds(tmp_path: Path, links: int, send: Callable[..., Awaitable[Answers]]) -> None:
    await two_hundred_beds(tmp_path, links, send, SECONDS)


@pytest.mark.slow
@pytest.mark.parametrize("links", [1, 20])
async def test_two_hundred_beds_for_long(tmp_path: Path, pytestconfig: pytest.Config, links: int) -> None:
    """A minute; `--proof-scale full`: ten, `short,soak_s=180`: three."""
    scale: Scale = pytestconfig.getoption("--proof-scale")
    await two_hundred_beds(tmp_path, links, pipelined, scale.soak_s)


@pytest.mark.bench
@pytest.mark.parametrize("send", [pipelined, stop_and_wait])
async def test_a_queue_is_drained_after_a_reconnect(tmp_path: Path, send: Callable[..., Awaitable[Answers]]) -> None:
    async with ward(tmp_path) as (server, vertical):
        client = await Client.connect(server)
        began, cpu = time.perf_counter(), time.process_time()
        await send(client, [message(number % BEDS, number) for number in range(QUEUED)], 0.0)
        lasted_s, cpu_s = time.perf_counter() - began, time.process_time() - cpu
        await client.close()
    print(f"\n{QUEUED} queued messages, {send.__name__}: {lasted_s:.1f} s, {cpu_s:.1f} CPU s with the sender")
    assert len(set(vertical.keys)) == QUEUED
    assert lasted_s <= DRAIN_LIMIT_S
