"""`edgewise outgoing list|hand-in|drop`: messages that a receiver refused again and again, and what becomes of them.

Exit 0: done. 2: bad usage, or a number that is not set aside.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING

from appliance.arguments import add_config, add_data, whole
from core.clock import iso_utc

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from verticals.outgoing.aside import Aside


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser("outgoing", help="messages that their receivers refused: list, hand in again, drop")
    acts = parser.add_subparsers(metavar="ACT", required=True)
    shown = acts.add_parser("list", help="what is set aside, the oldest first, and what the receiver said")
    shown.add_argument("--json", action="store_true", help="one JSON document on stdout")
    shown.set_defaults(act=_list)
    again = acts.add_parser("hand-in", help="send them again; a running box tries within half a minute")
    some = again.add_mutually_exclusive_group(required=True)
    some.add_argument("numbers", type=whole(1), nargs="*", default=[], metavar="NUMBER")
    some.add_argument("--all", action="store_true", help="everything that is set aside")
    again.set_defaults(act=_hand_in)
    gone = acts.add_parser("drop", help="delete them for good")
    gone.add_argument("numbers", type=whole(1), nargs="+", metavar="NUMBER")
    gone.set_defaults(act=_drop)
    for act in (shown, again, gone):
        add_config(act)
        add_data(act)
        act.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    with _box(arguments) as engine:
        arguments.act(engine, arguments)
    return 0


def _list(engine: Engine, arguments: argparse.Namespace) -> None:
    from verticals.outgoing.aside import listed

    found = listed(engine)
    if arguments.json:
        document = {"set_aside": [{**asdict(one), "created_at": iso_utc(one.created_utc_s)} for one in found]}
        sys.stdout.write(json.dumps(document, ensure_ascii=False) + "\n")
    else:
        _tell(found, "Nothing is set aside.")


def _hand_in(engine: Engine, arguments: argparse.Namespace) -> None:
    from verticals.outgoing.aside import hand_in

    _tell(hand_in(engine, None if arguments.all else arguments.numbers), "Nothing is set aside.")


def _drop(engine: Engine, arguments: argparse.Namespace) -> None:
    from verticals.outgoing.aside import drop

    _tell(drop(engine, arguments.numbers), "")


def _tell(found: Sequence[Aside], none: str) -> None:
    lines = [f"{one.number}  {iso_utc(one.created_utc_s)}  {one.stream}  {one.kind}  {one.problem}" for one in found]
    sys.stdout.writelines(f"{line}\n" for line in lines or [none])


@contextmanager
def _box(arguments: argparse.Namespace) -> Iterator[Engine]:
    from appliance.site import places_of
    from verticals.store.database import open_database
    from verticals.store.upgrade import prepare_box_db

    engine = open_database(prepare_box_db(places_of(arguments.config, arguments.data)))
    try:
        yield engine
    finally:
        engine.dispose()
