"""A task of the work list, as events, tables and screens have it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

REFILL, CHECK, COUNT, MARKDOWN, LABEL = KINDS = ("refill", "check", "count", "markdown", "label")
OPEN, TAKEN, DONE, NOT_TRUE, CLOSED, EXPIRED = "open", "taken", "done", "not-true", "closed", "expired"
#: Somebody may still work on it.
ALIVE = frozenset({OPEN, TAKEN})

#: One task at a time for each: kind, GTIN-14, slot (a lot of it where the task is about one).
Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the rules want done now. `since_utc_s`: since when it is so, 0 where nobody knows; `value_cents_h`: sales
    lost an hour until it is done."""

    kind: str
    gtin: str
    slot: str
    value_cents_h: int
    source: str
    reason: str
    since_utc_s: float
    place: str = ""
    lot: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> Key:
        return self.kind, self.gtin, f"{self.slot}{'#' + self.lot if self.lot else ''}"


@dataclass(frozen=True, slots=True)
class Task:
    """`how` it ended, in a word or sentence. Moments are UTC seconds."""

    id: str
    kind: str
    gtin: str
    slot: str
    place: str
    lot: str
    state: str
    value_cents_h: int
    source: str
    reason: str
    facts: Mapping[str, Any]
    opened_utc_s: float
    changed_utc_s: float
    expires_utc_s: float
    ended_utc_s: float | None = None
    taken_by: str = ""
    taken_utc_s: float | None = None
    ended_by: str = ""
    how: str = ""

    @property
    def key(self) -> Key:
        return self.kind, self.gtin, f"{self.slot}{'#' + self.lot if self.lot else ''}"

    @property
    def alive(self) -> bool:
        return self.state in ALIVE

    def as_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in Task.__dataclass_fields__} | {"facts": dict(self.facts)}


def opened(number: int, wanted: Wanted, now_utc_s: float, lasts_s: float) -> Task:
    return Task(
        f"t-{number}", wanted.kind, wanted.gtin, wanted.slot, wanted.place, wanted.lot, OPEN, wanted.value_cents_h,
        wanted.source, wanted.reason, wanted.facts, now_utc_s, now_utc_s, now_utc_s + lasts_s,
    )  # fmt: skip


def changed(task: Task, wanted: Wanted, now_utc_s: float, lasts_s: float) -> Task:
    """The same task with what is known now; whose it is stays."""
    return replace(
        task, place=wanted.place, value_cents_h=wanted.value_cents_h, source=wanted.source, reason=wanted.reason,
        facts=wanted.facts, changed_utc_s=now_utc_s, expires_utc_s=now_utc_s + lasts_s,
    )  # fmt: skip


def read_task(said: Mapping[str, Any]) -> Task:
    """What `as_json` wrote. Raises LookupError or TypeError for anything else."""
    return Task(**{name: said[name] for name in Task.__dataclass_fields__})
