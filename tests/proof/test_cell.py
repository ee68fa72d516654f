"""300 parts at 2 a second (2,000 at 5 in full), cookies and rendered flanges: all judged in time, all accounted for."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulators.partlog import Row
from tests.proof.figures import bring_through, heading, print_account
from tests.proof.scale import SHORT, Scale
from tests.support.accounts_of_parts import account_of_parts, at_share, times_ms, times_table
from tests.support.cells import Cell, until
from tests.support.quiet import Neighbours

pytestmark = pytest.mark.slow

#: Cores that others may use beside a part whose times are held against a limit; a machine of our own has about none.
QUIET_CORES = 0.25
BEYOND_INFERENCE_P99_MS = 20.0


@pytest.mark.samples
def test_a_cell_of_real_cookies(tmp_path: Path, samples: Path) -> None:
    judge_all("cookies", tmp_path, samples / "manufacturing" / "cookies", SHORT)


def test_a_cell_of_rendered_flanges(tmp_path: Path, scale: Scale) -> None:
    judge_all("rendered flanges", tmp_path, None, scale)


def judge_all(name: str, folder: Path, pictures: Path | None, scale: Scale) -> None:
    parts = scale.parts
    with (
        Cell(folder, parts=parts, rate_per_s=scale.rate_per_s, pictures=pictures) as cell,
        Neighbours(cell.supervisor) as neighbours,
    ):
        bring_through(cell, parts, parts / scale.rate_per_s + 90)
        until(lambda: len(cell.events("gate")) >= parts - 1, 5, "the last gate report is recorded")
    rows, events = cell.rows(), cell.events()
    quiet = [row for row in rows if is_quiet(row, neighbours)]
    heading(f"{parts} parts at {scale.rate_per_s:g} a second, {name}; others used {neighbours.mean_cores():.2f} cores")
    account = print_account(rows, events)
    print("-- all parts, ms from trigger to result valid by the PLC's clock, and what it is made of")
    print(times_table(times_ms(rows, events)))
    calm = times_ms(quiet, events)
    print(f"-- parts beside which others used less than {QUIET_CORES:g} cores")
    print(times_table(calm))
    assert account.faults() == {}
    assert account.figures["triggered"] == account.figures["recorded"] == parts
    assert account.figures["unrecorded"] == 0
    assert cell.faults_of_the_store() == []
    undisturbed = account_of_parts([row for row in rows if row["kind"] != "part"] + quiet, events).figures
    assert undisturbed["rejected_without_verdict"] == undisturbed["accept_not_taken"] == 0
    assert len(calm["beyond"]) >= parts // 3, "the machine was never quiet: nothing can be said of times"
    assert at_share(calm["beyond"], 0.99) <= BEYOND_INFERENCE_P99_MS


def is_quiet(row: Row, neighbours: Neighbours) -> bool:
    return row["kind"] == "part" and neighbours.cores(row["trigger_mono_s"]) < QUIET_CORES
