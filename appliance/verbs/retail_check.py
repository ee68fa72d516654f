"""`edgewise retail check`: works the ledger out anew from its facts and compares; `--rebuild` writes what differs."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict

from appliance.arguments import add_config, add_data
from appliance.verbs.retail_import import store

_SHOWN = 20


def register(acts: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    text = "work the ledger's balances out anew from its documents and compare"
    check = acts.add_parser("check", help=text, description=text)
    check.add_argument("--rebuild", action="store_true", help="write what differs; not while the store runs")
    check.add_argument("--json", action="store_true", help="one JSON document on stdout")
    add_config(check)
    add_data(check)
    check.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    from retail.ledger.rebuild import differences, rebuild
    from verticals.store.database import reading, writing

    with store(arguments, write=arguments.rebuild) as (_, _, engine):
        with reading(engine) as connection:
            found = differences(connection, _progress(arguments))
        rebuilt = 0
        if found and arguments.rebuild:
            with writing(engine) as connection:
                rebuilt = rebuild(connection, _progress(arguments))
    if arguments.json:
        document = {"differences": [asdict(one) for one in found], "rebuilt": rebuilt}
        sys.stdout.write(json.dumps(document) + "\n")
    else:
        told = [f"{one.what} {one.about}: is {one.is_}, should be {one.should}" for one in found[:_SHOWN]]
        more = [f"and {len(found) - _SHOWN} more"] if len(found) > _SHOWN else []
        end = f"{len(found)} differences" + (f", {rebuilt} products and places rebuilt" if rebuilt else "")
        sys.stdout.write("\n".join([*told, *more, end if found else "The ledger agrees with its documents."]) + "\n")
    return 1 if found else 0


def _progress(arguments: argparse.Namespace) -> Callable[[float, str], None]:
    if arguments.json or not sys.stderr.isatty():
        return lambda share, text: None

    def tell(share: float, text: str) -> None:
        sys.stderr.write(f"\r\x1b[K{share:4.0%} {text}" if share < 1 else "\r\x1b[K")
        sys.stderr.flush()

    return tell
