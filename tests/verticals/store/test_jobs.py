from __future__ import annotations

import threading
from pathlib import Path

import pytest
from sqlalchemy import Engine

from core.errors import RefusedError
from tests.support.box_db import make_box_db
from tests.support.clocks import FakeClock
from verticals.store.jobs import Job, Jobs, JobState


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return make_box_db(tmp_path)


@pytest.fixture
def jobs(engine: Engine, clock: FakeClock) -> Jobs:
    return Jobs(engine, clock)


def teach(jobs: Jobs, recipe: str = "cookies") -> int:
    return jobs.start("manufacturing", "teach", {"recipe": recipe}, who="anna")


def state(jobs: Jobs, number: int) -> Job:
    job = jobs.get(number)
    assert job is not None
    return job


def test_a_job_goes_from_queued_over_running_to_done(jobs: Jobs, clock: FakeClock) -> None:
    number = teach(jobs)
    queued = state(jobs, number)
    assert (queued.state, queued.who, queued.inputs, queued.progress) == ("queued", "anna", {"recipe": "cookies"}, 0)
    clock.advance(5)
    claimed = jobs.claim()
    assert claimed is not None
    assert (claimed.id, claimed.state, claimed.attempts) == (number, JobState.RUNNING, 1)
    jobs.note_progress(number, 0.5, "features 120 of 240")
    assert (state(jobs, number).progress, state(jobs, number).text) == (0.5, "features 120 of 240")
    clock.advance(30)
    jobs.finish(number, {"package": "cookies-1"})
    done = state(jobs, number)
    assert (done.state, done.progress, done.result) == ("done", 1.0, {"package": "cookies-1"})
    assert done.started_utc_s == done.asked_utc_s + 5
    assert done.ended_utc_s == done.asked_utc_s + 35
    assert done.as_json()["state"] == "done"


def test_the_oldest_is_claimed_first_and_by_one_claimer_only(jobs: Jobs) -> None:
    numbers = [teach(jobs, recipe) for recipe in "abcdefgh"]
    claimed: list[int] = []

    def claim() -> None:
        while (job := jobs.claim()) is not None:
            claimed.append(job.id)

    threads = [threading.Thread(target=claim) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(claimed) == numbers
    assert jobs.claim() is None


def test_the_very_same_work_is_not_queued_twice(jobs: Jobs) -> None:
    number = teach(jobs)
    assert teach(jobs) == number
    assert teach(jobs, "aliens") != number
    jobs.claim()
    assert teach(jobs) == number
    jobs.finish(number, {})
    assert teach(jobs) != number


def test_the_worker_is_woken_after_the_row_is_there(engine: Engine, clock: FakeClock) -> None:
    seen: list[str] = []

    def look() -> None:
        seen.append(Jobs(engine, clock).newest()[0].state)

    jobs = Jobs(engine, clock, wake=look)
    number = teach(jobs)
    jobs.cancel(number)
    assert seen == ["queued", "cancelled"]


def test_a_queued_job_is_cancelled_at_once_and_a_running_one_is_told(jobs: Jobs) -> None:
    waiting, running = teach(jobs, "b"), None
    assert jobs.cancel(waiting).state == "cancelled"
    assert jobs.claim() is None
    running = teach(jobs, "a")
    jobs.claim()
    told = jobs.cancel(running)
    assert (told.state, told.cancel_asked) == ("running", True)
    jobs.end_cancelled(running)
    assert state(jobs, running).state == "cancelled"


def test_what_is_over_or_unknown_cannot_be_cancelled(jobs: Jobs) -> None:
    number = teach(jobs)
    jobs.claim()
    jobs.fail(number, "no pictures in the folder")
    assert state(jobs, number).problem == "no pictures in the folder"
    with pytest.raises(RefusedError, match="is over"):
        jobs.cancel(number)
    with pytest.raises(RefusedError, match="not known"):
        jobs.cancel(99)


def test_a_late_word_from_a_dead_worker_does_not_change_what_is_over(jobs: Jobs) -> None:
    number = teach(jobs)
    jobs.claim()
    jobs.end_cancelled(number)
    jobs.note_progress(number, 0.9, "still here")
    jobs.finish(number, {})
    assert (state(jobs, number).state, state(jobs, number).progress) == ("cancelled", 0)


def test_a_job_of_a_dead_worker_is_queued_again_three_attempts_in_all(jobs: Jobs) -> None:
    number = teach(jobs)
    for attempt in (1, 2):
        claimed = jobs.claim()
        assert claimed is not None
        assert claimed.attempts == attempt
        assert jobs.recover() == [number]
    jobs.claim()
    assert jobs.recover() == []
    failed = state(jobs, number)
    assert failed.state == "failed"
    assert "3 times" in failed.problem


def test_a_cancelled_job_of_a_dead_worker_stays_cancelled(jobs: Jobs) -> None:
    number = teach(jobs)
    jobs.claim()
    jobs.cancel(number)
    assert jobs.recover() == []
    assert state(jobs, number).state == "cancelled"


def test_the_latest_jobs_come_first_and_can_be_narrowed(jobs: Jobs) -> None:
    first, second = teach(jobs, "a"), teach(jobs, "b")
    other = jobs.start("box", "backup", {})
    assert [job.id for job in jobs.newest()] == [other, second, first]
    assert [job.id for job in jobs.newest(app="manufacturing", limit=1)] == [second]
    assert [job.id for job in jobs.newest(kind="backup")] == [other]
    assert jobs.get(99) is None


def test_old_jobs_that_are_over_are_forgotten(jobs: Jobs, clock: FakeClock) -> None:
    old, waiting = teach(jobs, "a"), teach(jobs, "b")
    jobs.claim()
    jobs.finish(old, {})
    clock.advance(100)
    assert jobs.forget(clock.utc_s) == 1
    assert [job.id for job in jobs.newest()] == [waiting]
