"""`edgewise restore BACKUP`: the record, keys and models of a box, put back into an empty data directory.

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
    parser = subparsers.add_parser("restore", help="put a backup back into an empty data directory")
    parser.add_argument("backup", type=Path, metavar="BACKUP", help="a folder that `edgewise backup` or the box made")
    add_config(parser)
    add_data(parser)
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
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
