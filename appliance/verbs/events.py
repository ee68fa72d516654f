"""`edgewise events tail|export APP`: the record, as lines for people or for programs."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from appliance.arguments import add_data
from core.clock import iso_utc
from core.errors import StoreError
from verticals.contract import Event
from verticals.places import Places

_PAGE = 500


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser("events", help="show or export the record of an app")
    acts = parser.add_subparsers(metavar="ACT", required=True)
    tail = acts.add_parser("tail", help="the newest events, newest last")
    tail.add_argument("--count", type=int, default=20)
    tail.set_defaults(newest=True)
    export = acts.add_parser("export", help="every event as JSON lines")
    export.set_defaults(newest=False, count=0)
    for act in (tail, export):
        act.add_argument("app")
        act.add_argument("--json", action="store_true", help="JSON lines")
        add_data(act)
        act.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    events = _newest(arguments) if arguments.newest else _all(arguments)
    for event in events:
        sys.stdout.write(_line(event, as_json=arguments.json or not arguments.newest) + "\n")
    return 0


def _line(event: Event, *, as_json: bool) -> str:
    if as_json:
        return json.dumps({**asdict(event), "at": iso_utc(event.at_utc_s)}, ensure_ascii=False)
    who = f" by {event.who}" if event.who else ""
    words = ", ".join(f"{key} {value}" for key, value in event.data.items() if isinstance(value, str | int | float))
    return f"{event.sequence:>8} {iso_utc(event.at_utc_s)} {event.station} {event.kind} {event.subject}{who}: {words}"


def _store(data: Path, app: str):  # type: ignore[no-untyped-def]  # the store's classes load late
    from verticals.store.database import open_database
    from verticals.store.events import EventStore

    path = Places(data).events_db(app)
    if not path.exists():
        raise StoreError(f"{path}: there is no record of '{app}'", hint="Name the data directory with --data.")
    return EventStore(open_database(path, read_only=True))


def _newest(arguments: argparse.Namespace) -> list[Event]:
    events: list[Event] = _store(arguments.data, arguments.app).read(limit=arguments.count, newest_first=True)
    return events[::-1]


def _all(arguments: argparse.Namespace) -> Iterator[Event]:
    store, after = _store(arguments.data, arguments.app), 0
    while page := store.read(after=after, limit=_PAGE):
        yield from page
        after = page[-1].sequence
