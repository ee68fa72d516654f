"""The job replays what a bed recorded: today's rules give the recorded alarms again, others what they would."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.clock import Instant
from core.errors import InputError
from healthcare import tables, what_if_job
from healthcare.bed import BedStation
from healthcare.settings import HealthcareSettings
from healthcare.vertical import MANIFEST
from healthcare.what_if import Rules, Tried
from tests.support.ward_past import StandingClock, WardPast, rules_of, ward_settings
from verticals.contract import Command, Decision, Event, Json, Sample
from verticals.jobs.context import JobContext
from verticals.places import Places
from verticals.store.database import open_database
from verticals.store.events import Entry, EventStore
from verticals.store.series import Point, SeriesStore
from verticals.store.upgrade import prepare_app_db

BEGIN_UTC_S = 1_795_000_020.0
LONGER = Tried({"spo2-low": 30.0})
#: Level and how many seconds of it: a short dip, one of half a minute, a long one, a deep one.
STEPS = ((95, 60), (86, 12), (95, 60), (86, 28), (95, 60), (85, 120), (95, 80), (78, 60), (95, 60))


def asked(rules: Rules, tried: Tried, beds: int = 1, begin: float = BEGIN_UTC_S, lasts_s: float = 3600.0) -> Json:
    names = [f"bed-{number}" for number in range(1, beds + 1)]
    inputs = what_if_job.inputs_of(rules, names, begin, begin + lasts_s, tried)
    return dict(json.loads(json.dumps(inputs)))


class Recorder:
    """One bed over its own station, with what it decides written down as the line does it."""

    def __init__(self, places: Places, settings: HealthcareSettings) -> None:
        places.make("healthcare")
        prepare_app_db(places, MANIFEST)
        self.engine = open_database(places.app_store("healthcare"))
        self.store = EventStore(self.engine, tables.project)
        self.station = BedStation(settings.beds[0], settings)
        self.station.restore(None, (), self.at(0))
        self.events: list[Event] = []
        self.points: list[Point] = []

    def at(self, second: float) -> Instant:
        return Instant(1000.0 + second, BEGIN_UTC_S + second)

    def hear(self, second: int, value: float | None) -> None:
        due = self.station.due()
        while due is not None and due.mono_s < self.at(second).mono_s:
            self.keep(self.station.tick(due), due)
            later = self.station.due()
            due = later if later is None or later > due else None
        now = self.at(second)
        reading = {"measure": "spo2_pct", "instance": "1", "value": value, "unit": "%", "at_utc_s": now.utc_s}
        values = {"kind": "numerics", "readings": json.dumps([reading])}
        self.keep(self.station.decide(Sample("hl7", now, values), ()), now)

    def keep(self, decision: Decision, now: Instant) -> None:
        self.events += [replace(event, station="bed-1") for event in decision.events]
        self.points += [Point(one.channel, now.utc_s, one.value) for one in decision.series]

    def order(self, second: int, name: str, **args: Any) -> None:
        decision = self.station.command(Command(name, self.at(second), args, who="Nurse 14", role="charge"))
        assert decision.reply is not None and decision.reply.accepted, decision.reply
        self.keep(decision, self.at(second))

    def write(self) -> None:
        self.store.append([Entry(self.events)])
        SeriesStore(self.engine).append(self.points, settle_before_utc_s=BEGIN_UTC_S + 7200)


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(tmp_path)


@pytest.fixture
def bed(places: Places) -> Iterator[Recorder]:
    recorder = Recorder(places, ward_settings(1))
    yield recorder
    recorder.engine.dispose()


def run(places: Places, inputs: Json, **context: Any) -> dict[str, Any]:
    return dict(what_if_job.run(JobContext("healthcare", 1, "", places, StandingClock(), **context), inputs))


def play(bed: Recorder, acts: dict[int, tuple[str, dict[str, Any]]], gap: range = range(0)) -> None:
    second = 0
    for level, lasts in STEPS:
        for _ in range(lasts):
            if second not in gap:
                bed.hear(second, float(level))
            if second in acts:
                bed.order(second, acts[second][0], **acts[second][1])
            second += 1
    bed.write()


def test_todays_rules_give_the_recorded_alarms_and_a_longer_delay_takes_the_short_one(
    bed: Recorder, places: Places
) -> None:
    play(bed, {250: ("acknowledge", {})})
    found = run(places, asked(rules_of(ward_settings(1)), LONGER))
    assert found["codes"] == {"spo2-low": {"recorded": 3, "found": 3, "now": 3, "after": 1}}
    assert (found["acted"], found["kept"], found["later_median_s"], found["lost"]) == (1, 1, 25.0, [])
    assert found["removed"] == 2
    assert found["hours"]["spo2_pct"] == pytest.approx(540 / 3600, rel=0.03)


def test_an_alarm_that_staff_acted_on_and_that_would_be_lost_is_named(bed: Recorder, places: Places) -> None:
    limits = {"measure": "spo2_pct", "low": 89, "reason": "stable", "lasts_s": 60}
    play(bed, {70: ("set-limits", limits), 150: ("acknowledge", {})})
    found = run(places, asked(rules_of(ward_settings(1)), LONGER))
    assert (found["acted"], found["kept"]) == (2, 0)
    assert [round(one["began_utc_s"] - BEGIN_UTC_S) for one in found["lost"]] == [65, 137]


def test_limits_that_a_patient_had_are_replayed_as_they_held(bed: Recorder, places: Places) -> None:
    play(bed, {2: ("set-limits", {"measure": "spo2_pct", "low": 84, "reason": "COPD", "lasts_s": 100})})
    found = run(places, asked(rules_of(ward_settings(1)), LONGER))
    assert found["codes"]["spo2-low"]["recorded"] == found["codes"]["spo2-low"]["now"] == 2


def test_what_was_not_recorded_is_told_and_judged_by_nobody(bed: Recorder, places: Places) -> None:
    play(bed, {65 + 2: ("acknowledge", {})})
    bed.store.append([Entry([replace(event, subject="bed-1/99", data=renamed(event)) for event in bed.events[:1]])])
    found = run(places, asked(rules_of(ward_settings(1)), LONGER))
    assert found["codes"]["spo2-low"] | {"now": 0, "after": 0} == {"recorded": 4, "found": 3, "now": 0, "after": 0}


def renamed(event: Event) -> dict[str, Any]:
    """The same alarm half an hour later, where the series holds nothing; somebody had accepted it."""
    later = {"id": "bed-1/99", "began_utc_s": event.at_utc_s + 1800, "ended_utc_s": event.at_utc_s + 1900}
    alarm = {**event.data["alarm"], **later, "owner": "Nurse 14"}
    return {**event.data, "alarm": alarm, "act": "ended"}


def test_a_change_to_what_must_not_wait_and_inputs_of_another_kind_are_refused(places: Places) -> None:
    inputs = dict(asked(Rules(), LONGER))
    with pytest.raises(InputError, match="spo2-desat"):
        run(places, inputs | {"tried": {"delays": {"spo2-desat": 10.0}, "limits": {}}})
    with pytest.raises(InputError, match="cannot be read"):
        run(places, {"tried": {}})


def test_a_ward_is_replayed_bed_by_bed_with_its_progress_and_stops_when_asked(places: Places) -> None:
    settings = ward_settings(2)
    past = WardPast(places, settings, BEGIN_UTC_S, days=0.25, every_s=2.0, measures=("spo2_pct",))
    past.write()
    told: list[Json] = []
    inputs = asked(rules_of(settings), LONGER, beds=2, lasts_s=6 * 3600)
    found = run(places, inputs, tell=told.append)
    recorded = sum(one["code"] == "spo2-low" for one in past.alarms)
    counts = found["codes"]["spo2-low"]
    assert (counts["recorded"], counts["found"], counts["now"]) == (recorded, recorded, recorded)
    assert 0 < counts["after"] < recorded
    assert found["kept"] + len(found["lost"]) == found["acted"] > 0
    assert (found["total"], found["bed_days"]) == (len(past.alarms), 0.5)
    assert told[0]["text"] == "Bed 1 of 2"
    assert run(places, inputs, asked_to_stop=lambda: True) == {}
