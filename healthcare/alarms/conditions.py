"""From findings to alarms: how a condition begins, is held up by several causes, worsens, latches and ends.

```
NORMAL --present--> ACTIVE --acknowledged--> ACKNOWLEDGED --over--> NORMAL
ACTIVE --over, latching--> LATCHED --present--> ACTIVE ;  LATCHED --acknowledged--> NORMAL
ACTIVE --over, not latching--> NORMAL
ACTIVE --worse--> ACTIVE, higher ;  ACKNOWLEDGED --worse--> a new ACTIVE one in its place
```
"""

from __future__ import annotations

from dataclasses import replace

from core.clock import Instant
from healthcare.alarms.alarm import Alarm, AlarmState, Timers
from healthcare.alarms.calling import Caller
from healthcare.alarms.change import Act
from healthcare.alarms.finding import OWN, Finding
from healthcare.alarms.monitor_codes import our_code
from healthcare.alarms.policy import AlarmPolicy
from healthcare.alarms.priority import AlarmClass, Priority
from healthcare.alarms.register import Register
from healthcare.alarms.table import kind_of

BEDSIDE = "bedside"


class Conditions:
    """Of one bed. Everything it does is written into the register."""

    def __init__(self, register: Register, caller: Caller, policy: AlarmPolicy) -> None:
        self._register = register
        self._caller = caller
        self._policy = policy

    def take(self, finding: Finding, now: Instant) -> None:
        code = our_code(finding.code, finding.kind)
        if self._from_lost_channel(finding, kind_of(code, finding).kind):
            return
        alarm = self._register.of_code(code)
        if alarm is None:
            if finding.present:
                self._begin(code, finding, now)
            return
        self._follow(alarm, finding, now)
        if self._policy.bedside_silences:
            self._follow_bedside(code, now)

    def acknowledge(self, alarm: Alarm, who: str, now: Instant) -> None:
        """Does nothing for one that is acknowledged already."""
        if alarm.state is AlarmState.LATCHED:
            self._register.write(Act.RESET, alarm, now, who=who)
        elif alarm.state is AlarmState.ACTIVE:
            reminder_s = None if alarm.silent else self._policy.reminder_s
            alarm = replace(
                alarm,
                state=AlarmState.ACKNOWLEDGED,
                timers=Timers(reminder=None if reminder_s is None else now.plus(reminder_s)),
                accepted=False,
                louder=False,
                acknowledged_by=who,
                acknowledged_utc_s=now.utc_s,
            )
            self._register.write(Act.ACKNOWLEDGED, alarm, now, who=who)

    def rise(self, alarm: Alarm, now: Instant) -> None:
        """Nobody has acknowledged a technical alarm for its time."""
        self._worsen(alarm, self._policy.risen, now, "not acknowledged")

    def source_lost(self, channel: str, now: Instant) -> None:
        if channel not in self._register.lost:
            self._register.write(Act.SOURCE_LOST, None, now, channel=channel)
            self._mark(now, channel)

    def source_back(self, channel: str, now: Instant) -> None:
        if channel in self._register.lost:
            self._register.write(Act.SOURCE_BACK, None, now, channel=channel)
            self._mark(now, channel)

    def _begin(self, code: str, finding: Finding, now: Instant) -> None:
        alarm = self._caller.readied(self._made(code, finding, now), now)
        self._register.write(Act.BEGAN, alarm, now)
        if self._policy.bedside_silences and alarm.acknowledged_at_bedside:
            self.acknowledge(alarm, BEDSIDE, now)
        else:
            self._caller.start(alarm, now)

    def _made(self, code: str, finding: Finding, now: Instant) -> Alarm:
        kind = kind_of(code, finding)
        priority = finding.priority or kind.priority
        rises = kind.rises and priority < self._policy.risen
        return Alarm(
            self._register.next_id(),
            code,
            kind.kind,
            priority,
            kind.label,
            replace(finding, measure=finding.measure or kind.measure),
            now.utc_s,
            self._policy.latches(kind),
            kind.audible,
            causes=(finding,),
            source=finding.source,
            timers=Timers(rises=now.plus(self._policy.technical_rises_after_s) if rises else None),
        )

    def _follow(self, alarm: Alarm, finding: Finding, now: Instant) -> None:
        causes = _with(alarm.causes, finding)
        if not causes:
            self._over(alarm, now)
            return
        before = alarm
        alarm = self._held_up(alarm, causes)
        if before.state is AlarmState.LATCHED:
            alarm = replace(alarm, state=AlarmState.ACTIVE, ended_utc_s=None).timed(pause_ends=None)
            self._register.write(Act.RECURRED, alarm, now)
        elif len(causes) != len(before.causes):
            self._register.write(Act.JOINED if finding.present else Act.LEFT, alarm, now)
        elif alarm.source_lost != before.source_lost:
            self._register.write(Act.SOURCE_BACK, alarm, now, channel=finding.channel)
        elif any(_counts(old) != _counts(finding) for old in before.causes if old.cause == finding.cause):
            self._register.write(Act.HELD, alarm, now)
        else:
            self._register.refresh(alarm)
        self._weigh(alarm, now)

    def _over(self, alarm: Alarm, now: Instant) -> None:
        """No cause is left, and a latched alarm had none."""
        if alarm.state is AlarmState.LATCHED:
            return
        alarm = replace(alarm, causes=(), ended_utc_s=now.utc_s, source_lost=False)
        if alarm.state is AlarmState.ACTIVE and alarm.latching:
            self._register.write(Act.LATCHED, replace(alarm, state=AlarmState.LATCHED), now)
        else:
            why = "" if alarm.state is AlarmState.ACKNOWLEDGED else "ended unacknowledged"
            self._register.write(Act.ENDED, alarm, now, why=why)

    def _held_up(self, alarm: Alarm, causes: tuple[Finding, ...]) -> Alarm:
        """By these causes; what is shown is our own words, where we have some, else the monitor's."""
        told = max(causes, key=lambda cause: (cause.source == OWN, bool(cause.text)))
        shown = replace(told, measure=told.measure or alarm.finding.measure)
        source = " + ".join(sorted({cause.source for cause in causes}))
        alarm = replace(alarm, causes=causes, finding=shown, source=source)
        return replace(alarm, source_lost=self._lost(alarm))

    def _weigh(self, alarm: Alarm, now: Instant) -> None:
        """Priority: the highest of its causes. Unacknowledged it never falls."""
        wanted = max(cause.priority or kind_of(alarm.code, cause).priority for cause in alarm.causes)
        if wanted > alarm.priority:
            self._worsen(alarm, wanted, now)
        elif wanted < alarm.priority and not alarm.unanswered and alarm.kind is not AlarmClass.TECHNICAL:
            self._register.write(Act.EASED, replace(alarm, priority=wanted), now)

    def _worsen(self, alarm: Alarm, priority: Priority, now: Instant, why: str = "") -> None:
        """It sounds again, whatever was paused or accepted; an acknowledged one gives way to a new one."""
        if alarm.unanswered:
            rises = alarm.timers.rises if priority < self._policy.risen else None
            worse = replace(alarm, priority=priority).timed(pause_ends=None, rises=rises)
        else:
            made = self._made(alarm.code, alarm.finding, now)
            worse = replace(made, priority=priority, causes=alarm.causes, source=alarm.source, parent=alarm.id)
            worse = replace(worse, source_lost=alarm.source_lost)
        worse = self._caller.readied(worse, now)
        self._register.write(Act.WORSENED, worse, now, why=why)
        if worse.parent == alarm.id:
            ended = replace(alarm, ended_utc_s=now.utc_s)
            self._register.write(Act.ENDED, ended, now, why=f"worsened: {worse.id}")
        self._caller.start(worse, now)

    def _follow_bedside(self, code: str, now: Instant) -> None:
        """A site may let what was acknowledged at the bedside count here, for as long as the monitor says so."""
        alarm = self._register.of_code(code)
        if alarm is None:
            return
        if alarm.state is AlarmState.ACTIVE and alarm.acknowledged_at_bedside:
            self.acknowledge(alarm, BEDSIDE, now)
        elif alarm.acknowledged_by == BEDSIDE and not alarm.unanswered and not alarm.acknowledged_at_bedside:
            again = replace(
                alarm, state=AlarmState.ACTIVE, acknowledged_by="", acknowledged_utc_s=None, timers=Timers()
            )
            self._register.write(Act.RECURRED, again, now, why="no longer acknowledged at the bedside")
            self._caller.start(again, now)

    def _from_lost_channel(self, finding: Finding, kind: AlarmClass) -> bool:
        own = finding.source == OWN and kind is not AlarmClass.TECHNICAL
        return own and finding.channel in self._register.lost

    def _lost(self, alarm: Alarm) -> bool:
        of = alarm.causes or (alarm.finding,)
        return any(self._from_lost_channel(cause, alarm.kind) for cause in of)

    def _mark(self, now: Instant, channel: str) -> None:
        for alarm in self._register.alarms:
            lost = self._lost(alarm)
            if lost != alarm.source_lost:
                act = Act.SOURCE_LOST if lost else Act.SOURCE_BACK
                self._register.write(act, replace(alarm, source_lost=lost), now, channel=channel)


def _with(causes: tuple[Finding, ...], finding: Finding) -> tuple[Finding, ...]:
    """The causes with this one in the place of the same one before it, behind them, or gone."""
    if not finding.present:
        return tuple(cause for cause in causes if cause.cause != finding.cause)
    if any(cause.cause == finding.cause for cause in causes):
        return tuple(finding if cause.cause == finding.cause else cause for cause in causes)
    return (*causes, finding)


def _counts(finding: Finding) -> tuple[object, ...]:
    """What must survive a kill; text and value come again with the next finding."""
    return finding.channel, finding.priority, finding.inactivation
