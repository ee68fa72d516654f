"""Makes a backup while everything runs: the stores of one moment each, keys, models, and what they were.

What a backup holds, in a folder named by its UTC time: `box-box.db` and `<app>-events.db` (or `<app>.dump` of a
server's schema), `keys/`, `models/`, the apps' own small files, and `contents.json`. Pictures (evidence) are not in it:
they fill the disk to their budget.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from sqlalchemy import inspect
from sqlalchemy.exc import SQLAlchemyError

from core.clock import Clock
from core.errors import StoreError
from verticals.backup.contents import BOX, Contents, Held, copy_name
from verticals.contract import Json
from verticals.jobs.context import JobContext
from verticals.jobs.dump import can_dump, dump
from verticals.places import Places
from verticals.store.database import open_database, store_error
from verticals.store.server import Schema

_VERSION_TABLE = "alembic_version_"
#: What stands in a data directory whose record is no real site's; a copy of it is none either.
_SIMULATED = "SIMULATED"
_KEPT = 7


@dataclass(frozen=True, slots=True)
class Made:
    """`elsewhere`: why there is none, where a backup is somebody else's duty."""

    folder: Path | None
    databases: tuple[str, ...] = ()
    elsewhere: str = ""


def backup(ctx: JobContext, inputs: Json) -> Json:
    """The job: a backup in `backups/`, of which the newest `keep` (7) stay; `elsewhere` says whose duty it is where
    there is no `pg_dump` for a server's schemas."""
    made = make_backup(ctx.places, ctx.clock, ctx.places.backups, ctx.progress, ctx.cancelled)
    if made is None:
        return {}
    if made.folder is None:
        return {"backup": "", "databases": [], "deleted": [], "elsewhere": made.elsewhere}
    gone = _keep_newest(ctx.places.backups, int(inputs.get("keep", _KEPT)))
    return {"backup": made.folder.name, "databases": list(made.databases), "deleted": gone}


def make_backup(
    places: Places, clock: Clock, into: Path, tell: Callable[[float, str], None], cancelled: Callable[[], bool]
) -> Made | None:
    """A folder within `into`, whole or not there; None when it was cancelled. Raises StoreError."""
    if places.server and not can_dump():
        return Made(None, elsewhere=f"pg_dump is not installed here: whoever runs {places.server} backs it up")
    now_s = clock.now().utc_s
    name = datetime.fromtimestamp(now_s, UTC).strftime("%Y%m%dT%H%M%SZ")
    making = into / f".{name}"
    try:
        shutil.rmtree(making, ignore_errors=True)
        making.mkdir(mode=0o700, parents=True)
        stores = _stores(places)
        for number, (app, store) in enumerate(stores.items()):
            if cancelled():
                return None
            tell(number / max(len(stores), 1), _shown(app, places))
            copy = making / copy_name(app, on_server=isinstance(store, Schema))
            dump(store, copy) if isinstance(store, Schema) else _copy(store, copy)
        for source, target in _beside(places, making):  # after the stores: what these name is there by now
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _keep(source, target, places.models / "packages")
        _contents(places, stores, now_s, making).write(making)
        making.replace(into / name)
    except OSError as error:
        raise StoreError(f"{into}: backup failed: {error.strerror}", hint="Is there room, and may it write?") from error
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return Made(into / name, tuple(_shown(app, places) for app in stores))


def revisions_in(store: Path | Schema) -> dict[str, str]:
    """The revision of every stream of migrations that a store has seen. Raises StoreError."""
    engine = open_database(store, read_only=True)
    try:
        with engine.connect() as connection:
            names = [name for name in inspect(connection).get_table_names() if name.startswith(_VERSION_TABLE)]
            ask = 'SELECT version_num FROM "{}"'
            found = {name: connection.exec_driver_sql(ask.format(name)).scalar() for name in names}
            return {name.removeprefix(_VERSION_TABLE): str(found[name]) for name in sorted(names) if found[name]}
    except SQLAlchemyError as error:
        raise store_error(error, f"{store}: its schema cannot be read") from error
    finally:
        engine.dispose()


def _stores(places: Places) -> dict[str, Path | Schema]:
    """The store of every app that has a record here, and of the box, in the order of their names."""
    found = {app: places.app_store(app) for app in places.apps()}
    if places.server or places.box_db.exists():
        found[BOX] = places.box_store
    return dict(sorted(found.items()))


def _shown(app: str, places: Places) -> str:
    if places.server:
        return copy_name(app, on_server=True)
    return "box/box.db" if app == BOX else f"{app}/events.db"


def _contents(places: Places, stores: dict[str, Path | Schema], now_s: float, making: Path) -> Contents:
    revisions = {
        app: revisions_in(store if isinstance(store, Schema) else making / copy_name(app, on_server=False))
        for app, store in stores.items()
    }
    files = sorted(path for path in making.rglob("*") if path.is_file())
    held = {path.relative_to(making).as_posix(): Held.of(path) for path in files}
    return Contents(version("edgewise"), now_s, places.server is not None, revisions, held)


def _beside(places: Places, making: Path) -> Iterator[tuple[Path, Path]]:
    """Every other file that a box needs to be itself again, and where it goes."""
    packages, slots = places.models / "packages", places.models / "slots"
    for folder in (places.keys, slots, packages):  # packages last: a slot names what was there before it
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts):
                yield path, making / path.relative_to(places.data)
    for app in places.apps():
        for path in sorted(places.app(app).glob("[!.]*.json")):
            yield path, making / app / path.name
    if (places.data / _SIMULATED).exists():
        yield places.data / _SIMULATED, making / _SIMULATED


def _keep(source: Path, target: Path, packages: Path) -> None:
    """A package never changes and may share its bytes with the copy; anything else is copied."""
    try:
        if source.is_relative_to(packages):
            os.link(source, target)
            return
    except OSError:
        pass  # another disk, or one without links
    try:
        shutil.copy2(source, target)
    except FileNotFoundError:
        return  # taken away meanwhile


def _copy(database: Path, target: Path) -> None:
    try:
        with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(target)) as copy:
            # In one step: under WAL this holds up no writer, while a copy in steps starts anew at every write.
            source.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")
            found = copy.execute("PRAGMA quick_check").fetchone()[0]
    except sqlite3.Error as error:
        raise store_error(error, f"{database}: backup failed") from error
    if found != "ok":
        raise StoreError(f"{database}: the copy is damaged: {found}", hint="Run `edgewise doctor`.")


def _keep_newest(backups: Path, keep: int) -> list[str]:
    whole = sorted(path for path in backups.iterdir() if path.is_dir() and path.name[:1].isdigit())
    gone = whole[: max(len(whole) - max(keep, 1), 0)]
    for folder in gone:
        shutil.rmtree(folder)
    return [folder.name for folder in gone]
