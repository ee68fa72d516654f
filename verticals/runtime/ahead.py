"""Keeps a saved state and the events after it apart, although records finish side by side.

A reject is recorded when its gate has fired, after parts that came later. A state saved in between already
holds it, and the event comes with a higher number: without a note of it, a restart would count it twice, and
after a kill before its record nobody would know of it. So the state carries those events along.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from verticals.contract import Event, State

_KEY = "_ahead"
_Identity = tuple[str, str, float]


class Ahead:
    """The events of one station that are decided and not committed yet."""

    def __init__(self) -> None:
        self._events: dict[int, Event] = {}

    def __len__(self) -> int:
        return len(self._events)

    def decided(self, events: Iterable[Event]) -> None:
        self._events.update((id(event), event) for event in events)

    def settled(self, events: Iterable[Event]) -> None:
        for event in events:
            self._events.pop(id(event), None)

    def noted(self, state: dict[str, Any], own: Sequence[Event]) -> State:
        """The state with the events that it holds and that the store does not yet, except `own`."""
        mine = {id(event) for event in own}
        waiting = [_noted(event) for key, event in self._events.items() if key not in mine]
        return {**state, _KEY: waiting} if waiting else state


class Past:
    """A saved state and the events with higher numbers, as a station is to see them."""

    def __init__(self, state: State | None, since: Iterable[Event], station: str) -> None:
        noted = (state or {}).get(_KEY, ())
        self.state = None if state is None else {key: value for key, value in state.items() if key != _KEY}
        self._since = iter(since)
        self._held = [_read(item, station) for item in noted]
        self._expected = Counter(_identity(event) for event in self._held)

    def events(self) -> Iterator[Event]:
        """The events that the state does not hold."""
        for event in self._since:
            if self._expected[_identity(event)] > 0:
                self._expected[_identity(event)] -= 1
            else:
                yield event

    def unrecorded(self, recorded: Callable[[Event], bool]) -> list[Event]:
        """What the state holds and the store never got; for after `events`. `recorded` looks into the store."""
        left = [event for event in self._held if self._expected[_identity(event)] > 0]
        return [event for event in left if not recorded(event)]


def _identity(event: Event) -> _Identity:
    return event.kind, event.subject, event.at_utc_s


def _noted(event: Event) -> dict[str, Any]:
    return {
        "kind": event.kind,
        "subject": event.subject,
        "at_utc_s": event.at_utc_s,
        "who": event.who,
        "data": event.data,
    }


def _read(item: dict[str, Any], station: str) -> Event:
    return Event(item["kind"], item["subject"], float(item["at_utc_s"]), item["data"], station, item["who"])
