"""Line, web and camera processes die ten times each while parts come: nothing passes unjudged, all come back."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from simulators.partlog import Row
from tests.proof.figures import heading, print_account, print_seconds
from tests.support.accounts_of_parts import account_of_parts
from tests.support.cells import CAMERA, LINE, WEB, Cell, until
from tests.support.watchers import ScreenWatch

pytestmark = pytest.mark.slow

KILLS = 10
RATE_PER_S = 3.0
#: A process that ran this long is started again at once; one that dies sooner waits longer each time.
STEADY_S = 6.0


def test_a_line_killed_ten_times_accepts_nothing_unrecorded(tmp_path: Path) -> None:
    """Each time some ms later after a trigger, so that the kills fall into every step of a part."""
    stale, live, judged = [], [], []
    with Cell(tmp_path, rate_per_s=RATE_PER_S) as cell, cell.watch() as screen:
        cell.wait_for_parts(5, 60)
        for number in range(KILLS):
            killed_s = kill(cell, LINE, after_trigger_ms=6 * number)
            stale.append(told(screen, killed_s, "stale") - killed_s)
            live.append(told(screen, killed_s + stale[-1], "live") - killed_s)
            judged.append(judged_after(cell, killed_s) - killed_s)
        rows = rows_at_the_end(cell)
    heading(f"line killed {KILLS} times at {RATE_PER_S:g} parts a second")
    account = print_account(rows, cell.events())
    print_seconds("SIGKILL to STALE", stale)
    print_seconds("SIGKILL to live again", live)
    print_seconds("SIGKILL to a result at the PLC", judged)
    unrecorded = [(event.data["count"], event.data["not_triggered"]) for event in cell.events("unrecorded")]
    print(f"unrecorded events (triggered, passed by): {unrecorded}")
    assert account.faults() == {}
    assert cell.faults_of_the_store() == []
    assert max(stale) <= 2.0
    assert max(live) <= 10.0
    assert max(judged) <= 10.0


def test_a_web_process_killed_ten_times_costs_no_part(tmp_path: Path) -> None:
    closed, live = [], []
    with Cell(tmp_path, rate_per_s=RATE_PER_S) as cell, cell.watch() as screen:
        cell.wait_for_parts(5, 60)
        for _ in range(KILLS):
            told(screen, 0.0, "live")
            killed_s = kill(cell, WEB)
            closed.append(told(screen, killed_s, "closed") - killed_s)
            live.append(told(screen, killed_s + closed[-1], "live") - killed_s)
        rows = rows_at_the_end(cell)
    heading(f"web killed {KILLS} times at {RATE_PER_S:g} parts a second")
    account = print_account(rows, cell.events())
    print_seconds("SIGKILL to stream closed", closed)
    print_seconds("SIGKILL to live again", live)
    assert account.faults() == {}
    assert account.figures["rejected_without_verdict"] == account.figures["accept_not_taken"] == 0
    assert cell.faults_of_the_store() == []
    assert max(closed) <= 2.0
    assert max(live) <= 10.0


def test_a_camera_killed_ten_times_is_back_within_ten_seconds(tmp_path: Path) -> None:
    lost, judged = [], []
    with Cell(tmp_path, rate_per_s=RATE_PER_S) as cell, cell.watch() as screen:
        cell.wait_for_parts(5, 60)
        for number in range(KILLS):
            killed_s = kill(cell, CAMERA, after_trigger_ms=3 * number)
            lost.append(told(screen, killed_s, "camera-lost") - killed_s)
            judged.append(judged_after(cell, killed_s) - killed_s)
        rows = rows_at_the_end(cell)
    heading(f"camera killed {KILLS} times at {RATE_PER_S:g} parts a second")
    account = print_account(rows, cell.events())
    print_seconds("SIGKILL to CAMERA LOST on screen", lost)
    print_seconds("SIGKILL to a result at the PLC", judged)
    assert account.faults() == {}
    assert cell.faults_of_the_store() == []
    assert max(lost) <= 2.0
    assert max(judged) <= 10.0


def kill(cell: Cell, name: str, after_trigger_ms: float = 0.0) -> float:
    """Once it has run for a while, and that long after a part came under the camera."""
    standing = cell.standings()[name]
    until(lambda: time.time() > standing.since_utc_s + STEADY_S, STEADY_S + 1, f"{name} is steady")
    triggered_s = cell.wait_for_trigger()
    until(lambda: time.monotonic() >= triggered_s + after_trigger_ms / 1e3, 1, "the moment has come", every_s=0.001)
    return cell.kill(name)


def told(screen: ScreenWatch, after_s: float, what: str) -> float:
    """When the screen was told so."""
    such = {
        "live": lambda each: each.live,
        "stale": lambda each: each.stale,
        "closed": lambda each: each.kind == "closed",
        "camera-lost": lambda each: "camera-lost" in str(each.data),
    }[what]
    return until(lambda: screen.first(after_s, such), 30, f"the screen is told '{what}'").mono_s


def judged_after(cell: Cell, mono_s: float) -> float:
    return until(lambda: cell.judged_after(mono_s) or 0.0, 40, "a part is judged again")


def rows_at_the_end(cell: Cell) -> list[Row]:
    """The PLC's log some parts later, so that every gap is followed by a part that shows it; the box still runs."""
    cell.wait_for_gate(len(cell.parts()) + 8, 30)
    rows = cell.rows()
    until(lambda: not account_of_parts(rows, cell.events()).unaccounted, 5, "the last parts are recorded")
    return rows
