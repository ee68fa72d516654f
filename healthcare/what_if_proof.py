"""What a replay proves: how many alarms there would have been, and whether what staff acted on still alarms.

An alarm that a monitor gave too stays whatever is tried: it is never delayed here. What the replay of today's rules
does not find again (the recorder had a gap, the rules were others then) is told, and judged by nobody.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from healthcare.what_if import SPOKEN_FOR, Span

#: What a person did for the patient within this time of the alarm counts as acting on it.
ACTED_WITHIN_S = 600.0
_NEAR_S = 15.0
_SECOND_PERSON = 2
_MOST_NAMED = 20
_MONITOR = "monitor"
Alarm = Mapping[str, Any]


def acted_on(alarm: Alarm, acts_utc_s: Iterable[float]) -> bool:
    """Acknowledged, accepted, passed on to a second person, or followed by an act of staff at this bed."""
    if alarm["acknowledged_utc_s"] is not None or alarm["owner"] or alarm["step"] >= _SECOND_PERSON:
        return True
    return any(0 <= at - alarm["began_utc_s"] <= ACTED_WITHIN_S for at in acts_utc_s)


@dataclass(slots=True)
class Proof:
    """Counts by alarm code. `later_s` is of every event that staff acted on and that still alarms."""

    recorded: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    now: Counter[str] = field(default_factory=Counter)
    after: Counter[str] = field(default_factory=Counter)
    later_s: list[float] = field(default_factory=list)
    lost: list[dict[str, Any]] = field(default_factory=list)
    not_judged: int = 0

    def add(
        self, alarms: Sequence[Alarm], now: Sequence[Span], after: Sequence[Span], codes: Sequence[str],
        acted: Callable[[Alarm], bool],
    ) -> None:  # fmt: skip
        """One bed: its recorded alarms of `codes`, what today's rules give, and what the tried ones would."""
        for code in codes:
            mine = [one for one in alarms if one["code"] == code]
            given = [one for one in mine if _MONITOR in one["source"]]
            own = [one for one in mine if _MONITOR not in one["source"]]
            self.recorded[code] += len(mine)
            self.found[code] += len(given) + sum(bool(_meeting(one, now, (code,))) for one in own)
            self.now[code] += len(given) + _alone(now, code, given)
            self.after[code] += len(given) + _alone(after, code, given)
            for one in own:
                if acted(one):
                    self._judge(one, now, after)

    def _judge(self, alarm: Alarm, now: Sequence[Span], after: Sequence[Span]) -> None:
        """What speaks for the alarm under the tried rules counts as it: a desaturation for a low saturation."""
        was = _meeting(alarm, now, _family(alarm["code"]))
        if not was:
            self.not_judged += 1
            return
        begin_s, end_s = min(span.begin_s for span in was), max(span.end_s for span in was)
        still = [one for one in after if one.code in _family(alarm["code"]) and one.overlaps(begin_s, end_s)]
        if still:
            self.later_s.append(max(0.0, min(one.begin_s for one in still) - begin_s))
        else:
            self.lost.append({name: alarm[name] for name in ("bed", "code", "text", "began_utc_s")})

    def as_json(self) -> dict[str, Any]:
        codes = {
            code: {
                "recorded": self.recorded[code], "found": self.found[code],
                "now": self.now[code], "after": self.after[code],
            }
            for code in self.recorded
        }  # fmt: skip
        return {
            "codes": codes,
            "removed": sum(self.now.values()) - sum(self.after.values()),
            "acted": len(self.later_s) + len(self.lost),
            "kept": len(self.later_s),
            "not_judged": self.not_judged,
            "later_median_s": median(self.later_s) if self.later_s else None,
            "later_most_s": max(self.later_s, default=None),
            "lost": sorted(self.lost, key=lambda one: one["began_utc_s"])[:_MOST_NAMED],
        }


def _family(code: str) -> tuple[str, ...]:
    return (code, SPOKEN_FOR[code]) if code in SPOKEN_FOR else (code,)


def _until_s(alarm: Alarm) -> float:
    return float("inf") if alarm["ended_utc_s"] is None else float(alarm["ended_utc_s"])


def _meeting(alarm: Alarm, spans: Sequence[Span], codes: Sequence[str]) -> list[Span]:
    begin_s, end_s = alarm["began_utc_s"] - _NEAR_S, _until_s(alarm) + _NEAR_S
    return [span for span in spans if span.code in codes and span.overlaps(begin_s, end_s)]


def _alone(spans: Sequence[Span], code: str, given: Sequence[Alarm]) -> int:
    """How many of them no monitor gives too."""
    mine = (span for span in spans if span.code == code)
    return sum(not any(span.overlaps(one["began_utc_s"], _until_s(one)) for one in given) for span in mine)
