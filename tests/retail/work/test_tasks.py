"""The work list: one task a kind, product and slot, never a flood, and the same list from any cut of its record."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import RefusedError
from retail.work.task import KINDS, NOT_TRUE, OPEN, REFILL, TAKEN, Task, Wanted
from retail.work.tasks import CLOSED_QUIET_S, NOT_TRUE_QUIET_S, TAKEN_S, TaskBoard
from verticals.contract import Event

NOW = 1_795_424_400.0
TEA, OATS = "04006381333931", "05901234123457"


def _refill(since: float = NOW, **more: object) -> Wanted:
    made = Wanted(REFILL, TEA, "A1/2-8", 800, "camera", "out since 09:00, 6 in backroom", since)
    return replace(made, **more)  # type: ignore[arg-type]


def _only(board: TaskBoard) -> Task:
    (task,) = board
    return task


def test_what_is_wanted_twice_is_one_task() -> None:
    board = TaskBoard()
    assert len(board.settle(TEA, [_refill()], NOW)) == 1
    assert board.settle(TEA, [_refill()], NOW + 5) == []
    assert len(board) == 1


def test_the_dearest_is_first() -> None:
    board = TaskBoard()
    board.settle(OATS, [_refill(gtin=OATS, value_cents_h=100)], NOW)
    board.settle(TEA, [_refill()], NOW + 1)
    assert [task.gtin for task in board.ranked()] == [TEA, OATS]


def test_small_changes_are_not_told_and_larger_ones_once_a_minute() -> None:
    board = TaskBoard()
    board.settle(TEA, [_refill()], NOW)
    assert board.settle(TEA, [_refill(value_cents_h=2000)], NOW + 30) == []
    assert board.settle(TEA, [_refill(value_cents_h=850)], NOW + 61) == []
    (event,) = board.settle(TEA, [_refill(value_cents_h=2000)], NOW + 61)
    assert event.data["act"] == "changed" and _only(board).value_cents_h == 2000


def test_a_state_that_flickers_opens_one_task() -> None:
    board, told = TaskBoard(), 0
    for second in range(0, int(CLOSED_QUIET_S), 10):
        told += len(board.settle(TEA, [_refill(NOW + second)] if second % 20 == 0 else [], NOW + second))
    assert told == 2  # opened and closed
    assert board.settle(TEA, [_refill()], NOW + 10 + CLOSED_QUIET_S)


def test_not_true_is_quiet_longer_each_time_and_a_new_look_does_not_help() -> None:
    board, now = TaskBoard(), NOW
    for lasts in (NOT_TRUE_QUIET_S, 2 * NOT_TRUE_QUIET_S, 4 * NOT_TRUE_QUIET_S):
        board.settle(TEA, [_refill(now)], now)
        board.not_true(_only(board).id, "Operator 14", now)
        assert board.settle(TEA, [_refill(now + lasts / 2)], now + lasts - 1) == []
        now += lasts + 1
    assert board.settle(TEA, [_refill(now)], now)


def test_what_was_done_opens_again_at_once_only_when_it_began_anew() -> None:
    board = TaskBoard()
    board.settle(TEA, [_refill()], NOW)
    board.done(_only(board).id, "Operator 14", NOW + 60)
    assert board.settle(TEA, [_refill()], NOW + 61) == []
    assert board.settle(TEA, [_refill(NOW + 120)], NOW + 120)


def test_a_task_is_its_takers_until_it_is_given_back_by_hand_or_by_time() -> None:
    board = TaskBoard()
    board.settle(TEA, [_refill()], NOW)
    task_id = _only(board).id
    board.take(task_id, "Operator 14", NOW)
    with pytest.raises(RefusedError, match="Operator 14 has this task"):
        board.take(task_id, "Operator 22", NOW + 1)
    board.settle(TEA, [_refill(value_cents_h=5000)], NOW + 3600)
    assert _only(board).state == TAKEN
    assert board.due_utc_s() == NOW + TAKEN_S
    (event,) = board.tick(NOW + TAKEN_S)
    assert (event.data["act"], _only(board).state) == ("given-back", OPEN)
    board.take(task_id, "Operator 22", NOW + TAKEN_S)
    board.give_back(task_id, "Operator 22", NOW + TAKEN_S)
    with pytest.raises(RefusedError, match="Nobody"):
        board.give_back(task_id, "Operator 22", NOW + TAKEN_S)


def test_what_nobody_renews_expires_and_then_it_is_over() -> None:
    board = TaskBoard()
    board.settle(TEA, [_refill()], NOW)
    task_id = _only(board).id
    (event,) = board.tick(_only(board).expires_utc_s)
    assert event.data["task"]["state"] == "expired" and len(board) == 0
    with pytest.raises(RefusedError, match="over"):
        board.done(task_id, "Operator 14", NOW)


def test_what_is_still_so_goes_on() -> None:
    board = TaskBoard()
    board.settle(TEA, [_refill()], NOW)
    half = NOW + 7 * 3600
    board.settle(TEA, [_refill()], half)
    assert _only(board).expires_utc_s == half + 12 * 3600


#: Drawn whole: nine draws for each task cost more than all that is tested with them.
_keys = list(product(KINDS, ["A1/2-8", ""], ["", "B7"]))
_said = list(product([0, 300, 320, 3000], ["camera", "belief"], ["out", "low"], [0.0, NOW, NOW + 9000, NOW + 90_000]))


def _wanted(key: tuple[str, str, str], said: tuple[int, str, str, float]) -> Wanted:
    (kind, slot, lot), (value, source, reason, since) = key, said
    return Wanted(kind, TEA, slot, value, source, reason, since, lot=lot)


_wants = st.builds(_wanted, st.sampled_from(_keys), st.sampled_from(_said))
_steps = st.lists(
    st.tuples(
        st.sampled_from(["settle", "settle", "take", "give-back", "done", "not-true", "tick"]),
        st.lists(_wants, max_size=3, unique_by=lambda one: one.key),
        st.sampled_from([1.0, 70.0, 700.0, 20_000.0, 100_000.0]),
        st.integers(0, 5),
    ),
    max_size=25,
)


def _live(board: TaskBoard, steps: list[tuple[str, list[Wanted], float, int]]) -> list[list[Event]]:
    """What each step told."""
    now, told = NOW, []
    for act, wants, passed, which in steps:
        now += passed
        told.append(_one(board, act, wants, now, which))
    return told


def _one(board: TaskBoard, act: str, wants: list[Wanted], now: float, which: int) -> list[Event]:
    if act == "settle":
        return board.settle(TEA, wants, now)
    if act == "tick":
        return board.tick(now)
    tasks = board.ranked()
    if not tasks:
        return []
    task = tasks[which % len(tasks)]
    deeds = {"take": board.take, "give-back": board.give_back, "done": board.done, "not-true": board.not_true}
    try:
        return [deeds[act](task.id, "Operator 14", now)]
    except RefusedError:
        return []


@settings(max_examples=150, deadline=None)
@given(steps=_steps, data=st.data())
def test_any_cut_of_the_record_restores_the_list_that_was(
    steps: list[tuple[str, list[Wanted], float, int]], data: st.DataObject
) -> None:
    """State saved after any number of events, and the events after it; both as they come back from a store."""
    board = TaskBoard()
    events = [event for told in _live(board, steps) for event in told]
    cut = data.draw(st.integers(0, len(events)))
    saved = TaskBoard()
    for event in events[:cut]:
        saved.apply(json.loads(json.dumps(event.data)))
    again = TaskBoard()
    again.restore(json.loads(json.dumps(saved.state())))
    for event in events[cut:]:
        again.apply(json.loads(json.dumps(event.data)))
    assert again.ranked() == board.ranked()
    later = data.draw(_steps)
    assert _live(again, later) == _live(board, later)


@settings(max_examples=100, deadline=None)
@given(steps=_steps)
def test_there_is_one_task_a_key_and_each_that_was_opened_ends_once(
    steps: list[tuple[str, list[Wanted], float, int]],
) -> None:
    board = TaskBoard()
    alive: dict[str, tuple[str, str, str]] = {}
    for told in _live(board, steps):
        for event in told:
            task = event.data["task"]
            key = task["kind"], task["slot"], task["lot"]
            if event.data["act"] == "opened":
                assert task["id"] not in alive and key not in alive.values()
                alive[task["id"]] = key
            elif task["state"] not in (OPEN, TAKEN):
                assert alive.pop(task["id"]) == key
                assert task["state"] != NOT_TRUE or task["ended_by"] == "Operator 14"
    assert {task.id for task in board} == set(alive)
