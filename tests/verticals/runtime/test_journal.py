"""What is done with decisions while they cannot be recorded: on a real store whose disk is full, stuck or odd."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Connection, event

from core.errors import DiskFullError, StoreError
from tests.support.clocks import FakeClock
from tests.support.lines import Plan, Rig, running_line, turns, until
from tests.support.stations import ScriptedStation, ScriptedVertical, saw
from verticals.contract import Action, Decision, Delivery, Event, Evidence, Level, Sample
from verticals.devices.replay import RecordingActuator
from verticals.runtime import journal
from verticals.store.events import Entry
from verticals.store.recorder import Recorder


def _decide(sample: Sample, answers: object) -> Decision:
    """`bad` is rejected (protective), everything else accepted after the record."""
    bad = sample.key.startswith("bad")
    action = Action("arm", "reject" if bad else "accept", until_s=60, subject=sample.key, protective=bad)
    return Decision(events=saw(sample).events, actions=(action,))


@contextmanager
def full_disk(rig: Rig) -> Iterator[None]:
    """The database may not grow by one page meanwhile: SQLite itself says that the disk is full."""

    def limit(connection: Any, *_: object) -> None:
        connection.exec_driver_sql("PRAGMA max_page_count=1")

    def lift(connection: Any, *_: object) -> None:
        connection.exec_driver_sql("PRAGMA max_page_count=1073741823")

    engine = rig.events.engine
    event.listen(engine, "begin", limit)
    try:
        yield
    finally:
        event.remove(engine, "begin", limit)
        event.listen(engine, "begin", lift)


def _big(sample: Sample, answers: object) -> Decision:
    decision = _decide(sample, answers)
    return Decision(events=[Event("seen", sample.key, sample.at.utc_s, {"much": "x" * 5000})], actions=decision.actions)


async def test_a_full_disk_holds_the_record_and_lets_only_protective_actions_go(tmp_path: Path) -> None:
    clock = FakeClock()
    arm, station = RecordingActuator("arm", clock), ScriptedStation(decide=_big)
    async with running_line(Plan(tmp_path, [station], devices=[arm], clock=clock)) as rig:
        with full_disk(rig):
            for key in ("good-1", "bad-1", "good-2"):
                sample = await rig.see("place", key)
                with pytest.raises(DiskFullError):
                    await sample.recorded
            await turns()
            assert [taken.action.value for taken in arm.taken] == ["reject"]
            assert {(acted.action.subject, acted.delivery) for acted in station.called("acted")} == {
                ("good-1", Delivery.FAILED),
                ("bad-1", Delivery.SENT),
                ("good-2", Delivery.FAILED),
            }
            health, able = rig.lane("place").health()
            assert health.level is Level.FAULT and "disk-full" in health.faults and able
            news = station.called("device_changed")[-1]
            assert (news.device, news.ok, news.code) == ("store", False, "disk-full")
            await rig.advance(0.5)
            await until(lambda: rig.line.journal.held == 5)
            assert rig.live.data("beat")[-1]["held"] >= 3
        await rig.advance(10.0)
        await until(lambda: rig.line.journal.trouble is None)
        await turns()
        assert [event.subject for event in rig.recorded("seen")] == ["good-1", "bad-1", "good-2"]
        assert {event.subject for event in rig.recorded("delivery")} == {"good-1", "good-2"}
        assert station.called("device_changed")[-1].ok
        assert rig.lane("place").health()[0].level is Level.GOOD
        await (await rig.see("place", "good-3")).recorded
        await rig.quiet()
        assert arm.taken[-1].action.subject == "good-3"


async def test_where_only_pictures_find_no_room_events_are_recorded_without_and_say_so(tmp_path: Path) -> None:
    picture = Evidence(np.zeros((8, 8, 3), np.uint8))
    station = ScriptedStation(decide=lambda sample, _: Decision(events=saw(sample).events, evidence={"image": picture}))
    async with running_line(Plan(tmp_path, [station], min_free_bytes=1e18)) as rig:
        assert await (await rig.see("place", "a")).recorded == 1
        assert "evidence_missing" in rig.recorded("seen")[0].data
        assert "disk-full" in rig.lane("place").health()[0].faults
        assert await (await rig.see("place", "b")).recorded == 2
        rig.recorder._evidence._min_free_bytes = 0.0  # type: ignore[union-attr]
        await rig.advance(journal.LEAN_S)
        assert await (await rig.see("place", "c")).recorded == 3
        assert "evidence" in rig.recorded("seen")[2].data
        await until(lambda: rig.lane("place").health()[0].faults == {})
        await rig.quiet()
        assert [news.ok for news in station.called("device_changed")] == [False, True]


async def test_a_line_that_takes_nothing_in_while_its_disk_is_full_goes_on_by_itself_when_there_is_room(
    tmp_path: Path,
) -> None:
    picture = Evidence(np.zeros((8, 8, 3), np.uint8))
    station = ScriptedStation(decide=lambda sample, _: Decision(events=saw(sample).events, evidence={"image": picture}))
    async with running_line(Plan(tmp_path, [station], min_free_bytes=1e18)) as rig:
        assert await (await rig.see("place", "a")).recorded == 1
        for _ in range(3):
            await rig.advance(journal.LEAN_S)
            assert "disk-full" in rig.lane("place").health()[0].faults
        rig.recorder._evidence._min_free_bytes = 0.0  # type: ignore[union-attr]
        await rig.advance(journal.LEAN_S)
        await until(lambda: rig.lane("place").health()[0].faults == {})
        await rig.quiet()
        assert [news.ok for news in station.called("device_changed")] == [False, True]
        assert await (await rig.see("place", "b")).recorded == 2
        assert "evidence" in rig.recorded("seen")[1].data


async def test_a_picture_lost_after_its_event_was_recorded_is_counted_and_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    picture = Evidence(np.zeros((8, 8, 3), np.uint8))
    station = ScriptedStation(decide=lambda sample, _: Decision(events=saw(sample).events, evidence={"image": picture}))
    async with running_line(Plan(tmp_path, [station])) as rig:
        monkeypatch.setattr("verticals.store.evidence._write_synced", no_room)
        assert await (await rig.see("place", "a")).recorded == 1
        await until(lambda: rig.line.journal.unkept)
        assert "disk-full" in rig.lane("place").health()[0].faults
        await until(lambda: rig.live.data("stored") == [{"sequence": 1}])
        assert await (await rig.see("place", "b")).recorded == 2
        assert "evidence_missing" in rig.recorded("seen")[1].data
        monkeypatch.undo()
        await rig.advance(journal.LEAN_S)
        assert await (await rig.see("place", "c")).recorded == 3
        await until(lambda: rig.lane("place").health()[0].faults == {})


class Stuck:
    """A recorder in front of which a gate can be closed, as by a disk that does not answer."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder
        self.gate = asyncio.Event()
        self.gate.set()
        self.start, self.stop, self.note = recorder.start, recorder.stop, recorder.note
        self.has_room = recorder.has_room

    @property
    def depth(self) -> int:
        return self.recorder.depth + (not self.gate.is_set())

    @property
    def failing(self) -> bool:
        return self.recorder.failing

    async def record(self, entry: Entry, evidence: Mapping[str, Evidence] | None = None) -> list[Event]:
        await self.gate.wait()
        return await self.recorder.record(entry, evidence)


