"""Every vertical in the real loop, over a real store: what it decides is recorded, projected, answered, restored."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, select

from core.inference.request import Answer, Ask
from tests.contract.cases import CASES, Case
from tests.contract.dummies import kiosk, orchard
from tests.support.clocks import FakeClock
from tests.support.lines import AnsweringEngine, Plan, Rig, again, running_line, until
from verticals.contract import DeviceNews, Event
from verticals.devices.replay import RecordingActuator
from verticals.runtime.live import LiveMessage
from verticals.store.database import reading


@pytest.fixture(params=sorted(CASES))
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]()


def _plan(case: Case, folder: Path) -> Plan:
    clock, engine = FakeClock(), AnsweringEngine()
    stations = case.vertical.stations(case.settings)

    async def answer(ask: Ask, deadline_mono_s: float) -> Answer:
        return case.answer(ask, len(engine.asked))

    engine.answer = answer
    devices = [
        RecordingActuator(name, clock)
        for name in sorted({one for station in stations for one in station.spec.actuators})
    ]
    return Plan(folder, stations, case.vertical, devices, engine, clock, case.tables)


async def _live_a_while(case: Case, rig: Rig) -> None:
    for station, device, detail in case.news:
        rig.lane(station).order(DeviceNews(device, True, rig.clock.now(), detail=detail))
    for sample in case.samples(rig.clock.now()):
        await rig.give(sample)
        await until(lambda: not rig.lane(case.vertical.route(sample) or "").busy)  # noqa: B023
        await rig.advance(1.0)
        assert await asyncio.wait_for(_acknowledged(sample), 5) >= 0
    for station, name, args in case.orders:
        reply = await rig.ask(station, name, **args)
        assert reply.accepted or reply.reason
        await rig.advance(1.0)
    await rig.quiet()


async def _acknowledged(sample: Any) -> int:
    sequence: int = await sample.recorded
    return sequence


async def test_it_lives_is_restarted_and_lives_on(case: Case, tmp_path: Path) -> None:
    plan = _plan(case, tmp_path)
    async with running_line(plan) as rig:
        await _live_a_while(case, rig)
        first = rig.recorded()
        assert first and not rig.recorded("unprojected", "mishap")
        assert not any(sum(lane.mishaps.counts.values()) for lane in rig.line.lanes.values())
        assert set(rig.beat["stations"]) == set(rig.line.lanes)
    stations = case.vertical.stations(case.settings)
    async with running_line(again(plan, stations)) as rig:
        assert all("not-restored" not in lane.faults for lane in rig.line.lanes.values())
        await _live_a_while(case, rig)
        assert len(rig.recorded()) > len(first) and not rig.recorded("unprojected", "mishap")


async def test_its_tables_take_what_only_the_loop_writes(case: Case, tmp_path: Path) -> None:
    plan = _plan(case, tmp_path)
    async with running_line(plan) as rig:
        strange: dict[str, Any] = {"target": 5, "delivery": None, "error": "x", "events": [{}]}
        kinds = ("delivery", "fault", "mishap", "unrouted", "unprojected", "clock-step", "of a later release")

        def project(connection: Connection) -> None:
            for number, kind in enumerate(kinds):
                case.vertical.project(Event(kind, "any", 1.0, strange, "any", sequence=number + 1), connection)

        with rig.events.engine.begin() as connection:
            project(connection)


async def test_a_till_is_acknowledged_after_the_record_and_a_repeated_sale_counts_once(tmp_path: Path) -> None:
    case = CASES["kiosk"]()
    plan = _plan(case, tmp_path)
    async with running_line(plan) as rig:
        for key, change in (("s-1", 5), ("s-2", -2), ("s-1", 5)):
            rig.inbox.bring("till", key, {"item": "tea", "change": change})
        rig.live.receive(LiveMessage("inbox"))
        await until(lambda: not rig.inbox.pending())
        with reading(rig.events.engine) as connection:
            assert connection.scalar(select(kiosk.stock.c.count)) == 3
    async with running_line(again(plan, case.vertical.stations(case.settings))) as rig:
        sample = await rig.see("till", "s-2", item="tea", change=-2)  # the same sale by another way
        assert await sample.recorded == 0


async def test_many_apples_of_one_tray_are_recorded_at_once_and_only_good_ones_wait_for_it(tmp_path: Path) -> None:
    case = CASES["orchard"]()
    plan = _plan(case, tmp_path)
    [pusher] = [device for device in plan.devices if isinstance(device, RecordingActuator)]
    async with running_line(plan) as rig:
        for sample in case.samples(rig.clock.now()):
            await (await rig.give(sample)).recorded
        await rig.quiet()
        subjects = {event.subject for event in rig.recorded("apple")}
        assert subjects == {taken.action.subject for taken in pusher.taken} and len(subjects) > 3
        for event in rig.recorded("apple"):
            assert ("actions" in event.data) == (event.data["grade"] != "good")
        counted = [event.data["trays"] for event in rig.recorded("tray-counted")]
        assert counted == list(range(1, len(counted) + 1)) and counted
        with reading(rig.events.engine) as connection:
            assert set(connection.scalars(select(orchard.apples.c.apple))) == subjects


async def test_an_oven_rings_by_time_alone_and_for_the_next_person(tmp_path: Path) -> None:
    case = CASES["oven"]()
    plan = _plan(case, tmp_path)
    async with running_line(plan) as rig:
        assert (await rig.ask("oven-1", "bake", for_s=60)).accepted
        await rig.advance(20.0)
    async with running_line(again(plan, case.vertical.stations(case.settings))) as rig:
        await rig.advance(39.0)
        assert rig.recorded("rings") == []
        for _ in range(2):
            await rig.advance(31.0)
            await rig.quiet()
        assert [event.data["level"] for event in rig.recorded("rings")] == [1, 2]
        assert (await rig.ask("oven-1", "silence")).accepted
        await rig.advance(300.0)
        await rig.quiet()
        assert len(rig.recorded("rings")) == 2
