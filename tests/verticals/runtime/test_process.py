from __future__ import annotations

import asyncio
import gc
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core.clock import SystemClock
from core.errors import PortBusyError, StoreError
from tests.support.lines import Plan, make_rig
from tests.support.stations import ScriptedStation
from verticals.devices.replay import Recorded, ReplaySource
from verticals.runtime.live import LiveClient, LiveMessage, LiveServer
from verticals.runtime.parent import ASKS_RESTART
from verticals.runtime.process import Restart, live_through

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


HANGING = """
import asyncio, sys, threading, time
from pathlib import Path
from core.clock import SystemClock
from core.inference.engine import LocalEngine
from core.inference.request import Ask
from core.models.trust import SigningKey
from tests.support.graphs import stuck_inputs, stuck_package
from tests.support.lines import Plan, make_rig
from tests.support.stations import ScriptedStation
from verticals.devices.replay import Recorded, ReplaySource
from verticals.runtime.process import Restart, run_line

folder = Path(sys.argv[1])
restart = Restart()
engine = LocalEngine(runners=1, give_up=restart.ask)
engine.load("m", stuck_package(folder / "p", SigningKey.new()))

def ask_on():
    while not restart.reason:
        ask = Ask("m", stuck_inputs(boxes=1_000_000))  # minutes in one node
        asyncio.run(engine.infer(ask, deadline_mono_s=time.monotonic() + 0.05))
        time.sleep(0.05)

threading.Thread(target=ask_on, daemon=True).start()
source = ReplaySource("place", [Recorded(key=str(n), after_s=0.001) for n in range(100000)])
try:
    with make_rig(Plan(folder, [ScriptedStation()], devices=[source], clock=SystemClock())) as rig:
        code = run_line(rig.parts, restart)
finally:
    engine.close()
print(len(source.emitted), flush=True)
sys.exit(code)
"""


@pytest.mark.alone
def test_a_line_whose_model_hangs_twice_ends_cleanly_and_asks_to_be_started_again(tmp_path: Path) -> None:
    began_s = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", HANGING, str(tmp_path)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == ASKS_RESTART, done.stderr
    assert time.monotonic() - began_s < 30
    with make_rig(Plan(tmp_path, [])) as rig:
        assert len(rig.events.read(limit=100_000)) == int(done.stdout)


def test_a_restart_that_was_asked_for_before_the_line_began_is_not_forgotten() -> None:
    heard: list[str] = []
    restart = Restart()
    restart.ask("it hangs")
    restart.hear(lambda: heard.append(restart.reason))
    assert heard == ["it hangs"]


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
