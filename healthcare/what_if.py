"""What recorded vital signs would have alarmed under other limits and delays: whole weeks of numbers at once.

The rules are those of `vitals/onset.py` and `vitals/condition.py`, worked over runs of values that say the same (out,
within, back, silent) and not value by value; a test holds the two to each other. What is read was accepted when it was
heard, so that no rule of artefact is asked again. Rhythms, monitors' own alarms and technical ones are not replayed.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from core.errors import InputError
from healthcare.measures import MEASURES
from healthcare.vitals.condition import LINGER_S, SILENCE_S, Rule, Side
from healthcare.vitals.limits import SAME_AS, Limits, SiteLimits
from healthcare.vitals.onset import MOST_S, RULES, Delays

Floats = NDArray[np.float64]
#: Times in UTC seconds, rising, and values; NaN where a gap was seen.
Points = tuple[Floats, Floats]
Interval = tuple[float, float]

_LONGEST_FRESH_S = 150.0
_EPSILON_S = 1e-6
#: While the second is present, the first does not begin; and who looks for the first finds the patient by the second.
SPOKEN_FOR: Mapping[str, str] = {
    "spo2-low": "spo2-desat", "hr-low": "extreme-brady", "hr-high": "extreme-tachy", "rr-low": "apnoea",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Adjustable:
    """What may be tried for one alarm: its limit within `least` and `most`, its delay up to what the product allows.

    Between these no limit reaches those of desaturation, apnoea and the extreme rates, which never change.
    """

    code: str
    measure: str
    low: bool
    limit_step: float
    least: float
    most: float
    delay_step_s: float = 5.0

    @property
    def most_delay_s(self) -> float:
        return MOST_S[self.code]


ADJUSTABLE: Mapping[str, Adjustable] = {
    one.code: one
    for one in (
        Adjustable("spo2-low", "spo2_pct", True, 1, 81, 95),
        Adjustable("rr-high", "rr_per_min", False, 1, 18, 40),
        Adjustable("rr-low", "rr_per_min", True, 1, 6, 12),
        Adjustable("hr-high", "hr_per_min", False, 5, 90, 140),
        Adjustable("hr-low", "hr_per_min", True, 5, 40, 70),
        Adjustable("etco2-high", "etco2_mmhg", False, 1, 45, 70),
        Adjustable("etco2-low", "etco2_mmhg", True, 1, 15, 35),
        Adjustable("temp-high", "temp_cel", False, 0.5, 37.5, 40.5, 30.0),
    )
}


@dataclass(frozen=True, slots=True)
class Tried:
    """What is tried, by alarm code: other delays in seconds, other limits in the measure's unit."""

    delays: Mapping[str, float] = field(default_factory=dict)
    limits: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for code, seconds in self.delays.items():
            most_s = _adjustable(code).most_delay_s
            if not 0 <= seconds <= most_s:
                raise InputError(f"{code}: a delay of {seconds:g} s cannot be tried", hint=f"0 to {most_s:g} s.")
        for code, limit in self.limits.items():
            one = _adjustable(code)
            if not one.least <= limit <= one.most:
                raise InputError(
                    f"{code}: a limit of {limit:g} cannot be tried", hint=f"{one.least:g} to {one.most:g}."
                )

    @property
    def codes(self) -> tuple[str, ...]:
        """The alarms that it changes, in the order of `ADJUSTABLE`."""
        return tuple(code for code in ADJUSTABLE if code in self.delays or code in self.limits)


def _adjustable(code: str) -> Adjustable:
    if code not in ADJUSTABLE:
        raise InputError(f"{code}: neither its limit nor its delay can be changed", hint=", ".join(ADJUSTABLE))
    return ADJUSTABLE[code]


