"""A line killed in the middle of its work, again and again: what its station counts is what is on the record."""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.lines import Plan, make_rig, running_line
from tests.support.stations import ScriptedStation

LINE = """
import sys
from pathlib import Path
from core.clock import SystemClock
from tests.support.lines import Plan, make_rig
from tests.support.stations import ScriptedStation, saw
from verticals.contract import Action, Decision
from verticals.devices.replay import Recorded, RecordingActuator, ReplaySource
from verticals.runtime.process import run_line

def decide(sample, answers):
    gated = int(sample.key.split("-")[1]) % 3 == 0
    gate = Action("arm", "reject", until_s=1.0, at_s=0.05, subject=sample.key, protective=True)
    return Decision(events=saw(sample).events, actions=(gate,) if gated else (), save=not gated)

folder, life = Path(sys.argv[1]), sys.argv[2]
clock = SystemClock()
source = ReplaySource("place", [Recorded(key=f"{life}-{n}", after_s=0.002) for n in range(100000)])
devices = [source, RecordingActuator("arm", clock)]
with make_rig(Plan(folder, [ScriptedStation(decide=decide)], devices=devices, clock=clock)) as rig:
    run_line(rig.parts)
"""


@pytest.mark.slow
async def test_ten_kills_lose_no_decision_that_its_station_counts_and_count_none_twice(tmp_path: Path) -> None:
    chance = random.Random(4)
    for life in range(10):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", LINE, str(tmp_path), str(life), stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        await asyncio.sleep(1.2 + chance.random() * 0.6)
        assert process.returncode is None, (await process.communicate())[1].decode()
        process.kill()
        await process.communicate()
        with make_rig(Plan(tmp_path, [])) as rig:
            assert rig.events.read(limit=1, newest_first=True)[0].sequence > 0
    station = ScriptedStation()
    async with running_line(Plan(tmp_path, [station])) as rig:
        subjects = [event.subject for event in rig.events.read(limit=1_000_000, kinds=("seen",))]
        assert len(subjects) == len(set(subjects)) > 100
        assert station.seen == len(subjects)
        recovered = sum("recovered" in event.data for event in rig.events.read(limit=1_000_000, kinds=("seen",)))
        assert recovered > 0, "no kill came between a decision and its record: nothing was tried"
