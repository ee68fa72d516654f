"""Arguments that several verbs share."""

from __future__ import annotations

import argparse
from pathlib import Path

from core.settings import environment


def add_data(parser: argparse.ArgumentParser) -> None:
    default = Path(environment("EDGEWISE_DATA") or "./var")
    parser.add_argument("--data", type=Path, default=default, help="data directory (default: $EDGEWISE_DATA or ./var)")


def add_config(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", type=Path, default=Path("edgewise.toml"), help="the site's settings")
