"""The PLC goes away and comes back: its server restarted, its process killed, everything frozen."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulators.report import report
from tests.proof.figures import bring_through, heading, print_account, print_seconds
from tests.proof.scale import Scale
from tests.support.accounts_of_parts import account_of_parts
from tests.support.cells import Cell, until

pytestmark = pytest.mark.slow

RATE_PER_S = 3.0
#: Parts from one restart to the next: time enough to be away for 2.5 s and to be served again within 2 s.
EVERY = 14


def test_a_plc_restarted_again_and_again_is_served_again_within_two_seconds(tmp_path: Path, scale: Scale) -> None:
    """Signed and encrypted, as the demo is."""
    times = scale.plc_restarts
    faults = [f"restart@{EVERY * number}:{0.25 * ((number - 1) % 10 + 1):g}" for number in range(1, times + 1)]
    title = f"PLC's OPC UA server restarted {times} times (away 0.25 to 2.5 s)"
    judged_again(tmp_path, title, EVERY * (times + 1), faults, times=times)


def test_a_plc_killed_three_times_is_served_again_within_two_seconds(tmp_path: Path) -> None:
    judged_again(tmp_path, "PLC's process killed 3 times", 80, ["kill@20", "kill@40", "kill@60"], times=3)


def test_a_plc_frozen_for_eight_seconds_is_served_again_within_two_seconds(tmp_path: Path) -> None:
    judged_again(tmp_path, "PLC frozen for 8 s", 40, ["freeze@20:8"], times=1)


def judged_again(folder: Path, title: str, parts: int, faults: list[str], *, times: int) -> None:
    """Each time the PLC listens again (is thawed again): how long until it has a result."""
    with Cell(folder, parts=parts, rate_per_s=RATE_PER_S, faults=faults) as cell:
        bring_through(cell, parts, parts / RATE_PER_S + 120)
        until(lambda: not account_of_parts(cell.rows(), cell.events()).unaccounted, 5, "the last parts are recorded")
    heading(f"{title}, parts at {RATE_PER_S:g} a second")
    found = report(cell.rows())
    account = print_account(cell.rows(), cell.events())
    if found.ready_again_s:
        print_seconds("listening again to Ready", found.ready_again_s)
    print_seconds("listening again to a result", found.judged_again_s)
    assert account.faults() == {}
    assert cell.faults_of_the_store() == []
    assert len(found.judged_again_s) == times
    assert max(found.judged_again_s) <= 2.0
