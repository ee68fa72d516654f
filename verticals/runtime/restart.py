"""Gives a station its past when a line starts, and records what the last line decided and could not record."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from core.clock import Instant
from core.errors import StoreError
from verticals.contract import Event, Recalls, Vertical
from verticals.runtime.ahead import Past
from verticals.runtime.lane import Lane
from verticals.runtime.mishaps import in_words
from verticals.store.database import reading
from verticals.store.events import Entry, EventStore, Projected

log = logging.getLogger(__name__)

RECOVERED = "decided before a restart and recorded after it; how its actions ended is not known"


def restore(lane: Lane, store: EventStore, now: Instant) -> None:
    """Blocks; before the lane runs. Raises StoreError when the past cannot be read.

    A station that cannot take its past begins anew and says so; what it could not take goes into the record.
    """
    state, sequence = store.load_state(lane.name)
    past = Past(state, store.replay(lane.name, sequence), lane.name)
    try:
        lane.station.restore(past.state, past.events(), now)
        for _ in past.events():
            pass  # those that the station did not ask for
    except Exception as error:
        lane.mishaps.note("restore", error)
        lane.faults["not-restored"] = f"Its saved state could not be read: {in_words(error)}"
        data = {"where": "restore", "error": in_words(error), "state": state}
        _record(lane, store, [Event("mishap", "restore", now.utc_s, data, lane.name)], now)
        return
    lost = past.unrecorded(_looked_up(store))
    if lost:
        log.warning("station %s: %d decisions of before the restart are recorded now", lane.name, len(lost))
        _record(lane, store, [replace(event, data={**event.data, "recovered": RECOVERED}) for event in lost], now)


def recall(vertical: Vertical, lanes: Iterable[Lane], store: EventStore) -> Sequence[Projected]:
    """What the app's own tables have for its stations. Blocks; before the lanes run. Raises StoreError for the store.

    Where the app's code fails, its stations begin without and every screen says so.
    """
    if not isinstance(vertical, Recalls):
        return ()
    try:
        with reading(store.engine) as connection:
            return list(vertical.recall(connection))
    except StoreError:
        raise
    except Exception as error:
        for lane in lanes:
            lane.mishaps.note("recall", error)
            lane.faults["not-recalled"] = f"What its tables hold could not be read: {in_words(error)}"
        return ()


def _looked_up(store: EventStore) -> Callable[[Event], bool]:
    def recorded(event: Event) -> bool:
        found = store.read(station=event.station, kinds=(event.kind,), subject=event.subject, newest_first=True)
        return any(other.at_utc_s == event.at_utc_s for other in found)

    return recorded


def _record(lane: Lane, store: EventStore, events: list[Event], now: Instant) -> None:
    """With the state that holds them, so that the next restart does not hand them over once more."""
    state = lane.capture(now)
    try:
        store.append([Entry(events=events, states={} if state is None else {lane.name: state})])
    except Exception as error:
        lane.mishaps.note("recover", error)
