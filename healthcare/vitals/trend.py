"""The patient against their own last hours: a notice when several vital signs moved, with what moved from where.

Advice, never an alarm: it detects change, not danger, and takes nothing away from any limit or score. A measure has
moved when the median of the last fifteen minutes lies `_MOVED` robust deviations (median and MAD of the hours before)
from the patient's own median. A notice needs two measures that moved, or one that moved far. It is rate limited.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

from core.clock import Instant
from healthcare.measures import MEASURES
from healthcare.vitals.ages import kept_past, past_again

BASELINE_S = 8 * 3600.0
RECENT_S = 900.0
_GUARD_S = 1800.0  # between baseline and recent: a slow change must not become its own baseline
_BUCKET_S = 300.0
_ENOUGH, _ENOUGH_RECENT = 9, 3  # values of five minutes each
_MOVED, _MOVED_FAR = 3.0, 6.0
_MAD_TO_SD = 1.4826
NOT_AGAIN_S = 2 * 3600.0
#: The least deviation that counts as one, in the measure's unit: resting values of a calm patient hardly scatter.
_LEAST_SD: Mapping[str, float] = {
    "hr_per_min": 5.0, "rr_per_min": 1.3, "spo2_pct": 1.0, "temp_cel": 0.25, "nibp_sys_mmhg": 8.0, "abp_sys_mmhg": 8.0,
}  # fmt: skip
_ONLY_DOWN = ("spo2_pct",)
_EPISODIC_ENOUGH = 3


@dataclass(frozen=True, slots=True)
class Notice:
    """`text` says what moved, from where to where, in what time: `RR 15 to 19, T 37.4 to 38.2 in 1 h`."""

    text: str
    at: Instant
    measures: tuple[str, ...]

    def shown(self) -> dict[str, Any]:
        return {"text": self.text, "at_utc_s": self.at.utc_s}


@dataclass(frozen=True, slots=True)
class _Move:
    measure: str
    before: float
    after: float
    deviations: float
    since: Instant


class PersonalTrend:
    """Of one patient. The median of every five minutes is kept, for eight hours."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Another patient."""
        self._kept: dict[str, deque[tuple[Instant, float]]] = {}
        self._open: dict[str, tuple[Instant, list[float]]] = {}
        self._told_at: Instant | None = None
        self._told: tuple[str, ...] = ()
        self._looked_at: Instant | None = None

    def add(self, measure: str, value: float, at: Instant) -> None:
        """A valid value; measures without a personal trend are left out."""
        if measure not in _LEAST_SD:
            return
        begun = self._open.get(measure)
        if begun is not None and at.since(begun[0]) < _BUCKET_S:
            begun[1].append(value)
            return
        if begun is not None:
            self._close(measure, *begun)
        self._open[measure] = (at, [value])

    def notice(self, now: Instant) -> Notice | None:
        """A notice when there is something new to say; at most one in two hours, unless more measures moved.

        May be asked at any time; it looks once a minute.
        """
        if self._looked_at is not None and now.since(self._looked_at) < 60.0:
            return None
        self._looked_at = now
        moved = [move for measure in _LEAST_SD if (move := self._move(measure, now)) is not None]
        if len(moved) < 2 and not any(move.deviations >= _MOVED_FAR for move in moved):
            return None
        names = tuple(move.measure for move in moved)
        if self._told_at is not None and now.since(self._told_at) < NOT_AGAIN_S and not set(names) > set(self._told):
            return None
        self._told_at, self._told = now, names
        return Notice(_words(moved, now), now, names)

    def state(self, now: Instant) -> dict[str, Any]:
        """For JSON, small enough for every minute: per measure ages in seconds and values, in turn."""
        rows = {
            measure: [number for at, value in kept for number in (round(now.since(at)), round(value, 2))]
            for measure, kept in self._kept.items()
        }
        told = None if self._told_at is None else kept_past(self._told_at, now)
        return {"rows": rows, "at": kept_past(now, now), "told_at": told, "told": list(self._told)}

    def restore(self, kept: Mapping[str, Any], now: Instant) -> None:
        saved = past_again(kept["at"], now)
        self._kept = {
            measure: deque(
                (saved.plus(-float(age_s)), float(value)) for age_s, value in zip(*[iter(rows)] * 2, strict=True)
            )
            for measure, rows in kept["rows"].items()
            if measure in _LEAST_SD
        }
        self._told_at = None if kept["told_at"] is None else past_again(kept["told_at"], now)
        self._told = tuple(kept["told"])

    def _close(self, measure: str, at: Instant, values: list[float]) -> None:
        rows = self._kept.setdefault(measure, deque())
        rows.append((at, median(values)))
        while at.since(rows[0][0]) > BASELINE_S:
            rows.popleft()

    def _move(self, measure: str, now: Instant) -> _Move | None:
        rows = self._kept.get(measure)
        if not rows:
            return None
        cuff = MEASURES[measure].episodic
        recent_s = RECENT_S * (2 if cuff else 1) + _BUCKET_S  # a bucket's time is its begin
        recent = [value for at, value in rows if now.since(at) <= recent_s]
        before = [value for at, value in rows if now.since(at) > RECENT_S + _GUARD_S]
        if len(recent) < (1 if cuff else _ENOUGH_RECENT) or len(before) < (_EPISODIC_ENOUGH if cuff else _ENOUGH):
            return None
        usual, level = median(before), median(recent)
        spread = max(_MAD_TO_SD * median(abs(value - usual) for value in before), _LEAST_SD[measure])
        deviations = abs(level - usual) / spread
        if deviations < _MOVED or (measure in _ONLY_DOWN and level > usual):
            return None
        still = [at for at, value in rows if abs(value - usual) <= spread]
        return _Move(measure, usual, level, deviations, still[-1] if still else rows[0][0])


def _words(moved: list[_Move], now: Instant) -> str:
    parts = [
        f"{MEASURES[move.measure].label} {MEASURES[move.measure].text(move.before)}"
        f" to {MEASURES[move.measure].text(move.after)}"
        for move in moved
    ]
    return f"{', '.join(parts)} in {_span(max(now.since(move.since) for move in moved))}"


def _span(seconds: float) -> str:
    """`40 min`, `1 h`, `1½ h`, `3 h`."""
    if seconds < 3000:
        return f"{max(10, round(seconds / 600) * 10)} min"
    halves = round(seconds / 1800)
    return f"{halves // 2}{'½' if halves % 2 else ''} h"
