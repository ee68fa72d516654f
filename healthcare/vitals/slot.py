"""The latest value of one measure from one source: what it is, how it stands, and until when it is fresh.

How long a value is fresh follows from how often it comes: a measure's own time, or two and a half times the usual
spacing where a monitor sends more seldom (one value a minute), at most 150 s. What is measured now and then (a cuff)
is fresh for twice its interval, from 10 min to 2 h, and for an hour while the interval is not known.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from enum import StrEnum
from statistics import median
from typing import Any

from core.clock import Instant
from healthcare.measures import MEASURES, Measure
from healthcare.vitals.ages import kept_past, past_again

_LONGEST_FRESH_S = 150.0
_OUTAGE_S = 120.0  # a longer gap is no spacing
_CUFF_FRESH_S = (600.0, 7200.0)
_GONE_S, _CUFF_GONE_S = 600.0, 12 * 3600.0
_SAME_S = 1.0
_EPSILON_S = 1e-6


class State(StrEnum):
    OK = "ok"
    STALE = "stale"
    INVALID = "invalid"
    ABSENT = "absent"


class Slot:
    """Changed by `put`, `reject` and `miss` only, in the order of receipt."""

    __slots__ = (
        "_intervals_s",
        "at",
        "device_utc_s",
        "every_s",
        "fresh_s",
        "heard",
        "instance",
        "measure",
        "site",
        "value",
        "why",
    )

    def __init__(self, measure: str, instance: str = "", every_s: float | None = None) -> None:
        self.measure: Measure = MEASURES[measure]
        self.instance = instance
        self.site = ""
        self.every_s = every_s
        self.value: float | None = None
        self.at: Instant | None = None  # when the value was measured, on the box's clock
        self.heard = State.ABSENT
        self.why = ""
        self.device_utc_s: float | None = None
        self._intervals_s: deque[float] = deque(maxlen=5)
        self.fresh_s = self._fresh()

    def _fresh(self) -> float:
        usual_s = median(self._intervals_s) if self._intervals_s else self.every_s
        if not self.measure.episodic:
            return max(self.measure.stale_after_s, min(2.5 * (usual_s or 0.0), _LONGEST_FRESH_S))
        if usual_s is None:
            return self.measure.stale_after_s
        return min(max(2.0 * usual_s, _CUFF_FRESH_S[0]), _CUFF_FRESH_S[1])

    def put(self, value: float, at: Instant, device_utc_s: float | None, why: str = "") -> bool:
        """A value that stands; False when it is the last measurement, sent once more."""
        if self._same(value, device_utc_s):
            return False
        if self.at is not None and self.heard is State.OK:
            interval_s = at.since(self.at)
            if interval_s > 0 and (self.measure.episodic or interval_s <= _OUTAGE_S):
                self._intervals_s.append(interval_s)
                self.fresh_s = self._fresh()
        self.value, self.at, self.device_utc_s = value, at, device_utc_s
        self.heard, self.why = State.OK, why
        return True

    def reject(self, value: float, at: Instant, device_utc_s: float | None, why: str) -> None:
        """A value that cannot be the patient's: not shown, not judged."""
        self.value, self.at, self.device_utc_s = value, at, device_utc_s
        self.heard, self.why = State.INVALID, why

    def miss(self, at: Instant, why: str) -> None:
        """The monitor says that it has no value."""
        self.value, self.at, self.device_utc_s = None, at, None
        self.heard, self.why = State.ABSENT, why

    def state(self, now: Instant) -> State:
        if self.at is None or self.heard is State.ABSENT:
            return State.ABSENT
        age_s = now.since(self.at)
        if self.heard is State.INVALID:
            return State.INVALID if age_s < max(_GONE_S, self.fresh_s) else State.ABSENT
        if age_s < self.fresh_s - _EPSILON_S:
            return State.OK
        gone_s = _CUFF_GONE_S if self.measure.episodic else max(_GONE_S, 2 * self.fresh_s)
        return State.STALE if age_s < gone_s else State.ABSENT

    def gone(self, now: Instant) -> bool:
        """Whether nothing at all was heard of it for ten minutes, of a cuff for half a day."""
        gone_s = _CUFF_GONE_S if self.measure.episodic else _GONE_S
        return self.at is not None and now.since(self.at) > gone_s

    def stale_at(self) -> Instant | None:
        """When an ok value becomes stale."""
        return self.at.plus(self.fresh_s) if self.at is not None and self.heard is State.OK else None

    def shown(self, now: Instant, utc_s: float | None) -> dict[str, Any]:
        """What screens get; a number only where it is ok or stale. `utc_s` is the time to show."""
        state = self.state(now)
        why = self.why
        if self.at is not None and state not in (self.heard, State.OK):
            why = f"none for {_ago(now.since(self.at))}"
        has_number = state in (State.OK, State.STALE) and self.value is not None
        return {
            "text": self.measure.text(self.value) if has_number and self.value is not None else "",
            "state": str(state),
            "why": why,
            "at_utc_s": utc_s,
        }

    def kept(self, now: Instant) -> dict[str, Any] | None:
        if self.at is None:
            return None
        return {
            "at": kept_past(self.at, now), "value": self.value, "heard": str(self.heard), "why": self.why,
            "device_utc_s": self.device_utc_s, "site": self.site, "intervals_s": list(self._intervals_s),
        }  # fmt: skip

    def restore(self, kept: Mapping[str, Any], now: Instant) -> None:
        self.at = past_again(kept["at"], now)
        self.value, self.heard, self.why = kept["value"], State(kept["heard"]), str(kept["why"])
        self.device_utc_s, self.site = kept["device_utc_s"], str(kept["site"])
        self._intervals_s.extend(float(interval_s) for interval_s in kept["intervals_s"])
        self.fresh_s = self._fresh()

    def _same(self, value: float, device_utc_s: float | None) -> bool:
        if not self.measure.episodic or self.heard is not State.OK or self.value != value:
            return False
        return (
            device_utc_s is not None
            and self.device_utc_s is not None
            and abs(device_utc_s - self.device_utc_s) <= _SAME_S
        )


def _ago(age_s: float) -> str:
    """`45 s`, `12 min`, `3 h`."""
    if age_s < 120:
        return f"{age_s:.0f} s"
    return f"{age_s / 60:.0f} min" if age_s < 7200 else f"{age_s / 3600:.0f} h"
