"""One limit of one measure over time: out for long enough it is present, back for long enough it is gone.

Works on plain seconds of one clock, at any spacing of values. Each value *speaks* from when it came until the next
one, or until it is too old (`fresh_s`). Time counts only while a value speaks:

* out of the limit for `delay_s` in all, with no value within the limit in between: present;
* back by `hysteresis` for `clear_s`, or just within the limit for a minute: gone;
* missing, rejected and old values count for neither side. They never mean normal, and never clear anything.

So where a monitor sends one value a minute, that value has spoken for the delay when the delay is over, and the
condition is present then: the delay never waits for the next value. After a long silence counting begins anew.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

#: A value within the limit but not back by the hysteresis ends a condition after this time.
LINGER_S = 60.0
#: Silence that breaks what was being counted, unless the delay itself is longer.
SILENCE_S = 10.0
_EPSILON_S = 1e-6  # sums of seconds: a look at `due_s` must find that it is time


@dataclass(frozen=True, slots=True)
class Rule:
    """What is watched. `below`: alarm under the limit, else over it. `inclusive`: at the limit counts as out.

    `through_gaps`: once out, the delay runs on whatever is missing, until a value within the limit is heard.
    `ends_silent`: a technical condition that a minute of silence ends, since there is nothing left to compare.
    """

    code: str
    stream: str
    below: bool
    hysteresis: float = 0.0
    clear_s: float = 0.0
    inclusive: bool = False
    through_gaps: bool = False
    ends_silent: bool = False


class Side(IntEnum):
    """What the value that speaks says."""

    SILENT = 0
    OUT = 1
    WITHIN = 2  # within the limit, not back by the hysteresis
    BACK = 3


class Condition:
    """The state of one rule. Times are seconds of one monotonic clock and never go back."""

    __slots__ = (
        "_back_s", "_last_s", "_out_s", "_side", "_until_s", "_value", "_within_s",
        "delay_s", "held", "limit", "present", "rule", "worst", "worst_limit",
    )  # fmt: skip

    def __init__(self, rule: Rule, delay_s: float, limit: float | None = None) -> None:
        self.rule = rule
        self.delay_s = delay_s
        self.limit = limit
        self.present = False
        self.held = False  # another condition speaks for this one: do not become present meanwhile
        self.worst: float | None = None
        self.worst_limit: float | None = None
        self._side = Side.SILENT
        self._value: float | None = None
        self._last_s = self._until_s = 0.0
        self._out_s = self._within_s = self._back_s = 0.0

    def speaks(self, now_s: float) -> bool:
        """Whether a value within its age speaks for this measure."""
        return self._side is not Side.SILENT and now_s < self._until_s

    def observe(self, value: float | None, at_s: float, fresh_s: float) -> None:
        """A value, good for `fresh_s`; None: missing or rejected."""
        self.advance(at_s)
        if self.limit is None:
            return
        if value is None:
            if not (self.rule.through_gaps and self._side is Side.OUT):
                self._side, self._until_s = Side.SILENT, min(self._until_s, at_s)
            return
        if at_s - self._until_s > max(SILENCE_S, self.delay_s) and not self._runs_through():
            self._out_s = self._within_s = self._back_s = 0.0
            if not self.present:
                self.worst = None
        self._value, self._until_s, self._last_s = value, at_s + fresh_s, at_s
        self._speak(value)
        self._settle()

    def advance(self, now_s: float) -> None:
        """Lets time pass; may be called at any time."""
        if not self.present and self._side is not Side.OUT:  # nothing counts that is not begun anew before it is used
            if now_s > self._last_s:
                self._last_s = now_s
            return
        self._out_s, self._within_s, self._back_s = self._counted(now_s)
        self._last_s = max(self._last_s, now_s)
        self._settle()
        if self._silent_end_s() <= now_s + _EPSILON_S:
            self.forget()

    def _counted(self, now_s: float) -> tuple[float, float, float]:
        """How long it has spoken outside, within, and back from the limit, by `now_s`."""
        end_s = now_s if self._runs_through() else min(now_s, self._until_s)
        spoken_s = max(0.0, end_s - self._last_s)
        if self._side is Side.OUT:
            return self._out_s + spoken_s, self._within_s, self._back_s
        if self._side is Side.SILENT:
            return self._out_s, self._within_s, self._back_s
        return self._out_s, self._within_s + spoken_s, self._back_s + (spoken_s if self._side is Side.BACK else 0.0)

    def set_limit(self, limit: float | None, now_s: float) -> None:
        """Another limit from now on: what speaks now is judged by it. None ends the condition."""
        if limit == self.limit:
            return
        self.advance(now_s)
        self.limit = limit
        if limit is None:
            self.forget()
        elif self._value is not None and self.speaks(now_s):
            self._speak(self._value)
            self._settle()

    def forget(self) -> None:
        """Not present, and nothing was heard."""
        self.present, self._side, self._value, self.worst = False, Side.SILENT, None, None
        self._out_s = self._within_s = self._back_s = 0.0

    def due_s(self) -> float | None:
        """When time alone will make it present or end it, if nothing else is heard."""
        if not self.present and self._side is not Side.OUT:
            return None
        due_s = self._last_s + max(0.0, self._left_s())
        if due_s > self._until_s and not self._runs_through():
            due_s = math.inf
        due_s = min(due_s, self._silent_end_s())
        return due_s if due_s < math.inf else None

    def _left_s(self) -> float:
        """How much longer what speaks must speak."""
        if not self.present:
            return self.delay_s - self._out_s if self._side is Side.OUT and not self.held else math.inf
        if self._side is Side.BACK:
            return min(LINGER_S - self._within_s, self.rule.clear_s - self._back_s)
        return LINGER_S - self._within_s if self._side is Side.WITHIN else math.inf

    def _silent_end_s(self) -> float:
        return self._until_s + LINGER_S if self.present and self.rule.ends_silent else math.inf

    def state(self, now_s: float) -> dict[str, Any] | None:
        """For JSON; None when there is nothing to keep: not present, and nothing that counts towards it."""
        if not self.present and self.worst is None:
            return None
        return {
            "present": self.present, "worst": self.worst, "worst_limit": self.worst_limit,
            "value": self._value, "side": int(self._side), "left_s": self._until_s - now_s,
            "counted_s": list(self._counted(now_s)),
        }  # fmt: skip

    def restore(self, kept: Mapping[str, Any], now_s: float, away_s: float) -> None:
        """`away_s`: how long nobody counted. What was present is present; what spoke is that much older."""
        self.present, self.worst, self.worst_limit = bool(kept["present"]), kept["worst"], kept["worst_limit"]
        self._value, self._side = kept["value"], Side(kept["side"])
        self._out_s, self._within_s, self._back_s = (float(counted_s) for counted_s in kept["counted_s"])
        self._last_s, self._until_s = now_s, now_s + float(kept["left_s"]) - away_s

    def _runs_through(self) -> bool:
        return self.rule.through_gaps and self._side is Side.OUT

    def _speak(self, value: float) -> None:
        side = self._side_of(value)
        if side is Side.OUT:
            self._within_s = self._back_s = 0.0
            if self.worst is None or (value < self.worst if self.rule.below else value > self.worst):
                self.worst, self.worst_limit = value, self.limit
        else:
            self._out_s = 0.0
            if side is Side.WITHIN:
                self._back_s = 0.0
            if not self.present:
                self.worst = None
        self._side = side

    def _side_of(self, value: float) -> Side:
        assert self.limit is not None
        inside = value - self.limit if self.rule.below else self.limit - value
        if inside < 0 or (inside == 0 and self.rule.inclusive):
            return Side.OUT
        return Side.BACK if inside >= self.rule.hysteresis else Side.WITHIN

    def _settle(self) -> None:
        if self.present:
            over = self._side is Side.BACK and self._back_s >= self.rule.clear_s - _EPSILON_S
            if over or (self._side in (Side.WITHIN, Side.BACK) and self._within_s >= LINGER_S - _EPSILON_S):
                self.present, self.worst, self._out_s = False, None, 0.0
        elif self._side is Side.OUT and self._out_s >= self.delay_s - _EPSILON_S and not self.held:
            self.present = True
