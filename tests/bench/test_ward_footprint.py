"""A full ward of twenty-four beds with two waves each: memory, processor and SSD writes of every process of the box."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import psutil
import pytest

from simulators.ward_script import DEMO, script_of
from tests.support.cells import until
from tests.support.ward_box import WardBox

pytestmark = pytest.mark.bench

BEDS, SETTLES_S, RUN_S = 24, 30.0, 180.0
#: The demo's script leaves some free for those who come.
TAKEN = sum(bed.baseline is not None for bed in script_of(DEMO, BEDS))
WRITTEN_GB_A_DAY = 2.0


def spent(pids: dict[str, int]) -> dict[str, tuple[float, int]]:
    """By process: CPU seconds and bytes handed to the disk so far."""
    found = {}
    for name, pid in pids.items():
        process = psutil.Process(pid)
        times = process.cpu_times()
        found[name] = times.user + times.system, process.io_counters().write_bytes
    return found


def gb_a_day(folder: Path, gateway: Sequence[str], run_s: float) -> float:
    """Prints what each process takes; what all of them write, the simulated world left out."""
    with WardBox(folder, beds=BEDS, gateway=gateway) as box:
        until(lambda: len(box.admitted()) >= TAKEN, 90, f"{TAKEN} beds are taken", 0.5)
        time.sleep(SETTLES_S)
        pids = {name: standing.pid for name, standing in box.standings().items() if standing.pid}
        pids["supervisor"] = box.supervisor
        world = pids.pop("demo:ward")
        before, begun_s = spent(pids), time.monotonic()
        time.sleep(run_s)
        after, lasted_s = spent(pids), time.monotonic() - begun_s
        memory = {name: psutil.Process(pid).memory_full_info() for name, pid in pids.items()}
        assert psutil.pid_exists(world)
    written, a_day = 0.0, 86_400 / lasted_s / 1e9
    for name, (cpu_s, written_bytes) in after.items():
        gb = (written_bytes - before[name][1]) * a_day
        written += gb
        cores = (cpu_s - before[name][0]) / lasted_s
        rss, pss = (size / 2**20 for size in (memory[name].rss, memory[name].pss))
        print(f"{name}: RSS {rss:.0f} PSS {pss:.0f} MiB, {cores:.2f} cores, {gb:.2f} GB written a day")
    print(f"in all: {sum(one.pss for one in memory.values()) / 2**20:.0f} MiB, {written:.2f} GB a day")
    return written


def test_twenty_four_beds_fit_a_box_and_spare_its_ssd(tmp_path: Path) -> None:
    """Over one gateway that sends ahead of the answers, as the demo's does, for three minutes."""
    assert gb_a_day(tmp_path, (), RUN_S) <= WRITTEN_GB_A_DAY


@pytest.mark.parametrize("links", [1, BEDS])
def test_senders_that_wait_for_each_answer_cost_the_ssd_more(links: int, tmp_path: Path) -> None:
    """One gateway of all beds has a commit for each message, since that is answered after it; single monitors share."""
    print(f"\n{links} connections, no message ahead:")
    written = gb_a_day(tmp_path, ("--hl7-links", str(links), "--hl7-ahead", "1"), RUN_S / 2)
    assert written <= (12 if links == 1 else 1.5) * WRITTEN_GB_A_DAY
