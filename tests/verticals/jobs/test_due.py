from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.support.box_db import make_box_db
from tests.support.clocks import FakeClock
from tests.support.databases import Cluster, on_server, places_in
from tests.support.factories import make_event_store
from verticals.jobs.context import JobContext
from verticals.jobs.due import DAY_S, LONGEST_WAIT_S, Calendar, Duty, retention
from verticals.places import Places
from verticals.store.events import Entry
from verticals.store.jobs import Jobs
from verticals.store.outbox import Outbox
from verticals.store.series import Point, SeriesStore


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def ctx(tmp_path: Path, clock: FakeClock) -> JobContext:
    places = Places(tmp_path)
    places.make("manufacturing")
    return JobContext("box", 1, "", places, clock)


@pytest.fixture
def engine(ctx: JobContext) -> Engine:
    return make_box_db(ctx.places.box_db.parent)


@pytest.fixture
def jobs(engine: Engine, clock: FakeClock) -> Jobs:
    return Jobs(engine, clock)


def kinds(jobs: Jobs) -> list[str]:
    begun = [job.kind for job in jobs.newest()]
    while (job := jobs.claim()) is not None:
        jobs.finish(job.id, {})
    return begun


def test_a_new_duty_waits_its_time_and_then_comes_each_time_once(engine: Engine, clock: FakeClock, jobs: Jobs) -> None:
    calendar = Calendar(engine, clock, [Duty("backup", every_s=1000)])
    assert calendar.ask(jobs) == 1000
    clock.advance(999)
    assert calendar.ask(jobs) == 1
    assert kinds(jobs) == []
    clock.advance(1)
    assert calendar.ask(jobs) == 1000
    assert kinds(jobs) == ["backup"]
    clock.advance(600)
    assert calendar.ask(jobs) == 400
    assert kinds(jobs) == ["backup"]


def test_a_box_that_was_off_does_what_it_missed_once(engine: Engine, clock: FakeClock, jobs: Jobs) -> None:
    duties = [Duty("backup"), Duty("retention")]
    Calendar(engine, clock, duties).ask(jobs)
    clock.advance(10 * DAY_S)
    assert Calendar(engine, clock, duties).ask(jobs) == LONGEST_WAIT_S
    assert sorted(kinds(jobs)) == ["backup", "retention"]


def test_a_clock_that_is_set_back_begins_the_wait_anew(engine: Engine, clock: FakeClock, jobs: Jobs) -> None:
    calendar = Calendar(engine, clock, [Duty("backup", every_s=1000)])
    calendar.ask(jobs)
    clock.step_utc(-86400 * 365)
    assert calendar.ask(jobs) == 1000
    clock.advance(1000)
    calendar.ask(jobs)
    assert kinds(jobs) == ["backup"]


def test_retention_deletes_what_is_old_and_nothing_else(ctx: JobContext, engine: Engine, clock: FakeClock) -> None:
    outbox, jobs = Outbox(engine, clock), Jobs(engine, clock)
    series = SeriesStore(make_event_store(ctx.places.app("manufacturing")).engine)
    series.append([Point("temperature_c", clock.utc_s, 20.0)])
    outbox.sent([outbox.put("hub", "event", {}, key="old")])
    jobs.start("box", "old", {})
    jobs.finish(jobs.claim().id, {})  # type: ignore[union-attr]
    clock.advance(401 * DAY_S)
    series.append([Point("temperature_c", clock.utc_s, 21.0)])
    outbox.sent([outbox.put("hub", "event", {}, key="new")])
    jobs.start("box", "new", {})
    jobs.finish(jobs.claim().id, {})  # type: ignore[union-attr]
    assert retention(ctx, {}) == {"outbox": 1, "jobs": 1, "sessions": 0, "series": 1}
    assert kinds(jobs) == ["new"]


def test_old_rows_of_a_schema_of_a_server_go_too(tmp_path: Path, cluster: Cluster, clock: FakeClock) -> None:
    with on_server(cluster, tmp_path):
        places = places_in(tmp_path)
        places.make("plant")
        make_event_store(tmp_path).append([Entry(series=[Point("speed_mps", 60.0, 1.0)])])
        make_box_db(tmp_path)
        assert retention(JobContext("box", 1, "", places, clock), {"series_days": 1})["series"] == 1
