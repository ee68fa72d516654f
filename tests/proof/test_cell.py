"""300 parts at 2 a second, of real cookies and of rendered flanges: every part judged, in time, and accounted for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.proof.figures import heading, print_account
from tests.support.accounts_of_parts import at_share, times_ms, times_table
from tests.support.cells import Cell, until

pytestmark = pytest.mark.slow

PARTS = 300
RATE_PER_S = 2.0


@pytest.mark.samples
def test_a_cell_of_real_cookies(tmp_path: Path, samples: Path) -> None:
    judge_all("cookies", tmp_path, samples / "manufacturing" / "cookies")


def test_a_cell_of_rendered_flanges(tmp_path: Path) -> None:
    judge_all("rendered flanges", tmp_path, None)


def judge_all(name: str, folder: Path, pictures: Path | None) -> None:
    with Cell(folder, parts=PARTS, rate_per_s=RATE_PER_S, pictures=pictures) as cell:
        cell.wait_for_gate(PARTS, PARTS / RATE_PER_S + 90)
        until(lambda: len(cell.events("gate")) >= PARTS - 1, 5, "the last gate report is recorded")
    heading(f"{PARTS} parts at {RATE_PER_S:g} a second, {name}")
    account = print_account(cell.rows(), cell.events())
    times = times_ms(cell.rows(), cell.events())
    print(times_table(times))
    assert account.faults() == {}
    assert account.figures["rejected_without_verdict"] == account.figures["accept_not_taken"] == 0
    assert account.figures["recorded"] == account.figures["triggered"] == PARTS
    assert account.figures["unrecorded"] == 0
    assert cell.faults_of_the_store() == []
    assert at_share(times["beyond"], 0.99) <= 20.0
