"""Which products have changed and may be told again: each at most once a minute, what changed first comes first."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator

TOLD_EVERY_S = 60.0


class News:
    """Costs by what is due, not by how many wait."""

    def __init__(self) -> None:
        self._changed: dict[str, int] = {}  # its turn
        self._turn = 0
        self._told_at: dict[str, float] = {}
        self._waiting: list[tuple[float, int, str]] = []  # by when it may be told
        self._ready: list[tuple[int, str]] = []  # by turn

    def add(self, gtin: str) -> None:
        if gtin in self._changed:
            return
        self._turn += 1
        self._changed[gtin] = self._turn
        heapq.heappush(self._waiting, (self._told_at.get(gtin, 0.0) + TOLD_EVERY_S, self._turn, gtin))

    def due(self, now_utc_s: float, more: Callable[[], bool]) -> Iterator[str]:
        """What may be told now, while `more` says so; whatever is given counts as told."""
        while self._waiting and self._waiting[0][0] <= now_utc_s:
            _, turn, gtin = heapq.heappop(self._waiting)
            heapq.heappush(self._ready, (turn, gtin))
        while self._ready and more():
            _, gtin = heapq.heappop(self._ready)
            del self._changed[gtin]
            self._told_at[gtin] = now_utc_s
            yield gtin

    def next_utc_s(self) -> float | None:
        """When something may be told; long ago where it may already."""
        if self._ready:
            return 0.0
        return self._waiting[0][0] if self._waiting else None
