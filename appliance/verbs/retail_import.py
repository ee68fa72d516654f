"""`edgewise retail import|export`: products, planogram, stock and sales as CSV, all of it or nothing."""

from __future__ import annotations

import argparse
import json
import socket
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from appliance.arguments import add_config, add_data
from core.clock import SystemClock
from core.errors import InputError, SettingsError, StoreError

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from retail.settings import RetailSettings
    from verticals.places import Places

_FILES = ("products", "planogram", "stock", "sales")


def register(acts: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    text = "products, planogram, opening stock and past sales from CSV"
    bring = acts.add_parser("import", help=text, description=text)
    for name in _FILES:
        bring.add_argument(f"--{name}", type=Path, metavar="FILE")
    bring.set_defaults(run=run_import)
    text = "everything as CSV: products, planogram, stock, every move, every count"
    export = acts.add_parser("export", help=text, description=text)
    export.add_argument("--to", type=Path, required=True, metavar="DIR", help="a folder; it is made")
    export.set_defaults(run=run_export)
    for act in (bring, export):
        act.add_argument("--json", action="store_true", help="one JSON document on stdout")
        add_config(act)
        add_data(act)


def run_import(arguments: argparse.Namespace) -> int:
    from retail.catalogue.bring import SOURCE, File, Files, read_import
    from retail.catalogue.shelf import known
    from verticals.store.database import reading
    from verticals.store.inbox import Inbox

    named = {name: path for name in _FILES if (path := getattr(arguments, name)) is not None}
    files = Files(**{name: File(path.name, _content(path)) for name, path in named.items()})
    with store(arguments, write=True) as (places, settings, engine):
        with reading(engine) as connection:
            there = known(connection)
        read = read_import(files, there, settings, SystemClock().now().utc_s)
        Inbox(engine).bring_all(SOURCE, [(fact.key, fact.payload) for fact in read.facts])
        running = _wake(places)
    when = "the store takes it in now" if running else "the store takes it in when it runs"
    document = {"brought": dict(read.counts), "facts": len(read.facts), "running": running}
    told = ", ".join(f"{count} of {name}" for name, count in read.counts.items())
    sys.stdout.write((json.dumps(document) if arguments.json else f"{told}: {when}") + "\n")
    return 0


def run_export(arguments: argparse.Namespace) -> int:
    from retail.catalogue.export import EXPORTS
    from verticals.store.database import reading

    arguments.to.mkdir(parents=True, exist_ok=True)
    written = {}
    with store(arguments) as (_, _, engine), reading(engine) as connection:
        for name, rows in EXPORTS.items():
            with (arguments.to / name).open("wb") as file:
                for chunk in rows(connection):
                    file.write(chunk)
            written[name] = (arguments.to / name).stat().st_size
    document = {"to": str(arguments.to), "bytes": written}
    sys.stdout.write((json.dumps(document) if arguments.json else f"{', '.join(written)} in {arguments.to}") + "\n")
    return 0


@contextmanager
def store(arguments: argparse.Namespace, *, write: bool = False) -> Iterator[tuple[Places, RetailSettings, Engine]]:
    """The store's places, settings and database; `write` makes it where it is not yet."""
    from appliance.site import load_site, places_of
    from verticals.store.database import open_database
    from verticals.store.upgrade import prepare_app_db

    site = load_site(arguments.config)
    app = site.apps.get("retail")
    if app is None:
        raise SettingsError(f"{arguments.config}: it has no table [retail]", hint="Name another with --config.")
    places = places_of(arguments.config, arguments.data)
    if write:
        places.make("retail")
        prepare_app_db(places, app.vertical.manifest)
    elif "retail" not in places.apps():
        raise StoreError(f"{places.data}/retail: there is no store yet", hint="Name the data directory with --data.")
    settings: Any = app.settings
    engine = open_database(places.app_store("retail"), read_only=not write)
    try:
        yield places, settings, engine
    finally:
        engine.dispose()


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from error


def _wake(places: Places) -> bool:
    """Whether the line runs: it looks into its inbox whenever somebody joins it."""
    with suppress(OSError), closing(socket.socket(socket.AF_UNIX)) as wire:
        wire.connect(str(places.live_socket("retail")))
        return True
    return False
