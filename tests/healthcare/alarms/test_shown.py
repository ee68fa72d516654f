"""What the screens are told."""

from __future__ import annotations

import json
from typing import Any

from healthcare.alarms.board import AlarmBoard
from tests.healthcare.alarms.beds import BUDDY, HIGH, MEDIUM, NURSE, UTC_S, at, bed, found, over


def _shown(board: AlarmBoard, seconds: float) -> dict[str, Any]:
    (shown,) = board.shown(at(seconds))
    return shown


def test_an_alarm_is_told_with_everything_a_screen_needs() -> None:
    board = bed()
    board.take([found("spo2-low", text="82 < 88 %", value=82.0, limit=88.0)], at(0))
    assert _shown(board, 10) == {
        "id": "bed-7/1",
        "code": "spo2-low",
        "kind": "physiological",
        "priority": "medium",
        "state": "active",
        "label": "SpO₂",
        "text": "82 < 88 %",
        "measure": "spo2_pct",
        "began_utc_s": UTC_S,
        "ended_utc_s": None,
        "sound": "on",
        "louder": False,
        "paused_until_utc_s": None,
        "source": "own",
        "source_lost": False,
        "owner": NURSE,
        "accepted": False,
        "told": [NURSE],
        "declined": [],
        "acknowledged_by": "",
        "next_step": "Buddy",
        "next_step_at_utc_s": UTC_S + 120,
    }


def test_a_monitors_text_does_not_say_the_label_twice() -> None:
    board = bed()
    board.take(
        [found("rr-high", text="RR high", measure="rr_per_min"), found("leads-off", text="ECG leads off")], at(0)
    )
    told = {alarm["code"]: (alarm["label"], alarm["text"]) for alarm in board.shown(at(1))}
    assert told == {"rr-high": ("RR", "high"), "leads-off": ("ECG leads off", "")}


def test_everybody_who_was_called_is_told_and_who_cannot_come() -> None:
    board = bed()
    board.take([found(HIGH)], at(0))
    board.busy("bed-7/1", NURSE, at(5))
    shown = _shown(board, 6)
    assert shown["told"] == [NURSE, BUDDY]
    assert shown["declined"] == [NURSE]


def test_every_state_can_be_told_as_json() -> None:
    board = bed()
    board.take([found(HIGH, value=float("nan")), found("leads-off"), found("monitor:1:2", source="monitor")], at(0))
    board.take([over(HIGH)], at(1))
    board.acknowledge("bed-7/2", NURSE, at(2))
    json.dumps(board.shown(at(3)), allow_nan=False)


def test_a_pause_is_told_with_its_end() -> None:
    board = bed()
    board.take([found(MEDIUM)], at(0))
    board.pause(at(1), NURSE)
    shown = _shown(board, 2)
    assert (shown["sound"], shown["paused_until_utc_s"]) == ("paused", UTC_S + 121)
    assert _shown(board, 121)["paused_until_utc_s"] is None


def test_who_accepted_is_told_and_when_the_next_person_is_called_all_the_same() -> None:
    board = bed()
    board.take([found(HIGH)], at(0))
    board.accept("bed-7/1", "Nurse 17", at(10))
    shown = _shown(board, 20)
    assert (shown["owner"], shown["accepted"], shown["next_step"]) == ("Nurse 17", True, "Buddy")
    assert shown["next_step_at_utc_s"] == UTC_S + 190


def test_what_a_technical_alarm_will_become_is_told() -> None:
    board = bed()
    board.take([found("leads-off")], at(0))
    shown = _shown(board, 1)
    assert (shown["next_step"], shown["next_step_at_utc_s"]) == ("Medium alarm", UTC_S + 60)


def test_nothing_comes_after_an_acknowledgement() -> None:
    board = bed()
    board.take([found(HIGH)], at(0))
    board.acknowledge(None, BUDDY, at(1))
    shown = _shown(board, 2)
    assert (shown["acknowledged_by"], shown["owner"]) == (BUDDY, NURSE)
    assert (shown["state"], shown["next_step"], shown["next_step_at_utc_s"]) == ("acknowledged", "", None)


def test_after_the_last_step_it_is_told_when_everyone_is_called_again() -> None:
    board = bed()
    board.take([found(HIGH)], at(0))
    board.tick(at(200))
    shown = _shown(board, 200)
    assert (shown["next_step"], shown["next_step_at_utc_s"]) == ("Everyone", UTC_S + 380)


def test_a_limit_is_called_by_what_was_measured() -> None:
    board = bed()
    board.take([found("nibp-low", measure="nibp_map_mmhg", text="52 < 60 mmHg")], at(0))
    assert (_shown(board, 0)["label"], _shown(board, 0)["measure"]) == ("NIBP mean", "nibp_map_mmhg")


def test_a_rhythm_and_a_score_keep_their_names() -> None:
    board = bed()
    board.take([found(HIGH), found("news2-high", text="7")], at(0))
    assert [shown["label"] for shown in board.shown(at(0))] == ["Asystole", "NEWS2, emergency response"]


def test_acknowledged_at_the_bedside_stands_in_the_text() -> None:
    board = bed()
    board.take([found("hr-high", source="monitor", text="HR 140", inactivation="alert-acknowledged")], at(0))
    assert _shown(board, 0)["text"] == "140, acknowledged at the bedside"
