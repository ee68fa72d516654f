from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from pathlib import Path

import psycopg
import pytest

from core.clock import SystemClock
from core.errors import StoreError
from tests.support.databases import Cluster, open_in, places_in
from tests.support.factories import make_app_db, make_entries, make_entry, make_event_store
from verticals.store import postgres
from verticals.store.database import open_database, reading, writing
from verticals.store.events import EventStore
from verticals.store.recorder import Recorder
from verticals.store.server import Server

pytestmark = pytest.mark.stores("postgresql")


def line_store(folder: Path) -> EventStore:
    """As the line opens it: one connection alone records."""
    return EventStore(make_app_db(folder), recording=open_in(folder, sole="line"))


def subjects(store: EventStore) -> list[str]:
    events = store.read(limit=100_000)
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))
    return [event.subject for event in events]


def test_a_server_that_was_away_is_used_again_by_itself(tmp_path: Path, cluster: Cluster) -> None:
    store = line_store(tmp_path)
    store.append(make_entries(1))
    cluster.stop()
    try:
        for _ in range(2):
            with pytest.raises(StoreError, match="is the server running"):
                store.append(make_entries(1))
            with pytest.raises(StoreError, match="is the server running"):
                store.read()
    finally:
        cluster.start()
    assert len(store.read()) == 1
    store.append([make_entry("after")])
    assert subjects(store) == ["part-1", "after"]


def test_a_killed_backend_loses_nothing_that_was_acknowledged(tmp_path: Path, cluster: Cluster) -> None:
    store = line_store(tmp_path)
    database = cluster.database_of(places_in(tmp_path))
    recorder = Recorder(store, None, SystemClock())
    recorder.start()
    acknowledged: list[str] = []

    async def record(name: str) -> None:
        try:
            await recorder.record(make_entry(name))
        except StoreError:
            return
        acknowledged.append(name)

    async def main() -> None:
        for number in range(300):
            if number in (100, 200):
                assert await asyncio.to_thread(cluster.kill_backend, database, "edgewise plant line")
            await asyncio.gather(*(record(f"{number}-{way}") for way in range(4)))
        await asyncio.to_thread(cluster.wait)
        await record("last")

    asyncio.run(main())
    recorder.stop()
    recorded = subjects(store)
    assert len(set(recorded)) == len(recorded)
    assert set(acknowledged) <= set(recorded)
    assert acknowledged[-1] == "last"


@pytest.mark.parametrize("committed", [True, False])
def test_a_commit_whose_answer_was_lost_is_looked_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, committed: bool
) -> None:
    store = line_store(tmp_path)
    store.append([make_entry("before")])

    def lose(connection: psycopg.Connection[object]) -> None:
        monkeypatch.undo()
        if committed:
            connection.commit()
        connection.close()
        raise psycopg.OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(psycopg.Connection, "commit", lose)
    if committed:
        assert [event.sequence for event in store.append([make_entry("a")])[0]] == [2]
    else:
        with pytest.raises(StoreError, match="closed the connection"):
            store.append([make_entry("a")])
        store.append([make_entry("a")])
    assert subjects(store) == ["before", "a"]


def test_a_commit_that_stays_in_doubt_is_no_success(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cluster: Cluster
) -> None:
    monkeypatch.setattr(postgres, "_DOUBT_S", 0.2)
    store = line_store(tmp_path)
    store.append([make_entry("before")])
    asked: list[bool] = []

    def waits() -> bool:
        asked.append(True)
        return len(asked) < 3

    store.waits = waits

    def lose(connection: psycopg.Connection[object]) -> None:
        connection.close()
        cluster.stop()
        raise psycopg.OperationalError("server closed the connection unexpectedly")

    with monkeypatch.context() as patch:
        patch.setattr(psycopg.Connection, "commit", lose)
        try:
            with pytest.raises(StoreError, match="whether it was done is not known"):
                store.append([make_entry("a")])
        finally:
            cluster.start()
    assert len(asked) == 3


