"""How long the PLC waits for another recipe, over real OPC UA: its models in memory, and to be loaded first."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from tests.support.cells_with_recipes import recipe_cell

pytestmark = pytest.mark.bench

SWITCHES = 60
LIMIT_S = 1.0


async def test_the_plc_sees_another_recipe_in_force_within_a_second(tmp_path: Path) -> None:
    models = {"flange": 1.0} | {f"part-{number}": 1.0 + number for number in range(1, 9)}
    async with recipe_cell(tmp_path, models) as cell:
        before = psutil.Process().memory_info().rss
        for number in range(1, 9):
            await cell.save(f"part-{number}", number)
        for number in range(1, 6):  # six in memory: those used last
            await cell.change_to(number)
        grown = (psutil.Process().memory_info().rss - before) / 1e6
        kept = sorted([await cell.change_to(1 + turn % 5) for turn in range(1, SWITCHES + 1)])
        loaded = sorted([await cell.change_to(1 + turn % 8) for turn in range(1, 25)])
    for what, times in (("in memory", kept), ("of 8 recipes with 6 in memory", loaded)):
        middle, worst = times[len(times) // 2] * 1e3, times[-1] * 1e3
        print(f"\n{len(times)} changes, {what}: median {middle:.0f} ms, longest {worst:.0f} ms")
    print(f"resident memory grew by {grown:.0f} MB with six recipes of the smallest model")
    assert kept[-1] <= LIMIT_S
