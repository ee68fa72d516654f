"""Numerics over time to findings: every limit of a bed with its onset delay, its way back, and its worst value.

The delays are those of the alarm table, and a site may change them up to `MOST_S`. A heart rate out of its limits is
present within 10 s, as IEC 60601-2-27 asks of a monitor; desaturation (at most 80 %) has at most 10 s, and neither a
missing nor a rejected value makes its delay longer. See `condition.py` for how time counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from core.errors import SettingsError
from healthcare.alarms.finding import Finding
from healthcare.alarms.table import ALARM_KINDS
from healthcare.measures import MEASURES
from healthcare.vitals.condition import Condition, Rule
from healthcare.vitals.limits import Limits, SiteLimits

#: Heart rate minus pulse, in /min and without sign, is watched like a measure.
MISMATCH = "hr_minus_pr_per_min"
MISMATCH_PER_MIN = 20.0
#: Of which source each measure comes: a lost source suppresses what would arise from it.
CHANNELS: Mapping[str, str] = MappingProxyType(
    {
        "hr_per_min": "ecg", "pr_per_min": "pleth", "spo2_pct": "pleth", "perfusion_pct": "pleth", "rr_per_min": "resp",
        "pvc_per_min": "ecg", "temp_cel": "temp", "etco2_mmhg": "co2", "cvp_mmhg": "cvp",
        "nibp_sys_mmhg": "nibp", "nibp_dia_mmhg": "nibp", "nibp_map_mmhg": "nibp",
        "abp_sys_mmhg": "abp", "abp_dia_mmhg": "abp", "abp_map_mmhg": "abp",
    }
)  # fmt: skip


def _pair(family: str, measure: str, hysteresis: float, clear_s: float) -> tuple[Rule, Rule]:
    return (
        Rule(f"{family}-low", measure, True, hysteresis, clear_s),
        Rule(f"{family}-high", measure, False, hysteresis, clear_s),
    )


#: Those that speak for others stand before them.
RULES: tuple[Rule, ...] = (
    Rule("extreme-brady", "hr_per_min", True, 2.0, 5.0),
    Rule("extreme-tachy", "hr_per_min", False, 2.0, 5.0),
    *_pair("hr", "hr_per_min", 2.0, 5.0),
    *_pair("pr", "pr_per_min", 2.0, 5.0),
    Rule("spo2-desat", "spo2_pct", True, 1.0, 5.0, inclusive=True, through_gaps=True),
    *_pair("spo2", "spo2_pct", 1.0, 5.0),
    Rule("apnoea", "rr_per_min", True, 2.0, 10.0),
    *_pair("rr", "rr_per_min", 1.0, 10.0),
    *_pair("nibp", "nibp_sys_mmhg", 0.0, 0.0),
    *_pair("nibp", "nibp_map_mmhg", 0.0, 0.0),
    *_pair("nibp", "nibp_dia_mmhg", 0.0, 0.0),
    *_pair("abp", "abp_sys_mmhg", 3.0, 5.0),
    *_pair("abp", "abp_map_mmhg", 3.0, 5.0),
    *_pair("abp", "abp_dia_mmhg", 3.0, 5.0),
    *_pair("temp", "temp_cel", 0.1, 60.0),
    *_pair("etco2", "etco2_mmhg", 2.0, 10.0),
    Rule("hr-mismatch", MISMATCH, False, 5.0, 10.0, ends_silent=True),
)
#: While the second is present, the first does not become present: one alarm for one thing.
_SPOKEN_FOR: Mapping[str, str] = MappingProxyType(
    {"hr-low": "extreme-brady", "hr-high": "extreme-tachy", "spo2-low": "spo2-desat", "rr-low": "apnoea"}
)
#: The rhythm rules find these too, from the waves, and confirm by themselves; here they are a rate's own.
_RATE_S: Mapping[str, float] = MappingProxyType({"extreme-brady": 5.0, "extreme-tachy": 5.0})
_BY_RATE = "rate"
_PARTS: Mapping[str, str] = MappingProxyType(
    {
        "nibp_map_mmhg": "mean ", "nibp_dia_mmhg": "diastolic ",
        "abp_map_mmhg": "mean ", "abp_dia_mmhg": "diastolic ",
    }
)  # fmt: skip
MOST_S: Mapping[str, float] = MappingProxyType(
    {
        "extreme-brady": 10.0, "extreme-tachy": 10.0, "hr-low": 10.0, "hr-high": 10.0, "pr-low": 10.0, "pr-high": 10.0,
        "spo2-desat": 10.0, "spo2-low": 30.0, "spo2-high": 120.0, "apnoea": 20.0, "rr-low": 30.0, "rr-high": 60.0,
        "nibp-low": 0.0, "nibp-high": 0.0, "abp-low": 20.0, "abp-high": 20.0, "temp-low": 300.0, "temp-high": 300.0,
        "etco2-low": 30.0, "etco2-high": 30.0, "hr-mismatch": 120.0,
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Delays:
    """Onset delays in seconds by alarm code; what is not named has the alarm table's."""

    onset_s: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for code, seconds in self.onset_s.items():
            if code not in MOST_S:
                raise SettingsError(f"delays: {code} has no onset delay", hint=f"One of {', '.join(sorted(MOST_S))}.")
            if not 0 <= seconds <= MOST_S[code]:
                raise SettingsError(f"delays: {code} may wait 0 to {MOST_S[code]:g} s, not {seconds:g} s")

    def of(self, code: str) -> float:
        return self.onset_s.get(code, _RATE_S.get(code, ALARM_KINDS[code].delay_s))


