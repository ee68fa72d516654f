"""A whole demo box as real processes in a folder of its own: started, watched, hurt, read and ended by a test."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self, TypeVar

import psutil

from manufacturing.results import ResultCode
from simulators.partlog import Row
from tests.support.watchers import ScreenWatch
from verticals.contract import Event
from verticals.places import Places
from verticals.runtime.roster import Standing, read_roster
from verticals.store import schemas
from verticals.store.database import open_database
from verticals.store.events import EventStore
from verticals.store.server import Server

T = TypeVar("T")

APP = "manufacturing"
LINE, WEB, CAMERA = f"{APP}:line", f"{APP}:web", f"{APP}:camera:line-3-camera"
PLANT = "demo:plant"
STATION = "line-3"

_PAGE = 500
_VERSIONS = {"app": "alembic_version_app"}


def until(true: Callable[[], T | None], within_s: float, what: str, every_s: float = 0.01) -> T:
    """What `true` gave as soon as it was not nothing; for what other processes are about to do."""
    waiting = threading.Event()
    end_s = time.monotonic() + within_s
    while True:
        found = true()
        if found:
            return found
        assert time.monotonic() < end_s, f"not within {within_s:g} s: {what}"
        waiting.wait(every_s)


class Cell:
    """`with Cell(folder) as cell`: `edgewise demo` on free ports. `parts` 0 goes on until it is left.

    `server`: where its stores lie when they are not files.
    """

    app = APP
    #: What the demo is asked for: its own app, or nothing for all of them.
    apps: Sequence[str] = (APP,)

    def __init__(
        self,
        folder: Path,
        *,
        parts: int = 0,
        rate_per_s: float = 2.0,
        pictures: Path | None = None,
        faults: Sequence[str] = (),
        server: Server | None = None,
    ) -> None:
        self.places = Places(folder / "data", server)
        self.log = folder / "box.log"
        self.part_log = self.places.data / "demo" / "parts.jsonl"
        self.started_mono_s = 0.0
        screen_port, opcua_port = free_ports(2)
        self.url = f"http://127.0.0.1:{screen_port}"
        self.opcua_url = f"opc.tcp://127.0.0.1:{opcua_port}/"
        self._words = [
            "--data", str(self.places.data), "--port", str(screen_port), "--opcua-port", str(opcua_port),
            "--parts", str(parts), "--rate", f"{rate_per_s:g}",
        ]  # fmt: skip
        if pictures is not None:
            self._words += ["--pictures", str(pictures)]
        if server is not None:
            self._words += ["--store-url", server.url]
        for fault in faults:
            self._words += ["--fault", fault]
        self._process: subprocess.Popen[bytes] | None = None
        self._store: EventStore | None = None
        self._events: list[Event] = []
        self._rows: list[Row] = []
        self._read_bytes = 0

    # Its life

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: object, *exc: object) -> None:
        code = self.stop()
        if kind is not None:
            sys.stderr.write(f"the end of what the box said:\n{self.said()}\n")
        else:
            assert code == 0, f"the box ended with {code}:\n{self.said()}"

    def start(self) -> None:
        """Returns at once; what was recorded before stays."""
        with self.log.open("ab") as log:
            self.started_mono_s = time.monotonic()
            self._process = subprocess.Popen(
                [sys.executable, "-m", "appliance.cli", "demo", *self.apps, *self._words],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.log.parent,
            )  # fmt: skip

    def stop(self) -> int:
        """The exit code; whatever does not end by itself is killed, and then the code is none of the good ones."""
        process, self._process = self._process, None
        if self._store is not None:
            self._store.engine.dispose()
            self._store = None
        if process is None:
            return 0
        process.terminate()
        try:
            return process.wait(20)
        except subprocess.TimeoutExpired:
            for child in psutil.Process(process.pid).children(recursive=True):
                child.kill()
            process.kill()
            return process.wait(5)

    def said(self, lines: int = 60) -> str:
        """The end of what its processes said."""
        return "\n".join(self.log.read_text("utf-8", errors="replace").splitlines()[-lines:])

    # Its processes

    @property
    def supervisor(self) -> int:
        assert self._process is not None
        return self._process.pid

    def runs(self) -> bool:
        """Whether the box still runs; a wait ends at once when it does not."""
        assert self._process is not None and self._process.poll() is None, f"the box has ended:\n{self.said(20)}"
        return True

    def standings(self) -> dict[str, Standing]:
        """Every process as the supervisor tells it; empty before it told anything."""
        roster = read_roster(self.places.processes_file)
        return dict(roster.processes) if roster else {}

    def pid(self, name: str) -> int:
        """0 while it does not run."""
        standing = self.standings().get(name)
        return standing.pid if standing is not None and standing.state == "running" else 0

    def all_running(self) -> bool:
        standings = self.standings().values()
        return bool(standings) and all(standing.state == "running" for standing in standings)

    def kill(self, name: str) -> float:
        """SIGKILL; the monotonic second of it."""
        pid = until(lambda: self.pid(name), 30, f"{name} runs")
        os.kill(pid, signal.SIGKILL)
        return time.monotonic()

    def wait_for_trigger(self, within_s: float = 10.0) -> float:
        """Until the PLC has just put a part under the camera; the monotonic second of it."""
        end_s = time.monotonic() + within_s
        size = self.part_log.stat().st_size
        waiting = threading.Event()
        while time.monotonic() < end_s:
            waiting.wait(0.0005)
            if self.part_log.stat().st_size > size:
                row = self.rows()[-1]
                if row.get("kind") == "seen":
                    return float(row["mono_s"])
                size = self.part_log.stat().st_size
        raise AssertionError(f"no part came within {within_s:g} s")

    # What it wrote

    def rows(self) -> list[Row]:
        """The PLC's log so far; only what is new is read, so that asking often does not disturb the box."""
        if self.part_log.exists():
            with self.part_log.open("rb") as log:
                log.seek(self._read_bytes)
                whole, mark, _ = log.read().rpartition(b"\n")
            self._read_bytes += len(whole) + len(mark)
            self._rows += [json.loads(line) for line in whole.splitlines() if line]
        return list(self._rows)

    def parts(self) -> list[Row]:
        return [row for row in self.rows() if row.get("kind") == "part"]

    def events(self, kind: str = "") -> list[Event]:
        """The box's record so far, as another process reads it."""
        if self._store is None:
            if not self._has_record():
                return []
            self._store = EventStore(open_database(self.places.app_store(self.app), read_only=True))
        last = self._events[-1].sequence if self._events else 0
        while page := self._store.read(after=last, limit=_PAGE):
            self._events += page
            last = page[-1].sequence
        return [event for event in self._events if kind in ("", event.kind)]

    def _has_record(self) -> bool:
        store = self.places.app_store(self.app)
        return store.exists() if isinstance(store, Path) else schemas.revisions(store, _VERSIONS)["app"] is not None

    def judged(self) -> int:
        """How many parts the box has recorded."""
        return len(self.events("part"))

    def judged_after(self, mono_s: float) -> float | None:
        """When the PLC had the first result of a model for a part that came after `mono_s`; None before."""
        for row in self.parts():
            judged = row["result_s"] is not None and row["code"] < ResultCode.LATE
            if judged and row["trigger_mono_s"] > mono_s:
                return float(row["trigger_mono_s"] + row["result_s"])
        return None

    def wait_for_parts(self, count: int, within_s: float) -> None:
        """Until the box has recorded that many parts."""
        until(lambda: self.runs() and self.judged() >= count, within_s, f"{count} parts are recorded", 0.1)

    def wait_for_gate(self, count: int, within_s: float) -> None:
        """Until that many parts have left the gate, judged or not."""
        until(lambda: self.runs() and len(self.parts()) >= count, within_s, f"{count} parts are through", 0.1)

    def faults_of_the_store(self) -> list[str]:
        """What SQLite finds wrong with its files, read without anybody's help; empty: nothing."""
        found: list[str] = []
        for path in () if self.places.server else (self.places.events_db(self.app), self.places.box_db):
            connection = sqlite3.connect(path)
            try:
                found += [row[0] for row in connection.execute("PRAGMA integrity_check") if row[0] != "ok"]
                found += [f"{path.name}: {row}" for row in connection.execute("PRAGMA foreign_key_check")]
            finally:
                connection.close()
        sequences = [event.sequence for event in self.events()]
        if sequences != list(range(1, len(sequences) + 1)):
            found.append("the numbers of the events leave a gap")
        return found

    def watch(self) -> ScreenWatch:
        """A screen of it, as a context."""
        return ScreenWatch(self.url)


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on."""
    taken = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(each.getsockname()[1]) for each in taken]
    for each in taken:
        each.close()
    return ports
