"""What a line promises about samples: order, lateness, protective actions, the record, acknowledgement."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import StoreError
from core.inference.request import Answer, Ask, Outcome
from tests.support.clocks import FakeClock
from tests.support.lines import AnsweringEngine, Plan, running_line, turns, until
from tests.support.stations import ScriptedStation, saw
from verticals.contract import Action, Command, Decision, Delivery, Event, Evidence, Level, Reading, Sample
from verticals.devices.replay import Recorded, RecordingActuator, ReplaySource
from verticals.store.series import SeriesStore


def _acting(*actions: Action, **data: Any) -> Any:
    def decide(sample: Sample, answers: object) -> Decision:
        event = Event("seen", sample.key, sample.at.utc_s, data)
        return Decision(events=(event,), actions=actions)

    return decide


async def test_samples_of_a_station_are_recorded_in_the_order_they_came(tmp_path: Path) -> None:
    source = ReplaySource("place", [Recorded(key=f"part-{number}") for number in range(200)])
    async with running_line(Plan(tmp_path, [ScriptedStation()], devices=[source])) as rig:
        await source.finished.wait()
        await rig.quiet()
        assert [event.subject for event in rig.recorded("seen")] == [f"part-{number}" for number in range(200)]
        assert [await sample.recorded for sample in source.emitted] == list(range(1, 201))


async def test_nothing_comes_between_the_prepare_and_the_decide_of_a_sample(tmp_path: Path) -> None:
    station = ScriptedStation(prepare=lambda sample: (Ask("model", {}),))
    engine, gate = AnsweringEngine(), asyncio.Event()

    async def slow(ask: Ask, deadline_mono_s: float) -> Answer:
        await gate.wait()
        return Answer(engine.active("model"), Outcome.ANSWERED)

    engine.answer = slow
    async with running_line(Plan(tmp_path, [station], engine=engine)) as rig:
        await rig.see("place", "a")
        await rig.see("place", "b")
        await until(lambda: engine.asked)
        rig.lane("place").order(Command("pause", rig.clock.now()))
        await turns()
        gate.set()
        await rig.quiet()
        assert [name for name, _ in station.calls] == ["prepare", "decide", "command", "prepare", "decide"]


async def test_an_absorbed_sample_leaves_nothing_and_is_acknowledged(tmp_path: Path) -> None:
    async with running_line(Plan(tmp_path, [ScriptedStation(prepare=lambda sample: None)])) as rig:
        sample = await rig.see("place", "a")
        assert await sample.recorded == 0
        assert rig.recorded() == []


async def test_a_slow_gate_does_not_hold_up_the_parts_behind(tmp_path: Path) -> None:
    def decide(sample: Sample, answers: object) -> Decision:
        actions = (Action("arm", "reject", until_s=1.0, at_s=0.8, subject=sample.key, protective=True),)
        return Decision(events=saw(sample).events, actions=actions if sample.key == "bad" else ())

    clock = FakeClock()
    arm = RecordingActuator("arm", clock)
    async with running_line(Plan(tmp_path, [ScriptedStation(decide=decide)], devices=[arm], clock=clock)) as rig:
        bad = await rig.see("place", "bad")
        for number in range(3):
            await rig.advance(0.2)
            assert await (await rig.see("place", f"good-{number}")).recorded == number + 1
        assert arm.taken == []
        await rig.advance(0.2)
        assert await bad.recorded == 4
        assert [taken.at.since(bad.at) for taken in arm.taken] == [pytest.approx(0.8)]
        outcome = rig.recorded("seen")[-1].data["actions"][0]
        assert (outcome["delivery"], outcome["value"]) == ("sent", "reject")


async def test_a_protective_action_goes_before_the_record_and_any_other_after_it(tmp_path: Path) -> None:
    decide = _acting(
        Action("arm", "stop", until_s=1, protective=True, subject="a"), Action("arm", "lamp", until_s=1, subject="a")
    )
    order: list[str] = []

    class Watching(RecordingActuator):
        async def act(self, action: Action) -> str:
            order.append(f"{action.value} with {len(rig.recorded('seen'))} recorded")
            return await super().act(action)

    clock = FakeClock()
    async with running_line(
        Plan(tmp_path, [ScriptedStation(decide=decide)], devices=[Watching("arm", clock)], clock=clock)
    ) as rig:
        await (await rig.see("place", "a")).recorded
        await rig.quiet()
        assert order == ["stop with 0 recorded", "lamp with 1 recorded"]


async def test_a_device_may_prepare_while_the_record_is_written_and_its_fault_there_is_no_fault(tmp_path: Path) -> None:
    at_once, later = Action("arm", "lamp", until_s=1, subject="a"), Action("arm", "horn", until_s=2, at_s=1)
    stop = Action("arm", "stop", until_s=1, protective=True, subject="a")
    order: list[str] = []

    class Preparing(RecordingActuator):
        def prepare(self, action: Action) -> bool:
            order.append(f"prepare {action.value} with {len(rig.recorded('seen'))} recorded")
            raise ValueError("it cannot")

        async def act(self, action: Action) -> str:
            order.append(f"{action.value} with {len(rig.recorded('seen'))} recorded")
            return await super().act(action)

    clock = FakeClock()
    station = ScriptedStation(decide=_acting(stop, at_once, later))
    async with running_line(Plan(tmp_path, [station], devices=[Preparing("arm", clock)], clock=clock)) as rig:
        await (await rig.see("place", "a")).recorded
        await rig.advance(1.0)
        await rig.quiet()
        expected = ["stop with 0 recorded", "prepare lamp with 0 recorded", "lamp with 1 recorded"]
        assert order == [*expected, "horn with 1 recorded"]
        assert {acted.delivery for acted in station.called("acted")} == {Delivery.SENT}


@pytest.mark.parametrize("protective", [True, False])
async def test_an_action_past_its_time_is_missed_and_says_so(tmp_path: Path, protective: bool) -> None:
    action = Action("arm", "reject", until_s=0.3, subject="a", protective=protective)
    station = ScriptedStation(decide=_acting(action))
    clock = FakeClock()
    arm = RecordingActuator("arm", clock)
    async with running_line(Plan(tmp_path, [station], devices=[arm], clock=clock)) as rig:
        late = Sample("place", clock.now(), key="a")
        clock.advance(0.4)
        await rig.give(late)
        await rig.quiet()
        assert arm.taken == []
        [acted] = station.called("acted")
        assert acted.delivery is Delivery.MISSED
        if protective:
            [event] = rig.recorded("seen")
            assert event.data["actions"][0]["delivery"] == "missed"
        else:
            [event] = rig.recorded("delivery")
            assert event.subject == "a" and event.data["delivery"] == "missed"
        assert rig.lane("place").counts["missed"] == 1


async def test_a_device_that_refuses_or_breaks_or_is_not_there_is_a_failed_delivery(tmp_path: Path) -> None:
    actions = [Action(name, 1, until_s=1, subject="a") for name in ("arm", "arm.deep.point", "ghost", "bug")]
    station = ScriptedStation(decide=_acting(*actions))
    clock = FakeClock()
    arm = RecordingActuator("arm", clock)
    arm.broken = "no air"

    class Bug(RecordingActuator):
        async def act(self, action: Action) -> str:
            raise ZeroDivisionError("bug")

    async with running_line(Plan(tmp_path, [station], devices=[arm, Bug("bug", clock)], clock=clock)) as rig:
        await (await rig.see("place", "a")).recorded
        await rig.quiet()
        details = [event.data["detail"] for event in rig.recorded("delivery")]
        assert len(details) == 4 and {event.data["delivery"] for event in rig.recorded("delivery")} == {"failed"}
        assert sum("no air" in detail for detail in details) == 2
        assert any("there is no device 'ghost'" in detail for detail in details)
        assert any("ZeroDivisionError: bug" in detail for detail in details)
        assert len(station.called("acted")) == 4


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Answer(None, Outcome.LATE, reason="took 2 s"), "late: took 2 s"),
        (Answer(None, Outcome.FAILED, reason="no model"), "failed: no model"),
        (ValueError("boom"), "failed: ValueError: boom"),
    ],
)
async def test_a_late_or_failed_answer_degrades(tmp_path: Path, answer: Answer | Exception, reason: str) -> None:
    station = ScriptedStation(prepare=lambda sample: (Ask("model", {}), Ask("other", {})))
    engine = AnsweringEngine()

    async def give(ask: Ask, deadline_mono_s: float) -> Answer:
        if ask.model == "model":
            return Answer(None, Outcome.ANSWERED)
        if isinstance(answer, Exception):
            raise answer
        return answer

    engine.answer = give
    async with running_line(Plan(tmp_path, [station], engine=engine)) as rig:
        await (await rig.see("place", "a")).recorded
        assert [event.data for event in rig.recorded("unjudged")] == [{"why": reason}]


async def test_an_engine_that_never_answers_is_given_up_on_and_the_next_sample_goes_on(tmp_path: Path) -> None:
    station = ScriptedStation(prepare=lambda sample: (Ask("model", {}),) if sample.key == "a" else ())
    engine = AnsweringEngine()

    async def hang(ask: Ask, deadline_mono_s: float) -> Answer:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.sleep(0)
        return Answer(None, Outcome.ANSWERED)

    engine.answer = hang
    async with running_line(Plan(tmp_path, [station], engine=engine)) as rig:
        first, second = await rig.see("place", "a"), await rig.see("place", "b")
        await until(lambda: engine.asked)
        await rig.advance(0.56)
        assert await first.recorded == 1
        assert await second.recorded == 2
        assert [event.kind for event in rig.recorded()] == ["unjudged", "seen"]


async def test_a_sample_whose_time_was_over_while_it_waited_is_not_asked_about(tmp_path: Path) -> None:
    station, engine = ScriptedStation(prepare=lambda sample: (Ask("model", {}),)), AnsweringEngine()
    async with running_line(Plan(tmp_path, [station], engine=engine)) as rig:
        old = Sample("place", rig.clock.now(), key="a")
        rig.clock.advance(0.6)
        await rig.give(old)
        await old.recorded
        assert engine.asked == [] and rig.recorded("unjudged")[0].data["why"].startswith("late")
        assert rig.lane("place").counts == {"samples": 1, "late": 1, "degraded": 1}


@pytest.mark.parametrize("where", ["prepare", "decide"])
async def test_a_station_that_raises_degrades_and_is_logged_once(
    tmp_path: Path, where: str, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*args: object) -> None:
        raise ValueError("no such part")

    station = ScriptedStation()
    station.script[where] = fail
    with caplog.at_level(logging.ERROR):
        async with running_line(Plan(tmp_path, [station])) as rig:
            for number in range(5):
                await (await rig.see("place", str(number))).recorded
            assert [event.data["why"] for event in rig.recorded("unjudged")] == [
                f"error: {where}: ValueError: no such part"
            ] * 5
            assert rig.lane("place").mishaps.counts[where] == 5
    assert len([record for record in caplog.records if record.exc_info]) == 1


@pytest.mark.parametrize(
    "bad",
    [
        None,
        "a decision",
        Decision(events=("no event",)),  # type: ignore[arg-type]
        Decision(events=(Event("seen", "a", float("nan")),)),
        Decision(events=(Event("seen", "a", 1.0, {"score": float("nan")}),)),
        Decision(events=(Event("seen", "a", 1.0, {"array": object()}),)),
        Decision(events=(Event("", "a", 1.0),)),
        Decision(actions=(Action("arm", 1, until_s=float("nan")),)),
    ],
)
async def test_what_cannot_be_recorded_or_carried_out_degrades(tmp_path: Path, bad: object) -> None:
    async with running_line(Plan(tmp_path, [ScriptedStation(decide=lambda sample, answers: bad)])) as rig:
        await (await rig.see("place", "a")).recorded
        assert [event.kind for event in rig.recorded()] == ["unjudged"]


async def test_a_station_that_cannot_even_degrade_is_a_recorded_fault_until_it_decides_again(tmp_path: Path) -> None:
    def fail(*args: object) -> Decision:
        raise ValueError("broken")

    station = ScriptedStation(decide=fail, degrade=fail)
    async with running_line(Plan(tmp_path, [station])) as rig:
        await (await rig.see("place", "a")).recorded
        [fault] = rig.recorded("fault")
        assert fault.data["raised"] and "broken" in fault.data["detail"]
        health, able = rig.lane("place").health()
        assert health.level is Level.FAULT and "software" in health.faults and not able
        station.script.clear()
        await (await rig.see("place", "b")).recorded
        assert [event.data["raised"] for event in rig.recorded("fault")] == [True, False]
        assert rig.lane("place").health()[1]


async def test_a_source_that_is_too_fast_is_held_up(tmp_path: Path) -> None:
    engine, gate = AnsweringEngine(), asyncio.Event()

    async def slow(ask: Ask, deadline_mono_s: float) -> Answer:
        await gate.wait()
        return Answer(None, Outcome.ANSWERED)

    engine.answer = slow
    source = ReplaySource("place", [Recorded(key=str(number)) for number in range(20)])
    station = ScriptedStation(prepare=lambda sample: (Ask("model", {}),))
    async with running_line(Plan(tmp_path, [station], devices=[source], engine=engine, room=4)) as rig:
        await until(lambda: rig.lane("place").depth == 4)
        await turns()
        assert len(source.emitted) == 5
        gate.set()
        await source.finished.wait()
        await rig.quiet()
        assert len(rig.recorded("seen")) == 20


async def test_what_is_told_reaches_the_other_station_in_order(tmp_path: Path) -> None:
    def decide(sample: Sample, answers: object) -> Decision:
        told = [
            Sample("place", sample.at, {"about": sample.key}, key) for key in (f"{sample.key}-1", f"{sample.key}-2")
        ]
        return Decision(tell=[("desk", one) for one in told] + [("ghost", told[0])])

    desk = ScriptedStation("desk")
    async with running_line(Plan(tmp_path, [ScriptedStation(decide=decide), desk])) as rig:
        await rig.see("place", "a")
        await rig.see("place", "b")
        await rig.quiet()
        assert [event.subject for event in rig.recorded("seen")] == ["a-1", "a-2", "b-1", "b-2"]
        assert {event.station for event in rig.recorded("seen")} == {"desk"}
        assert rig.lane("place").mishaps.counts["tell"] == 2


async def test_evidence_series_and_live_values_go_where_they_belong(tmp_path: Path) -> None:
    picture = np.zeros((4, 5, 3), np.uint8)

    def decide(sample: Sample, answers: object) -> Decision:
        return Decision(
            events=saw(sample).events,
            evidence={"image": Evidence(picture)},
            series=[Reading("place.level", 2.5)],
            live={"now": 1},
        )

    async with running_line(Plan(tmp_path, [ScriptedStation(decide=decide)])) as rig:
        await (await rig.see("place", "a")).recorded
        assert len(rig.recorded("seen")[0].data["evidence"]["image"]) == 64
        assert rig.live.data("live") == [{"station": "place", "data": {"now": 1}}]
        await until(lambda: rig.live.data("stored") == [{"sequence": 1}])
        at_utc_s = rig.clock.utc_s
    _, values = SeriesStore(rig.events.engine).read("place.level", at_utc_s - 1, at_utc_s + 1)
    assert values.tolist() == [2.5]


async def test_pictures_for_which_a_model_is_asked_are_foreseen_as_evidence(tmp_path: Path) -> None:
    picture, mask = np.zeros((4, 5, 3), np.uint8), np.zeros((4, 5), np.uint8)
    station = ScriptedStation(prepare=lambda sample: [Ask("model", {})] if sample.key == "asks" else ())
    foreseen: list[object] = []
    async with running_line(Plan(tmp_path, [station])) as rig:
        rig.recorder.foresee = foreseen.append  # type: ignore[method-assign,assignment]
        await rig.see("place", "by-rule", image=picture)
        await rig.see("place", "asks", image=picture, mask=mask, speed=1.0)
        await until(lambda: foreseen)
        await rig.quiet()
    assert len(foreseen) == 1 and foreseen[0] is picture


async def test_a_sample_that_is_nobodys_is_recorded_and_a_flood_of_them_counted(tmp_path: Path) -> None:
    async with running_line(Plan(tmp_path, [ScriptedStation()])) as rig:
        samples = [await rig.see("stranger", str(number), level=number) for number in range(50)]
        assert await samples[0].recorded == 1
        await rig.advance(1.0)
        await (await rig.see("stranger", "last")).recorded
        first, last = rig.recorded("unrouted")
        assert first.data == {"source": "stranger", "key": "0", "values": ["level"], "skipped": 0}
        assert (last.subject, last.data["skipped"]) == ("last", 49)
        assert rig.line._describe(rig.clock.now())["unrouted"] == 51


async def test_who_awaits_a_record_that_failed_hears_of_it(tmp_path: Path) -> None:
    async with running_line(Plan(tmp_path, [ScriptedStation()], wrap=Broken)) as rig:
        sample = await rig.see("place", "a")
        with pytest.raises(StoreError, match="no disk"):
            await sample.recorded


class Broken:
    """A recorder whose disk is gone."""

    depth = 0
    failing = True

    def __init__(self, recorder: object) -> None:
        pass

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def note(self, points: object, *, owed: bool = False, urgent: bool = False) -> None: ...

    async def record(self, entry: object, evidence: object = None) -> list[Event]:
        raise StoreError("no disk")
