"""Keeps a saved state and the events after it apart, although records finish side by side.

A reject is recorded when its gate has fired, after parts that came later. A state saved in between already
holds it, and the event comes with a higher number: without a note of it, a restart would count it twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
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
        """The state with a note of the events that it holds and that the store does not, except `own`."""
        mine = {id(event) for event in own}
        waiting = [list(_identity(event)) for key, event in self._events.items() if key not in mine]
        return {**state, _KEY: waiting} if waiting else state

    @staticmethod
    def stripped(state: State | None) -> State | None:
        """The state as the station gave it."""
        return None if state is None else {key: value for key, value in state.items() if key != _KEY}

    @staticmethod
    def not_yet_held(state: State | None, since: Iterable[Event]) -> Iterator[Event]:
        """The events since the state was saved, without those that it holds."""
        held = Counter((str(kind), str(subject), float(at)) for kind, subject, at in (state or {}).get(_KEY, ()))
        for event in since:
            if held[_identity(event)] > 0:
                held[_identity(event)] -= 1
            else:
                yield event


def _identity(event: Event) -> _Identity:
    return event.kind, event.subject, event.at_utc_s
