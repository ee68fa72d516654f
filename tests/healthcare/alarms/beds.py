"""A bed to try alarms on."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from core.clock import Instant
from healthcare.alarms.alarm import Alarm
from healthcare.alarms.board import AlarmBoard
from healthcare.alarms.change import Act, Change
from healthcare.alarms.escalation import Roster
from healthcare.alarms.finding import Finding
from healthcare.alarms.policy import AlarmPolicy

UTC_S = 1_796_000_000.0
NURSE, BUDDY, CHARGE, OTHER = "Nurse 14", "Nurse 12", "Charge nurse 03", "Nurse 17"
ROSTER = Roster(NURSE, BUDDY, CHARGE, (NURSE, BUDDY, CHARGE, OTHER))
HIGH, MEDIUM, LOW = "asystole", "hr-high", "temp-high"


def at(seconds: float) -> Instant:
    return Instant(1000.0 + seconds, UTC_S + seconds)


def bed(policy: AlarmPolicy | None = None, roster: Roster = ROSTER) -> AlarmBoard:
    board = AlarmBoard("bed-7", policy or AlarmPolicy())
    board.assign(roster)
    return board


def found(code: str, **more: Any) -> Finding:
    return Finding(code, True, **more)


def over(code: str, **more: Any) -> Finding:
    return Finding(code, False, **more)


def acts(changes: Iterable[Change]) -> list[str]:
    return [change.act.value for change in changes]


def told(changes: Iterable[Change]) -> list[tuple[str, ...]]:
    """The people of each step among the changes."""
    return [change.told for change in changes if change.act is Act.STEPPED]


def only(board: AlarmBoard) -> Alarm:
    (alarm,) = board.alarms
    return alarm


def sounds(board: AlarmBoard, seconds: float) -> dict[str, str]:
    return {alarm.code: alarm.sound(at(seconds)) for alarm in board.alarms}


def run(board: AlarmBoard, until_s: float, since_s: float = 0.0) -> list[tuple[float, Change]]:
    """Ticks whenever something is due, as the line does: (second, change). What is overdue at `since_s` comes then."""
    seen = []
    while (due := board.due()) is not None and due <= at(until_s):
        now = max(due, at(since_s))
        seen += [(round(now.since(at(0)), 3), change) for change in board.tick(now)]
    return seen


def recorded(changes: Iterable[Change]) -> list[Mapping[str, Any]]:
    """The changes as the store gives them back."""
    return [json.loads(json.dumps(change.event_data(), allow_nan=False)) for change in changes]


def saved(board: AlarmBoard, now: Instant) -> Mapping[str, Any]:
    """The state as the store gives it back."""
    state: Mapping[str, Any] = json.loads(json.dumps(board.state(now), allow_nan=False))
    return state
