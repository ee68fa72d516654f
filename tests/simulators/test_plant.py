import argparse
import asyncio
import socket
from pathlib import Path

import pytest

from core.clock import SystemClock
from core.errors import DeviceError
from simulators.faults import parse_fault
from simulators.partlog import read_rows
from simulators.plant import Plant, PlantSettings, parser, settings_of
from simulators.plc_process import PlcProcess
from simulators.program import CellTimes
from simulators.report import report
from tests.support.boxes import StandInBox


@pytest.mark.slow
async def test_a_cell_with_its_own_plc_process_brings_every_part_to_the_gate(tmp_path: Path) -> None:
    """One real PLC process, killed on the way: no part is lost, none passes without a verdict."""
    settings = PlantSettings(
        hot_folder=tmp_path / "hot",
        opcua_url="opc.tcp://127.0.0.1:0/",
        parts=6,
        rate_per_s=40.0,
        log_path=tmp_path / "parts.jsonl",
        times=CellTimes(inspect_window_s=1.0, travel_s=0.1),
        faults=[parse_fault("kill@5")],
    )
    plant = Plant(settings, SystemClock())
    try:
        url = await plant.start()
        async with StandInBox(url, lambda part_id: part_id != 2):
            await plant.run()
    finally:
        await plant.stop()
    found = report(read_rows(tmp_path / "parts.jsonl"))
    assert found.parts == 6
    assert found.wrong_gate == found.accepted_unjudged == 0
    assert found.accepted >= 1
    assert (tmp_path / "hot" / "6.bmp").is_file()


def test_a_plant_as_a_command_line_is_the_same_plant(tmp_path: Path) -> None:
    settings = PlantSettings(
        hot_folder=tmp_path, parts=9, rate_per_s=5.0, seed=3, log_path=tmp_path / "a.jsonl", modbus_port=0,
        wait_for_ready=False, stays=True, faults=(parse_fault("freeze@4:2"),),
    )  # fmt: skip
    words = settings.command()
    assert words[1:3] == ["-m", "simulators.plant"]
    arguments: argparse.Namespace = parser().parse_args(words[3:])
    assert settings_of(arguments) == settings


@pytest.mark.slow
async def test_a_plant_that_stays_keeps_its_plc_running_after_the_last_part(tmp_path: Path) -> None:
    settings = PlantSettings(
        hot_folder=tmp_path / "hot", opcua_url="opc.tcp://127.0.0.1:0/", parts=1, rate_per_s=40.0, stays=True,
        log_path=tmp_path / "parts.jsonl", times=CellTimes(travel_s=0.05),
    )  # fmt: skip
    plant = Plant(settings, SystemClock())
    running: asyncio.Task[None] | None = None
    try:
        async with StandInBox(await plant.start(), lambda part_id: True):
            gated = asyncio.Event()
            plant.plc.on_gate = lambda message: gated.set()
            running = asyncio.create_task(plant.run())
            await asyncio.wait_for(gated.wait(), 10)
            done, _ = await asyncio.wait({running}, timeout=0.5)
            assert not done
    finally:
        if running is not None:
            running.cancel()
        await plant.stop()
    assert report(read_rows(tmp_path / "parts.jsonl")).parts == 1


@pytest.mark.slow
async def test_a_plc_that_cannot_listen_is_an_error_and_not_a_wait() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        plc = PlcProcess(f"opc.tcp://127.0.0.1:{taken.getsockname()[1]}/", CellTimes(), None)
        with pytest.raises(DeviceError, match="did not start"):
            await plc.start()
        await plc.stop()
