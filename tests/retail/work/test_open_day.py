"""Availability of a day, weighted by time over the open hours; blocked and unknown slots are out of it."""

from __future__ import annotations

import json
from datetime import date, time
from zoneinfo import ZoneInfo

import pytest

from retail.stock.pace import steady
from retail.work.open_day import Hours, OpenDay

TEA = "04006381333931"
DAY = date(2026, 11, 23).toordinal()
EIGHT, HOUR_S = 1_795_420_800.0, 3600.0


@pytest.fixture
def day() -> OpenDay:
    made = OpenDay(Hours(time(8), time(20)), ZoneInfo("UTC"))
    made.begin(DAY, EIGHT - 2 * HOUR_S)
    return made


def test_a_slot_that_is_out_for_a_quarter_of_the_time_is_there_for_three(day: OpenDay) -> None:
    day.show("a", TEA, "full", EIGHT - HOUR_S)
    day.show("a", TEA, "empty", EIGHT + HOUR_S)
    day.show("a", TEA, "low", EIGHT + 2 * HOUR_S)
    day.until(EIGHT + 4 * HOUR_S)
    assert day.osa == 0.75


def test_before_anything_was_seen_nobody_knows(day: OpenDay) -> None:
    assert day.osa is None
    day.show("a", TEA, "empty", EIGHT - HOUR_S)
    day.until(EIGHT)  # the store was closed
    assert day.osa is None


def test_what_nobody_sees_counts_neither_way(day: OpenDay) -> None:
    day.show("a", TEA, "full", EIGHT)
    day.show("b", "05901234123457", "blocked", EIGHT)
    day.until(EIGHT + HOUR_S)
    assert day.osa == 1.0
    assert day.counted() == {"planned": 2, "blocked": 1, "full": 1}


def test_demand_that_found_an_empty_shelf_is_told_and_a_second_slot_makes_good_for_it(day: OpenDay) -> None:
    day.show("a", TEA, "full", EIGHT)
    day.show("a", TEA, "empty", EIGHT + 6 * HOUR_S)
    assert day.exposures({TEA: steady(24)}) == {TEA: 0.5}
    day.show("b", TEA, "full", EIGHT + 6 * HOUR_S)
    assert day.exposures({TEA: steady(24)}) == {}


def test_a_slot_that_is_planned_no_more_is_left_out(day: OpenDay) -> None:
    day.show("a", TEA, "empty", EIGHT)
    day.leave("a", EIGHT + HOUR_S)
    day.until(EIGHT + 3 * HOUR_S)
    assert (day.osa, day.counted()["planned"]) == (0.0, 0)


def test_hours_over_midnight_and_round_the_clock() -> None:
    zone = ZoneInfo("UTC")
    opens, closes = Hours(time(22), time(4)).span(DAY, zone)
    assert closes - opens == 6 * HOUR_S
    opens, closes = Hours().span(DAY, zone)
    assert closes - opens == 24 * HOUR_S


def test_what_was_seen_so_far_outlives_a_restart(day: OpenDay) -> None:
    day.show("a", TEA, "full", EIGHT)
    day.show("a", TEA, "empty", EIGHT + HOUR_S)
    day.until(EIGHT + 2 * HOUR_S)
    again = OpenDay(Hours(time(8), time(20)), ZoneInfo("UTC"))
    again.restore(json.loads(json.dumps(day.state())))
    assert again.osa == day.osa == 0.5
    again.show("a", TEA, "full", EIGHT + 2 * HOUR_S)
    again.until(EIGHT + 4 * HOUR_S)
    assert again.osa == 0.75
