from __future__ import annotations

import asyncio
import errno
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

from core.errors import DiskFullError, StoreError
from tests.support.clocks import FakeClock
from tests.support.factories import make_app_db, make_entry, make_event, make_evidence_store
from verticals.contract import Event, Evidence
from verticals.store.events import Entry, EventStore, Project
from verticals.store.evidence import EvidenceStore, Filed, Promised
from verticals.store.recorder import Recorder
from verticals.store.series import Point, SeriesStore

PICTURE = np.full((8, 8, 3), 128, np.uint8)


class Bench:
    """A recorder with its stores over real files."""

    def __init__(
        self,
        folder: Path,
        project: Project | None = None,
        budget_bytes: float = 1e9,
        min_free_bytes: float = 0,
        **limits: int,
    ) -> None:
        self.engine = make_app_db(folder)
        self.events = EventStore(self.engine, project)
        self.evidence: EvidenceStore = make_evidence_store(
            folder, self.engine, budget_bytes=budget_bytes, min_free_bytes=min_free_bytes
        )
        self.told: list[int] = []
        self.recorder = Recorder(self.events, self.evidence, FakeClock(), told=self.told.append, **limits)

    async def record_and_keep(self, entry: Entry, pieces: Mapping[str, Evidence]) -> list[Event]:
        """Returns when the pictures are on the disk too, or raises why they are not."""
        kept: asyncio.Future[StoreError | None] = asyncio.get_running_loop().create_future()
        events = await self.recorder.record(entry, pieces, kept.set_result)
        error = await asyncio.wait_for(kept, 5)
        if error is not None:
            raise error
        return events


@contextmanager
def running(folder: Path, project: Project | None = None, **options: Any) -> Iterator[Bench]:
    bench = Bench(folder, project, **options)
    with ExitStack() as at_end:
        at_end.callback(bench.engine.dispose)
        at_end.callback(bench.recorder.stop)
        bench.recorder.start()
        yield bench


@contextmanager
def slow_filing(bench: Bench) -> Iterator[threading.Event]:
    """Files of evidence are written only once the event is set."""
    may_file = threading.Event()
    file = bench.evidence.file

    def wait_and_file(promised: Promised) -> Filed:
        assert may_file.wait(5)
        return file(promised)

    bench.evidence.file = wait_and_file  # type: ignore[method-assign]
    try:
        yield may_file
    finally:
        may_file.set()


class Gate:
    """A projection that waits in the middle of a commit until it is opened."""

    def __init__(self) -> None:
        self.reached, self.opened = threading.Event(), threading.Event()

    def __call__(self, event: Event, connection: Connection) -> None:
        self.reached.set()
        assert self.opened.wait(5)


async def test_an_entry_comes_back_numbered_once_it_is_on_the_disk(tmp_path: Path) -> None:
    with running(tmp_path) as bench:
        events = await bench.recorder.record(make_entry("a", "b"))
        assert [event.sequence for event in events] == [1, 2]
        assert bench.events.read() == events
    assert bench.told == [2]


async def test_entries_are_recorded_in_the_order_they_came(tmp_path: Path) -> None:
    with running(tmp_path) as bench:
        big = Evidence(np.zeros((600, 600, 3), np.uint8))
        waits = [
            bench.recorder.record(make_entry(f"part-{n}"), {"image": big} if n % 3 == 0 else None) for n in range(30)
        ]
        await asyncio.gather(*waits)
        assert [event.subject for event in bench.events.read()] == [f"part-{n}" for n in range(30)]


async def test_entries_that_came_meanwhile_share_one_commit(tmp_path: Path) -> None:
    gate = Gate()
    with running(tmp_path, gate) as bench:
        first = asyncio.ensure_future(bench.recorder.record(make_entry("first")))
        await asyncio.to_thread(gate.reached.wait, 5)
        rest = [bench.recorder.submit(make_entry(str(n))) for n in range(50)]
        assert bench.recorder.depth == 51
        gate.opened.set()
        await asyncio.gather(first, *(asyncio.wrap_future(item) for item in rest))
    assert bench.told == [1, 51]
    assert bench.recorder.depth == 0


