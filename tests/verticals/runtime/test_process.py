from __future__ import annotations

import asyncio
import gc
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from core.clock import SystemClock
from core.errors import PortBusyError, StoreError
from tests.support.lines import Plan, make_rig
from tests.support.stations import ScriptedStation
from verticals.devices.replay import Recorded, ReplaySource
from verticals.runtime.live import LiveClient, LiveMessage, LiveServer
from verticals.runtime.process import live_through

LINE = """
import asyncio, sys
from pathlib import Path
from core.clock import SystemClock
from tests.support.lines import Plan, make_rig
from tests.support.stations import ScriptedStation
from verticals.devices.replay import Recorded, ReplaySource
from verticals.runtime.process import run_line

source = ReplaySource("place", [Recorded(key=str(n), after_s=0.001) for n in range(100000)])
with make_rig(Plan(Path(sys.argv[1]), [ScriptedStation()], devices=[source], clock=SystemClock())) as rig:
    run_line(rig.parts)
print("ended", len(source.emitted), flush=True)
"""


async def test_sigterm_ends_a_line_with_everything_recorded_and_its_state_saved(tmp_path: Path) -> None:
    got: asyncio.Queue[LiveMessage] = asyncio.Queue()
    client = LiveClient(tmp_path / "line.sock", got.put_nowait)
    listening = asyncio.create_task(client.run())
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", LINE, str(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    while (await asyncio.wait_for(got.get(), 20)).data.get("sequence", 0) < 20:
        pass
    process.send_signal(signal.SIGTERM)
    out, errors = await asyncio.wait_for(process.communicate(), 20)
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    assert process.returncode == 0, errors.decode()
    taken = int(out.split()[1])
    with make_rig(Plan(tmp_path, [])) as rig:
        assert [event.subject for event in rig.events.read(limit=100_000)] == [str(n) for n in range(taken)]
        assert rig.events.load_state("place") == ({"seen": taken}, taken)


async def test_a_started_line_has_taken_its_start_up_out_of_the_collectors_rounds(tmp_path: Path) -> None:
    source = ReplaySource("place", [Recorded(key="a")])
    with make_rig(Plan(tmp_path, [ScriptedStation()], devices=[source], clock=SystemClock())) as rig:
        frozen = gc.get_freeze_count()
        try:
            await live_through(rig.parts, ready=lambda: os.kill(os.getpid(), signal.SIGTERM))
            assert gc.get_freeze_count() > frozen
        finally:
            gc.unfreeze()
        assert not rig.recorder.depth


async def test_a_line_whose_past_cannot_be_read_ends_and_overwrites_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with make_rig(Plan(tmp_path, [ScriptedStation()])) as rig:
        await rig.line.start()
        await rig.see("place", "a")
        await rig.line.stop()
    with make_rig(Plan(tmp_path, [ScriptedStation()])) as rig:

        def unreadable(station: str) -> None:
            raise StoreError("the past is unreadable")

        monkeypatch.setattr(rig.events, "load_state", unreadable)
        with pytest.raises(StoreError, match="unreadable"):
            await live_through(rig.parts)
        monkeypatch.undo()
        assert rig.events.load_state("place") == ({"seen": 1}, 1)
        assert not rig.live.socket.exists()


async def test_a_line_that_runs_already_is_a_busy_port(tmp_path: Path) -> None:
    other = LiveServer(tmp_path / "line.sock")
    await other.start()
    with make_rig(Plan(tmp_path, [ScriptedStation()])) as rig, pytest.raises(PortBusyError):
        await live_through(rig.parts)
    await other.stop()
