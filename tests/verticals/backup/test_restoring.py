from __future__ import annotations

import shutil
import sqlite3
import threading
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from core.errors import EdgewiseError, RefusedError, StoreError
from core.models.trust import Trust
from tests.support.clocks import FakeClock
from tests.support.databases import Cluster, server_programs
from tests.support.factories import make_entry
from verticals.backup.contents import FILE, Held, read_contents
from verticals.backup.making import make_backup
from verticals.backup.restoring import Restored, restore, unfinished
from verticals.contract import Evidence
from verticals.places import Places
from verticals.store.audit import Audit
from verticals.store.box import audit_to_check
from verticals.store.database import open_database
from verticals.store.events import EventStore
from verticals.store.evidence import EvidenceStore
from verticals.store.server import Server
from verticals.store.upgrade import APP_STREAM, BOX_STREAM, MigrationStream, upgrade

CLOCK = FakeClock()


def _streams(app: str) -> Sequence[MigrationStream]:
    if app != "plant":
        raise RefusedError(f"'{app}' is not installed here")
    return [APP_STREAM]


def _made(places: Places) -> None:
    """A box with one app: ten events, a picture, a signed audit, a model."""
    places.make("plant")
    upgrade(places.app_store("plant"), [APP_STREAM])
    upgrade(places.box_store, [BOX_STREAM])
    engine, box = open_database(places.app_store("plant")), open_database(places.box_store)
    EventStore(engine).append([make_entry(f"part-{number}") for number in range(10)])
    EvidenceStore(places.evidence("plant"), engine, 1e9, 0, CLOCK).put(Evidence(b"pixels" * 100))
    Audit(box, CLOCK, sign=Trust(places.keys).box_key().sign).append("login", {}, who="anna")
    for one in (engine, box):
        one.dispose()
    package = places.models / "packages" / "bolt" / "1.0"
    package.mkdir(parents=True)
    (package / "model.onnx").write_bytes(b"weights")


