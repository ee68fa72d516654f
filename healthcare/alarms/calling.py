"""Climbs the ladder: tells one person after another of an alarm that nobody has acknowledged.

Steps count from the moment the alarm sounded first. Who accepts stops the ladder; when that lapses the next step
comes at once and the later ones keep their distance from it.
"""

from __future__ import annotations

from dataclasses import replace

from core.clock import Instant
from healthcare.alarms.alarm import Alarm
from healthcare.alarms.change import Act
from healthcare.alarms.escalation import Ladder, Roster, Step, Whom
from healthcare.alarms.policy import AlarmPolicy
from healthcare.alarms.priority import Priority
from healthcare.alarms.register import Register


class Caller:
    """Of one bed. `roster` may change at any time; steps to come use the new one."""

    def __init__(self, register: Register, policy: AlarmPolicy) -> None:
        self._register = register
        self._policy = policy
        self.roster = Roster()

    @property
    def risen(self) -> Priority:
        """What an unacknowledged technical alarm becomes on this bed."""
        return self._policy.risen

    def readied(self, alarm: Alarm, now: Instant) -> Alarm:
        """The alarm at the foot of its ladder. One that was on a lower ladder keeps the time it has waited."""
        began = (alarm.timers.ladder_began or now) if self._ladder(alarm).steps else None
        alarm = replace(alarm, step=0, told=(), declined=(), accepted=False, owner="")
        return alarm.timed(ladder_began=began, accepted_until=None, again=None)

    def start(self, alarm: Alarm, now: Instant) -> None:
        """The first step of a readied alarm, if its ladder has any."""
        self._climb(alarm, now)

    def released(self, alarm: Alarm, now: Instant) -> Alarm:
        """Nobody has accepted it any more: the ladder goes on from here, its next step being due."""
        steps = self._ladder(alarm).steps
        if alarm.accepted and alarm.step < len(steps):
            alarm = alarm.timed(ladder_began=now.plus(-steps[alarm.step].after_s))
        return replace(alarm, accepted=False, owner="").timed(accepted_until=None)

    def at_once(self, alarm: Alarm, now: Instant, why: str) -> None:
        """The next step, now, because this one reaches nobody; after the last one it stays with the repeats."""
        if alarm.step < len(self._ladder(alarm).steps):
            self._climb(alarm, now, why)

    def next_step(self, alarm: Alarm) -> tuple[Step, Instant] | None:
        """What comes next and when, if no person does anything; None: nothing."""
        steps = self._ladder(alarm).steps
        began = alarm.timers.ladder_began
        if not steps or began is None or not alarm.unanswered:
            return None
        step = steps[min(alarm.step, len(steps) - 1)]
        if alarm.accepted:
            return None if alarm.timers.accepted_until is None else (step, alarm.timers.accepted_until)
        if alarm.step < len(steps):
            return step, began.plus(step.after_s)
        return None if alarm.timers.again is None else (step, alarm.timers.again)

    def due(self, alarm: Alarm) -> Instant | None:
        coming = [moment for moment in (self._louder_at(alarm), self._next_at(alarm)) if moment is not None]
        return min(coming, default=None)

    def tick(self, alarm: Alarm, now: Instant) -> None:
        """One thing that was due; the caller asks `due` again."""
        louder_at = self._louder_at(alarm)
        if louder_at is not None and louder_at <= now:
            self._register.write(Act.LOUDER, replace(alarm, louder=True), now)
            return
        if alarm.accepted:
            self._lapse(alarm, now)
        elif alarm.step < len(self._ladder(alarm).steps):
            self._climb(alarm, now)
        else:
            self._tell(alarm, alarm.step - 1, now, "nobody has acknowledged")

    def _lapse(self, alarm: Alarm, now: Instant) -> None:
        who, alarm = alarm.owner, self.released(alarm, now)
        self._register.write(Act.LAPSED, alarm, now, who=who)
        why = "accepted, not acknowledged in time"
        if alarm.step < len(self._ladder(alarm).steps):
            self._climb(alarm, now, why)
        elif alarm.step:
            self._tell(alarm, alarm.step - 1, now, why)

    def _climb(self, alarm: Alarm, now: Instant, why: str = "") -> None:
        """The next step, and on while a step finds nobody. Where the roster is empty the clock alone counts."""
        steps = self._ladder(alarm).steps
        while alarm.step < len(steps):
            alarm, people = self._tell(alarm, alarm.step, now, why)
            if people or not self.roster.people(Whom.EVERYONE):
                return
            why = "nobody in the roster for the step before"

    def _tell(self, alarm: Alarm, index: int, now: Instant, why: str) -> tuple[Alarm, tuple[str, ...]]:
        ladder = self._ladder(alarm)
        whom = ladder.steps[index].whom
        people = self.roster.people(whom)
        if whom is not Whom.EVERYONE:
            people = tuple(name for name in people if name not in alarm.told)
        alarm = replace(alarm, step=index + 1, told=tuple(dict.fromkeys((*alarm.told, *people))))
        if index + 1 == len(ladder.steps):
            alarm = alarm.timed(again=now.plus(ladder.again_s))
        self._register.write(Act.STEPPED, alarm, now, step=index, told=people, why=why)
        return alarm, people

    def _louder_at(self, alarm: Alarm) -> Instant | None:
        after_s, began = self._ladder(alarm).louder_after_s, alarm.timers.ladder_began
        if after_s is None or began is None or alarm.louder or alarm.accepted or not alarm.unanswered:
            return None
        return began.plus(after_s)

    def _next_at(self, alarm: Alarm) -> Instant | None:
        coming = self.next_step(alarm)
        return None if coming is None else coming[1]

    def _ladder(self, alarm: Alarm) -> Ladder:
        return self._policy.ladders[alarm.priority]
