"""Twice a second, for as long as the loop moves: the beat on the live line, the devices' heartbeat, the clock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from core.clock import Clock, Instant
from core.errors import InputError
from verticals.runtime.live import LiveMessage
from verticals.runtime.schedule import Schedule

BEAT_S = 0.5
CLOCK_STEP_S = 1.0
#: Before this moment (2025-01-01) a box has not been told the time.
CLOCK_SET_FROM_UTC_S = 1_735_689_600.0


class Pulse:
    """Belongs to the line's event loop. `describe` gives the beat's data; each of `followers` hears every beat."""

    def __init__(
        self,
        schedule: Schedule,
        clock: Clock,
        publish: Callable[[LiveMessage], None],
        describe: Callable[[Instant], dict[str, Any]],
        followers: Callable[[int], None],
        stepped: Callable[[float, Instant], None],
    ) -> None:
        self._schedule = schedule
        self._clock = clock
        self._publish = publish
        self._describe = describe
        self._followers = followers
        self._stepped = stepped
        self._offset_s: float | None = None
        self.count = 0

    def start(self) -> None:
        self._beat()

    def _beat(self) -> None:
        self._schedule.after(BEAT_S, self._beat)
        now = self._clock.now()
        self.count += 1
        self._watch_clock(now)
        self._followers(self.count)
        data = {"at": now.utc_s, "beat": self.count, "clock_set": now.utc_s >= CLOCK_SET_FROM_UTC_S}
        try:
            self._publish(LiveMessage("beat", {**data, **self._describe(now)}))
        except InputError as error:
            self._publish(LiveMessage("beat", {**data, "trouble": error.message}))

    def _watch_clock(self, now: Instant) -> None:
        """The clock for people against the one that never steps; slow correction is not a step."""
        offset_s = now.utc_s - now.mono_s
        if self._offset_s is not None and abs(offset_s - self._offset_s) > CLOCK_STEP_S:
            self._stepped(offset_s - self._offset_s, now)
        self._offset_s = offset_s
