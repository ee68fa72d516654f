from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from core.clock import SystemClock
from core.errors import RefusedError
from tests.support.box_db import make_box_db
from verticals.jobs import worker
from verticals.jobs.due import BOX_JOBS, Calendar, Duty
from verticals.jobs.worker import Worker
from verticals.places import Places
from verticals.runtime.bell import ring
from verticals.store.database import open_database
from verticals.store.jobs import Job, Jobs

KINDS = ("echo", "policy", "count", "refuse", "stumble", "babble", "misreport", "crash", "leave", "obey", "ignore")
FUNCTIONS = {
    "app": {kind: f"tests.support.job_functions:{kind}" for kind in KINDS} | {"lost": "tests.support.nowhere:f"},
    "box": BOX_JOBS,
    "holds": {"policy": "tests.support.job_functions:policy"},
}
WORKER = """
import asyncio, sys
from pathlib import Path
from core.clock import SystemClock
from tests.verticals.jobs.test_worker import Box
asyncio.run(Box(Path(sys.argv[1])).worker().run())
"""


class Box:
    """A data folder with its database, jobs, and what a worker shows."""

    def __init__(self, folder: Path) -> None:
        self.places = Places(folder)
        self.places.box_db.parent.mkdir(exist_ok=True)
        there = self.places.box_db.exists()
        self.engine = open_database(self.places.box_db) if there else make_box_db(self.places.box_db.parent)
        self.jobs = Jobs(self.engine, SystemClock(), wake=self.wake)
        self.shown: asyncio.Queue[Job] = asyncio.Queue()

    def wake(self) -> None:
        ring(self.places.jobs_socket)

    def worker(self, *duties: Duty, stop_within_s: float = 10.0) -> Worker:
        calendar = Calendar(self.engine, SystemClock(), duties)
        return Worker(
            self.places, self.jobs, FUNCTIONS, calendar, progressed=self.shown.put_nowait, stop_within_s=stop_within_s
        )

    @asynccontextmanager
    async def working(self, stop_within_s: float = 10.0) -> AsyncIterator[None]:
        running = asyncio.create_task(self.worker(stop_within_s=stop_within_s).run())
        try:
            yield
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running

    async def over(self, number: int) -> Job:
        """The job once it is over, as the worker showed it."""
        async with asyncio.timeout(30):
            while True:
                job = await self.shown.get()
                if job.id == number and job.ended_utc_s is not None:
                    return job

    async def at_work(self) -> list[int]:
        """The process ids that a job at work told."""
        async with asyncio.timeout(30):
            while not (job := await self.shown.get()).text.startswith("pid"):
                pass
        return [int(pid) for pid in job.text.split()[1:]]


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Box:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[3]))  # for the job functions of the tests
    return Box(tmp_path)


async def gone(pid: int) -> bool:
    """Waits for the end of a process that is no child of this one."""
    async with asyncio.timeout(10):
        while alive(pid):  # noqa: ASYNC110  # the kernel tells only a parent
            await asyncio.sleep(0.005)
    return True


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


async def test_a_job_is_worked_in_another_process_and_its_result_is_in_the_row(box: Box) -> None:
    waiting = box.jobs.start("app", "echo", {"before": "the worker came"}, who="anna")
    async with box.working():
        first = await box.over(waiting)
        assert first.state == "done"
        assert first.result == {
            "inputs": {"before": "the worker came"}, "app": "app", "job": waiting, "who": "anna",
            "data": str(box.places.data),
        }  # fmt: skip
        later = await box.over(box.jobs.start("app", "echo", {"while": "it slept"}))
        assert later.result is not None
        assert later.result["inputs"] == {"while": "it slept"}


async def test_a_job_steps_back_behind_everybody_unless_others_wait_for_its_lock(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "WRITES_STORES", frozenset({("holds", "policy")}))
    async with box.working():
        patient = await box.over(box.jobs.start("app", "policy", {}))
        writes = await box.over(box.jobs.start("holds", "policy", {}))
    assert (patient.result, writes.result) == ({"patient": True}, {"patient": False})


@pytest.mark.parametrize(
    ("kind", "problem"),
    [
        ("refuse", "the folder holds no picture [input] Give at least 20."),
        ("stumble", "ZeroDivisionError: division by zero"),
        ("babble", "too big"),
        ("misreport", "not JSON serializable"),
        ("leave", "exit code 3"),
        ("lost", "there is no job function tests.support.nowhere:f"),
        ("unheard-of", "app has no job 'unheard-of'"),
    ],
)
async def test_a_job_that_cannot_be_done_says_why_and_the_next_one_is_worked(box: Box, kind: str, problem: str) -> None:
    async with box.working():
        failed = await box.over(box.jobs.start("app", kind, {}))
        assert failed.state == "failed"
        assert problem in failed.problem
        assert (await box.over(box.jobs.start("app", "echo", {}))).state == "done"


