"""How much the ward is alarmed: figures of a period from the alarms on record, and of the period before it.

What counts is every alarm that sounds or shows on the wall; advice without a sound of its own (trends, observations
due) does not. *Short*: ended by itself within 15 s, seen by nobody. *Passed on*: called a second person or more.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, or_, select

from core.errors import InputError
from healthcare.alarms.table import ALARM_KINDS
from healthcare.tables import alarms, stays
from verticals.store.tables import series

SHORT_S = 15.0
DAY_S = 86_400.0
BUSIEST = 10
PRIORITIES = ("high", "medium", "low")
PERIODS: Mapping[str, str] = {"day": "Day", "week": "Week", "4-weeks": "4 weeks"}
#: How often each alarm is passed on: 1 is the assigned nurse.
_SECOND_PERSON, _EVERYONE = 2, 4
_SILENT = frozenset(code for code, kind in ALARM_KINDS.items() if not kind.audible)
_LEADS_OFF = frozenset({"leads-off", "probe-off"})
_HEARD_BY = ("hr_per_min", "spo2_pct", "pr_per_min")
_EVERY_MINUTES = 10
_IN_A_QUERY = 500
_COUNTED = (
    "bed", "code", "kind", "priority", "label", "step", "began_utc_s", "ended_utc_s", "acknowledged_utc_s",
)  # fmt: skip
Alarm = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Period:
    """`edges_utc_s`: where each bar begins, and the end of the last: hours of a day, else days of the ward's clock."""

    name: str
    edges_utc_s: tuple[float, ...]
    before_utc_s: float

    @property
    def begin_utc_s(self) -> float:
        return self.edges_utc_s[0]

    @property
    def end_utc_s(self) -> float:
        return self.edges_utc_s[-1]


def period(name: str, now_utc_s: float, zone: ZoneInfo) -> Period:
    """The last 24 hours, or the last 7 or 28 days up to now, today among them. Raises InputError for another name."""
    now = datetime.fromtimestamp(now_utc_s, UTC).astimezone(zone)
    if name == "day":
        hour = now.replace(minute=0, second=0, microsecond=0).timestamp()
        edges = [hour - 3600.0 * back for back in range(23, -1, -1)]
        return Period(name, (*edges, now_utc_s), edges[0] - DAY_S)
    if name not in PERIODS:
        raise InputError(f"there is no period '{name[:20]}'", hint=f"One of {', '.join(PERIODS)}.")
    days = 7 if name == "week" else 28
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    edges = [(today - timedelta(days=back)).timestamp() for back in range(days - 1, -1, -1)]
    return Period(name, (*edges, now_utc_s), (today - timedelta(days=2 * days - 1)).timestamp())


@dataclass(frozen=True, slots=True)
class Busy:
    """One alarm of one bed, how often it came, and how often it was short."""

    bed: str
    title: str
    count: int
    short: int


@dataclass(frozen=True, slots=True)
class Burden:
    """`bars` count by priority for each bar of the period. A median is None where nothing was acknowledged."""

    total: int
    bed_days: float
    by_priority: Mapping[str, int]
    short: int
    acknowledged: int
    median_s: Mapping[str, float | None]
    passed_on: int
    to_everyone: int
    technical: int
    leads_off: int
    bars: tuple[Mapping[str, int], ...]
    busiest: tuple[Busy, ...]

    def per_bed_day(self, count: int) -> float | None:
        """None below an hour of one bed: a rate of nothing says nothing."""
        return count / self.bed_days if self.bed_days >= 1 / 24 else None


def burden(recorded: Iterable[Alarm], edges_utc_s: Sequence[float], bed_days: float) -> Burden:
    """The figures of alarms that began between the first and the last edge."""
    counted = [one for one in recorded if one["code"] not in _SILENT]
    high = [one for one in counted if one["priority"] == "high"]
    technical = [one for one in counted if one["kind"] == "technical"]
    return Burden(
        total=len(counted),
        bed_days=bed_days,
        by_priority=_by_priority(counted),
        short=sum(map(is_short, counted)),
        acknowledged=sum(one["acknowledged_utc_s"] is not None for one in counted),
        median_s={priority: _median_s(counted, priority) for priority in PRIORITIES},
        passed_on=sum(one["step"] >= _SECOND_PERSON for one in high),
        to_everyone=sum(one["step"] >= _EVERYONE for one in high),
        technical=len(technical),
        leads_off=sum(one["code"] in _LEADS_OFF for one in technical),
        bars=_bars(counted, edges_utc_s),
        busiest=_busiest(counted),
    )


def is_short(alarm: Alarm) -> bool:
    """It ended by itself within 15 s, before anybody had acknowledged it."""
    ended_utc_s = alarm["ended_utc_s"]
    return (
        ended_utc_s is not None and alarm["acknowledged_utc_s"] is None and ended_utc_s - alarm["began_utc_s"] < SHORT_S
    )


