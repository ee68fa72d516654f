"""What people and time do to the alarms of a bed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from core.errors import RefusedError
from healthcare.alarms.alarm import AlarmState
from healthcare.alarms.policy import AlarmPolicy
from tests.healthcare.alarms.beds import BUDDY, HIGH, LOW, MEDIUM, NURSE, acts, at, bed, found, only, over, run, sounds


def test_the_highest_comes_first_and_of_one_priority_the_oldest() -> None:
    board = bed()
    for second, code in enumerate([LOW, "hr-high", "spo2-low", HIGH]):
        board.take([found(code)], at(second))
    assert [alarm.code for alarm in board.alarms] == [HIGH, "hr-high", "spo2-low", LOW]


# Acknowledge


def test_an_acknowledged_alarm_is_silent_and_stays_on_the_screen() -> None:
    board = bed()
    board.take([found(HIGH)], at(0))
    assert acts(board.acknowledge("bed-7/1", NURSE, at(1))) == ["acknowledged"]
    alarm = only(board)
    assert (alarm.state, alarm.acknowledged_by) == (AlarmState.ACKNOWLEDGED, NURSE)
    assert alarm.acknowledged_utc_s == at(1).utc_s
    assert sounds(board, 1) == {HIGH: "off"}


def test_a_new_condition_sounds_after_all_were_acknowledged() -> None:
    board = bed()
    board.take([found(HIGH), found(MEDIUM)], at(0))
    assert acts(board.acknowledge(None, NURSE, at(1))) == ["acknowledged", "acknowledged"]
    board.take([found(LOW)], at(2))
    assert sounds(board, 2) == {HIGH: "off", MEDIUM: "off", LOW: "on"}


def test_acknowledging_twice_changes_nothing() -> None:
    board = bed()
    board.take([found(HIGH)], at(0))
    board.acknowledge("bed-7/1", NURSE, at(1))
    assert board.acknowledge("bed-7/1", BUDDY, at(2)) == []
    assert only(board).acknowledged_by == NURSE


def test_an_alarm_that_is_gone_cannot_be_acknowledged() -> None:
    with pytest.raises(RefusedError, match="bed-7/9"):
        bed().acknowledge("bed-7/9", NURSE, at(0))


def test_nobody_acknowledges_without_a_name() -> None:
    board = bed()
    board.take([found(HIGH)], at(0))
    asked: list[Callable[[], object]] = [
        lambda: board.acknowledge(None, "", at(1)),
        lambda: board.pause(at(1), ""),
        lambda: board.reset("bed-7/1", "", at(1)),
        lambda: board.accept("bed-7/1", "", at(1)),
        lambda: board.busy("bed-7/1", "", at(1)),
    ]
    for ask in asked:
        with pytest.raises(RefusedError, match="nobody is named"):
            ask()
    assert only(board).state is AlarmState.ACTIVE


def test_what_was_acknowledged_and_is_still_true_sounds_every_three_minutes_for_six_seconds() -> None:
    board = bed()
    board.take([found(HIGH)], at(0))
    board.acknowledge(None, NURSE, at(0))
    seen = run(board, 400)
    assert [(second, change.act.value) for second, change in seen] == [(180, "reminded"), (360, "reminded")]
    assert only(board).state is AlarmState.ACKNOWLEDGED
    board = bed()
    board.take([found(HIGH)], at(0))
    board.acknowledge(None, NURSE, at(0))
    board.tick(at(180))
    assert [sounds(board, second)[HIGH] for second in (180, 185.9, 186)] == ["on", "on", "off"]
    assert board.due() == at(186)


def test_a_site_may_be_reminded_sooner_or_never() -> None:
    for reminder_s, reminded in ((120.0, [120, 240, 360]), (None, [])):
        board = bed(AlarmPolicy(reminder_s=reminder_s))
        board.take([found(HIGH)], at(0))
        board.acknowledge(None, NURSE, at(0))
        assert [second for second, _ in run(board, 400)] == reminded


# Pause


def test_a_pause_silences_what_sounds_now_for_two_minutes() -> None:
    board = bed()
    board.take([found(MEDIUM)], at(0))
    assert acts(board.pause(at(1), NURSE)) == ["paused"]
    assert [sounds(board, second)[MEDIUM] for second in (1, 120.9, 121)] == ["paused", "paused", "on"]
    assert only(board).state is AlarmState.ACTIVE
    assert [(second, change.act.value, change.who) for second, change in run(board, 130)] == [
        (120, "stepped", ""),
        (121, "resumed", ""),
    ]


def test_a_new_condition_sounds_though_others_are_paused() -> None:
    board = bed()
    board.take([found(MEDIUM)], at(0))
    board.pause(at(1), NURSE)
    board.take([found(LOW)], at(2))
    assert sounds(board, 2) == {MEDIUM: "paused", LOW: "on"}


def test_no_pause_is_longer_than_three_minutes() -> None:
    board = bed()
    board.take([found(MEDIUM)], at(0))
    board.pause(at(0), NURSE, 3600)
    assert only(board).timers.pause_ends == at(180)


def test_a_pause_is_not_made_longer_by_another() -> None:
    board = bed()
    board.take([found(MEDIUM)], at(0))
    board.pause(at(0), NURSE)
    assert board.pause(at(60), NURSE) == []
    assert only(board).timers.pause_ends == at(120)


def test_a_person_may_end_the_pause() -> None:
    board = bed()
    board.take([found(MEDIUM)], at(0))
    board.pause(at(0), NURSE)
    (change,) = board.resume(at(10), NURSE)
    assert (change.act.value, change.who) == ("resumed", NURSE)
    assert sounds(board, 10) == {MEDIUM: "on"}
    assert board.resume(at(11), NURSE) == []


def test_a_pause_does_not_keep_the_next_person_from_being_told() -> None:
    board = bed()
    board.take([found(HIGH)], at(0))
    board.pause(at(1), NURSE)
    assert [(second, change.act.value) for second, change in run(board, 60)] == [(30, "louder"), (60, "stepped")]
    assert sounds(board, 60) == {HIGH: "paused"}


# Reset and discharge


def test_only_what_is_over_or_unknown_can_be_reset() -> None:
    board = bed()
    board.take([found(HIGH, channel="ecg_ii_mv")], at(0))
    with pytest.raises(RefusedError, match="still active"):
        board.reset("bed-7/1", NURSE, at(1))
    board.source_lost("ecg_ii_mv", at(1))
    with pytest.raises(RefusedError, match="still active"):
        board.reset("bed-7/1", NURSE, at(1))
    board.acknowledge(None, NURSE, at(2))
    (change,) = board.reset("bed-7/1", NURSE, at(3))
    assert (change.act.value, change.who) == ("reset", NURSE)
    assert board.alarms == ()


def test_a_latched_alarm_can_be_reset() -> None:
    board = bed()
    board.take([found(HIGH)], at(0))
    board.take([over(HIGH)], at(1))
    assert acts(board.reset("bed-7/1", NURSE, at(2))) == ["reset"]
    assert board.alarms == ()


def test_what_was_reset_with_a_lost_source_arises_anew_when_it_is_back_and_still_true() -> None:
    board = bed()
    board.take([found(HIGH, channel="ecg_ii_mv")], at(0))
    board.source_lost("ecg_ii_mv", at(1))
    board.acknowledge(None, NURSE, at(2))
    board.reset("bed-7/1", NURSE, at(3))
    board.source_back("ecg_ii_mv", at(4))
    board.take([found(HIGH, channel="ecg_ii_mv")], at(5))
    assert (only(board).id, sounds(board, 5)) == ("bed-7/2", {HIGH: "on"})


def test_a_discharge_cancels_everything_and_numbers_go_on() -> None:
    board = bed()
    board.take([found(HIGH, channel="ecg_ii_mv"), found("leads-off")], at(0))
    board.source_lost("ecg_ii_mv", at(1))
    changes = board.discharge(at(2), NURSE)
    assert acts(changes) == ["cancelled"] * 3
    assert (board.alarms, board.lost_channels, board.due()) == ((), frozenset(), None)
    board.take([found(MEDIUM)], at(3))
    assert only(board).id == "bed-7/3"


# Time


def test_with_nothing_on_the_board_nothing_is_due() -> None:
    board = bed()
    assert board.due() is None
    assert board.tick(at(1000)) == []


def test_after_a_tick_nothing_is_overdue() -> None:
    board = bed()
    board.take([found(HIGH), found("leads-off"), found(MEDIUM)], at(0))
    board.pause(at(1), NURSE)
    board.tick(at(10_000))
    due = board.due()
    assert due is not None and due > at(10_000)