async def test_evidence_is_named_in_every_event_of_its_entry(tmp_path: Path) -> None:
    with running(tmp_path) as bench:
        entry = Entry([make_event("a", evidence={"recipe": "abc"}), make_event("b")])
        pieces = {"image": Evidence(PICTURE), "heat": Evidence(PICTURE[:, :, 0], hold=True)}
        first, second = await bench.record_and_keep(entry, pieces)
        assert bench.events.read()[0].data == first.data
        assert first.data["evidence"] == {"recipe": "abc", **second.data["evidence"]}
        for name, media_type in (("image", "image/jpeg"), ("heat", "image/png")):
            stored = bench.evidence.get(second.data["evidence"][name])
            assert stored is not None
            assert stored[1] == media_type


async def test_an_entry_is_recorded_before_its_picture_is_written(tmp_path: Path) -> None:
    with running(tmp_path) as bench, slow_filing(bench) as may_file:
        kept: list[StoreError | None] = []
        [event] = await bench.recorder.record(make_entry("a"), {"image": Evidence(PICTURE)}, kept.append)
        name = event.data["evidence"]["image"]
        await bench.recorder.record(make_entry("b"))
        assert [event.subject for event in bench.events.read()] == ["a", "b"]
        assert (bench.evidence.get(name), kept, bench.recorder.unfiled) == (None, [], 1)
        may_file.set()
        await asyncio.to_thread(bench.recorder.stop)
        await asyncio.sleep(0)
        assert kept == [None]
        assert bench.evidence.get(name) is not None


async def test_stopping_waits_for_every_picture(tmp_path: Path) -> None:
    with running(tmp_path) as bench:
        waits = [bench.recorder.submit(make_entry(str(n)), {"image": Evidence(PICTURE + n)}) for n in range(20)]
        await asyncio.to_thread(bench.recorder.stop)
        names = [wait.result()[0].data["evidence"]["image"] for wait in waits]
        assert len(set(names)) == 20
        assert all(bench.evidence.get(name) for name in names)
        assert bench.recorder.unfiled == 0


