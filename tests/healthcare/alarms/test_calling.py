"""Who is told, and when."""

from __future__ import annotations

from healthcare.alarms.board import AlarmBoard
from healthcare.alarms.escalation import Roster
from healthcare.alarms.priority import Priority
from tests.healthcare.alarms.beds import (
    BUDDY,
    CHARGE,
    HIGH,
    LOW,
    MEDIUM,
    NURSE,
    OTHER,
    ROSTER,
    acts,
    at,
    bed,
    found,
    only,
    run,
    sounds,
    told,
)

EVERYONE = (NURSE, BUDDY, CHARGE, OTHER)


def _calls(board: AlarmBoard, until_s: float, since_s: float = 0.0) -> list[tuple[float, str | tuple[str, ...]]]:
    """The second and the people of each step; `louder` and `lapsed` by their names."""
    seen = run(board, until_s, since_s)
    return [(second, change.act.value if change.step is None else change.told) for second, change in seen]


def test_a_high_alarm_climbs_its_ladder_and_everyone_is_told_again() -> None:
    board = bed()
    assert told(board.take([found(HIGH)], at(0))) == [(NURSE,)]
    assert _calls(board, 360) == [
        (30, "louder"),
        (60, (BUDDY,)),
        (120, (CHARGE,)),
        (180, EVERYONE),
        (360, EVERYONE),
    ]
    assert only(board).louder


def test_a_medium_alarm_climbs_more_slowly_and_never_gets_louder() -> None:
    board = bed()
    assert told(board.take([found(MEDIUM)], at(0))) == [(NURSE,)]
    assert _calls(board, 1199) == [(120, (BUDDY,)), (300, (CHARGE,)), (600, EVERYONE)]


def test_a_low_alarm_tells_nobody_but_the_station() -> None:
    board = bed()
    assert acts(board.take([found(LOW), found("trend")], at(0))) == ["began", "began"]
    assert board.due() is None


def test_a_technical_alarm_that_rose_to_medium_climbs_from_then_on() -> None:
    board = bed()
    board.take([found("leads-off")], at(0))
    calls = _calls(board, 700)
    assert calls == [(60, "worsened"), (60, (NURSE,)), (180, (BUDDY,)), (360, (CHARGE,)), (660, EVERYONE)]


def test_an_acknowledgement_ends_the_ladder() -> None:
    board = bed()
    board.take([found(HIGH)], at(0))
    run(board, 70)
    board.acknowledge(None, BUDDY, at(71))
    assert [change.act.value for _, change in run(board, 1000)] == ["reminded"] * 5
    assert not only(board).louder


def test_a_step_that_finds_nobody_gives_way_to_the_next_at_once() -> None:
    board = bed(roster=Roster("", "", CHARGE, (OTHER,)))
    changes = board.take([found(HIGH)], at(0))
    assert told(changes) == [(), (), (CHARGE,)]
    assert _calls(board, 180) == [(30, "louder"), (180, (CHARGE, OTHER))]


def test_somebody_told_already_is_nobody_new() -> None:
    board = bed(roster=Roster(NURSE, NURSE, CHARGE, (NURSE, CHARGE)))
    board.take([found(HIGH)], at(0))
    assert _calls(board, 180) == [(30, "louder"), (60, ()), (60, (CHARGE,)), (180, (NURSE, CHARGE))]


def test_with_an_empty_roster_the_clock_alone_counts_and_the_sound_grows_louder() -> None:
    board = bed(roster=Roster())
    assert told(board.take([found(HIGH)], at(0))) == [()]
    assert _calls(board, 180) == [(30, "louder"), (60, ()), (120, ()), (180, ())]
    assert sounds(board, 200) == {HIGH: "on"}


def test_a_roster_that_changes_counts_for_the_steps_to_come() -> None:
    board = bed()
    board.take([found(HIGH)], at(0))
    board.assign(Roster(OTHER, "Nurse 21", CHARGE, (OTHER,)))
    assert _calls(board, 60) == [(30, "louder"), (60, ("Nurse 21",))]


# Accept, busy, not delivered


def test_who_accepts_stops_the_ladder_and_not_the_sound() -> None:
    board = bed()
    board.take([found(HIGH)], at(0))
    assert acts(board.accept("bed-7/1", NURSE, at(10))) == ["accepted"]
    assert run(board, 189) == []
    assert (only(board).owner, only(board).accepted) == (NURSE, True)
    assert sounds(board, 189) == {HIGH: "on"}


def test_accepted_and_not_acknowledged_goes_on_with_the_next_step_at_once_and_keeps_the_distances() -> None:
    board = bed()
    board.take([found(HIGH)], at(0))
    board.accept("bed-7/1", NURSE, at(10))
    assert _calls(board, 310) == [
        (190, "lapsed"),
        (190, (BUDDY,)),
        (190, "louder"),
        (250, (CHARGE,)),
        (310, EVERYONE),
    ]


