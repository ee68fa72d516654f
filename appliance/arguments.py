"""Arguments that several verbs share, and the kinds of values they take."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from core.settings import environment


class OneLineParser(argparse.ArgumentParser):
    """Says what is wrong in one line, as every other fault is said; `--help` shows the usage."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")


def add_data(parser: argparse.ArgumentParser, unless_set: str = "./var") -> None:
    default = Path(environment("EDGEWISE_DATA") or unless_set)
    text = f"data directory (default: $EDGEWISE_DATA or {unless_set})"
    parser.add_argument("--data", type=Path, default=default, help=text)


def add_config(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", type=Path, default=Path("edgewise.toml"), help="the site's settings")


def whole(least: int, most: int | None = None) -> Callable[[str], int]:
    """A whole number from `least` to `most`."""
    expected = f"a whole number from {least} to {most}" if most is not None else f"a whole number, {least} or more"

    def parse(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is not {expected}") from None
        if value < least or (most is not None and value > most):
            raise argparse.ArgumentTypeError(f"{text!r} is not {expected}")
        return value

    return parse


def above_zero(most: float) -> Callable[[str], float]:
    """A number above 0, up to `most`."""

    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not 0 < value <= most:
            raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0, up to {most:g}")
        return value

    return parse


port = whole(1, 65535)
