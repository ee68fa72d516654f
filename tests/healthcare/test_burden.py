"""Figures of alarm burden against a record small enough to count by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection

from core.errors import InputError
from healthcare import tables
from healthcare.burden import DAY_S, bed_days, burden, is_short, period, read_burden, title
from healthcare.vertical import MANIFEST
from tests.support.ward_past import stay
from verticals.contract import Event
from verticals.places import Places
from verticals.store.database import open_database, reading
from verticals.store.events import Entry, EventStore
from verticals.store.series import Point, SeriesStore
from verticals.store.upgrade import prepare_app_db

BERLIN = ZoneInfo("Europe/Berlin")
DAY = (0.0, DAY_S / 2, DAY_S)


def alarm(
    began: float = 100.0, lasts: float | None = 60.0, acknowledged: float | None = None, **more: Any
) -> dict[str, Any]:
    return {
        "bed": "bed-7", "code": "spo2-low", "kind": "physiological", "priority": "medium", "label": "SpO₂", "step": 1,
        "began_utc_s": began, "ended_utc_s": None if lasts is None else began + lasts,
        "acknowledged_utc_s": None if acknowledged is None else began + acknowledged,
    } | more  # fmt: skip


RECORD = [
    alarm(lasts=5),
    alarm(lasts=14.9),
    alarm(lasts=15),
    alarm(lasts=10, acknowledged=4),
    alarm(began=50_000, lasts=300, acknowledged=120),
    alarm(lasts=None, priority="high", code="asystole", acknowledged=30, step=1),
    alarm(priority="high", code="asystole", acknowledged=90, step=2),
    alarm(priority="high", code="spo2-desat", step=4, bed="bed-3"),
    alarm(kind="technical", code="leads-off", priority="low", step=0),
    alarm(kind="technical", code="no-data", priority="medium", step=0, bed="bed-3"),
    alarm(kind="advisory", code="trend", priority="low"),
]


def test_the_figures_of_ten_alarms_are_those_counted_by_hand() -> None:
    found = burden(RECORD, DAY, bed_days=2.0)
    assert (found.total, found.short, found.acknowledged) == (10, 2, 4)
    assert found.by_priority == {"high": 3, "medium": 6, "low": 1}
    assert found.median_s == {"high": 60, "medium": 62, "low": None}
    assert (found.passed_on, found.to_everyone) == (2, 1)
    assert (found.technical, found.leads_off) == (2, 1)
    assert found.per_bed_day(found.total) == 5.0
    assert [sum(bar.values()) for bar in found.bars] == [9, 1]
    assert [(one.bed, one.title, one.count, one.short) for one in found.busiest][:2] == [
        ("bed-7", "SpO₂ low", 5, 2),
        ("bed-7", "Asystole", 2, 0),
    ]


def test_without_a_bed_day_there_is_no_rate() -> None:
    assert burden([], DAY, bed_days=0.0).per_bed_day(0) is None


def test_what_was_acknowledged_or_goes_on_did_not_end_by_itself() -> None:
    assert is_short(alarm(lasts=14))
    assert not is_short(alarm(lasts=14, acknowledged=2))
    assert not is_short(alarm(lasts=None))


def test_titles_name_the_side_of_a_limit_and_a_monitors_own_word_where_we_have_none() -> None:
    assert [title("rr-high"), title("leads-off"), title("news2-high")] == [
        "RR high",
        "ECG leads off",
        "NEWS2, emergency response",
    ]
    assert title("monitor:9:9", "Pacer") == "Pacer"


def lain(bed: str, since: float, until: float | None, struck: str = "") -> dict[str, Any]:
    return {"bed": bed, "since_utc_s": since, "until_utc_s": until, "struck": struck}


def test_bed_days_count_no_moment_twice_and_no_struck_stay_and_heard_time_where_nobody_was_assigned() -> None:
    stays = [
        lain("bed-1", -DAY_S, DAY_S / 2),
        lain("bed-1", DAY_S / 4, DAY_S),
        lain("bed-2", DAY_S * 0.75, None),
        lain("bed-3", 0, DAY_S, "wrong bed"),
    ]
    assert bed_days(stays, {"bed-2": 9.0, "bed-3": 0.5}, 0.0, DAY_S) == 1 + 0.25 + 0.5


def test_a_week_is_seven_days_of_the_wards_clock_over_the_change_of_the_clocks() -> None:
    monday = datetime(2026, 10, 26, 9, 0, tzinfo=BERLIN).timestamp()  # the clocks went back on Sunday
    week = period("week", monday, BERLIN)
    first = datetime.fromtimestamp(week.begin_utc_s, UTC).astimezone(BERLIN)
    assert (first.hour, first.day, len(week.edges_utc_s), week.end_utc_s) == (0, 20, 8, monday)
    assert week.edges_utc_s[6] - week.edges_utc_s[5] == 25 * 3600
    assert datetime.fromtimestamp(week.before_utc_s, UTC).astimezone(BERLIN).day == 13


def test_a_day_is_twenty_four_bars_of_an_hour_and_an_unknown_period_is_refused() -> None:
    day = period("day", 1_000_000.0, BERLIN)
    assert (len(day.edges_utc_s), day.edges_utc_s[1] - day.edges_utc_s[0]) == (25, 3600)
    with pytest.raises(InputError, match="fortnight"):
        period("fortnight", 0.0, BERLIN)


@pytest.fixture
def recorded(tmp_path: Path) -> Iterator[Connection]:
    places = Places(tmp_path)
    places.make("healthcare")
    prepare_app_db(places, MANIFEST)
    engine = open_database(places.app_store("healthcare"))
    one = alarm() | {
        "id": "bed-7/1", "state": "active", "source": "own", "finding": {}, "acknowledged_by": "", "owner": "",
    }  # fmt: skip
    event = Event("alarm", "bed-7/1", 160.0, {"act": "ended", "alarm": one}, station="bed-7")
    stays = [stay(1, "bed-7", 0.0, DAY_S / 2), stay(2, "bed-8", 0.0, DAY_S, struck="wrong bed")]
    EventStore(engine, tables.project).append([Entry([event, *stays])])
    heard = [Point("bed-8/spo2_pct", minute * 60.0, 97.0) for minute in range(360)]
    SeriesStore(engine).append(heard, settle_before_utc_s=DAY_S)
    with reading(engine) as connection:
        yield connection
    engine.dispose()


def test_the_record_gives_alarms_and_bed_days_and_a_bed_nobody_was_assigned_to_counts_while_it_was_heard(
    recorded: Connection,
) -> None:
    found = read_burden(recorded, ["bed-7", "bed-8", "bed-9"], DAY)
    assert (found.total, found.bed_days) == (1, 0.5 + 0.25)
