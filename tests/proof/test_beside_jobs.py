"""What jobs cost the line: the same cell by turns with and without teaching, backup and retention beside it."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, insert

from core.clock import SystemClock
from core.errors import RefusedError
from simulators.partlog import Row
from simulators.parts import render_good_set
from tests.proof.figures import heading, print_account
from tests.proof.scale import Scale
from tests.support.accounts_of_parts import at_share, times_ms, times_table
from tests.support.cells import APP, Cell, until
from tests.support.quiet import Neighbours
from verticals.runtime.bell import ring
from verticals.store.database import open_database, writing
from verticals.store.jobs import Jobs, JobState
from verticals.store.tables import series

pytestmark = pytest.mark.slow

RATE_PER_S = 2.0
GOODS = (20, 100)
#: Rows of a kind that retention deletes: 12 MB for a backup to copy, and some seconds of deleting.
OLD_ROWS, OLD_BYTES = 12_000, 1000
QUIET_CORES = 0.25
MOST_RATIO = 1.2
#: Fewer parts than this have no 99th of a hundred.
ENOUGH = 100


@dataclass
class Beside:
    """The jobs of a cell, asked for as a screen does: always one at work, as long as it is told to go on."""

    cell: Cell
    goods: Path
    box: Engine = field(init=False)
    jobs: Jobs = field(init=False)
    asked: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.box = open_database(self.cell.places.box_store)
        self.jobs = Jobs(self.box, SystemClock(), wake=self._ring)

    def _ring(self) -> None:
        ring(self.cell.places.jobs_socket)

    def fill(self) -> None:
        """What retention finds too old, far in the past."""
        engine = open_database(self.cell.places.app_store(APP))
        with writing(engine) as connection:
            rows = [{"channel": "old", "minute": minute, "readings": bytes(OLD_BYTES)} for minute in range(OLD_ROWS)]
            connection.execute(insert(series).prefix_with("OR IGNORE"), rows)
        engine.dispose()

    def keep_busy(self, goods: int) -> None:
        """Asks for the next three where none is left; the lesson comes last and takes longest."""
        if any(self.open(number) for number in self.asked[-3:]):
            return
        turn = len(self.asked)
        lesson = {"recipe": f"beside-{goods}", "folder": str(self.goods / str(goods)), "shift_px": turn % 8}
        wanted: tuple[tuple[str, str, dict[str, Any]], ...]
        wanted = (("box", "backup", {}), ("box", "retention", {}), (APP, "teach", lesson))
        self.asked += [self.jobs.start(app, kind, inputs) for app, kind, inputs in wanted]

    def open(self, number: int) -> bool:
        job = self.jobs.get(number)
        return job is not None and job.ended_utc_s is None

    def begun(self, number: int) -> bool:
        job = self.jobs.get(number)
        return job is not None and job.started_utc_s is not None

    def end(self) -> None:
        """What still waits or works is cancelled and gone."""
        for number in reversed(self.asked):
            with contextlib.suppress(RefusedError):  # it is over
                self.jobs.cancel(number)
        until(lambda: not any(map(self.open, self.asked)), 90, "the jobs have ended", 0.1)

    def done(self) -> dict[str, int]:
        """How many of each kind were worked, wholly or until they were cancelled. None failed."""
        found: dict[str, int] = {}
        for job in filter(None, map(self.jobs.get, self.asked)):
            assert job.state != JobState.FAILED, f"{job.kind}: {job.problem}"
            if job.started_utc_s is not None:
                found[job.kind] = found.get(job.kind, 0) + 1
        return found


def test_jobs_beside_a_line_leave_it_its_time(tmp_path: Path, scale: Scale) -> None:
    for count in GOODS:
        render_good_set(tmp_path / "goods" / str(count), count)
    spans: dict[str, list[tuple[float, float]]] = {name: [] for name in ("alone", *map(beside_name, GOODS))}
    with Cell(tmp_path, rate_per_s=RATE_PER_S) as cell, Neighbours(cell.supervisor) as neighbours:
        cell.wait_for_parts(10, 120)
        beside = Beside(cell, tmp_path / "goods")
        for number in range(scale.rounds):
            for count in GOODS:
                spans["alone"].append(phase(cell, scale.round_parts))
                beside.fill()
                spans[beside_name(count)].append(phase(cell, scale.round_parts, beside, count))
                beside.end()
            print(f"... round {number + 1} of {scale.rounds}", flush=True)
        rows, worked = cell.rows(), beside.done()
        beside.box.dispose()
        until(lambda: len(cell.events("gate")) >= len(cell.parts()) - 2, 5, "the gate reports are recorded")
    heading(f"{RATE_PER_S:g} parts a second, by turns alone and beside jobs; jobs worked: {worked}")
    account = print_account(rows, cell.events())
    ratios = compare(cell, rows, spans, neighbours)
    assert account.faults() == {}
    assert account.figures["unrecorded"] == 0
    assert set(worked) == {"teach", "backup", "retention"}
    assert ratios, "the machine was never quiet: nothing can be said of times"
    assert max(ratios) <= MOST_RATIO


def beside_name(goods: int) -> str:
    return f"beside a lesson of {goods}"


def phase(cell: Cell, parts: int, beside: Beside | None = None, goods: int = 0) -> tuple[float, float]:
    """From when to when, in monotonic seconds, that many parts came; the jobs are under way before the first."""
    if beside is not None:
        beside.keep_busy(goods)
        first = beside.asked[-3]
        until(lambda: beside.begun(first), 30, "the jobs are at work")
    begun, last = cell.wait_for_trigger(), len(cell.parts()) + parts

    def through() -> bool:
        if beside is not None:
            beside.keep_busy(goods)
        return cell.runs() and len(cell.parts()) >= last

    until(through, parts / RATE_PER_S + 60, f"{parts} parts are through", 0.25)
    return begun, max(float(row["trigger_mono_s"]) for row in cell.parts())


def compare(
    cell: Cell, rows: list[Row], spans: dict[str, list[tuple[float, float]]], neighbours: Neighbours
) -> list[float]:
    """Of p99, beside jobs to alone, where each had enough parts that nobody else disturbed; all of it is printed."""
    every: dict[str, dict[str, list[float]]] = {}
    calm: dict[str, dict[str, list[float]]] = {}
    for name, times in spans.items():
        mine = [row for row in rows if row.get("kind") == "part" and within(row, times)]
        every[name] = times_ms(mine, cell.events())
        calm[name] = times_ms([row for row in mine if is_quiet(row, neighbours)], cell.events())
        print(f"-- {name}, all parts; others used {neighbours.mean_cores():.2f} cores in the mean")
        print(times_table(every[name]))
        print(f"-- {name}, parts beside which others used less than {QUIET_CORES:g} cores")
        print(times_table(calm[name]))
    print("-- beside to alone, all parts")
    ratios_of_p99(every, 1)
    print(f"-- beside to alone, the quiet parts; at least {ENOUGH} of each")
    return ratios_of_p99(calm, ENOUGH)


def ratios_of_p99(times: dict[str, dict[str, list[float]]], enough: int) -> list[float]:
    """From trigger to valid, for each kind of phase that had enough parts; p50 and p90 are printed too."""
    ratios: list[float] = []
    alone = times["alone"]
    for name, mine in times.items():
        if name == "alone" or min(len(mine["total"]), len(alone["total"])) < enough:
            continue
        for what in ("total", "beyond", "infer"):
            each = [at_share(mine[what], share) / at_share(alone[what], share) for share in (0.5, 0.9, 0.99)]
            print(f"{name}: {what:7} p50 x {each[0]:.2f}, p90 x {each[1]:.2f}, p99 x {each[2]:.2f}")
            ratios += [each[2]] if what == "total" else []
    return ratios


def within(row: Row, times: list[tuple[float, float]]) -> bool:
    return any(first <= row["trigger_mono_s"] <= last for first, last in times)


def is_quiet(row: Row, neighbours: Neighbours) -> bool:
    return neighbours.cores(row["trigger_mono_s"]) < QUIET_CORES
