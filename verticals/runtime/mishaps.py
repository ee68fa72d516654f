"""Exceptions out of an app's own code: each is logged once with its trace, all are counted, none ends the line."""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections import Counter
from typing import Any

log = logging.getLogger(__name__)


class Mishaps:
    """Of one owner (a station, a device). `counts` by the call in which they happened."""

    def __init__(self, owner: str) -> None:
        self._owner = owner
        self._known: set[tuple[str, str, str]] = set()
        self.counts: Counter[str] = Counter()

    def note(self, where: str, error: BaseException) -> bool:
        """Whether this is the first of its kind: same call, same class, same line of code."""
        self.counts[where] += 1
        frames = traceback.extract_tb(error.__traceback__)
        place = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else ""
        kind = (where, type(error).__name__, place)
        if kind in self._known:
            log.debug("%s: %s failed again: %s", self._owner, where, error)
            return False
        self._known.add(kind)
        log.error("%s: %s failed; the same again goes to debug", self._owner, where, exc_info=error)
        return True


def looked_at(done: asyncio.Future[Any]) -> None:
    """As a callback of `done`: it may fail without anybody left who waits for it. asyncio would log its error as one
    that was never seen."""
    if not done.cancelled():
        done.exception()


def in_words(error: BaseException) -> str:
    """`ValueError: no such part`, at most 300 characters."""
    return f"{type(error).__name__}: {error}"[:300]
