"""What goes wrong around a running line: its disk, its pictures, its model, a second start."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from appliance.demo import MARK
from core.models.package import MODEL
from manufacturing.results import ResultCode
from tests.proof.figures import heading, print_account, print_seconds
from tests.support.accounts_of_parts import account_of_parts
from tests.support.cells import LINE, STATION, Cell, until
from tests.support.commands import edgewise, refused
from tests.support.disks import small_disk
from tests.support.sites import free_port
from tests.support.watchers import ScreenWatch

pytestmark = pytest.mark.slow

RATE_PER_S = 3.0
DISK_BYTES, HALF_FULL_BYTES = 400_000_000, 150_000_000  # the demo keeps 200 MB for events


def test_a_full_disk_stops_every_accept_and_the_line_goes_on_by_itself_when_there_is_room(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", DISK_BYTES) as disk:
        plant_elsewhere(disk.folder / "data", tmp_path / "plant")
        with Cell(disk.folder, rate_per_s=RATE_PER_S) as cell, cell.watch() as screen:
            cell.wait_for_parts(10, 90)
            processes = {name: standing.pid for name, standing in cell.standings().items()}
            for leave_bytes in (HALF_FULL_BYTES, 0):
                disk.fill(leave_bytes)
                until(lambda: "disk-full" in faults_shown(screen), 5, "the screen says disk-full")
                until(lambda: len(cell.parts()) > 3 and no_verdicts(cell, 3), 10, "nothing is judged any more")
                recorded = cell.judged()
                beyond = len(cell.parts()) + 12
                cell.wait_for_gate(beyond, 30)
                assert no_verdicts(cell, 9)
                assert cell.judged() == recorded
            disk.make_room()
            room_s = time.monotonic()
            until(lambda: faults_shown(screen) == {}, 15, "the screen says that all is well")
            well_s = time.monotonic()
            cell.wait_for_parts(recorded + 10, 30)
            assert {name: standing.pid for name, standing in cell.standings().items()} == processes
            settled(cell)
        heading("disk full under a running line, first by its reserve, then to the last byte")
        account = print_account(cell.rows(), cell.events())
        print_seconds("room again to a line that runs", [well_s - room_s])
        assert account.faults() == {}
        assert cell.faults_of_the_store() == []
        told = [event.data["raised"] for event in cell.events("fault") if event.subject == "disk-full"]
        assert told == [True, False]
        disk.fill()
        said = refused("demo", "--data", cell.places.data, "--port", str(free_port()), "--opcua-port", str(free_port()))
        assert "No space left on device" in said or "disk is full" in said


def test_pictures_that_cannot_be_used_are_rejected_with_a_code_and_the_line_goes_on(tmp_path: Path) -> None:
    says = {
        "corrupt": (ResultCode.CAMERA_LOST, "no new picture for"),
        "garbled": (ResultCode.CAMERA_LOST, "not a PNG, JPEG or BMP picture"),
        "giant": (ResultCode.CAMERA_LOST, "60000 x 60000 pixels are more than the limit"),
        "no": (ResultCode.CAMERA_LOST, "no new picture for"),
        "narrow": (ResultCode.DEFECT, ""),
        "black": (ResultCode.DEFECT, ""),
    }
    parts = {4 * number: kind for number, kind in enumerate(says, 1)}
    faults = [f"{kind}-picture@{part}" for part, kind in parts.items()]
    with Cell(tmp_path, parts=30, rate_per_s=RATE_PER_S, faults=faults) as cell:
        cell.wait_for_gate(30, 120)
        settled(cell)
        assert [standing.restarts for standing in cell.standings().values()] == [0] * len(cell.standings())
    heading("pictures that cannot be used")
    account = print_account(cell.rows(), cell.events())
    assert account.faults() == {}
    recorded = {int(event.subject): event.data for event in cell.events("part")}
    gate = {row["part_id"]: row["gate_rejected"] for row in cell.parts()}
    for part, kind in parts.items():
        code, note = says[kind]
        print(f"{kind:8} code {recorded[part]['code']:3} {recorded[part].get('note', '')}")
        assert recorded[part]["code"] == code
        assert note in recorded[part].get("note", "")
        assert gate[part]
        assert recorded[part + 1]["code"] < ResultCode.LATE


def test_a_damaged_model_leaves_the_line_waiting_until_it_is_whole_again(tmp_path: Path) -> None:
    cell = Cell(tmp_path, rate_per_s=RATE_PER_S)
    with cell:
        cell.wait_for_parts(3, 90)
    judged = cell.judged()
    whole = {model: model.read_bytes() for model in cell.places.models.rglob(MODEL)}
    for model, content in whole.items():
        model.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with cell, cell.watch() as screen:
        until(lambda: "recipe-failed" in faults_shown(screen), 30, "the screen says recipe-failed")
        cell.wait_for_gate(1, 30)
        assert cell.standings()[LINE].restarts == 0
        assert cell.judged() == judged
        until(lambda: "recipe-failed" in [event.subject for event in cell.events("fault")], 5, "the fault is recorded")
    assert "is not what was signed" in cell.said()
    assert edgewise("models", "verify", "--data", cell.places.data).returncode == 1
    for model, content in whole.items():
        model.write_bytes(content)
    with cell:
        cell.wait_for_parts(judged + 3, 60)
    assert account_of_parts(cell.rows(), cell.events()).faults() == {}


def test_a_second_start_on_the_same_data_is_refused_and_harms_nothing(tmp_path: Path) -> None:
    with Cell(tmp_path, rate_per_s=RATE_PER_S) as cell:
        cell.wait_for_parts(3, 90)
        config = cell.places.data / "edgewise.toml"
        before = config.read_bytes()
        said = refused("demo", "--data", cell.places.data, "--port", str(free_port()), "--opcua-port", str(free_port()))
        assert "edgewise runs already with this data directory [refused] Stop it first" in said
        assert "was made by `edgewise demo`" in refused("run", "--config", config, "--data", cell.places.data)
        (cell.places.data / MARK).rename(tmp_path / MARK)
        assert "[refused]" in refused("run", "--config", config, "--data", cell.places.data)
        (tmp_path / MARK).rename(cell.places.data / MARK)
        assert config.read_bytes() == before
        done = edgewise("doctor", "--config", config, "--data", cell.places.data)
        assert (done.returncode, done.stderr) == (0, ""), done.stdout
        cell.wait_for_parts(cell.judged() + 3, 30)


def plant_elsewhere(data: Path, plant: Path) -> None:
    """The world outside keeps its log and its pictures on another disk than the box."""
    data.mkdir()
    plant.mkdir()
    (data / MARK).touch()
    (data / "demo").symlink_to(plant)


def settled(cell: Cell) -> None:
    until(lambda: not account_of_parts(cell.rows(), cell.events()).unaccounted, 5, "the last parts are recorded")


def faults_shown(screen: ScreenWatch) -> dict[str, Any]:
    """What the last beat said is wrong with the line; `unknown` before the first."""
    beats = [told.data for told in screen.told() if told.kind == "beat" and told.data["stations"]]
    faults: dict[str, Any] = beats[-1]["stations"][STATION]["faults"] if beats else {"unknown": ""}
    return faults


def no_verdicts(cell: Cell, count: int) -> bool:
    """Whether the last parts at the gate were rejected without anybody's verdict."""
    return all(row["verdict"] == "none" and row["gate_rejected"] for row in cell.parts()[-count:])
