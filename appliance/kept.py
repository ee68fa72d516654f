"""One row of the process table in the world: its process, and what becomes of it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import Callable

from appliance.launch import FIRST, PLAIN, PROMPT
from appliance.notify import PROCESS_VARIABLE, SUPERVISOR_VARIABLE, SYSTEMD_VARIABLES
from appliance.processes import Process
from appliance.restarts import Patience, Restarts
from core.clock import Clock
from core.settings import environment_for_child
from verticals.places import Places
from verticals.runtime.parent import ASKS_RESTART
from verticals.runtime.promptness import may_go_first
from verticals.runtime.roster import Standing

log = logging.getLogger(__name__)


class Kept:
    """Belongs to the supervisor's event loop: opened once, it runs until closed; `changed` is called at each change."""

    def __init__(
        self, row: Process, places: Places, clock: Clock, patience: Patience, changed: Callable[[], None]
    ) -> None:
        self.row = row
        self._places = places
        self._clock = clock
        self._patience = patience
        self._changed = changed
        self._restarts = Restarts(patience, clock)
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()
        self._beaten = asyncio.Event()
        self._overdue_mono_s = 0.0
        self._last_end = ""
        self._state = "off"
        self._since_utc_s = clock.now().utc_s
        self._next_start_utc_s = 0.0

    def open(self) -> asyncio.Task[None]:
        """The task that keeps it; only a fault in the supervisor itself ends it before `close`."""
        self._task = asyncio.create_task(self._keep(), name=self.row.name)
        return self._task

    async def close(self) -> None:
        """TERM, then KILL to its whole group; returns when it is gone."""
        self._closing.set()
        if self._task is not None:
            await asyncio.wait({self._task})

    def kill(self) -> None:
        """The process and whatever it started in its group."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def beat(self) -> None:
        """Its work loop moved."""
        if self._process is None or self.row.beats_within_s is None:
            return
        self._overdue_mono_s = self._clock.now().mono_s + self.row.beats_within_s
        self._beaten.set()
        if self._state == "starting":
            self._enter("running")

    def lives(self) -> bool:
        """False while it is hung and being killed did not end it; between two starts it is being seen to."""
        watched = self._process is not None and self.row.beats_within_s is not None
        return not watched or self._clock.now().mono_s <= self._overdue_mono_s + 1.0

    def standing(self) -> Standing:
        return Standing(
            name=self.row.name,
            state=self._state,
            since_utc_s=self._since_utc_s,
            pid=self._process.pid if self._process else 0,
            restarts=self._restarts.count,
            restless=self._restarts.restless,
            last_end=self._last_end,
            next_start_utc_s=self._next_start_utc_s,
        )

    async def _keep(self) -> None:
        while not self._closing.is_set():
            started_s = self._clock.now().mono_s
            self._last_end = await self._run_once()
            if self._closing.is_set():
                break
            wait_s = self._restarts.ended(self._clock.now().mono_s - started_s)
            log.warning("%s ended (%s); it is started again in %.1f s", self.row.name, self._last_end, wait_s)
            self._next_start_utc_s = self._clock.now().utc_s + wait_s
            self._enter("waiting")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), wait_s)
        self._enter("off")

    async def _run_once(self) -> str:
        """How it ended, in words."""
        self._next_start_utc_s = 0.0
        self._overdue_mono_s = self._clock.now().mono_s + self.row.starts_within_s
        self._beaten = asyncio.Event()
        try:
            self._process = await self._start()
        except OSError as error:
            return f"could not be started: {error}"
        settle = asyncio.get_running_loop().call_later(self._patience.restless_s, self._settled)
        try:
            self._enter("running" if self.row.beats_within_s is None else "starting")
            return await self._watch(self._process)
        finally:
            settle.cancel()
            self.kill()  # what it left behind in its group
            self._process = None

    async def _watch(self, process: asyncio.subprocess.Process) -> str:
        exited = asyncio.create_task(process.wait())
        hung = asyncio.create_task(self._until_hung())
        closing = asyncio.create_task(self._closing.wait())
        try:
            await asyncio.wait({exited, hung, closing}, return_when=asyncio.FIRST_COMPLETED)
            is_hung = hung.done() and not exited.done()
            if is_hung:
                log.error("%s says nothing for too long and is killed", self.row.name)
                self.kill()
            elif closing.done():
                await self._end(process, exited)
            exit_code = await exited
        finally:
            hung.cancel()
            closing.cancel()
        return "hung" if is_hung else _in_words(exit_code)

    async def _start(self) -> asyncio.subprocess.Process:
        additions = {
            **self.row.environment,
            SUPERVISOR_VARIABLE: str(self._places.supervisor_socket),
            PROCESS_VARIABLE: self.row.name,
        }
        # A session of its own only for who can go first: among groups, a short slice counts for nothing.
        apart = self.row.first and may_go_first()
        # -P: a folder named like one of our packages, where somebody happens to stand, must not be imported.
        return await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", "appliance.launch", str(os.getpid()), str(self.row.nice),
            FIRST if self.row.first else PROMPT if self.row.prompt else PLAIN, self.row.module, *self.row.args,
            stdin=asyncio.subprocess.DEVNULL, start_new_session=apart, process_group=None if apart else 0,
            env=environment_for_child(additions, without=SYSTEMD_VARIABLES),
        )  # fmt: skip

    async def _until_hung(self) -> None:
        if self.row.beats_within_s is None:
            await asyncio.Event().wait()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._beaten.wait(), self.row.starts_within_s)
        while (left_s := self._overdue_mono_s - self._clock.now().mono_s) > 0:  # noqa: ASYNC110  # each beat moves it
            await asyncio.sleep(left_s)

    async def _end(self, process: asyncio.subprocess.Process, exited: asyncio.Task[int]) -> None:
        self._enter("stopping")
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGTERM)  # `terminate` looks first whether it ended, and takes its exit code
        done, _ = await asyncio.wait({exited}, timeout=self._patience.stop_s)
        if not done:
            log.error("%s does not stop within %.0f s and is killed", self.row.name, self._patience.stop_s)
            self.kill()

    def _settled(self) -> None:
        if self._restarts.restless:
            log.warning("%s has run for %.0f s and counts as steady again", self.row.name, self._patience.restless_s)
        self._restarts.settled()
        self._changed()

    def _enter(self, state: str) -> None:
        self._state = state
        self._since_utc_s = self._clock.now().utc_s
        self._changed()


def _in_words(exit_code: int) -> str:
    if exit_code == ASKS_RESTART:
        return "it asked to be started again"
    if exit_code >= 0:
        return f"exit code {exit_code}"
    return f"signal {signal.Signals(-exit_code).name}"
