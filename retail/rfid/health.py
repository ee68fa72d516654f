"""How a reader fares: how many reads each antenna makes a minute, against what it made in the hour before. Pure."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from statistics import median

from core.clock import Instant

ANTENNA_LOST, ANTENNA_QUIET, NO_READS, FALLING = "antenna-lost", "antenna-quiet", "no-reads", "reads-falling"
CLOCK_OFF = "reader-clock"
CLOCK_TOLERANCE_S = 2.0
_MINUTE_S = 60.0
_HOUR_MINUTES = 60
_LATELY_MINUTES = 5
_FALLEN_TO = 0.5
_KNOWN_AFTER_MINUTES = 15  # before that there is nothing to compare with
_LEAST_PER_MINUTE = 10.0  # fewer reads say nothing when they stop


@dataclass(slots=True)
class ReaderHealth:
    """Minutes count only while the reader listened in them; `quiet_after_s` as in `ReaderSettings`."""

    quiet_after_s: float
    connected: dict[int, bool] = field(default_factory=dict)
    clock_behind_s: float = 0.0
    _minutes: deque[Counter[int]] = field(default_factory=lambda: deque(maxlen=_HOUR_MINUTES + _LATELY_MINUTES))
    _now: Counter[int] = field(default_factory=Counter)
    _listened_s: float = 0.0
    _last: Instant | None = None

    def hear(self, reads: Mapping[int, int], at: Instant, *, listening: bool) -> None:
        """Antenna to reads since the last call."""
        passed_s = min(at.since(self._last), _MINUTE_S) if self._last is not None else 0.0
        self._last = at
        if not listening:
            return
        self._now.update(reads)
        self._listened_s += passed_s
        if self._listened_s >= _MINUTE_S:
            self._minutes.append(self._now)
            self._now, self._listened_s = Counter(), self._listened_s - _MINUTE_S

    @property
    def per_minute(self) -> float | None:
        """Reads in the last whole minute, None before there is one."""
        return float(self._minutes[-1].total()) if self._minutes else None

    def faults(self) -> dict[str, str]:
        """Codes with sentences, of what is wrong now."""
        return dict(self._faults())

    def _faults(self) -> Iterator[tuple[str, str]]:
        lost = sorted(antenna for antenna, ok in self.connected.items() if not ok)
        if lost:
            yield ANTENNA_LOST, f"{_named(lost)} not connected: check cable and plug"
        if abs(self.clock_behind_s) > CLOCK_TOLERANCE_S:
            side = "behind" if self.clock_behind_s > 0 else "ahead"
            yield CLOCK_OFF, f"its clock is {abs(self.clock_behind_s):.0f} s {side}: reads are dated by ours"
        yield from self._quiet(lost)

    def _quiet(self, lost: list[int]) -> Iterator[tuple[str, str]]:
        """Fewer reads than there were; no reads at all says more than that an antenna has none."""
        quiet = max(1, round(self.quiet_after_s / _MINUTE_S))
        lately, before = self._split(quiet)
        if len(before) < _KNOWN_AFTER_MINUTES:
            return
        usual = median(minute.total() for minute in before)
        if usual >= _LEAST_PER_MINUTE and not any(minute.total() for minute in lately):
            yield NO_READS, f"no reads for {quiet} min, {usual:.0f} a minute before"
            return
        silent = [
            antenna
            for antenna in sorted({antenna for minute in before for antenna in minute} - set(lost))
            if median(minute[antenna] for minute in before) >= _LEAST_PER_MINUTE
            and not any(minute[antenna] for minute in lately)
        ]
        if silent:
            yield ANTENNA_QUIET, f"{_named(silent)} without a read for {quiet} min: covered, turned or broken?"
        last, earlier = self._split(_LATELY_MINUTES)
        now, usual = median(minute.total() for minute in last), median(minute.total() for minute in earlier)
        if usual >= _LEAST_PER_MINUTE and now < _FALLEN_TO * usual and not silent:
            yield FALLING, f"{now:.0f} reads a minute, {usual:.0f} before"

    def _split(self, lately: int) -> tuple[list[Counter[int]], list[Counter[int]]]:
        minutes = list(self._minutes)
        return minutes[-lately:], minutes[:-lately]


def _named(antennas: list[int]) -> str:
    return f"antenna{'s' if len(antennas) > 1 else ''} {', '.join(map(str, antennas))}"
