"""`edgewise backup`: the record, keys and models of a box, copied while it runs; `edgewise restore` puts them back."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from appliance.arguments import add_config, add_data
from core.clock import SystemClock
from core.errors import RefusedError


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser("backup", help="copy record, keys and models, also while the appliance runs")
    parser.add_argument("--to", type=Path, metavar="FOLDER", help="where to (default: backups/ of the data directory)")
    add_config(parser)
    add_data(parser)
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
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
