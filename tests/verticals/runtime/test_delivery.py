from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest

from tests.support.clocks import FakeClock
from tests.support.lines import Plan, running_line, turns, until
from tests.support.stations import ScriptedStation, saw
from verticals.contract import Acted, Action, Decision, Delivery, Event, Sample
from verticals.devices.replay import RecordingActuator
from verticals.runtime import delivery, lane
from verticals.runtime.decisions import delivery_event, host_of, outcome, with_outcomes
from verticals.runtime.delivery import Deliverer
from verticals.runtime.schedule import Schedule


class Silent(RecordingActuator):
    """Takes an action and never says how it went."""

    async def act(self, action: Action) -> str:
        await super().act(action)
        await asyncio.Event().wait()
        return ""


async def test_a_device_that_never_answers_is_given_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "ANSWER_GRACE_S", 0.01)
    clock = FakeClock()
    deliverer = Deliverer({"arm": Silent("arm", clock)}, Schedule(clock), clock)
    acted = await deliverer.deliver(Action("arm", 1, until_s=0.01), clock.now())
    assert acted.delivery is Delivery.FAILED
    assert "no answer within 0.0 s" in acted.detail


async def test_an_action_goes_at_the_very_end_of_its_window_and_not_after() -> None:
    clock = FakeClock(mono_s=1000.0)
    schedule = Schedule(clock)
    arm = RecordingActuator("arm", clock)
    deliverer = Deliverer({"arm": arm}, schedule, clock)
    origin = clock.now()
    clock.advance(0.5)
    assert (await deliverer.deliver(Action("arm", 1, until_s=0.5), origin)).delivery is Delivery.SENT
    clock.advance(0.001)
    assert (await deliverer.deliver(Action("arm", 1, until_s=0.5), origin)).delivery is Delivery.MISSED
    assert (await deliverer.deliver(Action("arm", 1, until_s=5, at_s=6), origin)).delivery is Delivery.MISSED
    assert len(arm.taken) == 1


async def test_a_loop_that_woke_too_late_for_the_window_sends_nothing() -> None:
    clock = FakeClock()
    schedule = Schedule(clock)
    arm = RecordingActuator("arm", clock)
    going = asyncio.create_task(
        Deliverer({"arm": arm}, schedule, clock).deliver(Action("arm", 1, until_s=0.9, at_s=0.8), clock.now())
    )
    await turns()
    clock.advance(1.0)
    schedule.poke()
    acted = await going
    assert (acted.delivery, acted.detail, arm.taken) == (Delivery.MISSED, "its window closed 100 ms before", [])
    schedule.stop()


async def test_a_point_of_a_device_is_found_by_the_longest_name() -> None:
    clock = FakeClock()
    arm, part = RecordingActuator("cell", clock), RecordingActuator("cell.gate", clock)
    deliverer = Deliverer({"cell": arm, "cell.gate": part}, Schedule(clock), clock)
    for target in ("cell", "cell.result", "cell.gate", "cell.gate.left"):
        await deliverer.deliver(Action(target, 1, until_s=1), clock.now())
    assert [taken.action.target for taken in arm.taken] == ["cell", "cell.result"]
    assert [taken.action.target for taken in part.taken] == ["cell.gate", "cell.gate.left"]


async def test_no_more_decisions_are_under_way_than_may_be_side_by_side(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lane, "SIDE_BY_SIDE", 3)

    def decide(sample: Sample, answers: object) -> Decision:
        gate = Action("arm", 1, until_s=2.0, at_s=1.0, subject=sample.key, protective=True)
        return Decision(events=saw(sample).events, actions=(gate,))

    clock = FakeClock()
    arm, station = RecordingActuator("arm", clock), ScriptedStation(decide=decide)
    async with running_line(Plan(tmp_path, [station], devices=[arm], clock=clock)) as rig:
        for number in range(6):
            await rig.see("place", str(number))
        await turns(50)
        assert len(station.called("decide")) == 4  # the fourth waits for its place
        await rig.advance(1.0)
        await until(lambda: len(rig.recorded("seen")) == 6)
        assert len(arm.taken) == 6


def test_each_event_says_how_the_actions_about_its_subject_ended() -> None:
    clock = FakeClock()
    one, two = Event("part", "1", 1.0, {"a": 1}), Event("part", "2", 1.0)
    acted = [
        Acted(Action("arm", {"n": np.float32(2.5)}, 1, subject="2"), Delivery.SENT, clock.now()),
        Acted(Action("lamp", object(), 1), Delivery.MISSED, clock.now(), "late"),
    ]
    first, second = with_outcomes([one, two], acted)
    assert first.data["a"] == 1 and first.data["actions"][0]["target"] == "lamp"
    assert [action["value"] for action in second.data["actions"]] == [{"n": 2.5}]
    assert "object" in first.data["actions"][0]["value"]
    assert host_of(Action("arm", 1, 1, subject="3"), [one, two]) is None
    assert with_outcomes([one], []) == (one,)


def test_a_delivery_event_is_about_the_subject_or_else_the_target() -> None:
    clock = FakeClock()
    acted = Acted(Action("arm", True, 1, subject="7"), Delivery.FAILED, clock.now(), "no air")
    assert delivery_event(acted, "place").subject == "7"
    assert delivery_event(acted, "place").data == outcome(acted)
    assert delivery_event(Acted(Action("arm", 1, 1), Delivery.FAILED, clock.now()), "place").subject == "arm"