LimitsOf = Callable[[str], Limits]


class Onset:
    """All limits of one bed. Times are seconds of one monotonic clock and never go back."""

    def __init__(
        self, limits_of: LimitsOf, site: SiteLimits, delays: Delays | None = None, rules: tuple[Rule, ...] = RULES
    ) -> None:
        delays = Delays() if delays is None else delays
        self._site = site
        self._all = tuple(Condition(rule, delays.of(rule.code)) for rule in rules)
        self._by_code = {condition.rule.code: condition for condition in self._all}
        self._told: dict[Condition, str] = {}
        self._streams: dict[str, list[Condition]] = {}
        self._heard: dict[str, None] = {}
        self._live: tuple[Condition, ...] = ()  # of what was ever heard: time changes nothing in the others
        self.limits_changed(limits_of, 0.0)

    def limits_changed(self, limits_of: LimitsOf, now_s: float) -> None:
        """Takes the limits that hold from now on. An alarm that is switched off ends."""
        for condition in self._all:
            condition.set_limit(self._limit(condition.rule, limits_of), now_s)
        self._streams = {}
        for condition in self._all:
            if condition.limit is not None:
                self._streams.setdefault(condition.rule.stream, []).append(condition)
        self._watch()
        self.advance(now_s)

    def observe(self, stream: str, value: float | None, at_s: float, fresh_s: float) -> None:
        """A value of a measure, good for `fresh_s`; None where it is missing or was rejected.

        It is judged as it is shown: rounded to the measure's digits.
        """
        if value is not None and stream in MEASURES:
            value = _as_shown(value, MEASURES[stream].digits)
        if stream not in self._heard:
            self._heard[stream] = None
            self._watch()
        for condition in self._streams.get(stream, ()):
            self._hold(condition, at_s)
            condition.observe(value, at_s, fresh_s)

    def advance(self, now_s: float) -> None:
        """Lets time pass for all of them."""
        for condition in self._live:
            self._hold(condition, now_s)
            condition.advance(now_s)

    def due_s(self) -> float | None:
        """When time alone will change something."""
        return min((due_s for one in self._live if (due_s := one.due_s()) is not None), default=None)

    def present(self) -> list[Finding]:
        """All that is present now."""
        return [self._finding(condition) for condition in self._all if condition.present]

    def standing(self) -> list[Finding]:
        """Every condition that is watched, present or not: for a board that could not listen for a while."""
        return [self._finding(condition) for condition in self._all if condition.limit is not None]

    def changes(self) -> list[Finding]:
        """What became present, got worse or ended since the last call."""
        changed: list[Finding] = []
        for condition in self._all:
            told = self._told.get(condition)
            if condition.present:
                text = _text(condition)
                if text != told:
                    self._told[condition] = text
                    changed.append(self._finding(condition))
            elif told is not None:
                del self._told[condition]
                changed.append(self._finding(condition, told))
        return changed

    def adopt(self, causes: Iterable[tuple[str, str, str, str]]) -> None:
        """After a restart: what the alarm board holds as present (`Finding.cause`) is present here too.

        So it ends when the values are back, and not because it was forgotten.
        """
        present = set(causes)
        for condition in self._all:
            if self._finding(condition).cause in present and not condition.present and condition.limit is not None:
                condition.present = True
                self._told[condition] = _text(condition)

    def forget(self) -> None:
        """Another patient: nothing is present, nothing was heard."""
        for condition in self._all:
            condition.forget()

    def state(self, now_s: float) -> list[list[Any]]:
        """For JSON; `restore` takes it."""
        kept = ((condition, condition.state(now_s)) for condition in self._all)
        return [[one.rule.code, one.rule.stream, state, self._told.get(one)] for one, state in kept if state]

    def restore(self, kept: list[list[Any]], now_s: float, away_s: float) -> None:
        """`away_s`: for how long nothing was heard."""
        by_rule = {(condition.rule.code, condition.rule.stream): condition for condition in self._all}
        for code, stream, state, told in kept:
            condition = by_rule.get((code, stream))
            if condition is not None and condition.limit is not None:
                condition.restore(state, now_s, away_s)
                self._heard[stream] = None
                if told is not None:
                    self._told[condition] = told
        self._watch()

    def _watch(self) -> None:
        self._live = tuple(
            condition for condition in self._all if condition.limit is not None and condition.rule.stream in self._heard
        )

    def _hold(self, condition: Condition, now_s: float) -> None:
        code = condition.rule.code
        if code in _SPOKEN_FOR:
            condition.held = self._by_code[_SPOKEN_FOR[code]].present
        elif condition.rule.stream == "pr_per_min":
            condition.held = any(heart.speaks(now_s) for heart in self._streams.get("hr_per_min", ()))

    def _limit(self, rule: Rule, limits_of: LimitsOf) -> float | None:
        """Wider limits of a patient move the extreme ones along, so that neither contradicts the other."""
        site, limits = self._site, limits_of(rule.stream) if rule.stream in MEASURES else Limits()
        if rule.code == "hr-mismatch":
            return MISMATCH_PER_MIN
        if rule.code == "apnoea":
            return site.apnoea_below_per_min
        fixed = {"extreme-brady": site.extreme_low_per_min, "spo2-desat": site.desat_pct}
        if rule.code in fixed:
            return None if limits.low is None else min(fixed[rule.code], limits.low)
        if rule.code == "extreme-tachy":
            return None if limits.high is None else max(site.extreme_high_per_min, limits.high)
        return limits.low if rule.below else limits.high

    def _finding(self, condition: Condition, text: str | None = None) -> Finding:
        rule, there = condition.rule, condition.present
        return Finding(
            code=rule.code,
            present=there,
            text=text if text is not None else _text(condition) if there else "",
            value=condition.worst if there else None,
            limit=condition.worst_limit if there else None,
            measure=_measure(rule),
            channel=CHANNELS[_measure(rule)],
            instance=_BY_RATE if rule.code in _RATE_S else "",
        )


def _measure(rule: Rule) -> str:
    return "hr_per_min" if rule.stream == MISMATCH else rule.stream


def _as_shown(value: float, digits: int) -> float:
    scale = 10.0**digits
    whole = int(abs(value) * scale + 0.5) / scale
    return whole if value >= 0 else -whole


def _text(condition: Condition) -> str:
    """`82 < 88 %`, `134 > 120 /min`: the worst value since it began, and the limit it was out of."""
    if condition.worst is None or condition.worst_limit is None:
        return ""
    rule = condition.rule
    if rule.stream == MISMATCH:
        return f"differ by {condition.worst:.0f} /min"
    measure = MEASURES[rule.stream]
    sign = ("≤" if rule.inclusive else "<") if rule.below else ">"
    part = _PARTS.get(rule.stream, "")  # the table's label is the systolic's
    return f"{part}{measure.text(condition.worst)} {sign} {measure.text(condition.worst_limit)} {measure.unit}"
