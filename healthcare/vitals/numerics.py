"""The vital signs of one bed: the latest of each with how it stands, what is wrong with it, and what follows.

Values come in the order of receipt. A value's age is how far its device time lies behind the newest one of its
message, so that a wrong clock in the monitor makes nothing older or younger; the device's time is shown while it is
within five minutes of ours. A monitor's value speaks for a measure; one computed here does where the monitor has none
(the other way round for measures in `prefer_own`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.clock import Instant
from core.errors import SettingsError
from healthcare.alarms.finding import Finding
from healthcare.measures import MEASURES
from healthcare.vitals.ages import kept_past, past_again
from healthcare.vitals.artefact import ArtefactRules
from healthcare.vitals.limits import Change, PatientLimits
from healthcare.vitals.news2 import Item
from healthcare.vitals.onset import CHANNELS, MISMATCH, Delays, Onset
from healthcare.vitals.readings import CLOCK_OFF_S, Told, newest_utc_s, own_readings, parse_readings
from healthcare.vitals.slot import Slot, State
from healthcare.vitals.trend import Notice, PersonalTrend
from verticals.contract import Reading

MONITOR, OWN = "monitor", "own"
_CLOCK_RIGHT_S = 270.0
_OLDEST_S = 12 * 3600.0
_EPSILON_S = 1e-6
_MOST_INSTANCES = 8
_SITES_APART = ("temp_cel",)  # two of these are two places of the body: one never stands in for the other
_WORDS: Mapping[str, str] = {
    "ecg": "ECG", "pleth": "SpO₂", "resp": "Resp", "nibp": "NIBP",
    "abp": "ABP", "temp": "Temp", "co2": "CO₂", "cvp": "CVP",
}  # fmt: skip
#: NEWS2's parameter: the measures it may come from, the first that stands.
_FOR_NEWS2: Mapping[str, tuple[str, ...]] = {
    "rr_per_min": ("rr_per_min",),
    "spo2_pct": ("spo2_pct",),
    "pulse_per_min": ("hr_per_min", "pr_per_min"),
    "sys_mmhg": ("nibp_sys_mmhg", "abp_sys_mmhg"),
    "temp_cel": ("temp_cel",),
}


@dataclass(frozen=True, slots=True)
class NumericsSettings:
    """`every_s`: how often monitors send, if it is known before it is learnt. `prefer_abp`: NEWS2 by the line."""

    prefer_own: frozenset[str] = frozenset()
    prefer_abp: bool = False
    every_s: float | None = None
    delays: Delays = field(default_factory=Delays)

    def __post_init__(self) -> None:
        unknown = sorted(self.prefer_own - set(MEASURES))
        if unknown:
            raise SettingsError(f"numerics: {unknown[0]} is no measure", hint=f"One of {', '.join(sorted(MEASURES))}.")
        if self.every_s is not None and not 0 < self.every_s <= 300:
            raise SettingsError(f"numerics: one value every {self.every_s:g} s is not between 0 s and 5 min")


@dataclass(frozen=True, slots=True)
class Heard:
    """What follows from values or from time: findings for the alarm board, numbers for the series, advice.

    `limits`: limits of the patient that ended. A reading that is NaN is a gap that was seen.
    """

    findings: tuple[Finding, ...] = ()
    readings: tuple[Reading, ...] = ()
    notices: tuple[Notice, ...] = ()
    limits: tuple[Change, ...] = ()


_Key = tuple[str, str, int]  # measure, monitor or own, 1 for the first instance


class BedNumerics:
    """Of one bed; a station calls it from its own thread alone. Nothing in it reads a clock."""

    def __init__(self, settings: NumericsSettings | None = None, limits: PatientLimits | None = None) -> None:
        self._settings = NumericsSettings() if settings is None else settings
        self.limits = PatientLimits() if limits is None else limits
        self.trend = PersonalTrend()
        self._onset = Onset(self.limits.limits, self.limits.site, self._settings.delays)
        self._slots: dict[_Key, Slot] = {}
        self._instances: dict[str, int] = {}
        self._numbers: dict[str, list[int]] = {}  # of the instances of each measure, in order
        self._rules: dict[tuple[str, int], ArtefactRules] = {}
        self._speaking: dict[str, _Key | None] = {}
        self._stale_told: set[_Key] = set()
        self._clock_off_s: float | None = None
        self._now = Instant(0.0, 0.0)

    def take(self, readings: str, at: Instant) -> Heard:
        """What a monitor sent, received at `at`. Raises InputError for what is no JSON list of readings."""
        return self._take(parse_readings(readings), at, MONITOR)

    def take_own(self, values: Mapping[str, float | None], at: Instant) -> Heard:
        """What was computed here from waves; None where it cannot be at this moment."""
        return self._take(own_readings(values), at, OWN)

    def tick(self, now: Instant) -> Heard:
        """Lets time pass: delays, values that grow old, limits that end."""
        now = self._later(now)
        ended = self.limits.expire(now)
        if ended:
            self._onset.limits_changed(self.limits.limits, now.mono_s)
        self._onset.advance(now.mono_s)
        self._stale_told |= {key for key, slot in self._slots.items() if self._due_of(slot, now, over=True)}
        return Heard(tuple(self._onset.changes()), limits=tuple(ended))

    def due(self) -> Instant | None:
        """When time alone will change something."""
        due_s = self._onset.due_s()
        found = [] if due_s is None else [self._now.plus(due_s - self._now.mono_s)]
        ends = self.limits.due()
        found += [] if ends is None else [ends]
        for key, slot in self._slots.items():
            if key not in self._stale_told and (stale_at := slot.stale_at()) is not None:
                found.append(stale_at)
        return min(found, default=None)

    def limits_changed(self, now: Instant) -> Heard:
        """After `limits` was set or cleared: the new ones hold from now on."""
        now = self._later(now)
        self._onset.limits_changed(self.limits.limits, now.mono_s)
        return Heard(tuple(self._onset.changes()))

    def discharge(self, now: Instant) -> Heard:
        """The patient leaves: nothing of theirs is left, and the site's limits hold."""
        now = self._later(now)
        ended = tuple(self.limits.discharge())
        self._onset.forget()
        self._onset.limits_changed(self.limits.limits, now.mono_s)
        self._slots, self._instances, self._numbers = {}, {}, {}
        self._rules, self._speaking, self._stale_told = {}, {}, set()
        self.trend.forget()
        return Heard(tuple(self._onset.changes()), limits=ended)

    def standing(self) -> list[Finding]:
        """Every condition, present or not: to be told once more when a channel is back."""
        return self._onset.standing()

    def adopt(self, causes: Iterable[tuple[str, str, str, str]]) -> None:
        """After a restart: `Finding.cause` of what the board holds as present, so that it can end by values."""
        self._onset.adopt(causes)

    def value(self, measure: str, now: Instant) -> float | None:
        """The value that speaks for a measure, None where none is fresh and valid."""
        key = self._speaker(measure, now)
        return None if key is None else self._slots[key].value

    def shown(self, now: Instant, alarms: Mapping[str, str] | None = None) -> dict[str, dict[str, Any]]:
        """What screens get; `alarms` maps measures to the priority of their alarm.

        Further instances of a measure stand under `temp_cel#2`. Once heard, a measure stays, as stale or absent.
        """
        alarms = {} if alarms is None else alarms
        found: dict[str, dict[str, Any]] = {}
        for measure in MEASURES:
            numbers = self._numbers.get(measure, ())
            for number in numbers:
                name = measure if number == 1 else f"{measure}#{number}"
                key = self._best(measure, number, now)
                slot = self._slots[key]
                found[name] = slot.shown(now, self._shown_utc_s(slot)) | {
                    "instance": f"{slot.measure.label}{key[2]}" if len(numbers) > 1 else "",
                    "source": self._source(key),
                    "alarm": alarms.get(measure, "") if number == 1 else "",
                }
        return found

    def news2_items(self, now: Instant) -> list[Item]:
        """What NEWS2 may take from the monitor: valid values with their own time.

        A continuous value is good for minutes; a cuff's or a thermometer's is one measurement, like one by hand.
        """
        items: list[Item] = []
        for parameter, measures in _FOR_NEWS2.items():
            ordered = measures[::-1] if parameter == "sys_mmhg" and self._settings.prefer_abp else measures
            for measure in ordered:
                key = self._speaker(measure, now)
                if key is None:
                    continue
                slot = self._slots[key]
                if slot.value is not None and slot.at is not None:
                    monitored = not slot.measure.episodic
                    items.append(Item(parameter, slot.value, slot.at, self._source(key), monitored=monitored))
                break
        return items

    def state(self, now: Instant) -> dict[str, Any]:
        """For JSON; `restore` takes it."""
        return {
            "limits": self.limits.state(now),
            "at": kept_past(now, now),
            "slots": [[*key, slot.instance, slot.kept(now)] for key, slot in self._slots.items()],
            "onset": self._onset.state(now.mono_s),
            "rules": [[*key, rules.state(now.mono_s)] for key, rules in self._rules.items()],
            "trend": self.trend.state(now),
            "clock_off_s": self._clock_off_s,
        }

    def restore(self, kept: Mapping[str, Any], now: Instant) -> None:
        """Goes on from `state`, the limits of the patient among it."""
        self._now = now
        self.limits.restore(kept["limits"], now)
        away_s = now.since(past_again(kept["at"], now))
        self._onset.limits_changed(self.limits.limits, now.mono_s)
        self._onset.restore(kept["onset"], now.mono_s, away_s)
        for measure, source, number, instance, slot in kept["slots"]:
            made = self._add((measure, source, number), instance)
            if slot is not None:
                made.restore(slot, now)
        for source, number, rules in kept["rules"]:
            self._rule(source, number).restore(rules, now.mono_s, away_s)
        self.trend.restore(kept["trend"], now)
        self._clock_off_s = kept["clock_off_s"]
        self._speaking = {measure: self._speaker(measure, now) for measure, _, _ in self._slots}

    def _take(self, told: Sequence[Told], at: Instant, source: str) -> Heard:
        at = self._later(at)
        device_utc_s = newest_utc_s(told, at.utc_s)
        clock = self._clock(device_utc_s, at) if source == MONITOR else []
        changed: set[_Key] = set()
        series: list[Reading] = []
        groups: dict[int, list[tuple[_Key, Told]]] = {}
        for one in told:
            key = self._key(one, source, at)
            groups.setdefault(key[2], []).append((key, one))
        for number, group in groups.items():
            values = {key[0]: one.value for key, one in group if one.value is not None}
            wrong = self._rule(source, number).judge(values, at.mono_s)
            for key, one in group:
                if self._store(key, one, wrong.get(key[0]), _measured(one, device_utc_s, at)):
                    changed.add(key)
                    series += self._series(key)
        new = {key[0] for key in changed}
        for measure in dict.fromkeys([one.measure for one in told if one.measure in new]):
            self._judge(measure, changed, at)
        self._mismatch(changed, at)
        self._onset.advance(at.mono_s)
        notice = self.trend.notice(at) if series else None
        return Heard((*clock, *self._onset.changes()), tuple(series), (notice,) if notice else ())

    def _store(self, key: _Key, one: Told, wrong: str | None, at: Instant) -> bool:
        """Whether this is something new."""
        slot = self._slots[key]
        self._stale_told.discard(key)
        slot.site = one.site
        if one.value is None:
            before = slot.heard
            slot.miss(at, one.absent)
            return before is not State.ABSENT
        if wrong is not None:
            slot.reject(one.value, at, one.at_utc_s, wrong)
            return True
        return slot.put(one.value, at, one.at_utc_s, "questionable, says the monitor" if one.questionable else "")

    def _series(self, key: _Key) -> list[Reading]:
        measure, source, number = key
        if source == OWN and (measure, MONITOR, number) in self._slots:
            measure = f"{measure}.own"
        slot = self._slots[key]
        value = slot.value if slot.heard is State.OK and slot.value is not None else math.nan
        if source == OWN:
            value = round(value, 2)  # what is below that is noise, which no disk need keep
        return [Reading(measure if number == 1 else f"{measure}#{number}", value)]

    def _judge(self, measure: str, changed: set[_Key], at: Instant) -> None:
        """Hands the onset rules the value that speaks, when it is new or when another source speaks now."""
        key = self._speaker(measure, at)
        before = self._speaking.get(measure)
        self._speaking[measure] = key
        if key is None:
            self._onset.observe(measure, None, at.mono_s, 0.0)
        elif key in changed or key != before:
            slot = self._slots[key]
            if slot.value is not None and slot.at is not None:
                self._onset.observe(measure, slot.value, at.mono_s, slot.fresh_s - at.since(slot.at))
                self.trend.add(measure, slot.value, at)

    def _mismatch(self, changed: set[_Key], at: Instant) -> None:
        if not any(measure in ("hr_per_min", "pr_per_min") for measure, _, _ in changed):
            return
        heart, pulse = self._speaker("hr_per_min", at), self._speaker("pr_per_min", at)
        if heart is None or pulse is None:
            self._onset.observe(MISMATCH, None, at.mono_s, 0.0)
            return
        hr, pr = self._slots[heart], self._slots[pulse]
        if hr.value is not None and pr.value is not None:
            self._onset.observe(MISMATCH, abs(hr.value - pr.value), at.mono_s, min(hr.fresh_s, pr.fresh_s))

    def _key(self, one: Told, source: str, at: Instant) -> _Key:
        """Instances are numbered as they are first heard; a new one takes the place of one that is gone."""
        for number in range(1, _MOST_INSTANCES + 1):
            key = (one.measure, source, number)
            known = self._slots.get(key)
            if known is not None and known.instance == one.instance:
                return key
            if known is None or known.gone(at):
                break
        self._add(key, one.instance)
        return key

    def _add(self, key: _Key, instance: str) -> Slot:
        made = self._slots[key] = Slot(key[0], instance, self._settings.every_s)
        self._instances[key[0]] = max(self._instances.get(key[0], 1), key[2])
        self._numbers[key[0]] = sorted({*self._numbers.get(key[0], ()), key[2]})
        return made

    def _rule(self, source: str, number: int) -> ArtefactRules:
        return self._rules.setdefault((source, number), ArtefactRules())

    def _speaker(self, measure: str, now: Instant) -> _Key | None:
        """Whose value speaks for a measure; None where none is fresh and valid."""
        if measure not in self._numbers or 1 not in self._numbers[measure]:
            return None
        key = self._best(measure, 1, now)
        return key if self._slots[key].state(now) is State.OK else None

    def _best(self, measure: str, number: int, now: Instant) -> _Key:
        """The preferred source if it is ok, else one that is, else the preferred one of those there are.

        For the first instance a further one may stand in.
        """
        order = (OWN, MONITOR) if measure in self._settings.prefer_own else (MONITOR, OWN)
        for source in order:
            key = (measure, source, number)
            slot = self._slots.get(key)
            if slot is not None and slot.state(now) is State.OK:
                return key
        further = number == 1 and measure not in _SITES_APART
        numbers = range(1, self._instances.get(measure, 1) + 1) if further else (number,)
        keys = [(measure, source, one) for one in numbers for source in order if (measure, source, one) in self._slots]
        return next((key for key in keys if self._slots[key].state(now) is State.OK), keys[0])

    def _source(self, key: _Key) -> str:
        word = self._slots[key].site if key[0] == "temp_cel" else ""
        word = word or _WORDS[CHANNELS[key[0]]]
        return f"{word}, computed here" if key[1] == OWN else word

    def _shown_utc_s(self, slot: Slot) -> float | None:
        if slot.at is None:
            return None
        device_utc_s = slot.device_utc_s
        if device_utc_s is not None and self._clock_off_s is None:
            return device_utc_s
        return slot.at.utc_s

    def _clock(self, device_utc_s: float | None, at: Instant) -> list[Finding]:
        """The device's clock against ours: five minutes apart, its times are not shown."""
        if device_utc_s is None:
            return []
        off_s = device_utc_s - at.utc_s
        if abs(off_s) >= (CLOCK_OFF_S if self._clock_off_s is None else _CLOCK_RIGHT_S):
            first = self._clock_off_s is None
            self._clock_off_s = off_s
            text = f"{abs(off_s) / 60:.0f} min {'ahead' if off_s > 0 else 'behind'}"
            return [Finding("clock-skew", True, text, value=off_s)] if first else []
        if self._clock_off_s is None:
            return []
        self._clock_off_s = None
        return [Finding("clock-skew", False)]

    def _due_of(self, slot: Slot, now: Instant, *, over: bool) -> bool:
        stale_at = slot.stale_at()
        return stale_at is not None and (now.mono_s >= stale_at.mono_s - _EPSILON_S) is over

    def _later(self, at: Instant) -> Instant:
        """`at`, but never before what was heard already."""
        self._now = max(self._now, at)
        return self._now


def _measured(one: Told, device_utc_s: float | None, at: Instant) -> Instant:
    """When it was measured, on our clock: as long before the receipt as before the newest of its message."""
    if one.at_utc_s is None or device_utc_s is None:
        return at
    return at.plus(-min(max(0.0, device_utc_s - one.at_utc_s), _OLDEST_S))