@dataclass(frozen=True, slots=True)
class Rules:
    """The limits and delays of a site."""

    site: SiteLimits = field(default_factory=SiteLimits)
    delays: Delays = field(default_factory=Delays)

    def now(self, code: str) -> tuple[float, float | None]:
        """Delay and limit in force of an adjustable alarm; the limit is None where it is off."""
        one = _adjustable(code)
        limits = self.site.default(one.measure)
        return self.delays.of(code), limits.low if one.low else limits.high

    def with_change(self, tried: Tried) -> Rules:
        defaults = dict(self.site.defaults)
        for code, limit in tried.limits.items():
            one = ADJUSTABLE[code]
            was = defaults.get(one.measure, Limits())
            defaults[one.measure] = Limits(limit, was.high) if one.low else Limits(was.low, limit)
        for measure, limits in defaults.items():
            if limits.low is not None and limits.high is not None and limits.low >= limits.high:
                raise InputError(f"{MEASURES[measure].label}: low {limits.low:g} is not below high {limits.high:g}")
        site = SiteLimits(
            defaults, self.site.envelope, self.site.privileged, self.site.longest_s, self.site.desat_pct,
            self.site.extreme_low_per_min, self.site.extreme_high_per_min, self.site.apnoea_below_per_min,
        )  # fmt: skip
        return Rules(site, Delays({**self.delays.onset_s, **tried.delays}))


@dataclass(frozen=True, slots=True)
class Span:
    """An alarm of one bed, in UTC seconds."""

    code: str
    begin_s: float
    end_s: float

    def overlaps(self, begin_s: float, end_s: float) -> bool:
        return self.begin_s <= end_s and self.end_s >= begin_s


@dataclass(frozen=True, slots=True)
class LimitsSet:
    """From `at_s` on a patient's own limits hold; None: the site's again."""

    at_s: float
    measure: str
    limits: Limits | None


@dataclass(frozen=True, slots=True)
class BedPast:
    """One bed over a period. `read` gives a measure's points; `left_s`: when a patient left and all began anew.

    `standby`: nobody was watched, nothing began.
    """

    name: str
    read: Callable[[str], Points]
    begin_s: float
    end_s: float
    own_limits: Sequence[LimitsSet] = ()
    standby: Sequence[Interval] = ()
    left_s: Sequence[float] = ()


@dataclass(frozen=True, slots=True)
class _Run:
    side: Side
    begin_s: float
    end_s: float
    heard_s: float  # until when anything spoke before it


def measures_of(codes: Iterable[str]) -> tuple[str, ...]:
    """What must be read for these alarms."""
    found = dict.fromkeys(ADJUSTABLE[code].measure for code in codes)
    return tuple(found)


def replay(past: BedPast, rules: Rules, codes: Sequence[str]) -> list[Span]:
    """The alarms of `codes`, and of those that speak for them, that `rules` would have given, by time."""
    spans: list[Span] = []
    for measure in measures_of(codes):
        times, values = past.read(measure)
        if not times.size:
            continue
        wanted = {code for code in codes if ADJUSTABLE[code].measure == measure}
        wanted |= {SPOKEN_FOR[code] for code in wanted if code in SPOKEN_FOR}
        values = _as_shown(values, MEASURES[measure].digits)
        mine = [rule for rule in RULES if rule.stream == measure and rule.code in wanted]
        for begin_s, end_s in pairwise([past.begin_s, *sorted(past.left_s), past.end_s]):
            part = slice(int(np.searchsorted(times, begin_s)), int(np.searchsorted(times, end_s)))
            if times[part].size:
                spans += _stretch(past, rules, mine, (times[part], values[part]), fresh_s(measure, times), end_s)
    return sorted(_watched(spans, past.standby), key=lambda span: span.begin_s)


def fresh_s(measure: str, times: Floats) -> float:
    """For how long a value speaks: a measure's own time, or two and a half times the usual spacing."""
    facts = MEASURES[measure]
    if facts.episodic or times.size < 2:
        return facts.stale_after_s
    return max(facts.stale_after_s, min(2.5 * float(np.median(np.diff(times))), _LONGEST_FRESH_S))


