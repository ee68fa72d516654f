"""What survives: the saved state and the events after it make the station that was, none twice and none missing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import Instant
from tests.support.clocks import FakeClock
from tests.support.lines import Plan, Rig, again, make_rig, running_line, turns
from tests.support.stations import ScriptedStation, saw
from verticals.contract import Action, Decision, Event, Level, Sample
from verticals.devices.replay import RecordingActuator
from verticals.runtime.ahead import Ahead, Past


async def test_a_line_goes_on_where_the_last_one_ended(tmp_path: Path) -> None:
    plan = Plan(tmp_path, [ScriptedStation()])
    async with running_line(plan) as rig:
        for number in range(5):
            await rig.see("place", str(number))
    second = ScriptedStation()
    async with running_line(again(plan, [second])) as rig:
        assert (second.saved, second.restored, second.seen) == ({"seen": 5}, [], 5)
        assert rig.beat["sequence"] == 5


async def test_after_a_crash_the_events_since_the_last_saved_state_are_handed_over(tmp_path: Path) -> None:
    def decide(sample: Sample, answers: object) -> Decision:
        return Decision(events=saw(sample).events, save=sample.key == "2")

    plan = Plan(tmp_path, [ScriptedStation(decide=decide), ScriptedStation("other")])
    with make_rig(plan) as rig:
        await rig.line.start()
        for number in range(4):
            await (await rig.see("place", str(number))).recorded
            await (await rig.see("other", str(number))).recorded
        await _killed(rig)
    second = ScriptedStation()
    async with running_line(again(plan, [second, ScriptedStation("other")])):
        assert second.saved == {"seen": 3}
        assert [event.subject for event in second.restored] == ["3"]
        assert second.seen == 4


async def test_a_state_saved_while_an_event_waits_for_its_gate_does_not_count_it_twice(tmp_path: Path) -> None:
    clock = FakeClock()
    plan = Plan(tmp_path, [ScriptedStation(decide=_gated)], devices=[RecordingActuator("arm", clock)], clock=clock)
    with make_rig(plan) as rig:
        await rig.line.start()
        bad = await rig.see("place", "bad")
        await (await rig.see("place", "good")).recorded
        state, sequence = rig.events.load_state("place")
        assert state is not None and state["seen"] == 2 and sequence == 1
        await turns()
        await rig.advance(0.8)
        assert await bad.recorded == 2
        restored, past = ScriptedStation(), Past(state, rig.events.replay("place", sequence), "place")
        restored.restore(past.state, past.events(), clock.now())
        assert restored.seen == 2 and restored.saved == {"seen": 2}
        await rig.line.stop()


async def test_states_are_saved_each_minute_only_of_stations_that_were_asked(tmp_path: Path) -> None:
    async with running_line(Plan(tmp_path, [ScriptedStation(), ScriptedStation("idle")])) as rig:
        await (await rig.see("place", "a")).recorded
        await rig.advance(60.0)
        await rig.quiet()
        assert rig.events.load_state("place") == ({"seen": 1}, 1)
        assert rig.events.load_state("idle") == (None, 0)


async def test_what_a_station_changes_later_does_not_change_the_saved_state_or_event(tmp_path: Path) -> None:
    inner: dict[str, list[int]] = {"parts": [1]}

    def decide(sample: Sample, answers: object) -> Decision:
        return Decision(events=(Event("seen", sample.key, 1.0, inner),), save=True)

    station = ScriptedStation(decide=decide, state=lambda now: inner)
    async with running_line(Plan(tmp_path, [station])) as rig:
        sample = await rig.see("place", "a")
        await turns()
        inner["parts"].append(2)
        await sample.recorded
        assert rig.recorded("seen")[0].data == {"parts": [1]}
        assert rig.events.load_state("place")[0] == {"parts": [1]}


async def test_a_station_that_cannot_take_its_past_begins_anew_and_says_so(tmp_path: Path) -> None:
    plan = Plan(tmp_path, [ScriptedStation()])
    async with running_line(plan) as rig:
        await rig.see("place", "a")

    def fail(state: object, since: object, now: Instant) -> None:
        raise KeyError("layout of release 1")

    async with running_line(again(plan, [ScriptedStation(restore=fail)])) as rig:
        health, _ = rig.lane("place").health()
        assert health.level is Level.FAULT and "layout of release 1" in health.faults["not-restored"]
        [mishap] = rig.recorded("mishap")
        assert mishap.data["state"] == {"seen": 1}
        assert await (await rig.see("place", "b")).recorded == 3


async def test_what_was_decided_and_not_recorded_before_a_kill_is_recorded_at_the_start(tmp_path: Path) -> None:
    clock = FakeClock()
    gated = ScriptedStation(decide=_gated)
    plan = Plan(tmp_path, [gated], devices=[RecordingActuator("arm", clock)], clock=clock)
    with make_rig(plan) as rig:
        await rig.line.start()
        await rig.see("place", "bad-1")
        await (await rig.see("place", "good-1")).recorded
        await _killed(rig)
    second = ScriptedStation()
    async with running_line(again(plan, [second])) as rig:
        assert (second.seen, second.restored) == (2, [])
        good, bad = rig.recorded("seen")
        assert (good.subject, bad.subject, bad.station) == ("good-1", "bad-1", "place")
        assert "restart" in bad.data["recovered"] and "recovered" not in good.data
    third = ScriptedStation()
    async with running_line(again(plan, [third])) as rig:
        assert (third.seen, len(rig.recorded("seen"))) == (2, 2)


def _gated(sample: Sample, answers: object) -> Decision:
    """Good ones are saved at once; the others wait for a gate 0.8 s downstream."""
    if sample.key.startswith("good"):
        return Decision(events=saw(sample).events, save=True)
    gate = Action("arm", "reject", until_s=1.0, at_s=0.8, subject=sample.key, protective=True)
    return Decision(events=saw(sample).events, actions=(gate,))


async def _killed(rig: Rig) -> None:
    """Leaves the line as a kill would: nothing more is recorded."""
    await rig.live.stop()
    rig.recorder.stop()
    await rig.line.fittings.stop()
    await rig.line._intake.stop()
    rig.line.schedule.stop()
    for task in [*rig.line._working, *rig.line._finisher._tasks]:
        task.cancel()
    await turns()


async def test_a_state_that_cannot_be_given_costs_only_itself(tmp_path: Path) -> None:
    station = ScriptedStation(
        decide=lambda sample, _: Decision(events=saw(sample).events, save=True), state=lambda now: {"x": float("nan")}
    )
    async with running_line(Plan(tmp_path, [station])) as rig:
        assert await (await rig.see("place", "a")).recorded == 1
        assert rig.events.load_state("place") == (None, 0)
        assert rig.lane("place").mishaps.counts["state"] == 1


_events = st.lists(
    st.builds(Event, st.sampled_from(["part", "gate"]), st.sampled_from("ab"), st.sampled_from([1.0, 2.5])), max_size=6
)


@given(committed=_events, waiting=_events, later=_events)
def test_each_event_is_either_in_the_state_or_handed_over(
    committed: list[Event], waiting: list[Event], later: list[Event]
) -> None:
    """`waiting` were decided before the state was taken and are committed after it, among those decided `later`."""
    ahead = Ahead()
    ahead.decided([*committed, *waiting])
    ahead.settled(committed)
    state = json.loads(json.dumps(ahead.noted({"held": len(committed) + len(waiting)}, ())))
    past = Past(state, [*waiting, *later], "")
    assert past.state == {"held": len(committed) + len(waiting)}
    assert list(past.events()) == later
    assert past.unrecorded(lambda event: False) == []
    killed = Past(state, [], "")
    assert list(killed.events()) == [] and killed.unrecorded(lambda event: False) == waiting


@pytest.mark.parametrize("state", [None, {"seen": 1}])
def test_a_state_without_a_note_leaves_every_event(state: dict[str, int] | None) -> None:
    events = [Event("part", "a", 1.0)]
    past = Past(state, events, "place")
    assert list(past.events()) == events and past.state == state
