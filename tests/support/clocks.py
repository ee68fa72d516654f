"""A clock that stands still until a test moves it: the one thing that tests fake."""

from __future__ import annotations

from core.clock import Instant

#: A Tuesday in November; any moment will do as long as it is the same in every run.
START_UTC_S = 1_795_000_000.0


class FakeClock:
    """Both clocks move by `advance`; `step_utc` moves only the one for people, as a time server does."""

    def __init__(self, mono_s: float = 1000.0, utc_s: float = START_UTC_S) -> None:
        self.mono_s = mono_s
        self.utc_s = utc_s

    def now(self) -> Instant:
        return Instant(mono_s=self.mono_s, utc_s=self.utc_s)

    def advance(self, seconds: float) -> Instant:
        if seconds < 0:
            raise ValueError("the monotonic clock never goes back")
        self.mono_s += seconds
        self.utc_s += seconds
        return self.now()

    def step_utc(self, seconds: float) -> Instant:
        self.utc_s += seconds
        return self.now()
