from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.clock import Instant
from healthcare.alarms.alarm import Alarm, Timers
from tests.healthcare.alarms.beds import UTC_S, at, bed, found, only


def test_a_timer_is_nearer_after_a_stop_by_the_time_that_has_gone() -> None:
    kept = Timers(pause_ends=at(120), ladder_began=at(-30)).to_json(at(0))
    assert kept == {"pause_ends": 120.0, "ladder_began": -30.0}
    later = Instant(5.0, UTC_S + 50)
    back = Timers.from_json(kept, at(0).utc_s, later)
    assert back.pause_ends is not None and back.ladder_began is not None
    assert (back.pause_ends.since(later), back.ladder_began.since(later)) == (70.0, -80.0)


@given(st.floats(-1e6, 1e6), st.floats(-1e9, 1e9), st.floats(0, 1e6))
def test_no_duration_grows_whatever_the_wall_clock_did(left_s: float, stepped_s: float, mono_s: float) -> None:
    now = Instant(mono_s, UTC_S + stepped_s)
    back = Timers.from_json({"reminder": left_s}, UTC_S, now).reminder
    assert back is not None
    assert back.since(now) <= left_s + 1e-6
    if stepped_s >= 0:
        assert abs(back.since(now) - (left_s - stepped_s)) < 1e-3


def test_an_alarm_is_the_same_after_json() -> None:
    board = bed()
    board.take([found("spo2-low", text="82 < 88 %", value=82.0, limit=88.0, channel="pleth")], at(0))
    board.accept("bed-7/1", "Nurse 14", at(1))
    alarm = only(board)
    assert Alarm.from_json(alarm.to_json(at(2)), at(2).utc_s, at(2)) == alarm


def test_a_silent_notice_makes_no_sound_until_it_is_more_than_low() -> None:
    board = bed()
    board.take([found("trend")], at(0))
    assert only(board).sound(at(0)) == "off"
