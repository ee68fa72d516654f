"""A ward with a past: days of numbers in the series, and the alarms that its rules gave on them, some answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import insert

from core.clock import Instant
from healthcare import burden_page, tables, wall_page, what_if_job
from healthcare.alarms.table import ALARM_KINDS
from healthcare.proposals import keep, propose
from healthcare.settings import AlarmSettings, BedSettings, HealthcareSettings, LimitSettings
from healthcare.vertical import MANIFEST
from healthcare.what_if import ADJUSTABLE, BedPast, Points, Rules, Span, replay
from tests.support.screens import PIN, ScreenRig, Trial, Visitor, eventually
from verticals.contract import Command, Decision, Event, Reply
from verticals.jobs.context import JobContext
from verticals.places import Places
from verticals.runtime.live import LiveMessage
from verticals.store.database import open_database, writing
from verticals.store.events import Entry, EventStore
from verticals.store.jobs import Jobs
from verticals.store.tables import series
from verticals.store.upgrade import prepare_app_db
from verticals.web import Panel

#: Monday 23 November 2026, 14:05:07 in Berlin.
NOW_UTC_S = 1_795_439_107.0
DAY_S = 86_400.0
ROOT = Path(burden_page.__file__).parent
_RECORD = np.dtype([("ms", "<u2"), ("value", "<f8")])
#: Usual value, how far it wanders, where an excursion goes, and how many come in a day, by measure.
_COURSES = {
    "spo2_pct": (95.5, 0.6, 86.5, 32.0),
    "rr_per_min": (17.0, 1.5, 34.0, 10.0),
    "hr_per_min": (84.0, 4.0, 126.0, 6.0),
}
_CODES = ("spo2-low", "rr-high", "hr-high")


def ward_settings(beds: int = 16, **alarms: Any) -> HealthcareSettings:
    """A ward that alarms SpO₂ below 90 after 5 s."""
    given: dict[str, Any] = {"delays": {"spo2-low": 5.0}, "limits": {"spo2_pct": LimitSettings(90.0)}} | alarms
    named = tuple(BedSettings(f"bed-{number}", str(number)) for number in range(1, beds + 1))
    return HealthcareSettings(
        "Ward 7 West", named, time_zone="Europe/Berlin", alarms=AlarmSettings(**given), charge="Charge nurse 03"
    )


def rules_of(settings: HealthcareSettings) -> Rules:
    return Rules(settings.alarms.site_limits(), settings.alarms.onset())


@dataclass(slots=True)
class WardPast:
    """Writes the past of a ward into the stores of `places`, the same for the same `seed`.

    `gap`: from and to, in seconds after the begin, when nothing was recorded.
    """

    places: Places
    settings: HealthcareSettings
    begin_utc_s: float
    days: float = 7.0
    every_s: float = 1.0
    gap: tuple[float, float] | None = None
    measures: Sequence[str] = tuple(_COURSES)
    seed: int = 0
    alarms: list[dict[str, Any]] = field(default_factory=list)

    def write(self) -> None:
        self.places.make("healthcare")
        prepare_app_db(self.places, MANIFEST)
        engine = open_database(self.places.app_store("healthcare"))
        try:
            for number, bed in enumerate(self.settings.beds):
                rng = np.random.default_rng((self.seed, number))
                courses = {measure: self._course(measure, rng) for measure in self.measures}
                with writing(engine) as connection:
                    for measure, (times, values) in courses.items():
                        connection.execute(insert(series), self._rows(f"{bed.name}/{measure}", times, values))
                past = BedPast(bed.name, _reader(courses), self.begin_utc_s, self._end)
                codes = [code for code in _CODES if ADJUSTABLE[code].measure in courses]
                self._alarm(bed.name, replay(past, rules_of(self.settings), codes), rng)
            store = EventStore(engine, tables.project)
            store.append([Entry([*self._stays(), *(self._event(one) for one in self.alarms)])])
        finally:
            engine.dispose()

    @property
    def _end(self) -> float:
        return self.begin_utc_s + self.days * DAY_S

    def _course(self, measure: str, rng: np.random.Generator) -> Points:
        """A wandering value with excursions, most of them seconds long."""
        usual, wander, out, a_day = _COURSES[measure]
        times = np.arange(self.begin_utc_s, self._end, self.every_s)
        slow = np.interp(times, times[::600], rng.normal(0.0, wander, times[::600].size))
        values = usual + slow + rng.normal(0.0, 0.3, times.size)
        a_day *= rng.uniform(0.3, 2.0)
        for begin_s in rng.uniform(self.begin_utc_s, self._end, rng.poisson(a_day * self.days)):
            lasts_s = rng.exponential(14.0) + 3.0 if rng.random() < 0.8 else rng.exponential(90.0) + 30.0
            part = slice(*np.searchsorted(times, (begin_s, begin_s + lasts_s)).tolist())
            deep = measure == "spo2_pct" and rng.random() < 0.06
            values[part] = (78.5 if deep else out) + rng.normal(0.0, 1.4)
        values = np.round(np.minimum(values, 100.0) if measure == "spo2_pct" else values)
        if self.gap is not None:
            kept = (times < self.begin_utc_s + self.gap[0]) | (times >= self.begin_utc_s + self.gap[1])
            times, values = times[kept], values[kept]
        return times, values

    def _rows(self, channel: str, times: NDArray[np.float64], values: NDArray[np.float64]) -> list[dict[str, Any]]:
        ms = np.round(times * 1000).astype(np.int64)
        minutes, starts = np.unique(ms // 60_000, return_index=True)
        records = np.empty(ms.size, _RECORD)
        records["ms"], records["value"] = ms % 60_000, values
        pieces = np.split(records, starts[1:])
        return [
            {"minute": minute, "channel": channel, "readings": piece.tobytes()}
            for minute, piece in zip(minutes.tolist(), pieces, strict=True)
        ]

    def _alarm(self, bed: str, spans: Sequence[Span], rng: np.random.Generator) -> None:
        leads_s = rng.uniform(self.begin_utc_s, self._end, rng.poisson(8 * self.days))
        spans = [*spans, *(Span("leads-off", at, at + rng.exponential(120.0)) for at in leads_s)]
        for number, span in enumerate(spans, start=1):
            kind = ALARM_KINDS[span.code]
            lasts_s = span.end_s - span.begin_s
            waits_s = float(rng.exponential(40.0 if kind.priority.word == "high" else 110.0)) + 4.0
            answered = rng.random() < 0.75 and (waits_s < lasts_s or kind.latching)
            self.alarms.append(
                {
                    "id": f"{bed}/{number}", "code": span.code, "kind": kind.kind.value, "bed": bed,
                    "priority": kind.priority.word, "label": kind.label, "state": "active", "source": "own",
                    "finding": {"text": "", "measure": kind.measure}, "began_utc_s": span.begin_s,
                    "ended_utc_s": span.end_s, "acknowledged_utc_s": span.begin_s + waits_s if answered else None,
                    "acknowledged_by": "Nurse 14" if answered else "", "owner": "",
                    "step": 2 if kind.priority.word == "high" and waits_s > 60 else 1,
                }
            )  # fmt: skip

    def _event(self, alarm: dict[str, Any]) -> Event:
        bed = alarm["bed"]
        return Event("alarm", alarm["id"], alarm["ended_utc_s"], {"act": "ended", "alarm": alarm}, station=bed)

    def _stays(self) -> list[Event]:
        """One patient in each bed all the time."""
        return [stay(number, bed.name, self.begin_utc_s, None) for number, bed in enumerate(self.settings.beds, 1)]


def _reader(courses: Mapping[str, Points]) -> Callable[[str], Points]:
    return lambda measure: courses.get(measure, (np.empty(0), np.empty(0)))


def stay(number: int, bed: str, since_utc_s: float, until_utc_s: float | None, struck: str = "") -> Event:
    patient = {"id": f"P{number}", "family": "", "given": "", "birth_date": ""}
    data = {
        "number": number, "bed": bed, "patient": patient, "since_utc_s": since_utc_s, "until_utc_s": until_utc_s,
        "how": "A01", "who": "", "struck": struck,
    }  # fmt: skip
    return Event("stay", bed, since_utc_s, data, station="ward")


class StandingClock:
    """Stands at the moment of the ward's past."""

    def now(self) -> Instant:
        return Instant(1000.0, NOW_UTC_S)


