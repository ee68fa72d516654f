"""What an app's own tables tell its stations: after the commit, only after it, and once more at the start."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Connection, Integer, MetaData, Table, func, insert, select

from core.clock import Instant
from tests.support.lines import Plan, again, running_line
from tests.support.stations import ScriptedStation, ScriptedVertical, saw
from verticals.contract import NOTHING, Decision, Event, Sample
from verticals.store.database import reading

metadata = MetaData()
pieces = Table("pieces", metadata, Column("sequence", Integer, primary_key=True))


class Counting(ScriptedVertical):
    """Keeps a row a piece and tells how many there are; `broken` says what goes wrong."""

    broken = ""

    def project(self, event: Event, connection: Connection) -> Iterable[tuple[str, Sample]] | None:
        if event.kind != "seen":
            return None
        connection.execute(insert(pieces).values(sequence=event.sequence))
        if event.subject == "bad":
            raise ZeroDivisionError("projection")
        return self.recall(connection)

    def recall(self, connection: Connection) -> Iterable[tuple[str, Sample]]:
        if self.broken == "recall":
            raise ValueError("no such table")
        count = connection.scalar(select(func.count()).select_from(pieces)) or 0
        return [(self.broken or "line-3", Sample("tables", Instant(0.0, 0.0), {"count": count}))]


class Listening:
    """A station's script that keeps what the tables told it, and how much was recorded by then."""

    def __init__(self) -> None:
        self.heard: list[int] = []
        self.moments: list[Instant] = []
        self.station = ScriptedStation("line-3", decide=self.decide, prepare=lambda sample: ())

    def decide(self, sample: Sample, answers: Any) -> Decision:
        if sample.source != "tables":
            return saw(sample)
        count = sample.values["count"]
        assert isinstance(count, int)
        self.heard.append(count)
        self.moments.append(sample.at)
        return NOTHING


def _plan(folder: Path, listening: Listening) -> tuple[Plan, Counting]:
    vertical = Counting([listening.station])
    return Plan(folder, [listening.station], vertical, tables=[metadata]), vertical


async def test_a_station_hears_what_its_tables_hold_after_each_commit(tmp_path: Path) -> None:
    listening = Listening()
    plan, _ = _plan(tmp_path, listening)
    async with running_line(plan) as rig:
        for number in range(3):
            await (await rig.see("line-3", str(number))).recorded
        await rig.quiet()
        assert listening.heard == [0, 1, 2, 3]
        with reading(rig.events.engine) as connection:
            assert connection.scalar(select(func.count()).select_from(pieces)) == 3


async def test_it_hears_on_the_lines_own_clock(tmp_path: Path) -> None:
    listening = Listening()
    plan, _ = _plan(tmp_path, listening)
    async with running_line(plan) as rig:
        await rig.advance(7.0)
        await (await rig.see("line-3", "a")).recorded
        await rig.quiet()
        assert listening.moments[-1] == rig.clock.now()


async def test_what_was_not_recorded_is_never_told(tmp_path: Path) -> None:
    listening = Listening()
    plan, _ = _plan(tmp_path, listening)
    async with running_line(plan) as rig:
        await rig.see("line-3", "good")
        await rig.see("line-3", "bad")
        await rig.see("line-3", "good too")
        await rig.quiet()
        assert listening.heard[-1] == 2
        assert [event.subject for event in rig.recorded("unprojected")] == ["bad"]


async def test_a_start_recalls_what_the_tables_hold(tmp_path: Path) -> None:
    plan, _ = _plan(tmp_path, Listening())
    async with running_line(plan) as rig:
        await rig.see("line-3", "a")
        await rig.see("line-3", "b")
        await rig.quiet()
    second = Listening()
    vertical = Counting([second.station])
    async with running_line(again(plan, [second.station], vertical=vertical)) as rig:
        await rig.quiet()
        assert second.heard == [2]


async def test_an_app_that_cannot_recall_says_so_and_lives_on(tmp_path: Path) -> None:
    listening = Listening()
    plan, vertical = _plan(tmp_path, listening)
    vertical.broken = "recall"
    async with running_line(plan) as rig:
        health, _ = rig.lane("line-3").health()
        assert "no such table" in health.faults["not-recalled"]
        vertical.broken = ""
        await (await rig.see("line-3", "a")).recorded
        await rig.quiet()
        assert listening.heard == [1]


async def test_a_sample_for_a_station_that_is_not_there_holds_nothing_up(tmp_path: Path) -> None:
    listening = Listening()
    plan, vertical = _plan(tmp_path, listening)
    vertical.broken = "line-9"
    async with running_line(plan) as rig:
        assert await (await rig.see("line-3", "a")).recorded == 1
        await rig.quiet()
        assert listening.heard == []
