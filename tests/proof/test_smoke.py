"""The whole chain once, in seconds: the real box, a real PLC over OPC UA, one kill of the line on the way."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.accounts_of_parts import account_of_parts
from tests.support.cells import LINE, Cell, until


@pytest.mark.slow
def test_a_cell_judges_every_part_and_a_killed_line_accepts_nothing_unrecorded(tmp_path: Path) -> None:
    with Cell(tmp_path, parts=18, rate_per_s=4) as cell, cell.watch() as screen:
        cell.wait_for_parts(4, 40)
        killed_s = cell.kill(LINE)
        assert until(lambda: screen.first(killed_s, lambda told: told.stale), 5, "the screen says STALE")
        assert until(lambda: screen.first(killed_s, lambda told: told.live), 20, "the screen is live again")
        cell.wait_for_gate(18, 30)
        until(lambda: int(cell.events("part")[-1].subject) == 18, 5, "the last part is recorded")
    account = account_of_parts(cell.rows(), cell.events())
    assert account.faults() == {}
    assert account.figures["accepted"] > 4
    assert cell.faults_of_the_store() == []
