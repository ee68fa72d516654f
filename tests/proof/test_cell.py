"""300 parts at 2 a second, of real cookies and of rendered flanges: every part judged, in time, and accounted for."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulators.partlog import Row
from tests.proof.figures import heading, print_account
from tests.support.accounts_of_parts import account_of_parts, at_share, times_ms, times_table
from tests.support.cells import Cell, until
from tests.support.quiet import Neighbours

pytestmark = pytest.mark.slow

PARTS = 300
RATE_PER_S = 2.0
#: Cores that others may use beside a part whose times are held against a limit; a machine of our own has about none.
QUIET_CORES = 0.25
BEYOND_INFERENCE_P99_MS = 20.0


@pytest.mark.samples
def test_a_cell_of_real_cookies(tmp_path: Path, samples: Path) -> None:
    judge_all("cookies", tmp_path, samples / "manufacturing" / "cookies")


def test_a_cell_of_rendered_flanges(tmp_path: Path) -> None:
    judge_all("rendered flanges", tmp_path, None)


def judge_all(name: str, folder: Path, pictures: Path | None) -> None:
    with (
        Cell(folder, parts=PARTS, rate_per_s=RATE_PER_S, pictures=pictures) as cell,
        Neighbours(cell.supervisor) as neighbours,
    ):
        cell.wait_for_gate(PARTS, PARTS / RATE_PER_S + 90)
        until(lambda: len(cell.events("gate")) >= PARTS - 1, 5, "the last gate report is recorded")
    rows, events = cell.rows(), cell.events()
    quiet = [row for row in rows if is_quiet(row, neighbours)]
    heading(f"{PARTS} parts at {RATE_PER_S:g} a second, {name}; others used {neighbours.mean_cores():.2f} cores")
    account = print_account(rows, events)
    print("-- all parts, ms from trigger to result valid by the PLC's clock, and what it is made of")
    print(times_table(times_ms(rows, events)))
    calm = times_ms(quiet, events)
    print(f"-- parts beside which others used less than {QUIET_CORES:g} cores")
    print(times_table(calm))
    assert account.faults() == {}
    assert account.figures["triggered"] == account.figures["recorded"] == PARTS
    assert account.figures["unrecorded"] == 0
    assert cell.faults_of_the_store() == []
    undisturbed = account_of_parts([row for row in rows if row["kind"] != "part"] + quiet, events).figures
    assert undisturbed["rejected_without_verdict"] == undisturbed["accept_not_taken"] == 0
    assert len(calm["beyond"]) >= PARTS // 3, "the machine was never quiet: nothing can be said of times"
    assert at_share(calm["beyond"], 0.99) <= BEYOND_INFERENCE_P99_MS


def is_quiet(row: Row, neighbours: Neighbours) -> bool:
    return row["kind"] == "part" and neighbours.cores(row["trigger_mono_s"]) < QUIET_CORES