def spoken_s(times: Floats, values: Floats, fresh: float, end_s: float) -> float:
    """For how many seconds a valid value spoke."""
    if not times.size:
        return 0.0
    until = np.minimum(np.append(times[1:], end_s), times + fresh)
    return float(np.sum(np.where(np.isnan(values), 0.0, until - times)))


def _stretch(
    past: BedPast, rules: Rules, mine: Sequence[Rule], points: Points, fresh: float, end_s: float
) -> list[Span]:
    found: dict[str, list[Interval]] = {}
    for rule in mine:
        limits = _limits_over(rule, past, rules, points[0])
        if limits is None:
            continue
        runs = _runs(rule, points, limits, fresh, end_s)
        held = found.get(SPOKEN_FOR.get(rule.code, ""), [])
        found[rule.code] = found.get(rule.code, []) + _present(runs, rule, rules.delays.of(rule.code), held, end_s)
    return [Span(code, *interval) for code, intervals in found.items() for interval in _joined(intervals)]


def _limits_over(rule: Rule, past: BedPast, rules: Rules, times: Floats) -> Floats | None:
    """The limit at each moment; infinitely far where it was off, None where it was off throughout."""
    usual = _limit(rule, rules.site.default(rule.stream), rules.site)
    far = -np.inf if rule.below else np.inf
    limits = np.full(times.size, far if usual is None else usual)
    for change in sorted(past.own_limits, key=lambda one: one.at_s):
        if change.measure == SAME_AS.get(rule.stream, rule.stream):
            own = rules.site.default(rule.stream) if change.limits is None else change.limits
            limit = _limit(rule, own, rules.site)
            limits[int(np.searchsorted(times, change.at_s)) :] = far if limit is None else limit
    return limits if np.isfinite(limits).any() else None


def _limit(rule: Rule, limits: Limits, site: SiteLimits) -> float | None:
    """As `Onset` takes it: wider limits move the extreme ones along."""
    match rule.code:
        case "apnoea":
            return site.apnoea_below_per_min
        case "extreme-brady" | "spo2-desat":
            fixed = site.extreme_low_per_min if rule.code == "extreme-brady" else site.desat_pct
            return None if limits.low is None else min(fixed, limits.low)
        case "extreme-tachy":
            return None if limits.high is None else max(site.extreme_high_per_min, limits.high)
    return limits.low if rule.below else limits.high


def _runs(rule: Rule, points: Points, limits: Floats, fresh: float, end_s: float) -> list[_Run]:
    """Values that say the same one after another, as one; silence is told by the space between runs."""
    times, values = points
    inside = values - limits if rule.below else limits - values
    out = (inside < 0) | ((inside == 0) & rule.inclusive)
    sides = np.where(inside >= rule.hysteresis, Side.BACK, Side.WITHIN).astype(np.int8)
    sides[out] = Side.OUT
    sides[np.isnan(inside)] = Side.SILENT
    if rule.through_gaps:
        sides = _carried(sides)
    after = np.append(times[1:], end_s)
    until = np.minimum(after, times + fresh)
    if rule.through_gaps:
        until = np.where(sides == Side.OUT, after, until)
    first = np.ones(times.size, bool)
    first[1:] = (sides[1:] != sides[:-1]) | (until[:-1] < times[1:] - _EPSILON_S)
    starts = np.flatnonzero(first)
    ends = until[np.append(starts[1:], times.size) - 1]
    which = sides[starts]
    spoke = np.maximum.accumulate(np.where(which == Side.SILENT, -np.inf, ends))
    heard = np.append(-np.inf, spoke[:-1])
    speaking = which != Side.SILENT
    columns = (which[speaking], times[starts][speaking], ends[speaking], heard[speaking])
    return [_Run(Side(side), *moments) for side, *moments in zip(*(one.tolist() for one in columns), strict=True)]


def _carried(sides: NDArray[np.int8]) -> NDArray[np.int8]:
    """Once out, what is missing is out too, until a value is heard that is not."""
    places = np.where(sides == Side.SILENT, 0, np.arange(sides.size))
    last = sides[np.maximum.accumulate(places)]
    return np.where((sides == Side.SILENT) & (last == Side.OUT), Side.OUT, sides).astype(np.int8)


