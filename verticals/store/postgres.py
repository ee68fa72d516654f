"""Opens a schema of a PostgreSQL server, and knows what that server's errors mean.

What SQLite gives by being one file with one writer is asked for here in words: `take_turn` lets one
transaction at a time write a schema, so that numbers are committed in their order and what was read in a
transaction still holds when it writes; `sole` lets one line record (docs/decisions/0010). The driver is loaded
when the first schema is opened: a box on SQLite never loads it.
"""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from core.errors import DiskFullError, StoreError
from verticals.store.server import Schema

if TYPE_CHECKING:
    import psycopg

log = logging.getLogger(__name__)

LOCK_TIMEOUT_MS = 5000
CONNECT_TIMEOUT_S = 3
_UNANSWERED_MS = 5000  # a cable that was pulled is an error after this, not after TCP's quarter of an hour
_DOUBT_S = 5.0
_DOUBT_AGAIN_S = 0.1
_POOL = 8
_NAME = "edgewise_store"
_DISK_FULL = "53100"
_LOST = "It is connected again by itself; is the server running, and does it let this box in (pg_hba.conf)?"
#: What a person without the engineer's words understands; `{at}` is where the server is.
_PLAIN = {
    "08": "the database{at} does not answer",
    "57": "the database{at} does not answer",
    "28": "the database{at} does not let this box in",
    "53": "the database{at} is at its limit",
    "55": "another program holds the database{at}",
    "25": "the database{at} may not be written",
    "XX": "the database{at} is damaged",
}
_HINTS = {
    "08": _LOST,
    "57": _LOST,
    "28": "Check user, password_file and the server's pg_hba.conf.",
    "3D": "Make it: createdb --owner USER NAME.",
    "53": "The server is at its limit: look at max_connections and its memory.",
    "55": "Another program holds what is needed; stop it, then try again.",
    "42P01": "The box makes it at its first start.",
    "42": "Check the rights of the user: it makes and owns its schemas (GRANT CREATE ON DATABASE).",
    "25": "This only reads. If the URL leads to a standby, name the primary.",
    "XX": "The database is damaged: stop the appliance and restore the newest backup.",
}
_TURN = (
    "SELECT pg_current_xact_id()::text,"
    " pg_advisory_xact_lock(hashtextextended('edgewise writes ' || current_schema(), 0))"
)
_SOLE = "SELECT pg_advisory_lock(hashtextextended('edgewise ' || %s || ' of ' || current_schema(), 0))"
_HOLDER = """
    SELECT activity.application_name, coalesce(activity.client_addr::text, 'the server itself')
    FROM pg_locks AS locks JOIN pg_stat_activity AS activity USING (pid), (
        SELECT hashtextextended('edgewise ' || %s || ' of ' || current_schema(), 0) AS number
    ) AS key
    WHERE locks.locktype = 'advisory' AND locks.granted AND locks.database = activity.datid
    AND locks.classid::bigint = (key.number >> 32) & 4294967295 AND locks.objid::bigint = key.number & 4294967295
"""


def open_schema(schema: Schema, *, read_only: bool = False, sole: str = "") -> Engine:
    """An engine whose every connection works in `schema`, which need not be there yet. Raises StoreError.

    `sole`: one connection, which holds the lock of that name as long as it lives; a second such engine, on
    whatever box, is refused with the name of who has it.
    """
    _require_driver()
    pool: dict[str, Any] = {"pool_size": 1, "max_overflow": 0} if sole else {"pool_size": _POOL}
    engine = create_engine(
        "postgresql+psycopg://",
        creator=lambda: _connect(schema, sole),
        use_native_hstore=False,
        pool_pre_ping=not sole,
        execution_options={_NAME: str(schema)} | ({"postgresql_readonly": True} if read_only else {}),
        **pool,
    )
    event.listen(engine, "handle_error", _forget_broken)
    return engine


def name_of(engine: Engine) -> str:
    return str(engine.get_execution_options().get(_NAME, ""))


def version_of(engine: Engine) -> tuple[str, bool]:
    """The server's version, and whether it syncs what it commits. Raises StoreError."""
    try:
        with engine.connect() as connection:
            asked = connection.exec_driver_sql("SELECT current_setting('server_version'), current_setting('fsync')")
            version, fsync = asked.one()
    except SQLAlchemyError as error:
        raise error_of(error, name_of(engine)) from error
    return str(version).split()[0], fsync == "on"


def take_turn(connection: Connection) -> str:
    """The number of this transaction, once no other one writes the schema: what is read from now on stands."""
    return str(connection.exec_driver_sql(_TURN).scalar_one())


