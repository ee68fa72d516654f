"""Opens everything that lies in box/box.db, put together the same way in every process."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Engine

from core.clock import Clock
from core.errors import SignatureError
from core.models.trust import Trust
from verticals.contract import Role
from verticals.places import Places
from verticals.runtime.bell import ring
from verticals.store.access import AccessSettings
from verticals.store.accounts import Accounts
from verticals.store.audit import Audit
from verticals.store.database import open_database
from verticals.store.jobs import Jobs
from verticals.store.outbox import Outbox
from verticals.store.sessions import Sessions
from verticals.store.upgrade import prepare_box_db


@dataclass(frozen=True, slots=True)
class Box:
    """The stores of the box, over one engine. Any thread may use them."""

    engine: Engine
    audit: Audit
    accounts: Accounts
    sessions: Sessions
    jobs: Jobs
    outbox: Outbox

    def close(self) -> None:
        self.engine.dispose()


def open_box(
    places: Places, roles: Mapping[str, Sequence[Role]], clock: Clock, access: AccessSettings | None = None
) -> Box:
    """The box at this release's schema; `roles` are those of every app's manifest. Raises StoreError.

    The head of the audit is signed with the box's key, and a started or cancelled job wakes the worker.
    """
    places.box_db.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    places.box_db.parent.chmod(0o700)
    engine = open_database(prepare_box_db(places))
    trust = Trust(places.keys)
    key = trust.box_key()

    def wake() -> None:
        ring(places.jobs_socket)

    audit = Audit(engine, clock, sign=key.sign, check=_box_check(trust))
    return Box(
        engine=engine,
        audit=audit,
        accounts=Accounts(engine, roles, audit, clock, access),
        sessions=Sessions(engine, audit, clock, access),
        jobs=Jobs(engine, clock, wake=wake),
        outbox=Outbox(engine, clock),
    )


@contextmanager
def audit_to_check(places: Places, clock: Clock) -> Iterator[Audit]:
    """The audit opened for reading: neither the box nor its keys are touched. Raises StoreError where there is none."""
    engine = open_database(places.box_store, read_only=True)
    try:
        yield Audit(engine, clock, check=_box_check(Trust(places.keys)))
    finally:
        engine.dispose()


def _box_check(trust: Trust) -> Callable[[bytes, bytes], bool]:
    """Whether a signature is by the box's own key; no key, no genuine signature."""

    def check(content: bytes, signature: bytes) -> bool:
        ids = [key.id for key in trust.trusted() if key.is_box]
        try:
            return bool(ids) and trust.verify(ids[0], signature, content, "audit").is_box
        except SignatureError:
            return False

    return check
