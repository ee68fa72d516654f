from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InputError
from simulators.store_calendar import BEGINS_H, PAST_DAYS, Calendar, read_calendar
from simulators.store_settings import DAY_S, HOUR_S

NOW_UTC_S = datetime(2026, 11, 30, 4, 20, 11, tzinfo=UTC).timestamp()
moments = st.floats(min_value=1.6e9, max_value=2.2e9)


@given(moments)
def test_a_store_begins_in_the_late_morning_whatever_the_hour_is(now_utc_s: float) -> None:
    calendar = Calendar.begun(now_utc_s)
    local = datetime.fromtimestamp(now_utc_s, ZoneInfo(calendar.zone_name))
    assert local.hour == BEGINS_H
    assert calendar.day(calendar.told_s) == local.date() == calendar.business_day(calendar.told_s)
    assert calendar.told_s - calendar.begin_s == pytest.approx(PAST_DAYS * DAY_S + local.hour * HOUR_S, abs=HOUR_S)
    assert calendar.begin_s % DAY_S == 0


@given(moments, st.floats(min_value=0, max_value=40 * DAY_S))
def test_a_moment_there_is_the_same_moment_back(now_utc_s: float, later_s: float) -> None:
    calendar = Calendar.begun(now_utc_s)
    calendar.resume(now_utc_s + 3 * DAY_S)
    store_s = calendar.begin_s + later_s
    assert calendar.to_store(calendar.to_real(store_s)) == pytest.approx(store_s, abs=0.01)


@given(moments, st.lists(st.floats(min_value=1, max_value=5 * DAY_S), max_size=6))
def test_however_often_it_pauses_time_never_goes_back_and_the_past_stays(now_utc_s: float, pauses: list[float]) -> None:
    calendar = Calendar.begun(now_utc_s)
    noted = calendar.to_real(calendar.told_s - HOUR_S)
    for pause_s in pauses:
        now_utc_s += pause_s
        calendar.resume(now_utc_s)
        calendar.live(now_utc_s + 10.0)
        now_utc_s += 10.0
        hour = datetime.fromtimestamp(now_utc_s, ZoneInfo(calendar.zone_name)).hour
        assert 9 <= hour <= 18
    assert calendar.marks == sorted(calendar.marks)
    assert [mark[1] for mark in calendar.marks] == sorted(mark[1] for mark in calendar.marks)
    assert calendar.to_real(calendar.told_s - HOUR_S) == pytest.approx(noted, abs=0.01)


def test_after_a_short_pause_the_store_has_lived_on() -> None:
    calendar = Calendar.begun(NOW_UTC_S)
    began_s, _ = calendar.lived
    assert began_s - calendar.told_s == 300, "the tills bring the last minutes themselves"
    calendar.live(NOW_UTC_S + 60)
    calendar.resume(NOW_UTC_S + 1000)
    assert calendar.to_store(NOW_UTC_S + 1000) - began_s == pytest.approx(1000, abs=0.01)


def test_after_a_long_one_it_goes_on_with_its_next_morning() -> None:
    calendar = Calendar.begun(NOW_UTC_S)
    lived_s, lived_utc_s = calendar.lived
    calendar.resume(NOW_UTC_S + 3 * DAY_S + 7 * HOUR_S)
    store_s, utc_s = calendar.lived
    assert 0 <= store_s - lived_s <= DAY_S
    assert utc_s - lived_utc_s == 3 * DAY_S + 7 * HOUR_S
    assert store_s % DAY_S // HOUR_S == BEGINS_H
    middle = calendar.to_real((lived_s + store_s) / 2)
    assert lived_utc_s <= middle <= utc_s, "what happened in between lies between"


def test_living_on_needs_no_more_marks() -> None:
    calendar = Calendar.begun(NOW_UTC_S)
    for second in range(100):
        calendar.live(NOW_UTC_S + second)
    assert len(calendar.marks) == 3
    assert calendar.lived[1] == NOW_UTC_S + 99


def test_what_is_saved_is_read_again(tmp_path: Path) -> None:
    calendar = Calendar.begun(NOW_UTC_S, seed=7)
    calendar.resume(NOW_UTC_S + DAY_S)
    calendar.save(tmp_path / "calendar.json")
    assert read_calendar(tmp_path / "calendar.json") == calendar
    assert read_calendar(tmp_path / "none.json") is None


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"marks": []}', '{"marks": [[1]], "begin_s": 1}', "\udc80"])
def test_a_calendar_that_is_none_says_so(tmp_path: Path, content: str) -> None:
    path = tmp_path / "calendar.json"
    path.write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(InputError, match=r"calendar\.json: the store's calendar cannot be read"):
        read_calendar(path)


def test_a_zone_ahead_of_utc_has_the_sign_that_iana_gives_it() -> None:
    assert Calendar.begun(NOW_UTC_S).zone_name == "Etc/GMT-6"
    assert Calendar.begun(NOW_UTC_S + 6 * HOUR_S).zone_name == "Etc/UTC"
    assert Calendar.begun(NOW_UTC_S + 12 * HOUR_S).zone_name == "Etc/GMT+6"
