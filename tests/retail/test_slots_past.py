"""What was said of slots at an earlier moment of the day."""

from __future__ import annotations

from typing import Any

from retail.slots_past import states_then
from verticals.contract import Event


def row(slot: str, state: str, since: int) -> dict[str, Any]:
    return {"slot": slot, "bay": "A1", "state": state, "since_ms": since * 1000}


def told(at: int, **states: str) -> Event:
    slots = [{"slot": f"A1/{name}", "state": state} for name, state in states.items()]
    return Event("slots", "A1", float(at), {"slots": slots})


def then(at: int, now: list[dict[str, Any]], *events: Event) -> dict[str, str]:
    return {one["slot"]: one["state"] for one in states_then(now, events, at * 1000)}


def test_a_word_that_is_older_than_the_moment_held_then_too() -> None:
    assert then(50, [row("A1/a", "full", 10)]) == {"A1/a": "full"}


def test_what_changed_since_is_what_was_said_last_before_it() -> None:
    now = [row("A1/a", "full", 90), row("A1/b", "empty", 80)]
    events = [told(90, a="full"), told(80, b="empty"), told(40, a="empty", b="low"), told(20, a="low", b="full")]
    assert then(50, now, *events) == {"A1/a": "empty", "A1/b": "low"}
    assert then(85, now, *events) == {"A1/a": "empty", "A1/b": "empty"}


def test_what_is_not_on_record_is_unknown() -> None:
    assert then(50, [row("A1/a", "full", 90)], told(90, a="full")) == {"A1/a": "unknown"}


def test_events_that_say_something_else_are_passed_over() -> None:
    assert then(50, [row("A1/a", "full", 90)], Event("slots", "A1", 40.0, {"slots": ["x", {"slot": "A1/z"}]})) == {
        "A1/a": "unknown"
    }