def was_committed(engine: Engine, turn: str, waits: Callable[[], bool]) -> bool:
    """Whether transaction `turn` is in the store, when the connection was lost while it was being committed.

    Asks until the server answers, 5 s at most, beyond that for as long as `waits` says. Raises StoreError when
    it stays unknown.
    """
    end_s = time.monotonic() + _DOUBT_S
    while True:
        try:
            with engine.connect() as connection:
                status = connection.exec_driver_sql("SELECT pg_xact_status(%s::xid8)", (turn,)).scalar()
            if status != "in progress":
                return bool(status == "committed")
        except (SQLAlchemyError, StoreError) as error:
            log.debug("%s: whether transaction %s was committed is not known yet: %s", name_of(engine), turn, error)
        if time.monotonic() >= end_s and not waits():
            raise StoreError(
                f"{name_of(engine)}: the connection was lost during a commit, and whether it was done is not known",
                hint=_LOST,
            )
        time.sleep(_DOUBT_AGAIN_S)


def is_lost(error: SQLAlchemyError) -> bool:
    """Whether the connection went, so that nobody knows what the server made of the last request."""
    return isinstance(error, DBAPIError) and error.connection_invalidated


def error_of(error: SQLAlchemyError, what: str) -> StoreError:
    """What the server or its driver said, as the StoreError (or DiskFullError) that a person understands."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    return _said(cause, what)


def _said(cause: object, what: str) -> StoreError:
    state = str(getattr(cause, "sqlstate", None) or "")
    words = " ".join(str(cause).split())[:300]
    if state == _DISK_FULL:
        return DiskFullError(f"{what}: the server's disk is full ({words})", hint="Make room; recording goes on then.")
    kind = state[:2] or _class_of(words)
    plain = _PLAIN.get(kind, "").format(at=_place(what))
    message = f"{plain} ({what}: {words})" if plain else f"{what}: {words}"
    return StoreError(message, hint=_HINTS.get(state) or _HINTS.get(kind, ""))


def _place(what: str) -> str:
    """Where the server is, of words that begin with its URL; empty for one on this box."""
    hosts = urlsplit(what.partition(" ")[0]).netloc.rpartition("@")[2]
    return f" at {hosts}" if hosts else ""


def _class_of(words: str) -> str:
    """While a connection is made libpq gives no state, only the server's sentence."""
    if "password" in words or "authentication" in words:
        return "28"
    return "3D" if "does not exist" in words else "08"


def _require_driver() -> None:
    try:
        import psycopg  # noqa: F401  # 0.1 s, and only where the stores are on a server
    except ImportError as error:
        raise StoreError(
            "the store is on PostgreSQL, and its driver is not installed",
            hint="Run: pip install 'edgewise[postgresql]'",
        ) from error


def _connect(schema: Schema, sole: str) -> psycopg.Connection[Any]:
    import psycopg

    password = schema.server.password()
    try:
        connection = psycopg.connect(
            schema.server.url,
            password=password,
            options=_options(schema),
            application_name=f"edgewise {schema.name} {sole or 'pages'} {socket.gethostname()}"[:63],
            connect_timeout=CONNECT_TIMEOUT_S,
            tcp_user_timeout=_UNANSWERED_MS,
            keepalives_idle=2,
            keepalives_interval=1,
            keepalives_count=3,
        )
    except psycopg.Error as error:
        raise _said(error, f"{schema}: no connection") from error
    connection.adapters.register_dumper(str, _text_dumper())
    if sole:
        _hold(connection, schema, sole)
    return connection


def _options(schema: Schema) -> str:
    settings = {
        "search_path": schema.name,
        "client_encoding": "UTF8",
        "synchronous_commit": "on",
        "lock_timeout": LOCK_TIMEOUT_MS,
        "idle_in_transaction_session_timeout": 60_000,
        # A box without power lets go of what it holds in ten seconds, not in two hours.
        "tcp_keepalives_idle": 5,
        "tcp_keepalives_interval": 2,
        "tcp_keepalives_count": 3,
    }
    return " ".join(f"-c {key}={value}" for key, value in settings.items())


def _hold(connection: psycopg.Connection[Any], schema: Schema, sole: str) -> None:
    import psycopg

    try:
        connection.execute(_SOLE, (sole,))
        connection.commit()
    except psycopg.errors.LockNotAvailable as error:
        connection.rollback()
        row = connection.execute(_HOLDER, (sole,)).fetchone()
        connection.close()
        who = f"'{row[0]}' from {row[1]}" if row else "another one, gone just now,"
        raise StoreError(
            f"{schema}: {who} is the {sole} that records there already",
            hint="One box records an app's schema. Stop that one, or give this box a database of its own.",
        ) from error
    except psycopg.Error as error:
        connection.close()
        raise _said(error, f"{schema}: no connection") from error


def _text_dumper() -> Any:
    """Text as the server can keep it: it holds no NUL, which a PLC's part number may."""
    from psycopg.types.string import StrDumper

    class Text(StrDumper):
        def dump(self, obj: str) -> Any:
            return super().dump(obj.replace("\0", "\ufffd"))

    return Text


def _forget_broken(context: Any) -> None:
    """A connection that timed out in the middle of something is as good as lost."""
    cause = context.original_exception
    if str(getattr(cause, "sqlstate", None) or "")[:3] == "57P":
        context.is_disconnect = True
