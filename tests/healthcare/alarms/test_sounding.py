"""What the station sounds, of many beds."""

from __future__ import annotations

from typing import Any

from healthcare.alarms.board import AlarmBoard
from healthcare.alarms.escalation import Roster
from healthcare.alarms.policy import AlarmPolicy
from healthcare.alarms.priority import Priority
from healthcare.alarms.sounding import Sounding, sounding
from tests.healthcare.alarms.beds import HIGH, LOW, MEDIUM, NURSE, UTC_S, at, found, over


def _bed(name: str, code: str, seconds: float = 0) -> AlarmBoard:
    board = AlarmBoard(name, AlarmPolicy())
    board.assign(Roster(NURSE))
    board.take([found(code)], at(seconds))
    return board


def _heard(seconds: float, *boards: AlarmBoard) -> Sounding:
    return sounding({f"bed-{number}": board.shown(at(seconds)) for number, board in enumerate(boards)})


def _banner(heard: Sounding) -> Any:
    assert heard.banner is not None
    return heard.banner[0]


def test_a_quiet_ward_is_silent() -> None:
    heard = sounding({"bed-1": []})
    assert (heard.priority, heard.banner, heard.louder) == (None, None, False)
    assert heard.to_json()["counts"] == {"high": 0, "medium": 0, "low": 0}


def test_the_highest_priority_sounds_and_all_are_counted() -> None:
    heard = _heard(0, _bed("a", LOW), _bed("b", MEDIUM), _bed("c", HIGH), _bed("d", MEDIUM))
    assert heard.priority is Priority.HIGH
    assert heard.counts == {"high": 1, "medium": 2, "low": 1}
    assert _banner(heard) == "bed-2"


def test_of_equals_the_one_that_waits_longest_is_on_top() -> None:
    assert _banner(_heard(9, _bed("a", MEDIUM, 5), _bed("b", MEDIUM, 1), _bed("c", MEDIUM, 9))) == "bed-1"


def test_what_nobody_has_acknowledged_stands_before_what_somebody_has() -> None:
    known, new = _bed("a", HIGH), _bed("b", LOW)
    known.acknowledge(None, NURSE, at(1))
    heard = _heard(2, known, new)
    assert (_banner(heard), heard.priority) == ("bed-1", Priority.LOW)


def test_louder_is_of_what_sounds_and_not_of_what_is_paused() -> None:
    board = _bed("a", HIGH)
    board.tick(at(30))
    assert _heard(30, board, _bed("b", MEDIUM)).louder
    board.pause(at(31), NURSE)
    heard = _heard(31, board, _bed("b", MEDIUM))
    assert (heard.priority, heard.louder) == (Priority.MEDIUM, False)
    assert (heard.paused, heard.paused_until_utc_s) == (1, UTC_S + 151)


def test_a_latched_alarm_sounds_and_is_counted_apart() -> None:
    board = _bed("a", HIGH)
    board.take([over(HIGH)], at(1))
    heard = _heard(2, board)
    assert (heard.priority, heard.latched, heard.counts) == (Priority.HIGH, 1, {"high": 0, "medium": 0, "low": 0})


def test_advice_is_neither_counted_nor_on_top() -> None:
    heard = _heard(0, _bed("a", "trend"))
    assert (heard.priority, heard.banner, heard.counts) == (None, None, {"high": 0, "medium": 0, "low": 0})


def test_the_screen_is_told_the_whole_of_it() -> None:
    told = _heard(0, _bed("a", HIGH)).to_json()
    assert (told["sounding"], told["bed"], told["alarm"]["code"]) == ("high", "bed-0", HIGH)
    assert {"louder", "counts", "latched", "paused", "paused_until_utc_s"} < set(told)
