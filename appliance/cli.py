"""The `edgewise` command: parses, runs one verb, and turns every fault into one clear line and an exit code.

0: done. 1: done, and there is a finding. 2: bad usage or input. 130: interrupted.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version

from appliance.arguments import OneLineParser
from core.errors import EdgewiseError
from core.settings import environment_default

#: A module of appliance.verbs each, with `register(subparsers)` and `run(arguments) -> int`.
VERBS = (
    "run",
    "demo",
    "doctor",
    "models",
    "events",
    "user",
    "backup",
    "restore",
    "outgoing",
    "manufacturing",
    "healthcare",
    "retail",
)


def main(argv: Sequence[str] | None = None) -> int:
    # Before numpy is imported: its threads gain nothing on our small matrices and spin away what the line needs.
    environment_default("OPENBLAS_NUM_THREADS", "1")
    parser = _parser()
    arguments = parser.parse_args(argv)
    try:
        return int(arguments.run(arguments))
    except EdgewiseError as error:
        return _refuse(str(error))
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever read our output has gone (`| head`); Python would complain once more while it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        # What no module foresaw of the machine: a disk that is full or read-only, a file that is not ours.
        return _refuse(f"{error.filename or 'this machine'}: {error.strerror or error}")


def _refuse(sentence: str) -> int:
    """In one line, whatever a library put into its words."""
    sys.stderr.write(f"edgewise: {' '.join(sentence.split())}\n")
    return 2


def _parser() -> argparse.ArgumentParser:
    parser = OneLineParser(prog="edgewise", description="Edge-AI appliances on one box.")
    parser.add_argument("--version", action="version", version=f"edgewise {version('edgewise')}")
    subparsers = parser.add_subparsers(metavar="VERB", required=True)
    for verb in VERBS:
        import_module(f"appliance.verbs.{verb}").register(subparsers)
    return parser


if __name__ == "__main__":
    sys.exit(main())
