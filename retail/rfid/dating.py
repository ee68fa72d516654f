"""When a tag was read: a reader's clock against ours. Readers have no network time as often as not.

An event or a report comes when it was sent or later: of the differences between receipt and the reader's clock the
smallest of late is that of the clocks, and what is more was on its way or held back by the reader.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from core.clock import Instant
from retail.rfid.reports import TagReport

_KEPT = 120  # differences: two minutes at a cycle of a second, so that a clock that is set is followed
_OLDEST_S = 86_400.0


class ReaderClock:
    """Of one connection. `difference_s` is how far the reader is behind us, None while unknown or without UTC."""

    def __init__(self) -> None:
        self._differences: dict[bool, deque[float]] = {True: deque(maxlen=_KEPT), False: deque(maxlen=_KEPT)}

    @property
    def difference_s(self) -> float | None:
        return min(self._differences[True], default=None)

    def hear(self, timestamp_us: int, at: Instant, *, utc: bool = True) -> None:
        """Of an event that was told at once."""
        if timestamp_us:
            self._differences[utc].append(at.utc_s - timestamp_us / 1e6)

    def dated(self, tags: Sequence[TagReport], at: Instant) -> list[Instant]:
        """When each tag of a report that came `at` was last read, on our clocks; at receipt where nothing is said."""
        for utc in (True, False):
            newest = max((tag.last_seen_us for tag in tags if tag.last_seen_us and tag.utc is utc), default=0)
            self.hear(newest, at, utc=utc)
        return [self._moment(tag, at) for tag in tags]

    def _moment(self, tag: TagReport, at: Instant) -> Instant:
        difference_s = min(self._differences[tag.utc], default=None)
        if not tag.last_seen_us or difference_s is None:
            return at
        age_s = at.utc_s - (tag.last_seen_us / 1e6 + difference_s)
        return at.plus(-min(max(age_s, 0.0), _OLDEST_S))