class PastRig(ScreenRig):
    """The burden page over what `WardPast` wrote into `folder / "data"`; a line that answers orders as the desk does.

    `work` does what the jobs process would: the oldest job that waits.
    """

    def __init__(self, folder: Path, settings: HealthcareSettings) -> None:
        panel = Panel(
            pages=(*wall_page.PAGES, *burden_page.PAGES), templates=ROOT / "templates", static=ROOT / "static",
            theme="ward", not_updating_after_s=60.0, stream_role="viewer",
        )  # fmt: skip
        super().__init__(
            folder, vertical=Trial(panel, MANIFEST), manifest=MANIFEST, settings=settings, clock=StandingClock()
        )
        self.orders: list[Command] = []

    def run_line(self) -> Self:
        self.line.receive = self._work_orders
        self.start_line()
        self.beat()
        eventually(lambda: not self.web.hub.stale)
        return self

    def charge(self) -> Visitor:
        """A nurse in charge, signed in."""
        if not any(one.name == "Charge nurse 03" for one in self.accounts.all()):
            self.accounts.add("Charge nurse 03", PIN, {"healthcare": "charge"}, by="the test")
        visitor = self.client()
        visitor.sign_in("Charge nurse 03")
        return visitor

    def work(self) -> None:
        box = open_database(self.places.box_store)
        try:
            jobs = Jobs(box, self.clock)
            job = jobs.claim()
            assert job is not None
            context = JobContext("healthcare", job.id, job.who, self.places, self.clock)
            jobs.finish(job.id, what_if_job.run(context, job.inputs))
        finally:
            box.dispose()

    def _work_orders(self, message: LiveMessage) -> None:
        if message.topic != "command":
            return
        for pending in self.commands.pending():
            self.orders.append(pending.command)
            deed = {"propose": propose, "keep-what-if": keep}.get(pending.command.name)
            decision = deed(pending.command) if deed else Decision(reply=Reply(True))
            assert decision.reply is not None
            events = [replace(event, station="ward") for event in decision.events]
            self.store.append([Entry(events, replies=[(pending.command.id, decision.reply)])])
            self.line.publish(LiveMessage("command", {"id": pending.command.id}))
