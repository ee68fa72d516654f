"""What the simulated ward costs: it must leave the cores of a demo to the product."""

from __future__ import annotations

import asyncio
from pathlib import Path

import psutil
import pytest

from simulators.ward_settings import WardSettings
from tests.simulators.test_ward import box_in

_SETTLED_S, _MEASURED_S = 4.0, 20.0


@pytest.mark.bench
async def test_sixteen_beds_with_waves_cost_less_than_a_quarter_of_a_core(tmp_path: Path) -> None:
    async with box_in(tmp_path) as box:
        settings = WardSettings(
            hl7_port=box.hl7.port, waves_port=box.waves.port, waves_secret=box.secret, log_path=tmp_path / "ward.jsonl"
        )
        process = await asyncio.create_subprocess_exec(*settings.command(), stdout=asyncio.subprocess.PIPE)
        try:
            assert process.stdout is not None
            await asyncio.wait_for(process.stdout.readline(), 30)
            await asyncio.sleep(_SETTLED_S)
            begun, messages, chunks = _cpu_s(process.pid), len(box.hl7.ids), box.waves.counts.accepted
            await asyncio.sleep(_MEASURED_S)
            cpu_s = _cpu_s(process.pid) - begun
            messages, chunks = len(box.hl7.ids) - messages, box.waves.counts.accepted - chunks
            memory = psutil.Process(process.pid).memory_info().rss / 1e6
        finally:
            process.terminate()
            await process.wait()
    share = cpu_s / _MEASURED_S
    print(f"\n16 beds: {share:.1%} of a core, {memory:.0f} MB; {messages / _MEASURED_S:.1f} messages and "
          f"{chunks / _MEASURED_S:.0f} chunks a second")  # fmt: skip
    assert share < 0.25
    assert chunks / _MEASURED_S > 14 * 4 * 4 * 0.9


def _cpu_s(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)
