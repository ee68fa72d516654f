"""`edgewise retail`: import what a store sells and where it lies, check the ledger, find out how good the rest is.

Exit 0: done. 1: there is a difference (`check`), there are gaps (`gaps`). 2: bad usage or input.
"""

from __future__ import annotations

import argparse
from importlib import import_module

#: A module of appliance.verbs each, with `register(acts)`: it adds its sub-verbs.
ACTS = ("retail_import", "retail_check", "retail_evaluate", "retail_gaps")


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser("retail", help="in-store inventory: import, export, check, evaluate, enrol, gaps")
    acts = parser.add_subparsers(metavar="ACT", required=True)
    for act in ACTS:
        import_module(f"appliance.verbs.{act}").register(acts)
