"""Puts a backup back on a box that has no record yet: everything is checked first, and it appears at the very end.

1. What the backup says of itself is held against this release and this site; what does not fit is refused.
2. Every file is copied beside its place and held against its hash; stores are checked and brought to this release.
3. Then each goes to its place by one rename, the box's own store last. A restore that was cut off there goes on when it
   is asked for again with the same backup.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from core.clock import Clock
from core.errors import RefusedError, StoreError
from core.models.trust import Trust
from verticals.backup.contents import BOX, FILE, Contents, Held, read_contents
from verticals.backup.making import revisions_in
from verticals.jobs.dump import undump
from verticals.places import Places
from verticals.store.audit import Audit
from verticals.store.box import audit_to_check
from verticals.store.database import open_database, reading, store_error
from verticals.store.server import Schema
from verticals.store.tables import events, evidence
from verticals.store.upgrade import BOX_STREAM, MigrationStream, upgrade

log = logging.getLogger(__name__)

_STAGE, _READY = ".restoring", "ready.json"

Tell = Callable[[float, str], None]
#: The streams of migrations of an app; raises SettingsError for one that is not installed.
StreamsOf = Callable[[str], Sequence[MigrationStream]]


@dataclass(frozen=True, slots=True)
class RestoredStore:
    """`events` are on record; of `pictures` on record, `absent` have no file here."""

    app: str
    events: int
    pictures: int
    absent: int


@dataclass(frozen=True, slots=True)
class Restored:
    """What is there now. `release` made the backup; `audit_fault` says what is wrong with the audit's chain of
    `audit_entries`, empty where it is whole."""

    backup: str
    release: str
    made_utc_s: float
    stores: tuple[RestoredStore, ...]
    audit_entries: int
    audit_fault: str


def restore(folder: Path, places: Places, clock: Clock, streams_of: StreamsOf, tell: Tell) -> Restored:
    """Nobody else may work with the data directory meanwhile.

    Raises StoreError for a backup that is damaged or cannot be read, RefusedError for one that does not fit here, or
    where there is a record already.
    """
    contents = read_contents(folder)
    stage = places.data / _STAGE
    staged = Places(stage, places.server)
    if _goes_on(folder, places):
        found = _read_ready(stage)
    else:
        streams = _refuse_unfit(contents, places, streams_of)
        with _thrown_away_unless_done(contents, staged):
            _copy(folder, contents, stage, tell)
            _bring_stores(contents, folder, staged, streams, tell)
            found = _look(folder, contents, staged, places, clock)
            _note_in_audit(found, staged, clock)
            _settle(stage)
            _write_ready(found, stage)
    tell(0.9, "putting everything in its place")
    _place(stage, places.data)
    return found


def unfinished(places: Places) -> bool:
    """Whether a restore was cut off while it put things in their place: nothing may start here until it is through."""
    return (places.data / _STAGE / _READY).exists()


def _goes_on(folder: Path, places: Places) -> bool:
    if not unfinished(places):
        return False
    stage = places.data / _STAGE
    if (stage / FILE).read_bytes() != (folder / FILE).read_bytes():
        raise RefusedError(
            f"{stage}: another backup was being restored here and is half in its place",
            hint="Ask for that one again, or name an empty directory with --data.",
        )
    return True


def _write_ready(found: Restored, stage: Path) -> None:
    draft = stage / f"{_READY}.part"
    draft.write_text(json.dumps(asdict(found)), "utf-8")
    _sync(draft)
    draft.replace(stage / _READY)
    _sync(stage)


def _read_ready(stage: Path) -> Restored:
    said = json.loads((stage / _READY).read_text("utf-8"))
    return Restored(**(said | {"stores": tuple(RestoredStore(**store) for store in said["stores"])}))


def _refuse_unfit(contents: Contents, places: Places, streams_of: StreamsOf) -> dict[str, Sequence[MigrationStream]]:
    """The streams of every store of the backup. Raises RefusedError where it does not fit here."""
    there = [path for path in (places.box_db, places.keys / "box.key") if path.exists()]
    there += [places.events_db(app) for app in places.apps() if places.server is None]
    if there:
        raise RefusedError(
            f"{there[0]} is there already: a backup is put back only where there is no record yet",
            hint="Name an empty directory with --data, or move this one away.",
        )
    if contents.on_server != (places.server is not None):
        where = ("a PostgreSQL server", "files of its data directory")
        was, here = where if contents.on_server else where[::-1]
        raise RefusedError(
            f"this backup is of stores in {was}, and this site keeps them in {here}",
            hint="Set [store] url as it was on that box, or leave it out where it had none (--config).",
        )
    streams = {app: [BOX_STREAM] if app == BOX else streams_of(app) for app in contents.stores}
    for app, revisions in contents.stores.items():
        _refuse_newer(app, revisions, streams[app], contents.release)
        if places.server and revisions_in(places.server.schema(app)):
            raise RefusedError(
                f"{places.server.schema(app)}: this schema has a record already",
                hint="Give the restored box a database of its own, or drop the schema.",
            )
    return streams


def _refuse_newer(app: str, revisions: Mapping[str, str], streams: Sequence[MigrationStream], release: str) -> None:
    known = {stream.name: stream.revisions()[1] for stream in streams}
    for name, revision in revisions.items():
        if revision not in known.get(name, ()):
            raise RefusedError(
                f"the store of {app} was written by release {release} ({name} revision {revision} is not known here)",
                hint=f"Install Edgewise {release} or a later one, then restore.",
            )


@contextmanager
def _thrown_away_unless_done(contents: Contents, staged: Places) -> Iterator[None]:
    """Nothing of a restore that failed stays: no file, and no schema that it made."""
    stage = staged.data
    shutil.rmtree(stage, ignore_errors=True)
    try:
        stage.mkdir(mode=0o700, parents=True)
        yield
    except BaseException as error:
        shutil.rmtree(stage, ignore_errors=True)
        if staged.server:
            _ask_of_schemas('DROP SCHEMA IF EXISTS "{}" CASCADE', contents, staged)
        if isinstance(error, OSError):
            raise StoreError(f"{stage}: not restored: {error}", hint="Is there room, and may it write?") from error
        raise


def _ask_of_schemas(words: str, contents: Contents, staged: Places) -> None:
    for app in contents.stores:
        schema = _store(app, staged)
        engine = open_database(schema)
        try:
            with engine.begin() as connection:
                connection.exec_driver_sql(words.format(schema.name))
        except SQLAlchemyError as error:
            log.warning("%s: %s", schema, store_error(error, words.format(schema.name)).message)
        finally:
            engine.dispose()


def _store(app: str, places: Places) -> Path | Schema:
    return places.box_store if app == BOX else places.app_store(app)


def _copy(folder: Path, contents: Contents, stage: Path, tell: Tell) -> None:
    stores = {contents.copy_of(app): _place_of(app) for app in contents.stores if not contents.on_server}
    for number, (name, held) in enumerate(contents.files.items()):
        tell(0.5 * number / len(contents.files), name)
        target = stage / stores.get(name, name)
        if contents.on_server and name.endswith(".dump"):
            _require(folder / name, held)
            continue
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _copy_one(folder / name, target, held)
    shutil.copyfile(folder / FILE, stage / FILE)


def _place_of(app: str) -> str:
    return "box/box.db" if app == BOX else f"{app}/events.db"


def _copy_one(source: Path, target: Path, held: Held) -> None:
    try:
        shutil.copyfile(source, target, follow_symlinks=False)
    except FileNotFoundError as error:
        raise StoreError(f"{source}: this file of the backup is missing", hint="Take another backup.") from error
    target.chmod(0o600)
    _require(target, held, shown=source)
    _sync(target)


def _require(path: Path, held: Held, *, shown: Path | None = None) -> None:
    if path.is_symlink() or not path.is_file() or Held.of(path) != held:
        raise StoreError(f"{shown or path}: this file is not as it was backed up", hint="Take another backup.")


def _bring_stores(
    contents: Contents, folder: Path, staged: Places, streams: Mapping[str, Sequence[MigrationStream]], tell: Tell
) -> None:
    if staged.server:
        _ask_of_schemas('CREATE SCHEMA IF NOT EXISTS "{}"', contents, staged)
    for app in contents.stores:
        tell(0.7, f"checking {app}")
        store = _store(app, staged)
        if isinstance(store, Schema):
            undump(store, folder / contents.copy_of(app))
            if app != BOX:
                staged.evidence(app).mkdir(mode=0o700, parents=True, exist_ok=True)
        else:
            _check(store, folder / contents.copy_of(app))
        upgrade(store, streams[app])


def _check(database: Path, shown: Path) -> None:
    try:
        with closing(sqlite3.connect(database)) as connection:
            faults = [str(row[0]) for row in connection.execute("PRAGMA integrity_check") if row[0] != "ok"]
            faults += [
                f"{row[0]} row {row[1]} refers to nothing" for row in connection.execute("PRAGMA foreign_key_check")
            ]
    except sqlite3.Error as error:
        raise store_error(error, f"{shown}: not restored") from error
    if faults:
        raise StoreError(f"{shown}: damaged: {'; '.join(faults[:3])}", hint="Take another backup.")


def _look(folder: Path, contents: Contents, staged: Places, places: Places, clock: Clock) -> Restored:
    with audit_to_check(staged, clock) as audit:
        check = audit.verify()
    fault = "" if check.whole else f"entry {check.broken}: {check.why}"
    stores = tuple(_store_now(app, staged, places) for app in contents.stores if app != BOX)
    return Restored(folder.name, contents.release, contents.made_utc_s, stores, check.entries, fault)


def _store_now(app: str, staged: Places, places: Places) -> RestoredStore:
    engine = open_database(staged.app_store(app), read_only=True)
    kept = select(evidence.c.sha256).where(evidence.c.evicted_at_utc_s.is_(None))
    try:
        with reading(engine) as connection:
            count = connection.execute(select(func.count()).select_from(events)).scalar_one()
            names = connection.execute(kept).scalars().all()
    finally:
        engine.dispose()
    absent = sum(not (places.evidence(app) / name[:2] / name[2:]).exists() for name in names)
    return RestoredStore(app, count, len(names), absent)


def _note_in_audit(found: Restored, staged: Places, clock: Clock) -> None:
    engine = open_database(staged.box_store)
    try:
        made = datetime.fromtimestamp(found.made_utc_s, UTC).isoformat(timespec="seconds")
        said = {"backup": found.backup, "release": found.release, "made": made, "audit_fault": found.audit_fault}
        Audit(engine, clock, sign=Trust(staged.keys).box_key().sign).append("restored", said)
    finally:
        engine.dispose()


def _settle(stage: Path) -> None:
    """Every store in one file, with no log beside it that would have to go along."""
    for database in (*stage.glob("*/events.db"), *stage.glob("box/box.db")):
        with closing(sqlite3.connect(database)) as connection:
            connection.execute("PRAGMA journal_mode=DELETE")
        for ending in ("-wal", "-shm", ".upgrade-lock"):
            database.with_name(database.name + ending).unlink(missing_ok=True)
        _sync(database)


def _place(stage: Path, data: Path) -> None:
    """By renames, which a cut of the power leaves whole; what is done is done when this runs again."""
    waiting = [path for path in sorted(stage.rglob("*")) if path.is_file() and path.parent != stage]
    waiting += [path for path in stage.iterdir() if path.is_file() and path.name not in (FILE, _READY)]
    for source in sorted(waiting, key=lambda path: path.name == "box.db"):
        target = data / source.relative_to(stage)
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        source.replace(target)
        _sync(target.parent)
    for folder in sorted(path for path in stage.rglob("evidence") if path.is_dir()):
        (data / folder.relative_to(stage)).mkdir(mode=0o700, parents=True, exist_ok=True)
    shutil.rmtree(stage)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
