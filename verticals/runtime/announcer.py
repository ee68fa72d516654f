"""What everybody is told of the record as it grows: replies at the commit, events once they can be read whole.

A page fetches the pictures of an event the moment it hears of it, and pictures are written after the commit.
So the number that is told never passes an event whose pictures are still on their way.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from verticals.contract import Event
from verticals.runtime.live import LiveMessage
from verticals.store.events import Entry


class Announcer:
    """Belongs to the line's event loop. Up to `sequence` every event can be read with what belongs to it."""

    def __init__(self, publish: Callable[[LiveMessage], None]) -> None:
        self._publish = publish
        self._committed = 0
        self._incomplete: set[int] = set()
        self._announcing = False

    @property
    def sequence(self) -> int:
        return min(self._incomplete) - 1 if self._incomplete else self._committed

    def begin(self, sequence: int) -> None:
        """Where the record stands when the line starts."""
        self._committed = sequence

    def committed(self, entry: Entry, events: Sequence[Event], *, complete: bool = True) -> None:
        """Recorded; `completed` must follow where it is not complete yet."""
        for command, _ in entry.replies:
            self._publish(LiveMessage("command", {"id": command}))
        if not events:
            return
        self._committed = max(self._committed, events[-1].sequence)
        if complete:
            self._announce_soon()
        else:
            self._incomplete.add(events[0].sequence)

    def completed(self, events: Sequence[Event]) -> None:
        """All that belongs to these events can be read now, or never will be."""
        if events:
            self._incomplete.discard(events[0].sequence)
            self._announce_soon()

    def _announce_soon(self) -> None:
        """One message for all that one commit brought."""
        if not self._announcing:
            self._announcing = True
            asyncio.get_running_loop().call_soon(self._announce)

    def _announce(self) -> None:
        self._announcing = False
        self._publish(LiveMessage("stored", {"sequence": self.sequence}))
