"""The board is the same after a kill."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

import pytest

from core.clock import Instant
from healthcare.alarms.board import AlarmBoard
from healthcare.alarms.change import Change
from healthcare.alarms.policy import AlarmPolicy
from healthcare.alarms.priority import Priority
from tests.healthcare.alarms.beds import (
    BUDDY,
    HIGH,
    MEDIUM,
    NURSE,
    ROSTER,
    UTC_S,
    at,
    bed,
    found,
    only,
    over,
    recorded,
    saved,
    sounds,
)


def _busy_bed() -> tuple[AlarmBoard, list[Change]]:
    board, changes = bed(), []
    changes += board.take([found(HIGH, channel="ecg_ii_mv"), found("spo2-low"), found("leads-off")], at(0))
    changes += board.take([found("vt")], at(1))
    changes += board.take([over("vt")], at(2))
    changes += board.source_lost("ecg_ii_mv", at(3))
    changes += board.acknowledge("bed-7/2", NURSE, at(4))
    changes += board.take([found("spo2-low", priority=Priority.HIGH)], at(5))
    changes += board.busy("bed-7/1", NURSE, at(6))
    changes += board.accept("bed-7/1", BUDDY, at(7))
    changes += board.pause(at(8), NURSE)
    changes += board.take([found(MEDIUM)], at(9))
    changes += board.tick(at(70))
    return board, changes


def _again(state: Mapping[str, Any] | None, changes: list[Change], now: Instant) -> AlarmBoard:
    board = AlarmBoard("bed-7", AlarmPolicy())
    board.restore(state, recorded(changes), now)
    board.assign(ROSTER)
    return board


def test_a_board_made_again_from_its_changes_alone_is_the_same() -> None:
    board, changes = _busy_bed()
    again = _again(None, changes, at(70))
    assert again.shown(at(70)) == board.shown(at(70))
    assert again.lost_channels == board.lost_channels
    assert again.due() == board.due()


def test_changes_that_the_state_holds_already_change_nothing() -> None:
    board, changes = _busy_bed()
    again = _again(saved(board, at(70)), changes, at(70))
    assert again.shown(at(70)) == board.shown(at(70))


def test_changes_may_come_in_any_order() -> None:
    board, changes = _busy_bed()
    mixed = changes.copy()
    random.Random(7).shuffle(mixed)
    assert _again(None, mixed, at(70)).shown(at(70)) == board.shown(at(70))


def test_the_roster_is_saved_with_the_state() -> None:
    board, _ = _busy_bed()
    again = AlarmBoard("bed-7", AlarmPolicy())
    again.restore(saved(board, at(70)), [], at(70))
    assert again.shown(at(70)) == board.shown(at(70))


def test_a_lost_channel_is_lost_after_the_kill_too() -> None:
    board = bed()
    board.source_lost("ecg_ii_mv", at(0))
    again = _again(saved(board, at(1)), [], at(1))
    assert again.lost_channels == {"ecg_ii_mv"}
    assert again.take([found(HIGH, channel="ecg_ii_mv")], at(2)) == []


def test_what_a_stopped_box_missed_comes_with_its_first_tick() -> None:
    board = bed()
    changes = board.take([found(HIGH)], at(0))
    back = Instant(3.0, UTC_S + 130)
    again = _again(None, changes, back)
    assert [change.act.value for change in again.tick(back)] == ["louder", "stepped", "stepped"]
    assert only(again).told == ("Nurse 14", "Nurse 12", "Charge nurse 03")


def test_a_clock_that_was_set_back_makes_no_pause_longer() -> None:
    board = bed()
    changes = board.take([found(MEDIUM)], at(0)) + board.pause(at(0), NURSE)
    back = Instant(3.0, UTC_S - 86_400)
    again = _again(None, changes, back)
    pause_ends = only(again).timers.pause_ends
    assert pause_ends is not None and pause_ends.since(back) == 120.0


def test_numbers_are_never_used_twice() -> None:
    board = bed()
    changes = board.take([found(MEDIUM)], at(0)) + board.take([over(MEDIUM)], at(1))
    again = _again(None, changes, at(2))
    again.take([found(MEDIUM)], at(3))
    assert only(again).id == "bed-7/2"
    again = _again(saved(board, at(2)), [], at(2))
    again.take([found(MEDIUM)], at(3))
    assert only(again).id == "bed-7/2"


def test_a_kill_between_the_beginning_and_the_first_step_loses_no_step() -> None:
    board = bed()
    changes = board.take([found(HIGH)], at(0))
    again = _again(None, changes[:1], at(1))
    assert sounds(again, 1) == {HIGH: "on"}
    assert [change.told for change in again.tick(at(1))] == [(NURSE,)]


@pytest.mark.parametrize("kept", range(1, 4))
def test_a_kill_while_an_acknowledged_alarm_gives_way_leaves_one_alarm(kept: int) -> None:
    board = bed()
    changes = board.take([found("spo2-low")], at(0)) + board.acknowledge(None, NURSE, at(1))
    worse = board.take([found("spo2-low", priority=Priority.HIGH)], at(2))
    again = _again(None, changes + worse[: kept + 1], at(2))
    assert only(again).id == "bed-7/2"