def _backed_up(places: Places) -> Path:
    made = make_backup(places, CLOCK, places.backups, lambda share, text: None, lambda: False)
    assert made is not None
    assert made.folder is not None
    return made.folder


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of a box, on another disk."""
    places = Places(tmp_path_factory.mktemp("original"))
    _made(places)
    return Path(shutil.copytree(_backed_up(places), tmp_path_factory.mktemp("usb") / "backup"))


@pytest.fixture
def backup(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(original, tmp_path / "backup"))


@pytest.fixture
def fresh(tmp_path: Path) -> Places:
    return Places(tmp_path / "fresh")


def _restore(backup: Path, places: Places) -> Restored:
    return restore(backup, places, CLOCK, _streams, lambda share, text: None)


def _subjects(places: Places) -> list[str]:
    engine = open_database(places.app_store("plant"), read_only=True)
    try:
        return [event.subject for event in EventStore(engine).read(limit=1000)]
    finally:
        engine.dispose()


def test_a_fresh_box_is_the_old_one_again(backup: Path, fresh: Places) -> None:
    found = _restore(backup, fresh)
    assert (found.stores[0].events, found.stores[0].pictures, found.stores[0].absent) == (10, 1, 1)
    assert (found.audit_entries, found.audit_fault) == (1, "")
    assert _subjects(fresh) == [f"part-{number}" for number in range(10)]
    assert (fresh.models / "packages" / "bolt" / "1.0" / "model.onnx").read_bytes() == b"weights"
    with audit_to_check(fresh, CLOCK) as audit:
        assert audit.verify().whole
        assert [entry.act for entry in audit.read()] == ["login", "restored"]
    assert sorted(path.name for path in fresh.data.iterdir()) == ["box", "keys", "models", "plant"]
    assert all(path.stat().st_mode & 0o077 == 0 for path in fresh.keys.iterdir())


def test_a_backup_taken_while_the_line_records_is_put_back_whole(tmp_path: Path, fresh: Places) -> None:
    places = Places(tmp_path / "running")
    _made(places)
    engine, stop, written = open_database(places.app_store("plant")), threading.Event(), list[int]()

    def record() -> None:
        store = EventStore(engine)
        while not stop.is_set():
            written.append(store.append([make_entry("a", "b")])[-1][-1].sequence)

    line = threading.Thread(target=record)
    line.start()
    while len(written) < 20:
        assert line.is_alive()
        stop.wait(0.001)
    before = written[-1]
    folder = _backed_up(places)
    after = written[-1]
    stop.set()
    line.join()
    engine.dispose()
    found = _restore(folder, fresh)
    assert before <= found.stores[0].events <= after + 4
    assert found.stores[0].events % 2 == 0, "half a transaction"
    upgrade(fresh.app_store("plant"), [APP_STREAM])
    again = open_database(fresh.app_store("plant"))
    assert EventStore(again).append([make_entry("new")])[-1][-1].sequence == found.stores[0].events + 1
    again.dispose()


def _changed(backup: Path, name: str, content: bytes | None) -> None:
    if content is None:
        (backup / name).unlink()
    else:
        (backup / name).write_bytes(content)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("plant-events.db", b"SQLite format 3\0 and no more", "not as it was backed up"),
        ("keys/box.key", None, "is missing"),
        (FILE, b"{}", "damaged"),
        (FILE, None, "this is no backup"),
    ],
)
def test_a_damaged_backup_is_refused_and_leaves_nothing(
    name: str, content: bytes | None, said: str, backup: Path, fresh: Places
) -> None:
    _changed(backup, name, content)
    with pytest.raises(StoreError, match=said):
        _restore(backup, fresh)
    assert not fresh.data.exists() or list(fresh.data.iterdir()) == []


def _rewritten(backup: Path, **changes: object) -> None:
    contents = read_contents(backup)
    held = {name: getattr(contents, name) for name in ("release", "made_utc_s", "on_server", "stores", "files")}
    type(contents)(**(held | changes)).write(backup)


def test_a_backup_of_a_newer_release_is_refused_and_says_which(backup: Path, fresh: Places) -> None:
    stores = {name: dict(streams) for name, streams in read_contents(backup).stores.items()}
    _rewritten(backup, release="7.3.0", stores=stores | {"plant": {"app": "9999"}})
    with pytest.raises(RefusedError, match=r"written by release 7\.3\.0") as refused:
        _restore(backup, fresh)
    assert "Install Edgewise 7.3.0" in refused.value.hint
    assert not fresh.data.exists()


def test_a_backup_of_an_app_that_is_not_here_is_refused(backup: Path, fresh: Places) -> None:
    (backup / "bakery-events.db").write_bytes((backup / "plant-events.db").read_bytes())
    contents = read_contents(backup)
    files = dict(contents.files) | {"bakery-events.db": contents.files["plant-events.db"]}
    _rewritten(backup, stores=dict(contents.stores) | {"bakery": {"app": "0001"}}, files=files)
    with pytest.raises(RefusedError, match="'bakery' is not installed"):
        _restore(backup, fresh)


def test_a_record_that_is_there_is_never_written_over(backup: Path, fresh: Places) -> None:
    _restore(backup, fresh)
    with pytest.raises(RefusedError, match="only where there is no record yet"):
        _restore(backup, fresh)
    assert len(_subjects(fresh)) == 10


def test_a_backup_of_files_is_refused_by_a_site_with_a_server(backup: Path, tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="files of its data directory, and this site keeps them in a PostgreSQL"):
        _restore(backup, Places(tmp_path / "fresh", Server("postgresql://edgewise@10.1.2.3/edgewise")))


def test_rows_that_refer_to_nothing_are_found(backup: Path, fresh: Places) -> None:
    with closing(sqlite3.connect(backup / "plant-events.db")) as copy:
        copy.execute("CREATE TABLE parent (id INTEGER PRIMARY KEY)")
        copy.execute("CREATE TABLE child (parent INTEGER REFERENCES parent (id))")
        copy.execute("INSERT INTO child VALUES (7)")
        copy.commit()
    held = Held.of(backup / "plant-events.db")
    _rewritten(backup, files=dict(read_contents(backup).files) | {"plant-events.db": held})
    with pytest.raises(StoreError, match="child row 1 refers to nothing"):
        _restore(backup, fresh)


def test_a_forged_audit_is_told_and_the_rest_restored(backup: Path, fresh: Places) -> None:
    with closing(sqlite3.connect(backup / "box-box.db")) as copy:
        copy.execute("UPDATE audit SET who = 'somebody else'")
        copy.commit()
    held = Held.of(backup / "box-box.db")
    _rewritten(backup, files=dict(read_contents(backup).files) | {"box-box.db": held})
    assert _restore(backup, fresh).audit_fault.startswith("entry 1: ")
    assert len(_subjects(fresh)) == 10


@pytest.mark.parametrize("cut_after", range(5))
def test_a_restore_that_is_cut_off_goes_on_with_the_same_backup_alone(
    cut_after: int, backup: Path, fresh: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    class PowerCutError(Exception):
        pass

    renames = iter(range(100))
    replace = Path.replace

    def rename(source: Path, target: Path) -> Path:
        if source.name != "ready.json.part" and next(renames) == cut_after:
            raise PowerCutError
        return replace(source, target)

    monkeypatch.setattr(Path, "replace", rename)
    with pytest.raises(PowerCutError):
        _restore(backup, fresh)
    monkeypatch.undo()
    assert unfinished(fresh)
    other = Path(shutil.copytree(backup, backup.with_name("other")))
    _rewritten(other, release="0.0.1")
    with pytest.raises(RefusedError, match="another backup was being restored"):
        _restore(other, fresh)
    found = _restore(backup, fresh)
    assert (found.stores[0].events, found.audit_fault) == (10, "")
    assert not unfinished(fresh)
    assert len(_subjects(fresh)) == 10


def test_schemas_of_a_server_are_put_back_into_another_database(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(server_programs()))
    names = [cluster.make(), cluster.make()]
    old, new = (Places(tmp_path / name, Server(cluster.url(name))) for name in names)
    _made(old)
    folder = _backed_up(old)
    found = _restore(folder, new)
    assert (found.stores[0].events, found.audit_entries, found.audit_fault) == (10, 1, "")
    assert len(_subjects(new)) == 10
    assert new.apps() == ["plant"]
    with pytest.raises(EdgewiseError, match="has a record already"):
        _restore(folder, Places(tmp_path / "third", new.server))
    assert len(_subjects(new)) == 10
    for name in names:
        cluster.drop(name)


def test_a_server_gets_all_schemas_or_none(cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(server_programs()))
    names = [cluster.make(), cluster.make()]
    old, new = (Places(tmp_path / name, Server(cluster.url(name))) for name in names)
    _made(old)
    folder = _backed_up(old)
    (folder / "plant.dump").write_bytes(b"PGDMP and no more")
    files = dict(read_contents(folder).files) | {"plant.dump": Held.of(folder / "plant.dump")}
    _rewritten(folder, files=files)
    with pytest.raises(StoreError, match="not restored"):
        _restore(folder, new)
    assert cluster.ask(names[1], "SELECT nspname FROM pg_namespace WHERE nspname IN ('plant', 'box')") == []
    for name in names:
        cluster.drop(name)