async def test_a_disk_that_does_not_answer_holds_up_no_decision(tmp_path: Path) -> None:
    clock = FakeClock()
    arm, station = RecordingActuator("arm", clock), ScriptedStation(decide=_decide)
    plan = Plan(tmp_path, [station], devices=[arm], clock=clock, wrap=Stuck)
    async with running_line(plan) as rig:
        rig.line.journal._stall_s = 0.01
        stuck: Any = rig.line.journal._records
        stuck.gate.clear()
        first = await rig.see("place", "bad-1")
        with pytest.raises(StoreError, match="not answered"):
            await first.recorded
        second = await rig.see("place", "bad-2")
        with pytest.raises(StoreError, match="not answered"):
            await second.recorded
        assert [taken.action.subject for taken in arm.taken] == ["bad-1", "bad-2"]
        assert "store" in rig.lane("place").health()[0].faults
        stuck.gate.set()
        rig.line.journal._stall_s = 5.0
        await turns()
        await rig.advance(10.0)
        await until(lambda: rig.line.journal.trouble is None)
        assert [event.subject for event in rig.recorded("seen")] == ["bad-1", "bad-2"]


async def test_an_event_that_the_apps_tables_refuse_is_put_aside_with_its_facts(tmp_path: Path) -> None:
    def project(event: Event, connection: Connection) -> None:
        if (event.kind, event.subject) == ("seen", "odd"):
            raise ZeroDivisionError("projection")

    station = ScriptedStation(decide=_decide)
    clock = FakeClock()
    arm = RecordingActuator("arm", clock)
    vertical = ScriptedVertical([station], project)
    async with running_line(Plan(tmp_path, [station], vertical, devices=[arm], clock=clock)) as rig:
        with pytest.raises(StoreError, match="ZeroDivisionError"):
            await (await rig.see("place", "odd")).recorded
        await (await rig.see("place", "even")).recorded
        await rig.quiet()
        [aside] = rig.recorded("unprojected")
        assert aside.data["error"] == "ZeroDivisionError: projection"
        assert aside.data["events"][0]["subject"] == "odd"
        assert [taken.action.subject for taken in arm.taken] == ["even"]
        assert rig.line.journal.refused == 1 and rig.line.journal.trouble is None


async def test_what_is_held_is_bounded_and_what_is_lost_is_counted(tmp_path: Path) -> None:
    station = ScriptedStation(decide=_big)
    async with running_line(Plan(tmp_path, [station])) as rig:
        rig.line.journal._held_limit = 10
        with full_disk(rig):
            await _see_all(rig, [f"bad-{number}" for number in range(15)])
            assert (rig.line.journal.held, rig.line.journal.lost) == (10, 5)
        await rig.advance(10.0)
        await until(lambda: rig.line.journal.trouble is None)
        assert [event.subject for event in rig.recorded("seen")] == [f"bad-{number}" for number in range(5, 15)]


async def test_a_line_that_stops_in_trouble_tries_once_more(tmp_path: Path) -> None:
    station = ScriptedStation(decide=_big)
    async with running_line(Plan(tmp_path, [station])) as rig:
        with full_disk(rig):
            await _see_all(rig, ["bad-1"])
        events = rig.events
    assert [event.subject for event in events.read(kinds=("seen",))] == ["bad-1"]


async def _see_all(rig: Rig, keys: Sequence[str]) -> None:
    for key in keys:
        sample = await rig.see("place", key)
        with pytest.raises(StoreError):
            await sample.recorded
