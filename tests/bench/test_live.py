"""The live line between two processes, and what the loop itself costs a sample."""

from __future__ import annotations

import asyncio
import resource
import sys
from pathlib import Path

import numpy as np
import pytest

from core.clock import SystemClock
from core.inference.request import Ask
from tests.support.lines import AnsweringEngine, Plan, running_line
from tests.support.stations import ScriptedStation, saw
from verticals.contract import Action, Decision, Sample
from verticals.devices.replay import RecordingActuator
from verticals.runtime.live import LiveClient, LiveMessage

pytestmark = pytest.mark.bench

_CLIENTS = 8
_MESSAGES = 2000
_PARTS = 600
#: Two hundred messages a second: 16 beds' waves in 4 KB chunks with their numerics, or a busy cell.
_LINE = """
import asyncio, sys, time
from pathlib import Path
from verticals.runtime.live import LiveMessage, LiveServer
async def main():
    line = LiveServer(Path(sys.argv[1]))
    await line.start()
    while line.clients < int(sys.argv[2]):
        await asyncio.sleep(0.01)
    for n in range(int(sys.argv[3])):
        line.publish(LiveMessage("live", {"n": n, "sent_mono_s": time.monotonic()}, bytes(4096)))
        await asyncio.sleep(0.005)
    line.publish(LiveMessage("beat", {"cpu_s": time.process_time()}))
    await asyncio.sleep(1)
    await line.stop()
asyncio.run(main())
"""


async def test_the_live_line_brings_a_value_to_another_process_within_10_ms(tmp_path: Path) -> None:
    clock, ended = SystemClock(), asyncio.Event()
    late_ms: list[float] = []
    cpu_s: list[float] = []

    def receive(message: LiveMessage) -> None:
        if message.topic == "beat":
            cpu_s.append(message.data["cpu_s"])
            ended.set()
        else:
            late_ms.append((clock.now().mono_s - message.data["sent_mono_s"]) * 1000)

    socket = tmp_path / "line.sock"
    clients = [asyncio.create_task(LiveClient(socket, receive).run()) for _ in range(_CLIENTS)]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _LINE, str(socket), str(_CLIENTS), str(_MESSAGES)
    )
    await asyncio.wait_for(ended.wait(), 60)
    for client in clients:
        client.cancel()
    await asyncio.gather(*clients, return_exceptions=True)
    assert await process.wait() == 0
    p50, p99 = np.percentile(late_ms, [50, 99])
    print(f"\nlive line, {_CLIENTS} clients, 200 messages/s of 4 KB: p50 {p50:.2f} ms, p99 {p99:.2f} ms, "
          f"worst {max(late_ms):.2f} ms; the line's CPU {cpu_s[0] / _MESSAGES * 1e6:.0f} us a message")  # fmt: skip
    assert len(late_ms) >= _CLIENTS * _MESSAGES * 0.99
    assert p99 <= 10.0


async def test_what_the_loop_adds_to_a_part(tmp_path: Path) -> None:
    """From the taking of a sample to the protective action, and to the record; the engine answers at once."""
    clock = SystemClock()
    arm = RecordingActuator("arm", clock)

    def decide(sample: Sample, answers: object) -> Decision:
        reject = Action("arm", "reject", until_s=0.25, subject=sample.key, protective=True)
        return Decision(events=saw(sample, "seen", score=0.5).events, actions=(reject,), save=True)

    station = ScriptedStation(prepare=lambda sample: (Ask("model", {}),), decide=decide)
    plan = Plan(tmp_path, [station], devices=[arm], engine=AnsweringEngine(), clock=clock)
    recorded_ms: list[float] = []

    async def acknowledge(sample: Sample) -> None:
        await sample.recorded
        recorded_ms.append(clock.now().since(sample.at) * 1000)

    async with running_line(plan) as rig:
        before = resource.getrusage(resource.RUSAGE_SELF)
        waiting = []
        for number in range(_PARTS):
            sample = await rig.see("place", str(number))
            waiting.append(asyncio.create_task(acknowledge(sample)))
            await asyncio.sleep(0.005)
        await asyncio.gather(*waiting)
        after = resource.getrusage(resource.RUSAGE_SELF)
    cpu_us = (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / _PARTS * 1e6
    sent = {acted.action.subject: acted.at for acted in station.called("acted")}
    decided_ms = [sent[sample.key].since(sample.at) * 1000 for sample in station.called("prepare")]
    p50, p99 = np.percentile(decided_ms, [50, 99])
    stored = np.percentile(recorded_ms, [50, 99])
    print(f"\nloop, 200 parts/s: reject sent after p50 {p50:.2f} ms, p99 {p99:.2f} ms; recorded after p50 "
          f"{stored[0]:.1f} ms, p99 {stored[1]:.1f} ms; {cpu_us:.0f} us of CPU a part with its record")  # fmt: skip
    assert p99 <= 5.0