def _present(
    runs: Sequence[_Run], rule: Rule, delay_s: float, held: Sequence[Interval], end_s: float
) -> list[Interval]:
    """When the condition was present: a step for each run, past those that change nothing."""
    outs = [place for place, run in enumerate(runs) if run.side is Side.OUT]
    watched = _Watched(rule, delay_s, held)
    place = next_out = 0
    while place < len(runs):
        if watched.begin_s is None and runs[place].side is not Side.OUT:
            watched.out_s = 0.0
            next_out = bisect_left(outs, place, next_out)
            if next_out == len(outs):
                break
            place = outs[next_out]
        watched.hear(runs[place])
        place += 1
    if watched.begin_s is not None:
        watched.found.append((watched.begin_s, end_s))
    return watched.found


class _Watched:
    """The state machine of `vitals/condition.py`, run by run. `begin_s`: since when it is present."""

    def __init__(self, rule: Rule, delay_s: float, held: Sequence[Interval]) -> None:
        self.rule, self.delay_s, self.held = rule, delay_s, held
        self.found: list[Interval] = []
        self.begin_s: float | None = None
        self.out_s = self.within_s = self.back_s = 0.0

    def hear(self, run: _Run) -> None:
        if run.begin_s - run.heard_s > max(SILENCE_S, self.delay_s):
            self.out_s = self.within_s = self.back_s = 0.0
        if run.side is Side.OUT:
            self._out(run)
        else:
            self._inside(run)

    def _out(self, run: _Run) -> None:
        self.within_s = self.back_s = 0.0
        if self.begin_s is None:
            ready_s = _free(run.begin_s + max(0.0, self.delay_s - self.out_s), self.held)
            self.begin_s = ready_s if ready_s <= run.end_s + _EPSILON_S else None
        self.out_s += run.end_s - run.begin_s

    def _inside(self, run: _Run) -> None:
        back = run.side is Side.BACK
        self.out_s = 0.0
        self.back_s = self.back_s if back else 0.0
        if self.begin_s is not None:
            over_s = run.begin_s + LINGER_S - self.within_s
            if back:
                over_s = min(over_s, run.begin_s + self.rule.clear_s - self.back_s)
            if over_s <= run.end_s + _EPSILON_S:
                self.found.append((self.begin_s, max(over_s, run.begin_s)))
                self.begin_s = None
        self.within_s += run.end_s - run.begin_s
        self.back_s += run.end_s - run.begin_s if back else 0.0


def _free(at_s: float, held: Sequence[Interval]) -> float:
    """The first moment from `at_s` on at which no other condition speaks for this one."""
    place = bisect_left(held, (at_s, np.inf)) - 1
    return held[place][1] if place >= 0 and at_s < held[place][1] else at_s


def _joined(intervals: Sequence[Interval]) -> list[Interval]:
    """One code is one alarm on the board, however many of its limits say so."""
    joined: list[Interval] = []
    for begin_s, end_s in sorted(intervals):
        if joined and begin_s <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end_s, joined[-1][1]))
        else:
            joined.append((begin_s, end_s))
    return joined


def _watched(spans: Iterable[Span], standby: Sequence[Interval]) -> list[Span]:
    """In standby nothing begins; what still holds at its end begins then."""
    found: list[Span] = []
    for span in spans:
        end_s = next((end_s for begin_s, end_s in standby if begin_s <= span.begin_s < end_s), None)
        if end_s is None:
            found.append(span)
        elif span.end_s > end_s:
            found.append(Span(span.code, end_s, span.end_s))
    return found


def _as_shown(values: Floats, digits: int) -> Floats:
    """Rounded to the measure's digits, halves away from zero, as it is judged."""
    scale = 10.0**digits
    shown: Floats = np.copysign(np.floor(np.abs(values) * scale + 0.5) / scale, values)
    return shown
