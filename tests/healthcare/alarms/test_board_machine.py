"""Whatever happens to a bed, in whatever order, its alarms keep their promises.

A model keeps what was said, what is lost and what people did; after every step the board is held against it, and
against a second board made from the last saved state and the changes recorded since.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from core.clock import Instant
from core.errors import RefusedError
from healthcare.alarms.alarm import Alarm, AlarmState
from healthcare.alarms.board import AlarmBoard
from healthcare.alarms.change import Act, Change
from healthcare.alarms.finding import Finding
from healthcare.alarms.policy import AlarmPolicy
from healthcare.alarms.priority import AlarmClass, Priority
from healthcare.alarms.table import ALARM_KINDS
from tests.healthcare.alarms.beds import NURSE, ROSTER, at, recorded, saved

CODES = ("asystole", "hr-high", "temp-high", "leads-off", "trend")
CHANNELS = ("ecg_ii_mv", "ecg_v_mv")
PEOPLE = st.sampled_from(ROSTER.on_shift)
PRIORITIES = st.none() | st.sampled_from(Priority)
#: Which alarm a person means, by its place on the board; those that are gone are refused.
PLACES = st.integers(0, 3)
ALL_TOLD_WITHIN_S = 180.0


class Bed(RuleBasedStateMachine):
    policy = AlarmPolicy()

    def __init__(self) -> None:
        super().__init__()
        self.now = at(0)
        self.board = AlarmBoard("bed-7", self.policy)
        self.board.assign(ROSTER)
        self.state: Mapping[str, Any] | None = None
        self.events: list[Mapping[str, Any]] = []
        self.held: dict[str, set[tuple[str, ...]]] = {}
        self.lost: set[str] = set()
        self.acknowledged: set[str] = set()
        self.paused: dict[str, float] = {}
        self.kept: dict[str, Instant] = {}  # alarm id: when it was recorded last
        self.waiting: dict[str, float] = {}  # alarm id: since when nobody has done anything about it, monotonic

    # What comes in

    @rule(code=st.sampled_from(CODES), channel=st.sampled_from(CHANNELS), priority=PRIORITIES, present=st.booleans())
    def own(self, code: str, channel: str, priority: Priority | None, present: bool) -> None:
        finding = Finding(code, present, channel=channel, priority=priority)
        self._keep(self.board.take([finding], self.now))
        if channel not in self.lost or ALARM_KINDS[code].kind is AlarmClass.TECHNICAL:
            self._hold(finding)

    @rule(code=st.sampled_from(CODES), priority=PRIORITIES, present=st.booleans(), seen=st.booleans())
    def monitor(self, code: str, priority: Priority | None, present: bool, seen: bool) -> None:
        word = "alert-acknowledged" if seen else "enabled"
        finding = Finding(code, present, priority=priority, source="monitor", inactivation=word)
        self._keep(self.board.take([finding], self.now))
        self._hold(finding)

    @rule(channel=st.sampled_from(CHANNELS))
    def lose(self, channel: str) -> None:
        self.lost.add(channel)
        self._keep(self.board.source_lost(channel, self.now))

    @rule(channel=st.sampled_from(CHANNELS))
    def find_again(self, channel: str) -> None:
        self.lost.discard(channel)
        self._keep(self.board.source_back(channel, self.now))

    # What people do

    @rule(place=st.none() | PLACES, who=PEOPLE)
    def acknowledge(self, place: int | None, who: str) -> None:
        alarms = self.board.alarms if place is None else self._at(place)
        if alarms or place is None:
            self._keep(self.board.acknowledge(None if place is None else alarms[0].id, who, self.now))
            self.acknowledged |= {alarm.id for alarm in alarms}

    @rule(pause_s=st.none() | st.sampled_from([30.0, 500.0]))
    def pause(self, pause_s: float | None) -> None:
        sounding = [alarm.id for alarm in self.board.alarms if alarm.sound(self.now) == "on" and alarm.unanswered]
        self._keep(self.board.pause(self.now, NURSE, pause_s))
        self.paused |= dict.fromkeys(sounding, self.now.mono_s + min(pause_s or 120.0, 180.0))

    @rule()
    def resume(self) -> None:
        self._keep(self.board.resume(self.now, NURSE))
        self.paused.clear()

    @rule(place=PLACES)
    def reset(self, place: int) -> None:
        for alarm in self._at(place):
            allowed = alarm.state is AlarmState.LATCHED or (not alarm.unanswered and alarm.source_lost)
            try:
                self._keep(self.board.reset(alarm.id, NURSE, self.now))
            except RefusedError:
                assert not allowed
                return
            assert allowed
            self.held.pop(alarm.code, None)

    @rule(place=PLACES, who=PEOPLE)
    def accept(self, place: int, who: str) -> None:
        for alarm in self._at(place):
            self._keep(self.board.accept(alarm.id, who, self.now))
            self.waiting.pop(alarm.id, None)

    @rule(place=PLACES, who=PEOPLE)
    def busy(self, place: int, who: str) -> None:
        for alarm in self._at(place):
            self._keep(self.board.busy(alarm.id, who, self.now))

    @rule(place=PLACES, step=st.integers(0, 3))
    def not_delivered(self, place: int, step: int) -> None:
        for alarm in self._at(place):
            self._keep(self.board.delivery_failed(alarm.id, step, self.now))

    @precondition(lambda self: self.board.alarms)
    @rule()
    def discharge(self) -> None:
        self._keep(self.board.discharge(self.now))
        self.held.clear()
        self.lost.clear()
        assert self.board.alarms == () and self.board.due() is None

    # What time, the store and a kill do

    @rule(seconds=st.sampled_from([0.5, 6.0, 30.0, 61.0, 200.0]), every_due=st.booleans())
    def wait(self, seconds: float, every_due: bool) -> None:
        until = self.now.plus(seconds)
        while every_due and (due := self.board.due()) is not None and due <= until:
            self.now = max(due, self.now)
            self._keep(self.board.tick(self.now))
        self.now = until
        self._keep(self.board.tick(until))

    @rule()
    def save(self) -> None:
        self.state, self.events = saved(self.board, self.now), []
        self.kept = dict.fromkeys((alarm.id for alarm in self.board.alarms), self.now)

    @rule(stopped_s=st.sampled_from([0.2, 10.0, 400.0]), clock_set_s=st.sampled_from([0.0, 0.0, -3600.0, 50.0]))
    def kill(self, stopped_s: float, clock_set_s: float) -> None:
        """The power goes; the next run has a new monotonic clock, and a wall clock that may have been set.

        No duration is longer than it was when the alarm was recorded last, nor, with a sound clock, than it was now.
        """
        before, then = {alarm.id: alarm for alarm in self.board.alarms}, self.now
        self.now = Instant(5.0, then.utc_s + stopped_s + clock_set_s)
        self.board = self._again(self.now)
        assert [alarm.id for alarm in self.board.alarms] == list(before)
        for alarm in self.board.alarms:
            self._age(alarm, before[alarm.id], then, clock_set_s < 0)
        self._keep(self.board.tick(self.now))
        self.save()

    def _age(self, alarm: Alarm, before: Alarm, then: Instant, set_back: bool) -> None:
        kept = self.kept[alarm.id]
        gone_s = max(0.0, self.now.utc_s - kept.utc_s)
        left, recorded_s = alarm.timers.to_json(self.now), before.timers.to_json(kept)
        if "reminder_ends" not in recorded_s:
            left.pop("reminder_ends", None)  # it had sounded, and may sound again
        assert left.keys() == recorded_s.keys()
        for name, left_s in left.items():
            assert abs(left_s - (recorded_s[name] - gone_s)) < 1e-3, "what is left is what was left, less what has gone"
            assert set_back or left_s <= before.timers.to_json(then)[name] + 1e-3, "a duration grew"
        for moments in (self.paused, self.waiting):
            if alarm.id in moments:
                moments[alarm.id] += self.now.mono_s - kept.mono_s - gone_s

    # What must be true

    @invariant()
    def no_alarm_is_lost_and_none_invented(self) -> None:
        on_board = {alarm.code for alarm in self.board.alarms if alarm.state is not AlarmState.LATCHED}
        assert on_board == {code for code, causes in self.held.items() if causes}

    @invariant()
    def one_condition_is_one_alarm(self) -> None:
        codes = [alarm.code for alarm in self.board.alarms]
        assert len(codes) == len(set(codes))

    @invariant()
    def what_nobody_did_anything_about_sounds(self) -> None:
        for alarm in self.board.alarms:
            known = alarm.id in self.acknowledged
            if self.policy.bedside_silences:
                known |= alarm.acknowledged_at_bedside
            silenced = known or self.now.mono_s < self.paused.get(alarm.id, 0.0) + 1e-3
            assert silenced or alarm.silent or alarm.sound(self.now) == "on", alarm
            assert alarm.unanswered or known

    @invariant()
    def everyone_is_told_in_time(self) -> None:
        for alarm in self.board.alarms:
            since = self.waiting.get(alarm.id)
            if since is not None and self.now.mono_s - since >= ALL_TOLD_WITHIN_S:
                assert set(alarm.told) == set(ROSTER.on_shift), alarm

    @invariant()
    def the_highest_and_oldest_come_first(self) -> None:
        order = [(-alarm.priority, alarm.began_utc_s) for alarm in self.board.alarms]
        assert order == sorted(order)

    @invariant()
    def nothing_is_overdue(self) -> None:
        due = self.board.due()
        assert due is None or due > self.now

    @invariant()
    def a_kill_now_would_change_nothing(self) -> None:
        again = self._again(self.now)
        again.tick(self.now)
        assert _rounded(again.shown(self.now)) == _rounded(self.board.shown(self.now))
        assert again.lost_channels == self.board.lost_channels == self.lost
        assert _rounded(_kept(again, self.now)) == _rounded(_kept(self.board, self.now))

    def _again(self, now: Instant) -> AlarmBoard:
        board = AlarmBoard("bed-7", self.policy)
        board.restore(self.state, self.events, now)
        board.assign(ROSTER)
        return board

    def _at(self, place: int) -> tuple[Alarm, ...]:
        return self.board.alarms[place : place + 1]

    def _hold(self, finding: Finding) -> None:
        causes = self.held.setdefault(finding.code, set())
        (causes.add if finding.present else causes.discard)(finding.cause)

    def _keep(self, changes: list[Change]) -> None:
        """Records the changes; what was silenced and worsened, or came again, is nobody's any more."""
        self.events += recorded(changes)
        self.kept |= {change.alarm.id: self.now for change in changes if change.alarm is not None}
        for change in changes:
            if change.alarm is not None and change.act in {Act.BEGAN, Act.WORSENED, Act.RECURRED}:
                self.paused.pop(change.alarm.id, None)
        unanswered = {alarm.id: alarm for alarm in self.board.alarms if alarm.unanswered}
        high = {name for name, alarm in unanswered.items() if alarm.priority is Priority.HIGH}
        for change in changes:
            if change.alarm is not None and change.act in {Act.BEGAN, Act.WORSENED} and change.alarm.id in high:
                self.waiting[change.alarm.id] = self.now.mono_s
            if change.alarm is not None and change.act is Act.RECURRED and change.alarm.id in high:
                self.waiting.setdefault(change.alarm.id, self.now.mono_s)
        self.waiting = {name: since for name, since in self.waiting.items() if name in high}