def title(code: str, label: str = "") -> str:
    """`SpO₂ low`, `ECG leads off`: an alarm's label with the side of its limit."""
    known = ALARM_KINDS.get(code)
    word = known.label if known else label or code
    side = code.rpartition("-")[2]
    return f"{word} {side}" if side in ("low", "high") and not code.startswith("news2") else word


def bed_days(lain: Iterable[Mapping[str, Any]], heard_days: Mapping[str, float], begin_s: float, end_s: float) -> float:
    """Days in which a patient lay in a bed, none counted twice; of beds without any stay, `heard_days`.

    A struck stay never was.
    """
    by_bed: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for stay in lain:
        until_s = end_s if stay["until_utc_s"] is None else min(stay["until_utc_s"], end_s)
        since_s = max(stay["since_utc_s"], begin_s)
        if not stay["struck"] and since_s < until_s:
            by_bed[stay["bed"]].append((since_s, until_s))
    total_s = 0.0
    for spans in by_bed.values():
        reached_s = begin_s
        for since_s, until_s in sorted(spans):
            total_s += max(0.0, until_s - max(since_s, reached_s))
            reached_s = max(reached_s, until_s)
    return total_s / DAY_S + sum(days for bed, days in heard_days.items() if bed not in by_bed)


def read_burden(connection: Connection, beds: Sequence[str], edges_utc_s: Sequence[float]) -> Burden:
    """The figures of a span from the ward's own tables."""
    begin_s, end_s = edges_utc_s[0], edges_utc_s[-1]
    lain = stays_between(connection, begin_s, end_s)
    occupied = {stay["bed"] for stay in lain if not stay["struck"]}
    heard = {bed: _heard_days(connection, bed, begin_s, end_s) for bed in beds if bed not in occupied}
    return burden(_alarms(connection, begin_s, end_s), edges_utc_s, bed_days(lain, heard, begin_s, end_s))


def stays_between(connection: Connection, begin_s: float, end_s: float) -> list[dict[str, Any]]:
    """Every stay that reaches into the span, struck ones too."""
    reaches = or_(stays.c.until_utc_s.is_(None), stays.c.until_utc_s > begin_s)
    query = select(stays).where(stays.c.since_utc_s < end_s, reaches)
    return [dict(row) for row in connection.execute(query).mappings()]


def _heard_days(connection: Connection, bed: str, begin_s: float, end_s: float) -> float:
    """For how long a monitor was heard in this bed, by a look at every tenth minute."""
    first = connection.execute(select(func.min(series.c.minute))).scalar()
    if first is None:
        return 0.0
    minutes = list(range(max(int(begin_s // 60), int(first)), int(end_s // 60), _EVERY_MINUTES))
    channels = [f"{bed}/{measure}" for measure in _HEARD_BY]
    heard = 0
    for start in range(0, len(minutes), _IN_A_QUERY):
        some = series.c.minute.in_(minutes[start : start + _IN_A_QUERY]), series.c.channel.in_(channels)
        heard += int(connection.execute(select(func.count(series.c.minute.distinct())).where(*some)).scalar_one())
    return heard * _EVERY_MINUTES * 60 / DAY_S


def _alarms(connection: Connection, begin_s: float, end_s: float) -> list[dict[str, Any]]:
    """Of the alarms that began in the span only what the figures are made of: four weeks are some ten thousand."""
    column = alarms.c
    query = select(*(column[name] for name in _COUNTED)).where(
        column.began_utc_s >= begin_s, column.began_utc_s < end_s
    )
    return [dict(zip(_COUNTED, row, strict=True)) for row in connection.execute(query)]


def _bars(counted: Iterable[Alarm], edges_utc_s: Sequence[float]) -> tuple[Mapping[str, int], ...]:
    bars = [dict.fromkeys(PRIORITIES, 0) for _ in edges_utc_s[1:]]
    for one in counted:
        place = bisect_right(edges_utc_s, one["began_utc_s"]) - 1
        if 0 <= place < len(bars):
            bars[place][one["priority"]] += 1
    return tuple(bars)


def _by_priority(alarms: Iterable[Alarm]) -> dict[str, int]:
    found = Counter(one["priority"] for one in alarms)
    return {priority: found[priority] for priority in PRIORITIES}


def _median_s(alarms: Iterable[Alarm], priority: str) -> float | None:
    waits_s = [
        one["acknowledged_utc_s"] - one["began_utc_s"]
        for one in alarms
        if one["priority"] == priority and one["acknowledged_utc_s"] is not None
    ]
    return median(waits_s) if waits_s else None


def _busiest(alarms: Iterable[Alarm]) -> tuple[Busy, ...]:
    """The most frequent first; of equals the one whose bed and alarm come first."""
    groups: dict[tuple[str, str], list[Alarm]] = defaultdict(list)
    for one in alarms:
        groups[one["bed"], title(one["code"], one["label"])].append(one)
    found = [Busy(*key, len(mine), sum(map(is_short, mine))) for key, mine in groups.items()]
    return tuple(sorted(found, key=lambda busy: (-busy.count, busy.bed, busy.title))[:BUSIEST])
