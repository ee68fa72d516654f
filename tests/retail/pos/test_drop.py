"""Files of the tills in a running store: recorded, then put away; nothing is lost and nothing counts twice."""

from __future__ import annotations

import asyncio
from pathlib import Path

from retail.metadata import metadata
from retail.pos.drop import DONE, REFUSED, DropFolder
from retail.pos.settings import DropSettings, PosSettings
from retail.settings import RetailSettings
from retail.vertical import Retail
from tests.retail.pos.test_transaction import POSLOG, json_of
from tests.support.lines import Plan, Rig, running_line, until

CSV = (
    "workstation,sequence,business_date,time,item,quantity\n"
    "3,17,2026-11-16,2026-11-16T09:00:00,4711,1\n3,18,2026-11-16,2026-11-16T09:01:00,815,2\n"
)


def plan_of(tmp_path: Path) -> tuple[Plan, Path]:
    folder = tmp_path / "drop"
    folder.mkdir()
    store = RetailSettings("Store 014", pos=PosSettings(drop=DropSettings(folder, 0.02)))
    vertical = Retail()
    device = DropFolder("pos-drop", store)
    return Plan(tmp_path, vertical.stations(store), vertical, [device], tables=[metadata]), folder


def booked(rig: Rig) -> list[str]:
    return [document["ref"] for event in rig.recorded("documents") for document in event.data["documents"]]


async def test_files_of_every_format_are_booked_and_put_away(tmp_path: Path) -> None:
    plan, folder = plan_of(tmp_path)
    async with running_line(plan) as rig:
        (folder / "a.csv").write_text(CSV)
        (folder / "b.json").write_bytes(json_of(sequence="19"))
        (folder / "c.XML").write_bytes(POSLOG)
        (folder / "notes.txt").write_text("left alone")
        await until(lambda: len(list((folder / DONE).glob("*"))) == 3, 20)
        assert sorted(booked(rig)) == ["2026-11-16/17", "2026-11-16/18", "2026-11-30/17", "2026-11-30/19"]
        assert [path.name for path in folder.iterdir() if path.is_file()] == ["notes.txt"]


async def test_the_same_file_again_is_put_away_beside_the_first(tmp_path: Path) -> None:
    plan, folder = plan_of(tmp_path)
    async with running_line(plan) as rig:
        for count in (1, 2):
            (folder / "a.csv").write_text(CSV)
            await until(lambda: len(list((folder / DONE).glob("*.csv"))) == count, 20)  # noqa: B023
        assert {path.name for path in (folder / DONE).iterdir()} == {"a.csv", "a-2.csv"}
        with rig.events.engine.connect() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM ledger_documents").scalar() == 2


async def test_a_file_that_cannot_be_read_is_put_aside_with_the_reason(tmp_path: Path) -> None:
    plan, folder = plan_of(tmp_path)
    async with running_line(plan) as rig:
        (folder / "bad.csv").write_text(CSV.replace("sequence", "sequenz"))
        await until(lambda: (folder / REFUSED / "bad.csv").exists(), 20)
        assert "column 'sequence': this column is missing" in (folder / REFUSED / "bad.csv.why.txt").read_text()
        latest = rig.line.fittings.latest
        await until(lambda: "pos-drop" in latest and "bad.csv" in latest["pos-drop"].detail, 10)
        assert booked(rig) == []


async def test_a_file_that_grows_is_not_read_before_it_is_whole(tmp_path: Path) -> None:
    plan, folder = plan_of(tmp_path)
    async with running_line(plan) as rig:
        for cut in range(1, 30):
            (folder / "slow.csv").write_text(CSV[: len(CSV) * cut // 30])
            await asyncio.sleep(0.01)
        hidden = folder / ".half.csv"
        hidden.write_text("not yet")
        (folder / "slow.csv").write_text(CSV)
        await until(lambda: bool(list((folder / DONE).glob("*")) or list((folder / REFUSED).glob("*"))), 20)
        assert hidden.exists()
        await until(lambda: sorted(booked(rig)) == ["2026-11-16/17", "2026-11-16/18"], 20)


async def test_a_folder_that_is_gone_is_told_and_found_again(tmp_path: Path) -> None:
    plan, folder = plan_of(tmp_path)
    folder.rmdir()
    folder.write_text("a file where the folder was")
    async with running_line(plan) as rig:
        await until(lambda: "pos-drop" in rig.line.fittings.latest and not rig.line.fittings.latest["pos-drop"].ok, 20)
        folder.unlink()
        await until(lambda: rig.line.fittings.latest["pos-drop"].ok, 20)
        (folder / "a.csv").write_text(CSV)
        await until(lambda: len(booked(rig)) == 2, 20)
