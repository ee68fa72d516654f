"""How soon a box decides after its start, and what memory each of its processes takes."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from tests.proof.figures import heading
from tests.support.cells import Cell, until

pytestmark = pytest.mark.slow


def test_a_taught_box_decides_within_five_seconds_and_its_memory_is_known(tmp_path: Path) -> None:
    starts: list[tuple[float, float, float]] = []
    cell = Cell(tmp_path, rate_per_s=4)
    with cell:
        cell.wait_for_parts(1, 60)
        heading("start to first decision, rendered parts")
        print(f"first start, teaching from 30 rendered parts: {first_result_s(cell, 0.0):.2f} s")
    for _ in range(3):
        before = cell.judged()
        with cell:
            cell.wait_for_parts(before + 1, 30)
            starts.append(moments(cell))
            cell.wait_for_parts(before + 40, 60)
            rows = memory(cell)
    print("taught box: PLC listens, Ready, first result at the PLC, seconds from the command")
    for start in starts:
        print("   " + "  ".join(f"{value:5.2f}" for value in start))
    print(f"{'MiB after 40 parts':36} {'RSS':>7} {'PSS':>7} {'USS':>7}")
    for name, rss, pss, uss in rows:
        print(f"{name:36} {rss:7.1f} {pss:7.1f} {uss:7.1f}")
    print(f"{'together':36} {'':7} {sum(row[2] for row in rows):7.1f}")
    assert sorted(start[2] for start in starts)[1] <= 5.0


def first_result_s(cell: Cell, after_mono_s: float) -> float:
    found = until(lambda: cell.judged_after(after_mono_s), 10, "the first result is in the log")
    assert found is not None
    return found - cell.started_mono_s


def moments(cell: Cell) -> tuple[float, float, float]:
    """PLC listening, box ready, first result: seconds from the command."""
    news = {row["what"]: row["mono_s"] for row in cell.rows() if row.get("kind") == "news"}
    listening, ready = (news[what] - cell.started_mono_s for what in ("listening", "ready"))
    return listening, ready, first_result_s(cell, cell.started_mono_s)


def memory(cell: Cell) -> list[tuple[str, float, float, float]]:
    """Name, RSS, PSS and USS in MiB of every process of the box and the plant."""
    pids = {"supervisor": cell.supervisor, **{name: standing.pid for name, standing in cell.standings().items()}}
    plant = psutil.Process(pids["demo:plant"])
    pids |= {f"demo:plc {child.pid}": child.pid for child in plant.children()}
    found = []
    for name, pid in pids.items():
        taken = psutil.Process(pid).memory_full_info()
        found.append((name.partition(" ")[0], taken.rss / 2**20, taken.pss / 2**20, taken.uss / 2**20))
    return found