async def test_a_picture_that_fails_after_the_commit_is_told_and_reads_as_none(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with running(tmp_path) as bench:
        monkeypatch.setattr("verticals.store.evidence._write_synced", no_room)
        kept: asyncio.Future[StoreError | None] = asyncio.get_running_loop().create_future()
        [event] = await bench.recorder.record(make_entry("a"), {"image": Evidence(PICTURE)}, kept.set_result)
        assert isinstance(await asyncio.wait_for(kept, 5), DiskFullError)
        assert bench.evidence.get(event.data["evidence"]["image"]) is None
        assert (bench.recorder.unfiled, bench.recorder.failing) == (0, False)
        monkeypatch.undo()
        await bench.record_and_keep(make_entry("b"), {"image": Evidence(PICTURE)})
        assert [event.subject for event in bench.events.read()] == ["a", "b"]
    assert "the evidence folder is gone" in caplog.text
    assert "the evidence folder is back" in caplog.text


async def test_a_picture_that_cannot_be_encoded_fails_its_entry_alone(tmp_path: Path) -> None:
    with running(tmp_path) as bench:
        empty = Evidence(np.zeros((0, 3, 3), np.uint8))
        bad, good = bench.recorder.submit(make_entry("a"), {"image": empty}), bench.recorder.submit(make_entry("b"))
        with pytest.raises(StoreError, match="cannot be kept"):
            await asyncio.wrap_future(bad)
        await asyncio.wrap_future(good)
        assert ([event.subject for event in bench.events.read()], bench.recorder.unfiled) == (["b"], 0)


async def test_an_error_that_nobody_foresaw_neither_ends_the_writer_nor_hides_the_picture(tmp_path: Path) -> None:
    with running(tmp_path) as bench:
        bench.recorder._told = lambda sequence: 1 / 0  # type: ignore[assignment]
        kept: asyncio.Future[StoreError | None] = asyncio.get_running_loop().create_future()
        await bench.recorder.record(make_entry("a"), {"image": Evidence(PICTURE)}, kept.set_result)
        assert isinstance(await asyncio.wait_for(kept, 5), StoreError)
        bench.recorder._told = bench.told.append
        await bench.record_and_keep(make_entry("b"), {"image": Evidence(PICTURE)})
        assert bench.recorder.unfiled == 0


async def test_only_the_entry_with_the_failing_projection_fails(tmp_path: Path) -> None:
    gate = Gate()

    def project(event: Event, connection: Connection) -> None:
        gate(event, connection)
        if event.subject == "broken":
            raise KeyError("slot")

    with running(tmp_path, project) as bench:
        first = asyncio.ensure_future(bench.recorder.record(make_entry("first")))
        await asyncio.to_thread(gate.reached.wait, 5)
        rest = [bench.recorder.submit(make_entry(name)) for name in ("a", "broken", "b")]
        gate.opened.set()
        await first
        outcomes = await asyncio.gather(*(asyncio.wrap_future(item) for item in rest), return_exceptions=True)
        assert isinstance(outcomes[1], StoreError)
        assert isinstance(outcomes[1].__cause__, KeyError)
        assert [(event.sequence, event.subject) for event in bench.events.read()] == [(1, "first"), (2, "a"), (3, "b")]


async def test_too_much_waiting_is_refused_at_once(tmp_path: Path) -> None:
    gate = Gate()
    with running(tmp_path, gate, max_waiting=5) as bench:
        taken = [bench.recorder.submit(make_entry("first"))]
        await asyncio.to_thread(gate.reached.wait, 5)
        taken += [bench.recorder.submit(make_entry(str(n))) for n in range(4)]
        with pytest.raises(StoreError, match="5 entries wait"):
            await bench.recorder.record(make_entry("one too many"))
        gate.opened.set()
        await asyncio.gather(*(asyncio.wrap_future(item) for item in taken))


async def test_too_many_pictures_in_memory_are_refused(tmp_path: Path) -> None:
    gate = Gate()
    with running(tmp_path, gate, max_unfiled=2) as bench:
        taken = [bench.recorder.submit(make_entry("first"))]
        await asyncio.to_thread(gate.reached.wait, 5)
        taken += [bench.recorder.submit(make_entry(str(n)), {"image": Evidence(PICTURE)}) for n in range(2)]
        with pytest.raises(StoreError, match="pictures of 2 entries"):
            await bench.recorder.record(make_entry("one too many"), {"image": Evidence(PICTURE)})
        gate.opened.set()
        await asyncio.gather(*(asyncio.wrap_future(item) for item in taken))
        while bench.recorder.unfiled:
            await bench.recorder.record(make_entry("meanwhile"))
        await bench.recorder.record(make_entry("again"), {"image": Evidence(PICTURE)})


async def test_stopping_records_what_waits_and_refuses_what_comes_after(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.recorder.start()
    waits = [bench.recorder.submit(make_entry(str(n))) for n in range(20)]
    bench.recorder.note([Point("speed_mps", 60.0, 0.3)])
    await asyncio.to_thread(bench.recorder.stop)
    assert [item.result()[0].sequence for item in waits] == list(range(1, 21))
    assert SeriesStore(bench.engine).read("speed_mps", 0, 120)[1].tolist() == [0.3]
    for late in (lambda: bench.recorder.submit(make_entry("late")), lambda: bench.recorder.note([])):
        with pytest.raises(StoreError, match="not running"):
            late()
    bench.engine.dispose()


async def test_a_cancelled_asker_does_not_take_the_entry_back(tmp_path: Path) -> None:
    gate = Gate()
    with running(tmp_path, gate) as bench:
        asking = asyncio.ensure_future(bench.recorder.record(make_entry("a")))
        await asyncio.to_thread(gate.reached.wait, 5)
        asking.cancel()
        gate.opened.set()
        await bench.recorder.record(make_entry("b"))
        assert [event.subject for event in bench.events.read()] == ["a", "b"]


@pytest.mark.stores("sqlite")
async def test_a_full_disk_fails_each_entry_and_ends_by_itself(tmp_path: Path) -> None:
    with running(tmp_path) as bench:
        await bench.recorder.record(make_entry("before"))
        limit_pages(bench.engine, 1)
        for _ in range(2):
            with pytest.raises(DiskFullError):
                await bench.recorder.record(Entry([make_event(text="x" * 300_000)]))
        failing = bench.recorder.failing
        limit_pages(bench.engine, 1 << 20)
        await bench.recorder.record(Entry([make_event("after", text="x" * 300_000)]))
        assert (failing, bench.recorder.failing) == (True, False)
        assert [(event.sequence, event.subject) for event in bench.events.read()] == [(1, "before"), (2, "after")]


async def test_evidence_without_room_fails_its_entry_whole(tmp_path: Path) -> None:
    with running(tmp_path, min_free_bytes=1e18) as bench:
        with pytest.raises(DiskFullError, match="reserve for events"):
            await bench.recorder.record(make_entry("a"), {"image": Evidence(PICTURE)})
        await bench.recorder.record(make_entry("b"))
        assert [event.subject for event in bench.events.read()] == ["b"]


async def test_the_oldest_evidence_goes_when_the_budget_is_used_up(tmp_path: Path) -> None:
    with running(tmp_path, budget_bytes=10_000) as bench:
        names = []
        for n in range(20):
            piece = Evidence(bytes([n]) * 1000)
            [event] = await bench.record_and_keep(make_entry(str(n)), {"image": piece})
            names.append(event.data["evidence"]["image"])
        await asyncio.to_thread(bench.recorder.stop)
        assert bench.evidence.used_bytes() <= 10_000
        assert bench.evidence.get(names[0]) is None
        assert bench.evidence.get(names[-1]) is not None


def limit_pages(engine: sa.Engine, pages: int) -> None:
    """SQLite answers as it does for a full disk beyond so many pages, from the next use of any connection on.

    Not of those in the pool now: the recorder may have one in its hand.
    """

    @sa.event.listens_for(engine, "checkout")
    def limit(connection: sqlite3.Connection, *_: object) -> None:
        connection.execute(f"PRAGMA max_page_count={pages}").close()


FULL_DISK = """
import asyncio, resource, sys
from pathlib import Path
from core.clock import SystemClock
from core.errors import DiskFullError
from tests.support.factories import make_app_db, make_entry, make_event, make_evidence_store
from verticals.contract import Evidence
from verticals.store.events import Entry, EventStore
from verticals.store.recorder import Recorder

async def main() -> None:
    folder = Path(sys.argv[1])
    engine = make_app_db(folder)
    events = EventStore(engine)
    recorder = Recorder(events, make_evidence_store(folder, engine), SystemClock())
    recorder.start()
    kept, failed = 0, 0
    resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, resource.RLIM_INFINITY))
    lost = asyncio.get_running_loop().create_future()
    kept += len(await recorder.record(make_entry("picture"), {"image": Evidence(bytes(700_000))}, lost.set_result))
    assert isinstance(await lost, DiskFullError)
    failed += 1
    while failed < 4:
        try:
            kept += len(await recorder.record(Entry([make_event(text="x" * 20_000)])))
        except DiskFullError:
            failed += 1
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    for _ in range(40):
        kept += len(await recorder.record(Entry([make_event(text="x" * 20_000)])))
    recorder.stop()
    numbers = [event.sequence for event in events.read()]
    assert numbers == list(range(1, kept + 1)), numbers
    print(kept)

asyncio.run(main())
"""


@pytest.mark.stores("sqlite")
def test_a_file_that_may_not_grow_is_a_full_disk_and_nothing_is_lost(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", FULL_DISK, str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 40
