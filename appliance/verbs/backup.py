"""`edgewise backup` and `edgewise restore BACKUP`: the record, keys and models of a box, taken and put back.

Exit 0: done. 1: restored, and the audit of the backup is not whole. 2: bad usage, or refused.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.arguments import add_config, add_data
from core.clock import SystemClock, iso_utc
from core.errors import RefusedError, SettingsError

if TYPE_CHECKING:
    from verticals.backup.restoring import Restored
    from verticals.store.upgrade import MigrationStream


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    backup = subparsers.add_parser("backup", help="copy record, keys and models, also while the appliance runs")
    backup.add_argument("--to", type=Path, metavar="FOLDER", help="where to (default: backups/ of the data directory)")
    backup.set_defaults(act=_backup)
    restore = subparsers.add_parser("restore", help="put a backup back into an empty data directory")
    restore.add_argument("backup", type=Path, metavar="BACKUP", help="a folder that `edgewise backup` or the box made")
    restore.set_defaults(act=_restore)
    for parser in (backup, restore):
        add_config(parser)
        add_data(parser)
        parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
        parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    return int(arguments.act(arguments))


def _backup(arguments: argparse.Namespace) -> int:
    from appliance.site import places_of
    from verticals.backup.making import make_backup

    places = places_of(arguments.config, arguments.data)
    if not (places.apps() or places.box_db.exists()):
        raise RefusedError(f"{arguments.data}: there is no record here to copy", hint="Name the directory with --data.")
    made = make_backup(places, SystemClock(), arguments.to or places.backups, lambda share, text: None, lambda: False)
    assert made is not None
    if made.folder is None:
        raise RefusedError(made.elsewhere)
    if arguments.json:
        sys.stdout.write(json.dumps({"backup": str(made.folder), "databases": list(made.databases)}) + "\n")
    else:
        sys.stdout.write(f"{made.folder}: {', '.join(made.databases)}, keys and models; no pictures.\n")
    return 0


def _restore(arguments: argparse.Namespace) -> int:
    from appliance.alone import alone
    from appliance.site import places_of
    from verticals.backup.restoring import restore

    places = places_of(arguments.config, arguments.data)
    with alone(places):
        found = restore(arguments.backup, places, SystemClock(), _streams_of, lambda share, text: None)
    if arguments.json:
        sys.stdout.write(json.dumps(asdict(found)) + "\n")
    else:
        sys.stdout.writelines(f"{line}\n" for line in _lines(found))
    return 1 if found.audit_fault else 0


def _streams_of(app: str) -> Sequence[MigrationStream]:
    from verticals import catalog
    from verticals.store.upgrade import streams_of

    try:
        return streams_of(catalog.load(app).manifest)
    except SettingsError as error:
        raise RefusedError(
            f"the backup holds the record of '{app}', which is not installed here: {error.message}",
            hint="Install the package that brings it, then restore.",
        ) from error


def _lines(found: Restored) -> list[str]:
    lines = [f"Restored {found.backup}, made {iso_utc(found.made_utc_s)} by release {found.release}."]
    for store in found.stores:
        lines.append(
            f"  {store.app}: {store.events} events; {store.pictures} pictures on record, {store.absent} not here."
        )
    if found.audit_fault:
        return [*lines, f"The audit of the backup is NOT as it was written: {found.audit_fault}."]
    return [*lines, f"The audit's {found.audit_entries} entries are as they were written."]
