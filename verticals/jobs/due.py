"""What is due without anybody asking: each duty becomes a job of the box when its time has come."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Engine, select

from core.clock import Clock
from verticals.contract import Json
from verticals.jobs.context import JobContext
from verticals.store.audit import Audit
from verticals.store.box_tables import due
from verticals.store.database import open_database, reading, upsert, writing
from verticals.store.jobs import Jobs
from verticals.store.outbox import Outbox
from verticals.store.series import SeriesStore
from verticals.store.sessions import Sessions

DAY_S = 86400.0
#: A wrong clock may be set at any time, so a wait for it is looked at again after this.
LONGEST_WAIT_S = 3600.0
#: The jobs of the box itself; the apps' are in their manifests.
BOX_JOBS = {"retention": "verticals.jobs.due:retention", "backup": "verticals.backup.making:backup"}
#: These hold a store's one lock for some ms at a time: waiting in the middle of that, they would hold up the line.
WRITES_STORES = frozenset({("box", "retention")})
#: Between two slices, so that who waits for the lock gets it: SQLite has no queue, and who lets it go is there first.
_BREATH_S = 0.05
#: A line that waits for the lock waits this long at most, commit and all; rows of the first slice, and of the least.
_HELD_AT_MOST_S = 0.004
_FIRST_SLICE, _LEAST_SLICE = 32, 8


@dataclass(frozen=True, slots=True)
class Duty:
    """A job of `app` to be started every `every_s` seconds; by default one of the box."""

    kind: str
    every_s: float = DAY_S
    app: str = "box"
    inputs: Json = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"{self.app}:{self.kind}"


DUTIES = (Duty("retention"), Duty("backup"))


class Calendar:
    """When each duty was last begun, across restarts. A box that was off does what it missed once."""

    def __init__(self, engine: Engine, clock: Clock, duties: Sequence[Duty] = DUTIES) -> None:
        self._engine = engine
        self._clock = clock
        self._duties = duties

    def ask(self, jobs: Jobs) -> float:
        """Starts what is due and gives the seconds until to look again. A duty never seen waits its time first."""
        now_s = self._clock.now().utc_s
        with reading(self._engine) as connection:
            last = {row.name: row.last_utc_s for row in connection.execute(select(due))}
        waits = [LONGEST_WAIT_S]
        for duty in self._duties:
            begun_s = last.get(duty.name)
            passed_s = 0.0 if begun_s is None else now_s - begun_s
            if passed_s >= duty.every_s:
                jobs.start(duty.app, duty.kind, duty.inputs)
            if begun_s is None or not 0 <= passed_s < duty.every_s:  # below 0: the clock was set back
                self._note(duty, now_s)
                passed_s = 0.0
            waits.append(duty.every_s - passed_s)
        return min(waits)

    def _note(self, duty: Duty, now_s: float) -> None:
        with writing(self._engine) as connection:
            upsert(connection, due, ["name"], [{"name": duty.name, "last_utc_s": now_s}])


def retention(ctx: JobContext, inputs: Json) -> Json:
    """How many rows of each kind were deleted because nobody needs them any more.

    `inputs`: `outbox_days` for delivered parcels (7), `jobs_days` (90) and `series_days` (400).
    """
    now_s = ctx.clock.now().utc_s
    engine = open_database(ctx.places.box_store)
    try:
        ctx.progress(0.1, "the box's own rows")
        gone = {
            "outbox": Outbox(engine, ctx.clock).forget(now_s - float(inputs.get("outbox_days", 7)) * DAY_S),
            "jobs": Jobs(engine, ctx.clock).forget(now_s - float(inputs.get("jobs_days", 90)) * DAY_S),
            "sessions": Sessions(engine, Audit(engine, ctx.clock), ctx.clock).sweep(),
            "series": 0,
        }
    finally:
        engine.dispose()
    for app in ctx.places.apps():
        gone["series"] += _drop_series(ctx, app, now_s - float(inputs.get("series_days", 400)) * DAY_S)
    return gone


def _drop_series(ctx: JobContext, app: str, before_utc_s: float) -> int:
    ctx.progress(0.5, f"series of {app}")
    engine = open_database(ctx.places.app_store(app))
    store, gone, at_once, breath = SeriesStore(engine), 0, _FIRST_SLICE, threading.Event()
    try:
        store.settle_before(before_utc_s)
        while not ctx.cancelled():
            begun = ctx.clock.now()
            dropped = store.drop_before(before_utc_s, minutes_at_once=at_once)
            if not dropped:
                break
            gone += dropped
            at_once = _next_slice(at_once, ctx.clock.now().since(begun))
            breath.wait(_BREATH_S)
    finally:
        engine.dispose()
    return gone


def _next_slice(rows: int, took_s: float) -> int:
    """As many rows as the store is held for about 4 ms, on this disk and beside whatever else runs; half, or a quarter
    more, at a time."""
    return max(_LEAST_SLICE, rows // 2) if took_s > _HELD_AT_MOST_S else min(_FIRST_SLICE * 10, rows * 5 // 4)
