"""What given limits and delays would have alarmed: a replay of numbers over time, and what it says of alarm burden.

An *event* is a measure out of its limits for a minute or longer, by the values alone: from the first value out to the
last one out, without a valid value within the limits between. It is *kept* when an alarm of that measure and side was
present during it. An alarm that met no event is counted as *idle*; one of less than 15 s is *short*.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby, pairwise
from statistics import median
from typing import Any

from healthcare.alarms.finding import Finding
from healthcare.measures import MEASURES
from healthcare.vitals.artefact import ArtefactRules
from healthcare.vitals.condition import SILENCE_S
from healthcare.vitals.limits import SAME_AS, Limits, SiteLimits
from healthcare.vitals.onset import MISMATCH, MOST_S, RULES, Delays, Onset

SHORT_S = 15.0
EVENT_S = 60.0
_LONGEST_FRESH_S = 150.0
_MISSING = "missing"
_TECHNICAL = "hr-mismatch"
_PLAIN = tuple(replace(rule, hysteresis=0.0, clear_s=0.0) for rule in RULES if rule.code != _TECHNICAL)
#: Measure: its times in seconds, rising, and its values; NaN where there was none.
Course = Mapping[str, tuple[Sequence[float], Sequence[float]]]


@dataclass(frozen=True, slots=True)
class Setup:
    """What is tried. `plain`: an alarm at every value out of the limit, none of the rules of this product."""

    limits: Mapping[str, Limits] = field(default_factory=dict)  # per measure, else the site's
    delays: Delays = field(default_factory=Delays)
    site: SiteLimits = field(default_factory=SiteLimits)
    plain: bool = False

    def limits_of(self, measure: str) -> Limits:
        own = self.limits.get(SAME_AS.get(measure, measure))
        return self.site.default(measure) if own is None else own


@dataclass(frozen=True, slots=True)
class Span:
    """An alarm or an event. `low`: below its limit. `worst` is the value farthest out."""

    code: str
    measure: str
    low: bool
    begin_s: float
    end_s: float
    worst: float | None = None

    def meets(self, other: Span) -> bool:
        same = (self.measure, self.low) == (other.measure, other.low)
        return same and self.begin_s <= other.end_s and self.end_s >= other.begin_s


@dataclass(frozen=True, slots=True)
class Burden:
    """What a replay came to. `rejected` counts values by measure; `events` are by the values and the limits alone.

    `alarms` are of limits; `technical` is how often heart rate and pulse differed.
    """

    alarms: tuple[Span, ...]
    events: tuple[Span, ...]
    rejected: Mapping[str, int]
    hours: float
    technical: int = 0

    @property
    def short(self) -> int:
        return sum(alarm.end_s - alarm.begin_s < SHORT_S for alarm in self.alarms)

    @property
    def kept(self) -> tuple[Span, ...]:
        return tuple(event for event in self.events if any(alarm.meets(event) for alarm in self.alarms))

    @property
    def missed(self) -> tuple[Span, ...]:
        return tuple(event for event in self.events if not any(alarm.meets(event) for alarm in self.alarms))

    @property
    def idle(self) -> tuple[Span, ...]:
        return tuple(alarm for alarm in self.alarms if not any(alarm.meets(event) for event in self.events))

    def as_json(self) -> dict[str, Any]:
        by_code = Counter(alarm.code for alarm in self.alarms)
        per_day = round(len(self.alarms) / self.hours * 24, 1) if self.hours else 0.0
        return {
            "alarms": len(self.alarms), "alarms_per_day": per_day,
            "short": self.short, "idle": len(self.idle), "events": len(self.events), "events_kept": len(self.kept),
            "technical": self.technical,
            "by_code": dict(sorted(by_code.items())), "rejected": dict(self.rejected), "hours": round(self.hours, 2),
        }  # fmt: skip


def replay(course: Course, setup: Setup, *, judge_by: Setup | None = None) -> Burden:
    """What `setup` would have alarmed. `judge_by`: whose limits say what an event was; its own by default."""
    rules = tuple(rule for rule in (_PLAIN if setup.plain else RULES) if rule.stream in {*course, MISMATCH})
    delays = Delays(dict.fromkeys(MOST_S, 0.0)) if setup.plain else setup.delays
    onset = Onset(setup.limits_of, setup.site, delays, rules)
    artefacts = None if setup.plain else ArtefactRules()
    run = _Run(onset, {measure: _fresh_s(measure, times) for measure, (times, _) in course.items()})
    rejected: Counter[str] = Counter()
    at_s = begin_s = 0.0
    for place, (at_s, values) in enumerate(_messages(course)):
        begin_s = at_s if place == 0 else begin_s
        wrong = _judged(values, artefacts, at_s)
        rejected.update(measure for measure, why in wrong.items() if why != _MISSING)
        run.hear({measure: None if measure in wrong else value for measure, value in values.items()}, at_s)
    run.finish(at_s)
    found = events(course, setup if judge_by is None else judge_by)
    alarms = tuple(alarm for alarm in run.alarms if alarm.code != _TECHNICAL)
    hours, technical = (at_s - begin_s) / 3600.0, len(run.alarms) - len(alarms)
    return Burden(alarms, tuple(found), dict(rejected), hours, technical)


def events(course: Course, setup: Setup) -> list[Span]:
    """Every measure out of its limits for a minute or longer; the pulse only where there is no heart rate."""
    found: list[Span] = []
    for measure, (times, values) in course.items():
        if measure == "pr_per_min" and "hr_per_min" in course:
            continue
        limits, fresh_s = setup.limits_of(measure), _fresh_s(measure, times)
        for low, limit in ((True, limits.low), (False, limits.high)):
            if limit is not None:
                found += _runs(measure, low, limit, zip(times, values, strict=True), fresh_s)
    return found


def compare(course: Course, before: Setup, after: Setup) -> dict[str, Any]:
    """Two set-ups over the same hours, judged by the limits of `after`: what was saved, and what was lost."""
    was, would = replay(course, before, judge_by=after), replay(course, after)
    lost = [event for event in was.kept if event not in would.kept]
    return {
        "before": was.as_json(),
        "after": would.as_json(),
        "alarms_removed": len(was.alarms) - len(would.alarms),
        "idle_removed": len(was.idle) - len(would.idle),
        "events_lost": [{"measure": one.measure, "begin_s": one.begin_s, "worst": one.worst} for one in lost],
    }


class _Run:
    """Onset over time, with what became present and what ended as spans."""

    def __init__(self, onset: Onset, fresh_s: Mapping[str, float]) -> None:
        self.alarms: list[Span] = []
        self._onset = onset
        self._fresh_s = fresh_s
        self._open: dict[tuple[str, str], Span] = {}
        self._heard: dict[str, tuple[float, float]] = {}

    def hear(self, values: Mapping[str, float | None], at_s: float) -> None:
        self._pass(at_s)
        for measure, value in values.items():
            self._onset.observe(measure, value, at_s, self._fresh_s[measure])
            if value is None:
                self._heard.pop(measure, None)
            else:
                self._heard[measure] = (value, at_s + self._fresh_s[measure])
        if "hr_per_min" in values or "pr_per_min" in values:
            self._mismatch(at_s)
        self._onset.advance(at_s)
        self._note(at_s)

    def finish(self, at_s: float) -> None:
        """Ends what is still open."""
        self._pass(at_s)
        self.alarms += [replace(span, end_s=at_s) for span in self._open.values()]
        self.alarms.sort(key=lambda span: span.begin_s)
        self._open = {}

    def _pass(self, until_s: float) -> None:
        while (due_s := self._onset.due_s()) is not None and due_s < until_s:
            self._onset.advance(due_s)
            self._note(due_s)

    def _mismatch(self, at_s: float) -> None:
        pair = [self._heard.get(measure, (0.0, -math.inf)) for measure in ("hr_per_min", "pr_per_min")]
        fresh_s = min(until_s for _, until_s in pair) - at_s
        self._onset.observe(MISMATCH, abs(pair[0][0] - pair[1][0]) if fresh_s > 0 else None, at_s, max(fresh_s, 0.0))

    def _note(self, at_s: float) -> None:
        for finding in self._onset.changes():
            cause = (finding.code, finding.measure)
            known = self._open.get(cause)
            if finding.present:
                begin_s = at_s if known is None else known.begin_s
                self._open[cause] = _span(finding, begin_s, at_s)
            elif known is not None:
                self.alarms.append(replace(self._open.pop(cause), end_s=at_s))


def _span(finding: Finding, begin_s: float, end_s: float) -> Span:
    low = finding.code.endswith(("-low", "-brady", "-desat")) or finding.code == "apnoea"
    return Span(finding.code, finding.measure, low, begin_s, end_s, finding.value)


def _messages(course: Course) -> Iterator[tuple[float, dict[str, float]]]:
    """What came at the same moment, together, in order."""
    points = sorted(
        (at_s, measure, value)
        for measure, (times, values) in course.items()
        for at_s, value in zip(times, values, strict=True)
    )
    for at_s, group in groupby(points, key=lambda point: point[0]):
        yield at_s, {measure: value for _, measure, value in group}


def _judged(values: Mapping[str, float], artefacts: ArtefactRules | None, at_s: float) -> dict[str, str]:
    """What is no value: missing for everybody, implausible for everybody, and by the rules of artefact."""
    wrong = {measure: _MISSING for measure, value in values.items() if math.isnan(value)}
    given = {measure: value for measure, value in values.items() if measure not in wrong}
    if artefacts is not None:
        return wrong | artefacts.judge(given, at_s)
    return wrong | {measure: "outside" for measure, value in given.items() if not MEASURES[measure].plausible(value)}


def _fresh_s(measure: str, times: Sequence[float]) -> float:
    """As the bed learns it: a measure's own time, or two and a half times the spacing."""
    facts = MEASURES[measure]
    if facts.episodic or len(times) < 2:
        return facts.stale_after_s
    every_s = median(after - before for before, after in pairwise(times))
    return max(facts.stale_after_s, min(2.5 * every_s, _LONGEST_FRESH_S))


def _runs(
    measure: str, low: bool, limit: float, points: Iterator[tuple[float, float]], fresh_s: float
) -> Iterator[Span]:
    facts = MEASURES[measure]
    begin_s = last_s = worst = math.nan
    for at_s, value in points:
        if not facts.plausible(value):
            continue
        out = value < limit if low else value > limit
        if not math.isnan(begin_s) and (not out or at_s - last_s > fresh_s + SILENCE_S):
            if last_s - begin_s >= EVENT_S:
                yield Span("event", measure, low, begin_s, last_s, worst)
            begin_s = math.nan
        if out:
            worst = value if math.isnan(begin_s) else min(worst, value) if low else max(worst, value)
            begin_s, last_s = (at_s if math.isnan(begin_s) else begin_s), at_s
    if not math.isnan(begin_s) and last_s - begin_s >= EVENT_S:
        yield Span("event", measure, low, begin_s, last_s, worst)