async def test_a_job_whose_process_is_killed_is_tried_three_times_and_the_worker_lives(box: Box) -> None:
    async with box.working():
        failed = await box.over(box.jobs.start("app", "crash", {}))
        assert (failed.state, failed.attempts) == ("failed", 3)
        assert (box.places.data / "crashes").read_text() == "xxx"
        assert (await box.over(box.jobs.start("app", "echo", {}))).state == "done"


async def test_progress_is_written_seldom_however_often_it_is_told(box: Box) -> None:
    async with box.working():
        done = await box.over(box.jobs.start("app", "count", {}))
        assert done.state == "done"
        assert done.progress == 1.0
    assert box.shown.qsize() < 50


async def test_a_cancelled_job_stops_by_itself_and_its_result_is_thrown_away(box: Box) -> None:
    async with box.working():
        number = box.jobs.start("app", "obey", {})
        [pid] = await box.at_work()
        box.jobs.cancel(number)
        cancelled = await box.over(number)
        assert (cancelled.state, cancelled.result) == ("cancelled", None)
        assert await gone(pid)


async def test_a_job_that_does_not_hear_is_killed_with_what_it_started(box: Box) -> None:
    async with box.working(stop_within_s=0.05):
        number = box.jobs.start("app", "ignore", {})
        pids = await box.at_work()
        box.jobs.cancel(number)
        assert (await box.over(number)).state == "cancelled"
        assert [await gone(pid) for pid in pids] == [True, True]


async def test_a_worker_stopped_in_good_order_puts_its_job_back_uncounted(box: Box) -> None:
    async with box.working():
        number = box.jobs.start("app", "obey", {})
        [pid] = await box.at_work()
    job = box.jobs.get(number)
    assert job is not None
    assert (job.state, job.attempts) == ("queued", 0)
    assert await gone(pid)


async def test_a_worker_process_told_to_stop_ends_well_and_puts_its_job_back(box: Box) -> None:
    number = box.jobs.start("app", "obey", {})
    process = subprocess.Popen([sys.executable, "-c", WORKER, str(box.places.data)])  # noqa: ASYNC220
    pid = await at_work_elsewhere(box, number)
    process.terminate()
    assert process.wait(20) == 0
    assert await gone(pid)
    job = box.jobs.get(number)
    assert job is not None
    assert (job.state, job.attempts) == ("queued", 0)


async def test_a_killed_worker_takes_its_job_along_and_the_next_one_resumes_it(box: Box) -> None:
    command = [sys.executable, "-c", WORKER, str(box.places.data)]
    number = box.jobs.start("app", "obey", {})
    first = subprocess.Popen(command)  # noqa: ASYNC220
    try:
        pid = await at_work_elsewhere(box, number)
    finally:
        first.send_signal(signal.SIGKILL)
        first.wait()
    assert await gone(pid)
    async with box.working():
        [again] = await box.at_work()
        assert again != pid
        job = box.jobs.get(number)
        assert job is not None
        assert (job.state, job.attempts) == ("running", 2)
        box.jobs.cancel(number)
        assert (await box.over(number)).state == "cancelled"


async def at_work_elsewhere(box: Box, number: int) -> int:
    deadline_s = time.monotonic() + 30
    while time.monotonic() < deadline_s:
        job = box.jobs.get(number)
        if job is not None and job.text.startswith("pid"):
            return int(job.text.split()[1])
        await asyncio.sleep(0.01)
    raise AssertionError("the job did not begin")


async def test_two_workers_do_not_work_side_by_side(box: Box) -> None:
    async with box.working():
        await box.over(box.jobs.start("app", "echo", {}))
        with pytest.raises(RefusedError, match="another process"):
            await box.worker().run()


async def test_a_duty_is_worked_without_anybody_asking(box: Box) -> None:
    duty = Duty("backup", every_s=0.05)
    running = asyncio.create_task(box.worker(duty).run())
    try:
        async with asyncio.timeout(30):
            while (job := await box.shown.get()).state != "done":
                pass
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
    assert (job.app, job.kind, job.who) == ("box", "backup", "")
    assert job.result is not None
    assert (box.places.backups / job.result["backup"] / "box-box.db").exists()
