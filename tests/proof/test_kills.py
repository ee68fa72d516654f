"""Line, camera and web die ten times each (50 in full) while parts come: nothing passes unjudged, all come back."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from appliance.restarts import Patience
from simulators.partlog import Row
from tests.proof.figures import Progress, heading, print_account, print_seconds
from tests.proof.scale import Scale
from tests.support.accounts_of_parts import account_of_parts
from tests.support.cells import CAMERA, LINE, WEB, Cell, until
from tests.support.watchers import ScreenWatch

pytestmark = pytest.mark.slow

RATE_PER_S = 3.0
#: A process that ran this long is started again at once; one that dies sooner waits longer each time.
STEADY_S = Patience().steady_s


def test_a_line_and_a_camera_killed_in_turn_accept_nothing_unrecorded(tmp_path: Path, scale: Scale) -> None:
    """Each time some ms later after a trigger, so that the kills fall into every step of a part."""
    stale, live, judged, lost, seen = [], [], [], [], []
    progress = Progress("kills of each", scale.kills)
    with Cell(tmp_path, rate_per_s=RATE_PER_S) as cell, cell.watch() as screen:
        cell.wait_for_parts(5, 60)
        for number in range(scale.kills):
            killed_s = kill(cell, LINE, after_trigger_ms=6 * (number % 50))
            stale.append(told(screen, killed_s, "stale") - killed_s)
            live.append(told(screen, killed_s + stale[-1], "live") - killed_s)
            judged.append(judged_after(cell, killed_s) - killed_s)
            killed_s = kill(cell, CAMERA, after_trigger_ms=3 * (number % 100))
            lost.append(told(screen, killed_s, "camera-lost") - killed_s)
            seen.append(judged_after(cell, killed_s) - killed_s)
            progress.at(number + 1)
        rows = rows_at_the_end(cell)
    heading(f"line and camera killed {scale.kills} times each in turn at {RATE_PER_S:g} parts a second")
    account = print_account(rows, cell.events())
    print_seconds("line: SIGKILL to STALE", stale)
    print_seconds("line: to live again", live)
    print_seconds("line: to a result at the PLC", judged)
    print_seconds("camera: to CAMERA LOST on screen", lost)
    print_seconds("camera: to a result at the PLC", seen)
    unrecorded = [(event.data["count"], event.data["not_triggered"]) for event in cell.events("unrecorded")]
    print(f"unrecorded events (triggered, passed by): {unrecorded}")
    assert account.faults() == {}
    assert cell.faults_of_the_store() == []
    assert max(*stale, *lost) <= 2.0
    assert max(live) <= 10.0
    assert max(*judged, *seen) <= 10.0


def test_a_web_process_killed_again_and_again_costs_no_part(tmp_path: Path, scale: Scale) -> None:
    closed, live = [], []
    progress = Progress("kills", scale.kills)
    with Cell(tmp_path, rate_per_s=RATE_PER_S) as cell, cell.watch() as screen:
        cell.wait_for_parts(5, 60)
        for number in range(scale.kills):
            told(screen, 0.0, "live")
            killed_s = kill(cell, WEB, after_trigger_ms=6 * (number % 50))
            closed.append(told(screen, killed_s, "closed") - killed_s)
            live.append(told(screen, killed_s + closed[-1], "live") - killed_s)
            progress.at(number + 1)
        rows = rows_at_the_end(cell)
    heading(f"web killed {scale.kills} times at {RATE_PER_S:g} parts a second")
    account = print_account(rows, cell.events())
    print_seconds("SIGKILL to stream closed", closed)
    print_seconds("SIGKILL to live again", live)
    assert account.faults() == {}
    assert account.figures["rejected_without_verdict"] == account.figures["accept_not_taken"] == 0
    assert cell.faults_of_the_store() == []
    assert max(closed) <= 2.0
    assert max(live) <= 10.0


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
