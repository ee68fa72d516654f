from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from appliance.processes import Process
from appliance.restarts import Patience
from appliance.supervisor import Supervisor
from core.clock import SystemClock
from verticals.places import Places
from verticals.runtime.bell import ring
from verticals.runtime.roster import Roster, Standing, read_roster

ROOT = str(Path(__file__).parents[2])
QUICK = Patience(first_s=0.01, longest_s=0.04, stop_s=0.1, steady_s=30)
OTHER_SUPERVISOR = """
import asyncio, json, sys
from pathlib import Path
from appliance.supervisor import Supervisor
from core.clock import SystemClock
from tests.appliance.test_supervisor import row
from verticals.places import Places
def tell(roster):
    print(json.dumps(roster.as_json()), flush=True)
table = [row("a", "idle"), row("b", "stubborn"), row("c", "family")]
asyncio.run(Supervisor(table, Places(Path(sys.argv[1])), SystemClock(), changed=tell).run())
"""


def row(name: str, what: str, *, beats_within_s: float | None = None, when: Callable[[], bool] = lambda: True,
        nice: int = 0, starts_within_s: float = 30.0) -> Process:  # fmt: skip
    environment = {"PYTHONPATH": ROOT, "COLOUR": "green"}
    return Process(name, "tests.support.child", (what,), when, nice, environment, beats_within_s, starts_within_s)


class Watched:
    """A supervisor at work in this process, and each roster it tells."""

    def __init__(self, folder: Path, *table: Process, patience: Patience = QUICK) -> None:
        self.places = Places(folder)
        self.told: asyncio.Queue[Roster] = asyncio.Queue()
        self.supervisor = Supervisor(table, self.places, SystemClock(), patience=patience, changed=self.told.put_nowait)

    async def until(self, met: Callable[[Standing], bool], name: str = "a") -> Standing:
        async with asyncio.timeout(20):
            while True:
                standing = (await self.told.get()).processes.get(name)
                if standing is not None and met(standing):
                    return standing


@asynccontextmanager
async def watching(folder: Path, *table: Process, patience: Patience = QUICK) -> AsyncIterator[Watched]:
    watched = Watched(folder, *table, patience=patience)
    running = asyncio.create_task(watched.supervisor.run())
    try:
        yield watched
    finally:
        watched.supervisor.stop()
        await running


def runs(standing: Standing) -> bool:
    return standing.state == "running"


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


async def gone(*pids: int) -> bool:
    async with asyncio.timeout(10):
        while any(alive(pid) for pid in pids):  # noqa: ASYNC110  # the kernel tells only a parent
            await asyncio.sleep(0.005)
    return True


