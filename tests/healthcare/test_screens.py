"""Screens that sound: by ear first, and missed when they fall silent."""

from __future__ import annotations

import json

import pytest

from core.clock import Instant
from core.errors import RefusedError
from healthcare.screens import MOST_SCREENS, SCREEN_SILENT_AFTER_S, Screens

_ALL = ["high", "medium", "low"]


def at(seconds: float) -> Instant:
    return Instant(1000.0 + seconds, 1_796_000_000.0 + seconds)


def commissioned(name: str = "Wall 1") -> Screens:
    screens = Screens()
    screens.commission({"screen": name, "tones": _ALL}, "Nurse 14", at(0))
    return screens


def test_before_the_first_commissioning_there_is_no_audio() -> None:
    assert Screens().shown(at(0)) == {"commissioned": False, "screens": {}}


def test_a_screen_is_commissioned_by_who_heard_its_tones() -> None:
    shown = commissioned().shown(at(1))
    assert shown["commissioned"]
    assert shown["screens"]["Wall 1"]["who"] == "Nurse 14"
    assert shown["screens"]["Wall 1"]["state"] == "not heard"


@pytest.mark.parametrize("tones", [["high", "medium"], [], None, "high"])
def test_a_screen_of_which_a_tone_was_not_heard_is_not_commissioned(tones: object) -> None:
    screens = Screens()
    with pytest.raises(RefusedError):
        screens.commission({"screen": "Wall 1", "tones": tones}, "Nurse 14", at(0))
    assert not screens.shown(at(0))["commissioned"]


def test_a_screen_without_a_name_is_refused() -> None:
    with pytest.raises(RefusedError):
        Screens().commission({"screen": "", "tones": _ALL}, "Nurse 14", at(0))


def test_only_so_many_screens_are_kept_and_a_known_one_may_come_again() -> None:
    screens = Screens()
    for number in range(MOST_SCREENS):
        screens.commission({"screen": f"Wall {number}", "tones": _ALL}, "", at(0))
    with pytest.raises(RefusedError):
        screens.commission({"screen": "One more", "tones": _ALL}, "", at(0))
    assert screens.commission({"screen": "Wall 3", "tones": _ALL}, "", at(1))["screen"] == "Wall 3"


def test_only_a_change_is_said() -> None:
    screens = commissioned()
    assert screens.heard({"screen": "Wall 1", "state": "running"}, at(1)) == {
        "screen": "Wall 1",
        "state": "running",
        "why": "",
    }
    assert screens.heard({"screen": "Wall 1", "state": "running"}, at(5)) is None
    gone = screens.heard({"screen": "Wall 1", "state": "unavailable", "why": "its audio is suspended"}, at(6))
    assert gone is not None and gone["why"] == "its audio is suspended"


def test_what_an_unknown_screen_says_changes_nothing() -> None:
    screens = commissioned()
    before = screens.shown(at(1))
    assert screens.heard({"screen": "Elsewhere", "state": "running"}, at(1)) is None
    assert screens.shown(at(1)) == before and screens.due() is None


def test_a_screen_that_falls_silent_is_missed_once() -> None:
    screens = commissioned()
    screens.heard({"screen": "Wall 1", "state": "running"}, at(0))
    due = screens.due()
    assert due is not None and 0 < due.since(at(SCREEN_SILENT_AFTER_S)) < 0.1
    assert screens.tick(at(SCREEN_SILENT_AFTER_S)) == []
    assert screens.tick(due) == [{"screen": "Wall 1", "state": "not heard", "why": ""}]
    assert (screens.tick(due.plus(60)), screens.due()) == ([], None)
    assert screens.shown(due)["screens"]["Wall 1"]["state"] == "not heard"


def test_a_commissioning_outlives_a_restart_and_whether_it_sounds_does_not() -> None:
    screens = commissioned()
    screens.heard({"screen": "Wall 1", "state": "running"}, at(1))
    again = Screens()
    again.restore(json.loads(json.dumps(screens.state())))
    shown = again.shown(at(2))
    assert shown["commissioned"] and shown["screens"]["Wall 1"]["tones"] == _ALL
    assert shown["screens"]["Wall 1"]["state"] == "not heard"
