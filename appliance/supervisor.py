"""Makes the world like the process table, and keeps it so: starts, restarts, stops; tells how things stand.

One task a row waits for its process' end; a beat moves the moment at which it would count as hung. Nothing
polls. Children are started by exec, never by fork with Python in between, in process groups of their own.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from appliance.kept import Kept
from appliance.notify import sd_notify, watchdog_every_s
from appliance.processes import Process
from appliance.restarts import Patience
from core.clock import Clock
from core.errors import StoreError
from core.logs import OutageLog
from verticals.places import Places
from verticals.runtime.bell import Bell
from verticals.runtime.roster import Roster, write_roster

log = logging.getLogger(__name__)


class Supervisor:
    """Belongs to the main thread's event loop. `changed` gets the roster at each change, beside the file."""

    def __init__(
        self,
        table: Sequence[Process],
        places: Places,
        clock: Clock,
        *,
        patience: Patience | None = None,
        changed: Callable[[Roster], None] = lambda roster: None,
    ) -> None:
        self._table = list(table)
        self._places = places
        self._clock = clock
        self._patience = patience or Patience()
        self._changed = changed
        self._kept: dict[str, Kept] = {}
        self._stop = asyncio.Event()
        self._look = asyncio.Event()
        self._ready = False
        self._fault: BaseException | None = None
        self._roster_file = OutageLog(log, f"{places.processes_file}")

    async def run(self, *, handle_signals: bool = True) -> None:
        """Until `stop`, SIGTERM or SIGINT; every process is gone then. SIGHUP looks at the table again.

        Whoever runs it holds the data directory: `appliance.alone`.
        """
        with self._signals(handle_signals):
            bell = Bell(self._places.supervisor_socket, self._heard)
            bell.hang()
            watchdog = asyncio.create_task(self._watch_dog())
            try:
                while not self._stop.is_set():
                    self._look.clear()
                    await self._reconcile()
                    await self._look.wait()
            finally:
                sd_notify("STOPPING=1")
                watchdog.cancel()
                await asyncio.gather(*(kept.close() for kept in self._kept.values()))
                bell.close()
                self._tell()
        if self._fault is not None:
            raise self._fault

    def stop(self) -> None:
        """Asks every process to end; called again, kills them."""
        if self._stop.is_set():
            for kept in self._kept.values():
                kept.kill()
        self._stop.set()
        self._look.set()

    def look(self, table: Sequence[Process] | None = None) -> None:
        """Compares the world with the table again, or with a new one."""
        self._table = self._table if table is None else list(table)
        self._look.set()

    def roster(self) -> Roster:
        standings = {name: kept.standing() for name, kept in self._kept.items()}
        return Roster(self._clock.now().utc_s, os.getpid(), standings)

    async def _reconcile(self) -> None:
        wanted = {row.name: row for row in self._table if row.when()}
        gone = [name for name, kept in self._kept.items() if wanted.get(name) != kept.row]
        await asyncio.gather(*(self._kept[name].close() for name in gone))
        for name in gone:
            del self._kept[name]
        for name, row in wanted.items():
            if name not in self._kept:
                self._kept[name] = Kept(row, self._places, self._clock, self._patience, self._tell)
                self._kept[name].open().add_done_callback(self._task_over)
        self._tell()

    def _task_over(self, task: asyncio.Task[None]) -> None:
        """A row nobody keeps any more must not go unseen: the supervisor ends with the fault."""
        if not task.cancelled() and task.exception() is not None:
            self._fault = self._fault or task.exception()
            self.stop()

    def _heard(self, message: bytes) -> None:
        word, _, name = message.decode("utf-8", "replace").partition(" ")
        if word == "beat" and name in self._kept:
            self._kept[name].beat()
        elif word == "look":
            self.look()

    def _tell(self) -> None:
        roster = self.roster()
        try:
            write_roster(self._places.processes_file, roster)
            self._roster_file.back()
        except StoreError as error:
            self._roster_file.gone(error)
        self._changed(roster)
        states = [standing.state for standing in roster.processes.values()]
        if not self._ready and states and all(state == "running" for state in states):
            self._ready = sd_notify("READY=1") or True
        told = f"{states.count('running')} of {len(states)} processes run"
        sd_notify(f"STATUS={told}" + (f"; restless: {', '.join(roster.restless)}" if roster.restless else ""))

    async def _watch_dog(self) -> None:
        every_s = watchdog_every_s()
        while every_s is not None:
            if all(kept.lives() for kept in self._kept.values()):
                sd_notify("WATCHDOG=1")
            await asyncio.sleep(every_s)

    @contextmanager
    def _signals(self, handled: bool) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        what = {signal.SIGTERM: self.stop, signal.SIGINT: self.stop, signal.SIGHUP: self.look} if handled else {}
        for number, act in what.items():
            loop.add_signal_handler(number, act)
        try:
            yield
        finally:
            for number in what:
                with contextlib.suppress(ValueError):
                    loop.remove_signal_handler(number)