def test_a_second_line_is_told_who_records_already(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "LOCK_TIMEOUT_MS", 50)
    first = line_store(tmp_path)
    first.claim()
    second = EventStore(first.engine, recording=open_in(tmp_path, sole="line"))
    with pytest.raises(StoreError, match=r"'edgewise plant line .*' from the server itself is the line that records"):
        second.claim()
    assert second.read() == []
    first.append(make_entries(1))
    first._recording.dispose()
    second.append(make_entries(1))
    assert len(first.read()) == 2


def test_a_reader_misses_no_number_while_many_write(tmp_path: Path) -> None:
    store = make_event_store(tmp_path)
    threads = [
        threading.Thread(target=lambda way=way: [store.append([make_entry(f"{way}-{n}")]) for n in range(40)])
        for way in range(4)
    ]
    for thread in threads:
        thread.start()
    seen: list[int] = []
    while any(thread.is_alive() for thread in threads) or store.last_sequence() > len(seen):
        seen += [event.sequence for event in store.read(after=seen[-1] if seen else 0)]
    assert seen == list(range(1, 161))


def test_who_holds_the_store_for_long_fails_nobody_half_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "LOCK_TIMEOUT_MS", 50)
    store = make_event_store(tmp_path)
    with writing(open_in(tmp_path)):
        with pytest.raises(StoreError, match="Another program holds"):
            store.append(make_entries(1))
        assert store.read() == []
    store.append(make_entries(1))


def test_a_name_that_is_long_or_holds_a_nul_is_recorded(tmp_path: Path) -> None:
    store = make_event_store(tmp_path)
    store.append([make_entry("x" * 500), make_entry("a\0b")])
    assert subjects(store) == ["x" * 500, "a\ufffdb"]
    assert [event.sequence for event in store.read(subject="a\0b")] == [2]


def test_a_commit_is_on_the_servers_disk(tmp_path: Path) -> None:
    with reading(make_app_db(tmp_path)) as connection:
        asked = {name: connection.exec_driver_sql(f"SHOW {name}").scalar() for name in ("synchronous_commit",)}
        assert connection.exec_driver_sql("SHOW transaction_isolation").scalar() == "repeatable read"
    assert asked == {"synchronous_commit": "on"}


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (("/test", "/nowhere"), r"does not exist.*createdb"),
        (("?host=", "?host=/nowhere"), r"^the database does not answer \(.*is the server running"),
        (("tests@", "nobody@"), r'role "nobody" does not exist'),
    ],
)
def test_a_server_that_does_not_let_in_says_why(tmp_path: Path, change: tuple[str, str], why: str) -> None:
    server = places_in(tmp_path).server
    assert server is not None
    engine = open_database(Server(server.url.replace(*change)).schema("plant"))
    with pytest.raises(StoreError, match=why), reading(engine):
        pass


@pytest.mark.parametrize("place", ["127.0.0.1:1", "[::1]:1", "127.0.0.1:1,127.0.0.2:1"])
def test_a_server_elsewhere_that_does_not_answer_is_named_first(place: str) -> None:
    engine = open_database(Server(f"postgresql://edgewise@{place}/edgewise").schema("plant"))
    with pytest.raises(StoreError) as refusal, reading(engine):
        pass
    assert refusal.value.message.startswith(f"the database at {place} does not answer (postgresql://edgewise@")


def test_a_box_on_files_never_loads_the_driver(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from verticals.store.database import open_database, writing;"
        "import verticals.store.box, verticals.store.recorder, verticals.store.upgrade, appliance.site;"
        "engine = open_database(Path(sys.argv[1]))\nwith writing(engine): pass\n"
        "print([name for name in sys.modules if 'psycopg' in name or 'dialects.postgresql' in name])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "a.db")], capture_output=True, check=True, text=True
    )
    assert done.stdout == "[]\n"


def test_a_driver_that_is_not_installed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(StoreError, match=r"edgewise\[postgresql\]"):
        open_in(tmp_path)
