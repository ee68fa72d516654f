"""Opens everything that lies in box/box.db, put together the same way in every process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Engine

from core.clock import Clock
from core.errors import SignatureError
from core.models.trust import Trust
from verticals.contract import Role
from verticals.places import Places
from verticals.runtime.bell import ring
from verticals.store.accounts import AccessSettings, Accounts
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

    def check(content: bytes, signature: bytes) -> bool:
        try:
            return trust.verify(key.id, signature, content, "audit").is_box
        except SignatureError:
            return False

    def wake() -> None:
        ring(places.jobs_socket)

    audit = Audit(engine, clock, sign=key.sign, check=check)
    return Box(
        engine=engine,
        audit=audit,
        accounts=Accounts(engine, roles, audit, clock, access),
        sessions=Sessions(engine, audit, clock, access),
        jobs=Jobs(engine, clock, wake=wake),
        outbox=Outbox(engine, clock),
    )
