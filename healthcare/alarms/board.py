"""All alarms of one bed: the state machine of IEC 60601-1-8 as this box keeps it.

Findings, people and time come in, changes go out; the station records them, and only then are they signalled.
What a board was is made again from its saved state and the changes recorded after it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from core.clock import Instant
from core.errors import RefusedError
from healthcare.alarms.alarm import Alarm, AlarmState
from healthcare.alarms.calling import Caller
from healthcare.alarms.change import Act, Change
from healthcare.alarms.conditions import Conditions
from healthcare.alarms.escalation import Roster
from healthcare.alarms.finding import Finding
from healthcare.alarms.policy import LONGEST_PAUSE_S, AlarmPolicy
from healthcare.alarms.register import Register
from healthcare.alarms.shown import alarm_json


class AlarmBoard:
    """Pure: no clock, no I/O. Methods that change something return the changes, in order, to be recorded.

    What a person asks raises RefusedError, with the reason for that person, when it cannot be done.
    """

    def __init__(self, bed: str, policy: AlarmPolicy) -> None:
        self._policy = policy
        self._register = Register(bed)
        self._caller = Caller(self._register, policy)
        self._conditions = Conditions(self._register, self._caller, policy)

    @property
    def alarms(self) -> tuple[Alarm, ...]:
        """The highest priority first, then the oldest."""
        return tuple(sorted(self._register.alarms, key=_rank))

    @property
    def lost_channels(self) -> frozenset[str]:
        return self._register.lost

    def shown(self, now: Instant) -> list[dict[str, Any]]:
        """The `alarms` of what the bed tells the screens."""
        return [alarm_json(alarm, self._caller, now) for alarm in self.alarms]

    def assign(self, roster: Roster) -> None:
        """Who is told from now on; kept with the state, recorded by whoever keeps the roster."""
        self._caller.roster = roster

    # What rules and sources say

    def take(self, findings: Sequence[Finding], now: Instant) -> list[Change]:
        """A condition not mentioned stays as it was. The same finding again changes nothing but what is shown."""
        for finding in findings:
            self._conditions.take(finding, now)
        return self._register.take_news()

    def source_lost(self, channel: str, now: Instant) -> list[Change]:
        """From now on nothing of this channel arises or ends; what there is stays, with its sound, marked."""
        self._conditions.source_lost(channel, now)
        return self._register.take_news()

    def source_back(self, channel: str, now: Instant) -> list[Change]:
        self._conditions.source_back(channel, now)
        return self._register.take_news()

    def discharge(self, now: Instant, who: str = "") -> list[Change]:
        """Cancels every alarm and forgets which channels were lost: the next patient begins with none."""
        for alarm in self.alarms:
            self._register.write(Act.CANCELLED, alarm, now, who=who, why="discharged")
        if self._register.lost:
            self._register.write(Act.CANCELLED, None, now, who=who, why="discharged")
        return self._register.take_news()

    # What people do

    def acknowledge(self, alarm_id: str | None, who: str, now: Instant) -> list[Change]:
        """One alarm, or all for None: silent while it lasts, then gone. A latched one is gone at once."""
        _person(who)
        for alarm in self.alarms if alarm_id is None else (self._named(alarm_id),):
            self._conditions.acknowledge(alarm, who, now)
        return self._register.take_news()

    def pause(self, now: Instant, who: str, pause_s: float | None = None) -> list[Change]:
        """Silences those that sound now, for 120 s or what the site says, at most 180 s. What is new sounds."""
        _person(who)
        ends = now.plus(min(self._policy.pause_s if pause_s is None else max(0.0, pause_s), LONGEST_PAUSE_S))
        for alarm in self.alarms:
            if alarm.unanswered and alarm.sound(now) == "on":
                self._register.write(Act.PAUSED, alarm.timed(pause_ends=ends), now, who=who)
        return self._register.take_news()

    def resume(self, now: Instant, who: str) -> list[Change]:
        """Ends every pause."""
        for alarm in self.alarms:
            if alarm.timers.pause_ends is not None:
                self._register.write(Act.RESUMED, alarm.timed(pause_ends=None), now, who=who)
        return self._register.take_news()

    def reset(self, alarm_id: str, who: str, now: Instant) -> list[Change]:
        """Takes off a latched alarm, or an acknowledged one whose source is lost. Refused for any other."""
        _person(who)
        alarm = self._named(alarm_id)
        known = alarm.state is AlarmState.ACKNOWLEDGED and alarm.source_lost
        if alarm.state is not AlarmState.LATCHED and not known:
            raise RefusedError(f"{alarm.label} is still active and cannot be reset", hint="Acknowledge it.")
        self._register.write(Act.RESET, alarm, now, who=who)
        return self._register.take_news()

    def accept(self, alarm_id: str, who: str, now: Instant) -> list[Change]:
        """This person goes: the ladder waits, the sound stays. Acknowledged ones have nothing to accept."""
        _person(who)
        alarm = self._named(alarm_id)
        if alarm.unanswered:
            declined = tuple(name for name in alarm.declined if name != who)
            until = now.plus(self._policy.accepted_for_s)
            alarm = replace(alarm, owner=who, accepted=True, declined=declined).timed(accepted_until=until)
            self._register.write(Act.ACCEPTED, alarm, now, who=who)
        return self._register.take_news()

    def busy(self, alarm_id: str, who: str, now: Instant) -> list[Change]:
        """This person cannot: the next step at once, unless another has accepted. Once a person and alarm."""
        _person(who)
        alarm = self._named(alarm_id)
        if not alarm.unanswered or who in alarm.declined:
            return []
        alarm = replace(alarm, declined=(*alarm.declined, who))
        if alarm.owner == who:
            alarm = self._caller.released(alarm, now)
        self._register.write(Act.DECLINED, alarm, now, who=who)
        if not alarm.accepted:
            self._caller.at_once(alarm, now, f"{who} is busy")
        return self._register.take_news()

    # What machines and time do

    def delivery_failed(self, alarm_id: str, step: int, now: Instant) -> list[Change]:
        """Nobody of this step could be reached: the next step at once, unless it was taken already."""
        alarm = self._register.get(alarm_id)
        if alarm is not None and alarm.unanswered and not alarm.accepted and step == alarm.step - 1:
            self._caller.at_once(alarm, now, "the message of the step before was not delivered")
        return self._register.take_news()

    def due(self) -> Instant | None:
        """When `tick` has something to do, or only a sound ends: what is shown changes then too."""
        moments = (self._due_of(alarm) for alarm in self._register.alarms)
        return min((moment for moment in moments if moment is not None), default=None)

    def tick(self, now: Instant) -> list[Change]:
        """All that was due by `now`, however much: steps that a stopped box missed come at once."""
        for alarm_id in [alarm.id for alarm in self.alarms]:
            while (alarm := self._register.get(alarm_id)) is not None:
                due = self._due_of(alarm)
                if due is None or due > now:
                    break
                self._pass_time(alarm, now)
        return self._register.take_news()

    # What is kept

    def state(self, now: Instant) -> dict[str, Any]:
        """Fit for JSON. Durations as what is left of them, with the UTC of `now`."""
        return self._register.state(now) | {"roster": self._caller.roster.to_json()}

    def restore(self, state: Mapping[str, Any] | None, events: Iterable[Mapping[str, Any]], now: Instant) -> None:
        """For a new board: the saved state, and the `event_data` of every change recorded after it.

        The roster is the saved one; whoever keeps it assigns it anew. Then let `tick` do what was missed, and save:
        where the wall clock was set back, durations are those of the last record, and a second kill finds newer ones.
        """
        if state is not None:
            self._caller.roster = Roster.from_json(state["roster"])
        self._register.restore(state, events, now)

    def _named(self, alarm_id: str) -> Alarm:
        alarm = self._register.get(alarm_id)
        if alarm is None:
            raise RefusedError(f"the alarm {alarm_id} is not on the board any more", hint="Look at the alarm log.")
        return alarm

    def _due_of(self, alarm: Alarm) -> Instant | None:
        timers = alarm.timers
        moments = (timers.pause_ends, timers.reminder, timers.reminder_ends, timers.rises, self._caller.due(alarm))
        return min((moment for moment in moments if moment is not None), default=None)

    def _pass_time(self, alarm: Alarm, now: Instant) -> None:
        """One thing that is due; its timer is set anew or stopped by it."""
        timers = alarm.timers
        if _came(timers.pause_ends, now):
            self._register.write(Act.RESUMED, alarm.timed(pause_ends=None), now)
        elif _came(timers.rises, now):
            self._conditions.rise(alarm, now)
        elif _came(timers.reminder, now):
            self._remind(alarm, now)
        elif _came(timers.reminder_ends, now):
            self._register.refresh(alarm.timed(reminder_ends=None))
        else:
            self._caller.tick(alarm, now)

    def _remind(self, alarm: Alarm, now: Instant) -> None:
        policy = self._policy
        again = None if policy.reminder_s is None else now.plus(policy.reminder_s)
        alarm = alarm.timed(reminder=again, reminder_ends=now.plus(policy.reminder_sounds_s))
        self._register.write(Act.REMINDED, alarm, now)


def _rank(alarm: Alarm) -> tuple[int, float, int]:
    return -alarm.priority, alarm.began_utc_s, int(alarm.id.rpartition("/")[2])


def _person(who: str) -> None:
    if not who:
        raise RefusedError("nobody is named who does this", hint="Sign on with a badge or a PIN.")


def _came(moment: Instant | None, now: Instant) -> bool:
    return moment is not None and moment <= now