def _kept(board: AlarmBoard, now: Instant) -> object:
    """Everything kept but the order of the alarms; a reminder's end that has passed counts no more."""
    state = board.state(now)
    return {**state, "alarms": sorted(state["alarms"], key=lambda alarm: alarm["id"])}


def _rounded(value: object) -> object:
    """To the millisecond, as JSON gives it back."""
    return json.loads(json.dumps(value), parse_float=lambda text: round(float(text), 3))


class OtherSite(Bed):
    """The same promises where a site has decided everything else."""

    policy = AlarmPolicy(
        pause_s=60.0,
        reminder_s=120.0,
        accepted_for_s=90.0,
        telemetry_critical=True,
        bedside_silences=True,
        latching={"hr-high": True, "asystole": False},
    )


class ManyBeds(Bed):
    pass


class ManyOtherSites(OtherSite):
    pass


Bed.TestCase.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)
OtherSite.TestCase.settings = settings(max_examples=15, stateful_step_count=30, deadline=None)
for many in (ManyBeds, ManyOtherSites):
    many.TestCase.settings = settings(max_examples=500, stateful_step_count=60, deadline=None)
TestBed = Bed.TestCase
TestOtherSite = OtherSite.TestCase
TestManyBeds = pytest.mark.slow(ManyBeds.TestCase)
TestManyOtherSites = pytest.mark.slow(ManyOtherSites.TestCase)
