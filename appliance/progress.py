"""How far a command is, on one line of a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Tell = Callable[[float, str], None]


@contextmanager
def progress(*, quiet: bool) -> Iterator[Tell]:
    """To be told the share done, 0..1, and what it is at. Silent with `quiet` and where stderr is no terminal."""
    if quiet or not sys.stderr.isatty():
        yield lambda share, text: None
        return

    def tell(share: float, text: str) -> None:
        sys.stderr.write(f"\r\x1b[K{share:4.0%} {text}")
        sys.stderr.flush()

    try:
        yield tell
    finally:
        sys.stderr.write("\r\x1b[K")  # what is said next, a fault above all, stands on a line of its own
