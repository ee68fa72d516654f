"""The job `what-if`: replays what was recorded of a period under the site's rules and under others. Changes nothing."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, select

from core.errors import InputError
from healthcare.burden import read_burden, stays_between
from healthcare.measures import MEASURES
from healthcare.tables import alarms_between
from healthcare.vitals.limits import Limits, SiteLimits
from healthcare.vitals.onset import Delays
from healthcare.what_if import BedPast, LimitsSet, Points, Rules, Tried, fresh_s, measures_of, replay, spoken_s
from healthcare.what_if_proof import ACTED_WITHIN_S, Proof, acted_on
from verticals.contract import Json
from verticals.store.database import open_database, reading
from verticals.store.series import SeriesStore
from verticals.store.tables import events

if TYPE_CHECKING:
    from verticals.jobs.context import JobContext

KIND = "what-if"


def inputs_of(rules: Rules, beds: Sequence[str], begin_utc_s: float, end_utc_s: float, tried: Tried) -> dict[str, Any]:
    """What the job is asked with: everything that its answer depends on but the record itself."""
    return {
        "begin_utc_s": begin_utc_s,
        "end_utc_s": end_utc_s,
        "beds": list(beds),
        "limits": {name: [limits.low, limits.high] for name, limits in rules.site.defaults.items()},
        "delays": dict(rules.delays.onset_s),
        "tried": {"delays": dict(tried.delays), "limits": dict(tried.limits)},
    }


@dataclass(frozen=True, slots=True)
class _Asked:
    begin_utc_s: float
    end_utc_s: float
    beds: tuple[str, ...]
    rules: Rules
    tried: Tried

    @classmethod
    def of(cls, inputs: Json) -> _Asked:
        try:
            defaults = {name: Limits(*sides) for name, sides in inputs["limits"].items()}
            rules = Rules(SiteLimits(defaults), Delays(dict(inputs["delays"])))
            tried = Tried(dict(inputs["tried"]["delays"]), dict(inputs["tried"]["limits"]))
            span = float(inputs["begin_utc_s"]), float(inputs["end_utc_s"])
            return cls(*span, tuple(inputs["beds"]), rules, tried)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InputError(f"what-if: these inputs cannot be read: {error!r}") from error


def run(ctx: JobContext, inputs: Json) -> Json:
    """The counts of alarms now and with the change, and the proof; empty when it was cancelled.

    Raises InputError for a change that may not be tried.
    """
    asked = _Asked.of(inputs)
    changed = asked.rules.with_change(asked.tried)
    engine = open_database(ctx.places.app_store(ctx.app), read_only=True)
    try:
        return _replayed(ctx, engine, asked, changed)
    finally:
        engine.dispose()


def _replayed(ctx: JobContext, engine: Engine, asked: _Asked, changed: Rules) -> Json:
    past = _Past.read(engine, asked)
    proof, spoken = Proof(), dict.fromkeys(measures_of(asked.tried.codes), 0.0)
    for place, bed in enumerate(asked.beds):
        if ctx.cancelled():
            return {}
        ctx.progress(place / len(asked.beds), f"Bed {place + 1} of {len(asked.beds)}")
        _replay_bed(past.bed(bed), past, asked, changed, proof, spoken)
    with reading(engine) as connection:
        figures = read_burden(connection, asked.beds, (asked.begin_utc_s, asked.end_utc_s))
    return {
        **proof.as_json(),
        "total": figures.total,
        "bed_days": figures.bed_days,
        "hours": {measure: seconds / 3600 for measure, seconds in spoken.items()},
    }


def _replay_bed(
    past: BedPast, known: _Past, asked: _Asked, changed: Rules, proof: Proof, spoken: dict[str, float]
) -> None:
    codes = asked.tried.codes
    now, after = replay(past, asked.rules, codes), replay(past, changed, codes)
    acts = known.acts[past.name]
    proof.add(known.alarms[past.name], now, after, codes, lambda alarm: acted_on(alarm, acts))
    for measure in spoken:
        times, values = past.read(measure)
        spoken[measure] += spoken_s(times, values, fresh_s(measure, times), past.end_s)


@dataclass(slots=True)
class _Past:
    """What the record says of all beds; the numbers themselves are read bed by bed, each measure once."""

    series: SeriesStore
    asked: _Asked
    alarms: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    own_limits: dict[str, list[LimitsSet]] = field(default_factory=lambda: defaultdict(list))
    standby: dict[str, list[tuple[float, float]]] = field(default_factory=lambda: defaultdict(list))
    left_s: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    acts: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def read(cls, engine: Engine, asked: _Asked) -> _Past:
        past = cls(SeriesStore(engine), asked)
        begin_s, end_s = asked.begin_utc_s, asked.end_utc_s
        with reading(engine) as connection:
            for alarm in alarms_between(connection, begin_s, end_s):
                if alarm["code"] in asked.tried.codes:
                    past.alarms[alarm["bed"]].append(alarm)
            for stay in stays_between(connection, begin_s, end_s):
                if stay["until_utc_s"] is not None and begin_s < stay["until_utc_s"] < end_s:
                    past.left_s[stay["bed"]].append(stay["until_utc_s"])
            past._limits(connection)
            past._standby(connection)
            for at_utc_s, station, _, _ in _told(connection, ("observations",), begin_s, end_s + ACTED_WITHIN_S):
                past.acts[station].append(at_utc_s)
        return past

    def bed(self, name: str) -> BedPast:
        known: dict[str, Points] = {}
        begin_s, end_s = self.asked.begin_utc_s, self.asked.end_utc_s

        def points(measure: str) -> Points:
            if measure not in known:
                known[measure] = self.series.read(f"{name}/{measure}", begin_s, end_s)
            return known[measure]

        return BedPast(
            name, points, begin_s, end_s, self.own_limits[name], self.standby[name], sorted(set(self.left_s[name]))
        )

    def _limits(self, connection: Connection) -> None:
        """From the very first on: those set before the period may hold in it."""
        for at_utc_s, station, who, data in _told(connection, ("limits",), 0.0, self.asked.end_utc_s):
            if data.get("measure") not in MEASURES:
                continue
            own = Limits(*data["after"]) if data["what"] == "set" else None
            self.own_limits[station].append(LimitsSet(at_utc_s, data["measure"], own))
            if who:
                self.acts[station].append(at_utc_s)

    def _standby(self, connection: Connection) -> None:
        since: dict[str, float] = {}
        kinds = ("standby", "standby-ended")
        for at_utc_s, station, _, data in _told(connection, kinds, 0.0, self.asked.end_utc_s):
            if "by" not in data:
                since[station] = at_utc_s
            elif station in since:
                self.standby[station].append((since.pop(station), at_utc_s))
        for station, since_s in since.items():
            self.standby[station].append((since_s, self.asked.end_utc_s))


def _told(
    connection: Connection, kinds: Sequence[str], begin_s: float, end_s: float
) -> list[tuple[float, str, str, Mapping[str, Any]]]:
    """When, at which bed, who, what."""
    column = events.c
    query = select(column.at_utc_s, column.station, column.who, column.data).order_by(column.sequence)
    query = query.where(column.kind.in_(kinds), column.at_utc_s >= begin_s, column.at_utc_s < end_s)
    return [(row.at_utc_s, row.station, row.who, json.loads(row.data)) for row in connection.execute(query)]