def test_accepted_after_the_last_step_tells_everyone_again_when_it_lapses() -> None:
    board = bed()
    board.take([found(HIGH)], at(0))
    run(board, 180)
    board.accept("bed-7/1", OTHER, at(200))
    assert _calls(board, 400) == [(380, "lapsed"), (380, EVERYONE)]


def test_another_may_take_over_what_one_has_accepted() -> None:
    board = bed()
    board.take([found(HIGH)], at(0))
    board.accept("bed-7/1", NURSE, at(10))
    board.accept("bed-7/1", BUDDY, at(100))
    assert only(board).owner == BUDDY
    assert run(board, 279) == []


def test_there_is_nothing_to_accept_in_an_acknowledged_alarm() -> None:
    board = bed()
    board.take([found(HIGH)], at(0))
    board.acknowledge(None, NURSE, at(1))
    assert board.accept("bed-7/1", BUDDY, at(2)) == board.busy("bed-7/1", BUDDY, at(2)) == []


def test_who_is_busy_brings_the_next_step_at_once() -> None:
    board = bed()
    board.take([found(HIGH)], at(0))
    changes = board.busy("bed-7/1", NURSE, at(5))
    assert acts(changes) == ["declined", "stepped"]
    assert told(changes) == [(BUDDY,)] and changes[1].why == f"{NURSE} is busy"
    assert _calls(board, 180) == [(30, "louder"), (120, (CHARGE,)), (180, EVERYONE)]


def test_who_says_busy_twice_has_said_it_once() -> None:
    board = bed()
    board.take([found(HIGH)], at(0))
    board.busy("bed-7/1", NURSE, at(5))
    assert board.busy("bed-7/1", NURSE, at(6)) == []


def test_who_accepted_and_is_busy_after_all_gives_the_ladder_back() -> None:
    board = bed()
    board.take([found(HIGH)], at(0))
    board.accept("bed-7/1", NURSE, at(10))
    assert told(board.busy("bed-7/1", NURSE, at(100))) == [(BUDDY,)]
    assert (only(board).owner, only(board).accepted) == ("", False)
    assert _calls(board, 220, 100) == [(100, "louder"), (160, (CHARGE,)), (220, EVERYONE)]


def test_another_persons_busy_does_not_take_away_what_one_has_accepted() -> None:
    board = bed()
    board.take([found(HIGH)], at(0))
    board.accept("bed-7/1", NURSE, at(10))
    assert acts(board.busy("bed-7/1", BUDDY, at(11))) == ["declined"]
    assert only(board).accepted and run(board, 180) == []


def test_a_message_that_was_not_delivered_brings_the_next_step_at_once() -> None:
    board = bed()
    board.take([found(HIGH)], at(0))
    changes = board.delivery_failed("bed-7/1", 0, at(2))
    assert told(changes) == [(BUDDY,)] and "not delivered" in changes[0].why


def test_a_failed_delivery_of_a_step_that_is_past_changes_nothing() -> None:
    board = bed()
    board.take([found(HIGH)], at(0))
    run(board, 60)
    assert board.delivery_failed("bed-7/1", 0, at(61)) == []
    board.accept("bed-7/1", BUDDY, at(62))
    assert board.delivery_failed("bed-7/1", 1, at(63)) == []
    assert board.delivery_failed("bed-7/9", 0, at(63)) == []


def test_a_failed_delivery_of_the_last_step_waits_for_the_repeat() -> None:
    board = bed()
    board.take([found(HIGH)], at(0))
    run(board, 180)
    assert board.delivery_failed("bed-7/1", 3, at(181)) == []
    assert _calls(board, 360) == [(360, EVERYONE)]


# Worse


def test_worse_and_unacknowledged_keeps_the_time_it_has_waited() -> None:
    board = bed()
    board.take([found("spo2-low")], at(0))
    changes = board.take([found("spo2-low", priority=Priority.HIGH)], at(100))
    assert told(changes) == [(NURSE,)]
    assert _calls(board, 180, 100) == [(100, "louder"), (100, (BUDDY,)), (120, (CHARGE,)), (180, EVERYONE)]


def test_worse_after_an_acknowledgement_begins_a_ladder_of_its_own() -> None:
    board = bed(roster=ROSTER)
    board.take([found("spo2-low")], at(0))
    board.acknowledge(None, NURSE, at(50))
    assert told(board.take([found("spo2-low", priority=Priority.HIGH)], at(100))) == [(NURSE,)]
    assert _calls(board, 160) == [(130, "louder"), (160, (BUDDY,))]