def members(group: int) -> list[int]:
    """The processes of a process group."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[2]) == group and fields[0] != "Z":
            found.append(int(stat.parent.name))
    return found


async def test_a_killed_process_is_back(tmp_path: Path) -> None:
    async with watching(tmp_path, row("a", "idle"), row("b", "idle")) as watched:
        first = await watched.until(runs)
        other = await watched.until(runs, "b")
        os.kill(first.pid, signal.SIGKILL)
        waits = await watched.until(lambda standing: standing.state == "waiting")
        assert waits.last_end == "signal SIGKILL"
        again = await watched.until(runs)
        assert again.pid != first.pid
        assert again.restarts == 1
        assert watched.supervisor.roster().processes["b"].pid == other.pid


async def test_a_process_that_crashes_on_and_on_is_tried_ever_later_and_told_restless(tmp_path: Path) -> None:
    async with watching(tmp_path, row("a", "crash")) as watched:
        waits = []
        for count in range(1, 6):
            standing = await watched.until(lambda told, count=count: told.restarts == count)  # type: ignore[misc]
            waits.append(round(standing.next_start_utc_s - standing.since_utc_s, 2))
            assert standing.last_end == "exit code 3"
            assert standing.restless == (count == 5)
        assert waits == [0.01, 0.02, 0.04, 0.04, 0.04]
        assert watched.supervisor.roster().restless == ["a"]
        written = read_roster(watched.places.processes_file)
        assert written is not None
        assert written.restless == ["a"]
        assert (await watched.until(lambda told: told.restarts == 6)).restless


async def test_a_process_that_keeps_running_is_restless_no_more(tmp_path: Path) -> None:
    patience = Patience(first_s=0.01, longest_s=0.01, restless_count=2, restless_s=1.5)
    async with watching(tmp_path, row("a", "idle"), patience=patience) as watched:
        for _ in range(2):
            os.kill((await watched.until(runs)).pid, signal.SIGKILL)
        assert (await watched.until(runs)).restless
        assert (await watched.until(lambda standing: not standing.restless)).state == "running"


async def test_a_process_that_beats_runs_and_one_that_hangs_is_killed(tmp_path: Path) -> None:
    beating, hanging = row("a", "beating", beats_within_s=1.0), row("b", "hang", beats_within_s=0.3)
    async with watching(tmp_path, beating, hanging) as watched:
        first = await watched.until(runs)
        hung = await watched.until(lambda standing: standing.state == "waiting", "b")
        assert hung.last_end == "hung"
        await watched.until(runs, "b")
        assert watched.supervisor.roster().processes["a"] == first


async def test_a_process_that_never_gets_to_its_first_beat_is_killed(tmp_path: Path) -> None:
    async with watching(tmp_path, row("a", "nothing", beats_within_s=0.2, starts_within_s=0.05)) as watched:
        assert (await watched.until(lambda standing: standing.state == "waiting")).last_end == "hung"


async def test_what_a_process_leaves_behind_goes_with_it(tmp_path: Path) -> None:
    async with watching(tmp_path, row("a", "family", beats_within_s=30.0)) as watched:
        first = await watched.until(runs)
        pids = members(first.pid)
        assert len(pids) == 2
        os.kill(first.pid, signal.SIGKILL)
        assert await gone(*pids)


async def test_the_world_follows_the_table(tmp_path: Path) -> None:
    wanted = False
    table = [row("a", "idle"), row("b", "idle", when=lambda: wanted)]
    async with watching(tmp_path, *table) as watched:
        first = await watched.until(runs)
        assert "b" not in watched.supervisor.roster().processes
        wanted = True
        ring(watched.places.supervisor_socket, b"look")
        second = await watched.until(runs, "b")
        assert watched.supervisor.roster().processes["a"].pid == first.pid
        wanted = False
        watched.supervisor.look()
        assert await gone(second.pid)
        watched.supervisor.look([row("c", "idle")])
        await watched.until(runs, "c")
        assert await gone(first.pid)


async def test_niceness_and_environment_are_the_rows_and_systemds_is_not_handed_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", "@edgewise-test-nobody")
    async with watching(tmp_path, row("a", "nice", nice=7), row("b", "environment")) as watched:
        ended = await watched.until(lambda standing: bool(standing.last_end))
        assert ended.last_end == f"exit code {os.nice(0) + 7}"
    assert watched.supervisor.roster().processes["b"].last_end in ("exit code 8", "signal SIGTERM")


async def test_strange_datagrams_change_nothing(tmp_path: Path) -> None:
    async with watching(tmp_path, row("a", "idle")) as watched:
        await watched.until(runs)
        for message in (b"", b"beat", b"beat nobody", b"\xff\x00", b"beat a", b"x" * 300):
            assert ring(watched.places.supervisor_socket, message)
        ring(watched.places.supervisor_socket, b"look")
        assert runs(await watched.until(lambda standing: True))


async def test_a_stop_ends_the_willing_with_term_and_the_stubborn_with_kill(tmp_path: Path) -> None:
    async with watching(
        tmp_path, row("a", "beating", beats_within_s=30.0), row("b", "stubborn", beats_within_s=30.0)
    ) as watched:
        pids = [(await watched.until(runs)).pid, watched.supervisor.roster().processes["b"].pid]
        while not runs(watched.supervisor.roster().processes["b"]):
            await watched.told.get()
    assert not any(alive(pid) for pid in pids)
    ends = {name: standing.last_end for name, standing in watched.supervisor.roster().processes.items()}
    assert ends == {"a": "signal SIGTERM", "b": "signal SIGKILL"}


async def test_a_second_stop_does_not_wait(tmp_path: Path) -> None:
    patience = Patience(stop_s=3600)
    async with watching(tmp_path, row("a", "stubborn", beats_within_s=30.0), patience=patience) as watched:
        await watched.until(runs)
        watched.supervisor.stop()
        await watched.until(lambda standing: standing.state == "stopping")
    assert watched.supervisor.roster().processes["a"].last_end == "signal SIGKILL"


async def test_a_fault_of_the_supervisor_itself_ends_it_and_says_so(tmp_path: Path) -> None:
    pids = []

    def stumble(roster: Roster) -> None:
        if "a" in roster.processes and roster.processes["a"].state == "running":
            pids.append(roster.processes["a"].pid)
            raise ZeroDivisionError

    supervisor = Supervisor([row("a", "idle")], Places(tmp_path), SystemClock(), patience=QUICK, changed=stumble)
    with pytest.raises(ZeroDivisionError):
        await supervisor.run()
    assert await gone(*pids)


class Other:
    """A supervisor in a process of its own, with three children."""

    def __init__(self, folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", OTHER_SUPERVISOR, str(folder)], stdout=subprocess.PIPE, text=True, cwd=ROOT
        )
        assert self.process.stdout is not None
        for line in self.process.stdout:
            processes = json.loads(line)["processes"]
            if len(processes) == 3 and all(standing["pid"] for standing in processes.values()):
                break
        self.pids = [standing["pid"] for standing in processes.values()]


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Other]:
    other = Other(tmp_path)
    yield other
    other.process.kill()
    other.process.communicate()


async def test_a_supervisor_that_is_told_to_stop_leaves_no_orphan(other: Other, tmp_path: Path) -> None:
    assert all(alive(pid) for pid in other.pids)
    other.process.terminate()
    other.process.terminate()
    assert other.process.wait(20) == 0
    assert not any(alive(pid) or members(pid) for pid in other.pids)


async def test_the_children_of_a_killed_supervisor_die_with_it(other: Other, tmp_path: Path) -> None:
    assert read_roster(Places(tmp_path).processes_file) is not None
    other.process.kill()
    other.process.wait()
    assert await gone(*other.pids)
    assert read_roster(Places(tmp_path).processes_file) is None


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "20000")
        monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()))
        yield listener


async def heard(systemd: socket.socket, wanted: str) -> list[str]:
    """What systemd was told up to and with the wanted message."""
    messages: list[str] = []
    async with asyncio.timeout(20):
        while not messages or not messages[-1].startswith(wanted):
            messages.append((await asyncio.get_running_loop().sock_recv(systemd, 4096)).decode())
    return messages


async def test_systemd_is_told_ready_only_when_every_process_runs(tmp_path: Path, systemd: socket.socket) -> None:
    table = [row("a", "beating", beats_within_s=30.0), row("b", "idle")]
    async with watching(tmp_path / "data", *table):
        before = await heard(systemd, "READY=1")
        assert "STATUS=0 of 1 processes run" in before or any("of 2 processes run" in line for line in before)
        assert (await heard(systemd, "STATUS"))[-1] == "STATUS=2 of 2 processes run"
        await heard(systemd, "WATCHDOG=1")
    assert "STOPPING=1" in await heard(systemd, "STOPPING=1")


async def test_a_hung_process_that_outlives_its_kill_keeps_the_watchdog_silent(
    tmp_path: Path, systemd: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with watching(tmp_path / "data", row("a", "beating", beats_within_s=30.0)) as watched:
        await watched.until(runs)
        await heard(systemd, "WATCHDOG=1")
        kept = watched.supervisor._kept["a"]
        monkeypatch.setattr(kept, "_overdue_mono_s", 0.0)
        assert not kept.lives()
