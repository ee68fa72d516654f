"""The work list: one task for each kind, product and slot, opened and closed by what the rules want, ended by people.

Never a flood: what was ended stays quiet for a while unless it began anew, "not true" longer each time, and small
changes of a task are not told. Everything the list knows is in its events: any cut of them restores the same list.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from core.errors import RefusedError
from retail.work.task import (
    CHECK,
    CLOSED,
    COUNT,
    DONE,
    EXPIRED,
    LABEL,
    MARKDOWN,
    NOT_TRUE,
    OPEN,
    REFILL,
    TAKEN,
    Key,
    Task,
    Wanted,
    changed,
    opened,
    read_task,
)
from verticals.contract import Event

_HOUR_S, _DAY_S = 3600.0, 86_400.0
#: A task whose evidence is not renewed for so long is over.
LASTS_S: Mapping[str, float] = {
    REFILL: 12 * _HOUR_S, CHECK: _DAY_S, COUNT: 3 * _DAY_S, MARKDOWN: 3 * _DAY_S, LABEL: 3 * _DAY_S,
}  # fmt: skip
#: After "done", for so long the same is believed to be done: the shelf is looked at again, the count is booked.
SETTLES_S: Mapping[str, float] = {
    REFILL: 600.0, CHECK: 4 * _HOUR_S, COUNT: 4 * _HOUR_S, MARKDOWN: _DAY_S, LABEL: _HOUR_S,
}  # fmt: skip
NOT_TRUE_QUIET_S, NOT_TRUE_MOST_S = 4 * _HOUR_S, 3 * _DAY_S
#: What closed by itself does not come back at once: a state that flickers opens one task, not one a minute.
CLOSED_QUIET_S = 120.0
TAKEN_S = 2 * _HOUR_S
#: A change is told when the rank moves by a fifth, or the words change, and at most so often.
_APART_S, _MOVED = 60.0, 0.2
_FORGET_S = 14 * _DAY_S
_MOST_OPEN = 2000


@dataclass(frozen=True, slots=True)
class Quiet:
    """After a task ended: not opened again before `until_utc_s`. What was done may be, if it began anew after it."""

    how: str
    after_utc_s: float
    until_utc_s: float
    times: int = 0


class TaskBoard:
    """Pure: moments are passed in, what happens comes out as events."""

    def __init__(self) -> None:
        self._alive: dict[Key, Task] = {}
        self._of: dict[str, set[Key]] = {}  # by GTIN
        self._quiet: dict[Key, Quiet] = {}
        self._ends: list[tuple[float, Key, str]] = []  # a heap; what is in it may be out of date
        self._number = 0

    # Looking

    def __iter__(self) -> Iterator[Task]:
        return iter(self._alive.values())

    def __len__(self) -> int:
        return len(self._alive)

    def ranked(self) -> list[Task]:
        return sorted(self._alive.values(), key=lambda task: (-task.value_cents_h, task.opened_utc_s, task.id))

    def of(self, gtin: str) -> list[Task]:
        return [self._alive[key] for key in sorted(self._of.get(gtin, ()))]

    def find(self, task_id: object) -> Task:
        """Raises RefusedError for one that is over or never was."""
        found = next((task for task in self._alive.values() if task.id == task_id), None)
        if found is None:
            raise RefusedError("This task is over.", hint="Look at the list again.")
        return found

    # What the rules want

    def settle(
        self, gtin: str, wanted: Sequence[Wanted], now_utc_s: float, over: Mapping[str, str] | None = None
    ) -> list[Event]:
        """Brings the tasks of a product to what is wanted; `over`: in words, by kind, why one is over."""
        events: list[Event] = []
        now_wanted = {one.key: one for one in wanted}
        for task in self.of(gtin):
            if task.key not in now_wanted:
                how = (over or {}).get(task.kind, "no longer so")
                events.append(self._end(task, CLOSED, now_utc_s, how))
        for key, one in now_wanted.items():
            alive = self._alive.get(key)
            if alive is None:
                if self._may_open(one, now_utc_s):
                    self._number += 1
                    events.append(self._tell("opened", opened(self._number, one, now_utc_s, LASTS_S[one.kind])))
            elif _differs(alive, one, now_utc_s):
                events.append(self._tell("changed", changed(alive, one, now_utc_s, LASTS_S[one.kind])))
        return events

    def _may_open(self, wanted: Wanted, now_utc_s: float) -> bool:
        if len(self._alive) >= _MOST_OPEN:
            return False
        quiet = self._quiet.get(wanted.key)
        if quiet is None or now_utc_s >= quiet.until_utc_s:
            return True
        return quiet.how == DONE and wanted.since_utc_s > quiet.after_utc_s

    # What people say

    def take(self, task_id: object, who: str, now_utc_s: float) -> Event:
        task = self.find(task_id)
        if task.state == TAKEN and task.taken_by != who:
            raise RefusedError(f"{task.taken_by} has this task already.")
        taken = replace(task, state=TAKEN, taken_by=who, taken_utc_s=now_utc_s, changed_utc_s=now_utc_s)
        return self._tell("taken", taken, who)

    def give_back(self, task_id: object, who: str, now_utc_s: float) -> Event:
        task = self.find(task_id)
        if task.state != TAKEN:
            raise RefusedError("Nobody has taken this task.")
        return self._tell("given-back", _everybodys(task, now_utc_s), who)

    def done(self, task_id: object, who: str, now_utc_s: float, how: str = "done") -> Event:
        return self._end(self.find(task_id), DONE, now_utc_s, how, who)

    def not_true(self, task_id: object, who: str, now_utc_s: float, note: str = "") -> Event:
        """Feedback: it counts against what raised the task, and the task stays away for a while."""
        return self._end(self.find(task_id), NOT_TRUE, now_utc_s, note or "not true", who)

    # Time

    def due_utc_s(self) -> float | None:
        """When the next task expires or falls back to all."""
        while self._ends:
            at, key, task_id = self._ends[0]
            task = self._alive.get(key)
            if task is not None and task.id == task_id and _next(task) == at:
                return at
            heapq.heappop(self._ends)  # it has changed, or is over
        return None

    def tick(self, now_utc_s: float) -> list[Event]:
        events: list[Event] = []
        while (due := self.due_utc_s()) is not None and due <= now_utc_s:
            task = self._alive[heapq.heappop(self._ends)[1]]
            if now_utc_s >= task.expires_utc_s:
                events.append(self._end(task, EXPIRED, now_utc_s, "nothing was heard of it any more"))
            else:
                events.append(self._tell("given-back", _everybodys(task, now_utc_s)))
        return events

    # Its record

    def apply(self, said: Mapping[str, Any]) -> None:
        """What an event `task` tells."""
        task = read_task(said["task"])
        self._number = max(self._number, int(task.id.removeprefix("t-")))
        if task.alive:
            self._alive[task.key] = task
            heapq.heappush(self._ends, (_next(task), task.key, task.id))
            self._of.setdefault(task.gtin, set()).add(task.key)
            return
        self._alive.pop(task.key, None)
        keys = self._of.get(task.gtin, set())
        keys.discard(task.key)
        if not keys:
            self._of.pop(task.gtin, None)
        self._hush(task)

    def state(self) -> dict[str, Any]:
        return {
            "number": self._number,
            "alive": [task.as_json() for task in self._alive.values()],
            "quiet": [[*key, one.how, one.after_utc_s, one.until_utc_s, one.times] for key, one in self._quiet.items()],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        for said in state["alive"]:
            self.apply({"task": said})
        self._quiet = {(kind, gtin, slot): Quiet(*rest) for kind, gtin, slot, *rest in state["quiet"]}
        self._number = int(state["number"])

    def _end(self, task: Task, state: str, now_utc_s: float, how: str, who: str = "") -> Event:
        ended = replace(task, state=state, changed_utc_s=now_utc_s, ended_utc_s=now_utc_s, ended_by=who, how=how[:120])
        return self._tell(state, ended, who)

    def _tell(self, act: str, task: Task, who: str = "") -> Event:
        data = {"act": act, "task": task.as_json()}
        self.apply(data)
        return Event("task", task.id, task.changed_utc_s, data, who=who[:60])

    def _hush(self, task: Task) -> None:
        ended = task.ended_utc_s or task.changed_utc_s
        if task.state == NOT_TRUE:
            before = self._quiet.get(task.key)
            times = (before.times if before else 0) + 1
            lasts = min(NOT_TRUE_MOST_S, NOT_TRUE_QUIET_S * 2 ** (times - 1))
            self._quiet[task.key] = Quiet(NOT_TRUE, ended, ended + lasts, times)
        elif task.state == DONE:
            self._quiet[task.key] = Quiet(DONE, ended, ended + SETTLES_S[task.kind])
        elif task.state == CLOSED:
            times = self._quiet[task.key].times if task.key in self._quiet else 0
            self._quiet[task.key] = Quiet(CLOSED, ended, ended + CLOSED_QUIET_S, times)

    def forget(self, now_utc_s: float) -> None:
        """What was denied long ago; once a day."""
        old = [key for key, one in self._quiet.items() if now_utc_s > one.until_utc_s + _FORGET_S]
        for key in old:
            del self._quiet[key]


def _next(task: Task) -> float:
    """When time alone changes it."""
    if task.taken_utc_s is None:
        return task.expires_utc_s
    return min(task.expires_utc_s, task.taken_utc_s + TAKEN_S)


def _everybodys(task: Task, now_utc_s: float) -> Task:
    return replace(task, state=OPEN, taken_by="", taken_utc_s=None, changed_utc_s=now_utc_s)


def _differs(task: Task, wanted: Wanted, now_utc_s: float) -> bool:
    if now_utc_s - task.changed_utc_s < _APART_S:
        return False
    if now_utc_s >= task.expires_utc_s - LASTS_S[task.kind] / 2:
        return True  # still so: it goes on
    moved = abs(wanted.value_cents_h - task.value_cents_h) > max(5, _MOVED * task.value_cents_h)
    return moved or wanted.reason != task.reason or wanted.source != task.source


def counted(tasks: Iterable[Task]) -> dict[str, int]:
    """How many of each kind."""
    found: dict[str, int] = {}
    for task in tasks:
        found[task.kind] = found.get(task.kind, 0) + 1
    return found
