"""What a station gave, checked before anything follows from it, and what the loop writes beside it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from core.clock import Instant
from core.errors import StoreError
from verticals.contract import Acted, Action, Decision, Event, Json, Reply, Sample
from verticals.store.events import to_json


@dataclass(frozen=True, slots=True)
class Origin:
    """What a decision follows from: a sample, a command (its id), an inbox row (its id), or a moment."""

    at: Instant
    sample: Sample | None = None
    command: int = 0
    inbox: int = 0


def checked(decision: object, station: str) -> Decision:
    """The decision with its events as they will be read back, each naming its station.

    What a station still holds and changes later can no longer change the record. Raises TypeError,
    ValueError or StoreError for what cannot be carried out or recorded.
    """
    if not isinstance(decision, Decision):
        raise TypeError(f"a Decision was expected, not {type(decision).__name__}")
    for action in decision.actions:
        _check_action(action)
    if not (decision.events or decision.reply):
        return decision
    events = tuple(_checked_event(event, station) for event in decision.events)
    return replace(decision, events=events, reply=_checked_reply(decision.reply))


def frozen(value: Json) -> dict[str, Any]:
    """A copy as JSON gives it back. Raises StoreError for what JSON cannot hold."""
    copy: dict[str, Any] = json.loads(to_json(value))
    return copy


def _checked_event(event: Event, station: str) -> Event:
    if not isinstance(event, Event):
        raise TypeError(f"an Event was expected, not {type(event).__name__}")
    if not (isinstance(event.kind, str) and event.kind and isinstance(event.subject, str)):
        raise TypeError(f"kind and subject of an event are texts, not {event.kind!r} and {event.subject!r}")
    if not math.isfinite(event.at_utc_s):
        raise ValueError(f"event '{event.kind}' is at {event.at_utc_s}")
    return replace(event, data=frozen(event.data), station=event.station or station)


def _checked_reply(reply: Reply | None) -> Reply | None:
    return None if reply is None else replace(reply, data=frozen(reply.data))


def _check_action(action: Action) -> None:
    if not (math.isfinite(action.at_s) and math.isfinite(action.until_s)):
        raise ValueError(f"action on '{action.target}' from {action.at_s} s until {action.until_s} s")


def host_of(action: Action, events: Sequence[Event]) -> Event | None:
    """The event that says what became of the action: the first about its subject; any, where it names none."""
    return next((event for event in events if action.subject in ("", event.subject)), None)


def with_outcomes(events: Sequence[Event], outcomes: Sequence[Acted]) -> tuple[Event, ...]:
    """The events; `data["actions"]` of each says how its actions ended."""
    by_event: dict[int, list[dict[str, Any]]] = {}
    for acted in outcomes:
        host = host_of(acted.action, events)
        if host is not None:
            by_event.setdefault(id(host), []).append(outcome(acted))
    return tuple(
        replace(event, data={**event.data, "actions": by_event[id(event)]}) if id(event) in by_event else event
        for event in events
    )


def outcome(acted: Acted) -> dict[str, Any]:
    return {
        "target": acted.action.target,
        "value": _plain(acted.action.value),
        "delivery": acted.delivery.value,
        "at_utc_s": acted.at.utc_s,
        "detail": acted.detail,
    }


def delivery_event(acted: Acted, station: str) -> Event:
    """Says by itself how an action ended that no event holds or whose event is recorded already."""
    subject = acted.action.subject or acted.action.target
    return Event("delivery", subject, acted.at.utc_s, outcome(acted), station)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        try:
            return frozen(value)
        except StoreError:
            return repr(value)[:200]
    return value if value is None or isinstance(value, str | bool | int) else _number(value)


def _number(value: Any) -> Any:
    try:
        return frozen({"": value})[""]
    except StoreError:
        return repr(value)[:200]
