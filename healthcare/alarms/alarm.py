"""One alarm of one bed: what it is, in which state, who knows of it, and what time will do to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Any

from core.clock import Instant
from healthcare.alarms.finding import OWN, Finding
from healthcare.alarms.priority import AlarmClass, Priority


class AlarmState(StrEnum):
    """LATCHED: the condition is over and no person has seen it yet."""

    ACTIVE = "active"
    ACKNOWLEDGED = "acknowledged"
    LATCHED = "latched"


@dataclass(frozen=True, slots=True)
class Timers:
    """The moments that time will bring, and `ladder_began` that it counts from; None: not running.

    Kept as seconds from the moment of keeping (negative: past). After a restart they are nearer by the time that the
    wall clock says has gone, and never farther away, whatever that clock did.
    """

    pause_ends: Instant | None = None
    reminder: Instant | None = None
    reminder_ends: Instant | None = None
    rises: Instant | None = None
    accepted_until: Instant | None = None
    ladder_began: Instant | None = None
    again: Instant | None = None

    def to_json(self, now: Instant) -> dict[str, float]:
        running = ((item.name, getattr(self, item.name)) for item in fields(self))
        return {name: moment.since(now) for name, moment in running if moment is not None}

    @classmethod
    def from_json(cls, data: Mapping[str, float], kept_utc_s: float, now: Instant) -> Timers:
        gone_s = max(0.0, now.utc_s - kept_utc_s)
        return cls(**{name: now.plus(left_s - gone_s) for name, left_s in data.items()})


@dataclass(frozen=True, slots=True)
class Alarm:
    """Immutable: the board makes a new one for every change.

    `finding` is the one shown; `causes` are those that hold it up now (none when latched). `step` counts the steps of
    the ladder taken, `told` the people reached. `source`: `own`, `monitor` or `monitor + own`, who says so or said so
    last. `source_lost`: nothing is known of the condition any more.
    """

    id: str
    code: str
    kind: AlarmClass
    priority: Priority
    label: str
    finding: Finding
    began_utc_s: float
    latching: bool
    audible: bool
    causes: tuple[Finding, ...] = ()
    state: AlarmState = AlarmState.ACTIVE
    timers: Timers = Timers()
    ended_utc_s: float | None = None
    source: str = OWN
    source_lost: bool = False
    owner: str = ""
    accepted: bool = False
    louder: bool = False
    step: int = 0
    told: tuple[str, ...] = ()
    declined: tuple[str, ...] = ()
    acknowledged_by: str = ""
    acknowledged_utc_s: float | None = None
    parent: str = ""

    @property
    def unanswered(self) -> bool:
        """No person has acknowledged it: it sounds, and it climbs the ladder."""
        return self.state is not AlarmState.ACKNOWLEDGED

    @property
    def silent(self) -> bool:
        """Shown without a sound, whatever its state: a notice of low priority."""
        return not self.audible and self.priority is Priority.LOW

    @property
    def acknowledged_at_bedside(self) -> bool:
        """Somebody acknowledged it on the monitor, and nothing but the monitor says it."""
        return bool(self.causes) and all(cause.acknowledged_at_bedside for cause in self.causes)

    def sound(self, now: Instant) -> str:
        """`on`, `paused` or `off`."""
        if self.silent:
            return "off"
        if not self.unanswered:
            return "on" if _ahead(self.timers.reminder_ends, now) else "off"
        return "paused" if _ahead(self.timers.pause_ends, now) else "on"

    def timed(self, **moments: Instant | None) -> Alarm:
        """The same alarm with these timers set anew."""
        return replace(self, timers=replace(self.timers, **moments))

    def to_json(self, now: Instant) -> dict[str, Any]:
        """Everything `from_json` needs; moments as seconds from `now`."""
        data: dict[str, Any] = {item.name: getattr(self, item.name) for item in fields(self)}
        return data | {
            "kind": self.kind.value,
            "priority": self.priority.word,
            "state": self.state.value,
            "finding": self.finding.to_json(),
            "causes": [cause.to_json() for cause in self.causes],
            "timers": self.timers.to_json(now),
            "told": list(self.told),
            "declined": list(self.declined),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any], kept_utc_s: float, now: Instant) -> Alarm:
        """`kept_utc_s` is when `to_json` was asked."""
        made: dict[str, Any] = dict(data) | {
            "kind": AlarmClass(data["kind"]),
            "priority": Priority.of(data["priority"]),
            "state": AlarmState(data["state"]),
            "finding": Finding.from_json(data["finding"]),
            "causes": tuple(Finding.from_json(cause) for cause in data["causes"]),
            "timers": Timers.from_json(data["timers"], kept_utc_s, now),
            "told": tuple(data["told"]),
            "declined": tuple(data["declined"]),
        }
        return cls(**made)


_LOWERED = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")


def _ahead(moment: Instant | None, now: Instant) -> bool:
    return moment is not None and now < moment


def beyond_label(label: str, text: str) -> str:
    """What `text` says beyond the label that stands before it: a monitor's own text may begin with that, in its own
    spelling (`SpO2` for `SpO₂`)."""
    return text[len(label) :].strip() if _plain(text).startswith(_plain(label)) else text


def _plain(words: str) -> str:
    """As long as `words`, character by character, for comparing alone."""
    return words.translate(_LOWERED).lower()
