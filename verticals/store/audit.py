"""Who changed what, when and why: an append-only chain of hashes over the box's own acts.

Entry n's hash is SHA-256 over the hash of entry n-1 and the entry as canonical JSON, so an edited, deleted or
moved entry breaks every one after it. The head (newest number and hash) stands beside the chain, signed with
the box's key where there is one: cutting off the tail or rewriting the whole chain needs that key. A head
kept elsewhere (an export, the hub, paper) proves even against who holds the key.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, func, insert, select, update

from core.clock import Clock
from core.errors import StoreError
from verticals.contract import Json
from verticals.store.box_tables import audit, audit_head
from verticals.store.database import reading, writing

GENESIS = "0" * 64
_PAGE = 1000


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """`at_local` is the same moment with the box's UTC offset; `detail` holds old, new and the reason."""

    sequence: int
    at_utc_ms: int
    at_local: str
    app: str
    act: str
    who: str
    role: str
    detail: str
    hash: str

    @property
    def values(self) -> dict[str, Any]:
        """`detail` parsed."""
        parsed: dict[str, Any] = json.loads(self.detail)
        return parsed

    def hash_after(self, previous: str) -> str:
        """What its hash has to be behind an entry with hash `previous`."""
        fields = asdict(self)
        del fields["hash"]
        return hashlib.sha256(f"{previous}\n{canonical(fields)}".encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Head:
    """The newest entry: worth keeping elsewhere, as proof that nothing before it was changed later."""

    sequence: int
    hash: str

    def signed_bytes(self) -> bytes:
        return f"edgewise audit head {self.sequence} {self.hash}".encode()


@dataclass(frozen=True, slots=True)
class AuditCheck:
    """`broken` is the first entry that is not as it was written; None when the chain is whole."""

    entries: int
    broken: int | None = None
    why: str = ""

    @property
    def whole(self) -> bool:
        return self.broken is None


def canonical(values: Json) -> str:
    """JSON with sorted keys and no spaces. Raises ValueError for NaN and infinities."""
    return json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


class Audit:
    """Any thread of any process may append; the database orders them.

    `sign` makes a signature over bytes with the box's key and `check` tells whether one is genuine.
    """

    def __init__(
        self,
        engine: Engine,
        clock: Clock,
        *,
        sign: Callable[[bytes], bytes] | None = None,
        check: Callable[[bytes, bytes], bool] | None = None,
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._sign = sign
        self._check = check

    def append(self, act: str, detail: Json, *, app: str = "box", who: str = "", role: str = "") -> int:
        """The number of the new entry, which is on disk."""
        with writing(self._engine) as connection:
            return self.append_in(connection, act, detail, app=app, who=who, role=role)

    def append_in(
        self, connection: Connection, act: str, detail: Json, *, app: str = "box", who: str = "", role: str = ""
    ) -> int:
        """The same within a `writing` transaction of the caller: change and entry stand or fall together."""
        head = connection.execute(select(audit_head).with_for_update()).one_or_none()
        if head is None:
            raise StoreError("the audit chain has lost its head", hint="Restore box.db from a backup.")
        utc_s = self._clock.now().utc_s
        entry = AuditEntry(
            sequence=head.sequence + 1,
            at_utc_ms=round(utc_s * 1000),
            at_local=datetime.fromtimestamp(utc_s).astimezone().isoformat(timespec="milliseconds"),
            app=app,
            act=act,
            who=who,
            role=role,
            detail=canonical(detail),
            hash="",
        )
        new = Head(entry.sequence, entry.hash_after(head.hash))
        connection.execute(insert(audit).values(**(asdict(entry) | {"hash": new.hash})))
        signature = self._sign(new.signed_bytes()).hex() if self._sign else ""
        connection.execute(update(audit_head).values(sequence=new.sequence, hash=new.hash, signature=signature))
        return new.sequence

    def head(self) -> Head:
        with reading(self._engine) as connection:
            return _head(connection)[0]

    def read(self, *, after: int = 0, limit: int = 500, newest_first: bool = False) -> list[AuditEntry]:
        """Entries by number, `after` excluded."""
        order = audit.c.sequence.desc() if newest_first else audit.c.sequence
        with reading(self._engine) as connection:
            rows = connection.execute(select(audit).where(audit.c.sequence > after).order_by(order).limit(limit))
            return [AuditEntry(**row) for row in rows.mappings()]

    def verify(self, kept: Sequence[Head] = ()) -> AuditCheck:
        """Walks the whole chain and compares it with its head and with every head `kept` elsewhere."""
        with reading(self._engine) as connection:
            head, signature = _head(connection)
            expected = {(known.sequence, known.hash) for known in (*kept, head)}
            count, previous = 0, GENESIS
            for entry in _entries(connection, head.sequence):
                if why := _fault(entry, count + 1, previous, expected):
                    return AuditCheck(count, count + 1, why)
                count, previous = count + 1, entry.hash
            last = connection.execute(select(func.max(audit.c.sequence))).scalar() or 0
            if last > _head(connection)[0].sequence:  # read after `last`: an honest writer is never caught here
                return AuditCheck(count, count + 1, "entries stand behind the head")
        newest = max(number for number, _ in expected)
        if count < newest:
            return AuditCheck(count, count + 1, f"entries {count + 1} to {newest} are missing")
        if self._check and count and not self._genuine(head, signature):
            return AuditCheck(count, count, "the head is not signed with this box's key")
        return AuditCheck(count)

    def _genuine(self, head: Head, signature: str) -> bool:
        try:
            given = bytes.fromhex(signature)
        except ValueError:
            return False
        return self._check is not None and self._check(head.signed_bytes(), given)


def _head(connection: Connection) -> tuple[Head, str]:
    row = connection.execute(select(audit_head)).one_or_none()
    return (Head(row.sequence, row.hash), row.signature) if row else (Head(0, GENESIS), "")


def _entries(connection: Connection, last: int) -> Iterator[AuditEntry]:
    query = select(audit).where(audit.c.sequence <= last).order_by(audit.c.sequence).limit(_PAGE)
    rows = connection.execute(query).mappings().all()
    while rows:
        for row in rows:
            yield AuditEntry(**row)
        rows = connection.execute(query.where(audit.c.sequence > rows[-1]["sequence"])).mappings().all()


def _fault(entry: AuditEntry, number: int, previous: str, expected: set[tuple[int, str]]) -> str:
    if entry.sequence != number:
        return f"entry {number} is missing; {entry.sequence} follows"
    if entry.hash != entry.hash_after(previous):
        return "its content does not give its hash behind the entry before it"
    if any(known == number and digest != entry.hash for known, digest in expected):
        return "it is not the entry the head names: the chain was rewritten"
    return ""
