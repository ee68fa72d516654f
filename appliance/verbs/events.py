"""`edgewise events tail|export APP`: the record, as lines for people or for programs."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from appliance.arguments import add_config, add_data, whole
from core.clock import iso_utc
from core.errors import StoreError
from verticals.contract import Event
from verticals.places import Places

if TYPE_CHECKING:
    from verticals.store.events import EventStore

_PAGE = 500


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser("events", help="show or export the record of an app")
    acts = parser.add_subparsers(metavar="ACT", required=True)
    tail = acts.add_parser("tail", help="the newest events, newest last")
    tail.add_argument("--count", type=whole(1), default=20, help="how many")
    tail.add_argument("--json", action="store_true", help="one JSON document on stdout")
    tail.set_defaults(act=_tail)
    export = acts.add_parser("export", help="every event, one JSON object a line")
    export.set_defaults(act=_export)
    for act in (tail, export):
        act.add_argument("app")
        add_config(act)
        add_data(act)
        act.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    from appliance.site import places_of

    with _store(places_of(arguments.config, arguments.data), arguments.app) as store:
        arguments.act(store, arguments)
    return 0


def _tail(store: EventStore, arguments: argparse.Namespace) -> None:
    events = store.read(limit=arguments.count, newest_first=True)[::-1]
    if arguments.json:
        sys.stdout.write(json.dumps({"events": [_document(event) for event in events]}, ensure_ascii=False) + "\n")
    else:
        sys.stdout.writelines(f"{_line(event)}\n" for event in events)


def _export(store: EventStore, arguments: argparse.Namespace) -> None:
    after = 0
    while page := store.read(after=after, limit=_PAGE):
        sys.stdout.writelines(json.dumps(_document(event), ensure_ascii=False) + "\n" for event in page)
        after = page[-1].sequence


def _document(event: Event) -> dict[str, Any]:
    return {**asdict(event), "at": iso_utc(event.at_utc_s)}


def _line(event: Event) -> str:
    who = f" by {event.who}" if event.who else ""
    words = ", ".join(f"{key} {value}" for key, value in event.data.items() if isinstance(value, str | int | float))
    line = f"{event.sequence:>8} {iso_utc(event.at_utc_s)} {event.station} {event.kind} {event.subject}{who}: {words}"
    # One line an event, and nothing that a terminal obeys, whatever came in over the wire.
    return "".join(letter if letter.isprintable() else " " for letter in line)


@contextmanager
def _store(places: Places, app: str) -> Iterator[EventStore]:
    from verticals.store.database import open_database
    from verticals.store.events import EventStore

    if app not in places.apps():
        where = f"{places.data}/{app}"
        raise StoreError(f"{where}: there is no record of '{app}'", hint="Name the data directory with --data.")
    engine = open_database(places.app_store(app), read_only=True)
    try:
        yield EventStore(engine)
    finally:
        engine.dispose()
