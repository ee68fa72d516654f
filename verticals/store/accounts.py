"""People with a PIN: who they are and what they may do in which app.

Signing in is `verticals.store.sessions`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Engine, Row, delete, insert, select, update

from core.clock import Clock
from core.errors import InputError, RefusedError
from verticals.contract import Role
from verticals.store.access import AccessSettings
from verticals.store.audit import Audit
from verticals.store.box_tables import accounts, grants, lockouts, sessions
from verticals.store.database import reading, upsert, writing
from verticals.store.pins import NO_PIN, PinHash, fit_pin


@dataclass(frozen=True, slots=True)
class Account:
    """One person. `number` is what they key in at the PIN pad; `roles` maps an app to its role there."""

    number: int
    name: str
    roles: Mapping[str, str] = field(default_factory=dict)
    has_badge: bool = False
    disabled: bool = False


class Accounts:
    """Any thread may call it; each change is one transaction with its audit entry.

    `roles` are the roles of every app, from the manifests. `by` names who makes a change.
    """

    def __init__(
        self,
        engine: Engine,
        roles: Mapping[str, Sequence[Role]],
        audit: Audit,
        clock: Clock,
        settings: AccessSettings | None = None,
    ) -> None:
        self._engine = engine
        self._roles = roles
        self._audit = audit
        self._clock = clock
        self._settings = settings or AccessSettings()

    # Changes

    def add(self, name: str, pin: str, roles: Mapping[str, str], *, by: str, badge: str = "") -> Account:
        """A new person, or a removed one back under the old number.

        Raises InputError for a bad name, PIN or role and RefusedError when the name or badge is taken.
        """
        name = _clean_name(name)
        for app, role in roles.items():
            self._check_role(app, role)
        hashed = PinHash.make(fit_pin(pin, self._settings.least_digits))
        with writing(self._engine) as connection:
            number = self._write(connection, name, hashed, badge)
            rows = [{"account": number, "app": app, "role": role} for app, role in roles.items()]
            upsert(connection, grants, ["account", "app"], rows)
            detail = {"number": number, "name": name, "roles": dict(roles), "badge": bool(badge)}
            self._audit.append_in(connection, "account-added", detail, who=by)
            return load_account(connection, number)

    def grant(self, number: int, app: str, role: str, *, by: str) -> None:
        """Gives `role` in `app`, in place of the one held there. An empty role takes it away."""
        if role:
            self._check_role(app, role)
        with writing(self._engine) as connection:
            held = load_account(connection, number).roles.get(app, "")
            connection.execute(delete(grants).where(grants.c.account == number, grants.c.app == app))
            if role:
                connection.execute(insert(grants).values(account=number, app=app, role=role))
            detail = {"number": number, "app": app, "old": held, "new": role}
            self._audit.append_in(connection, "role-changed", detail, who=by)

    def set_pin(self, number: int, pin: str, *, by: str) -> None:
        """A new PIN; every session of the account ends and its lock-out is lifted."""
        hashed = PinHash.make(fit_pin(pin, self._settings.least_digits))
        with writing(self._engine) as connection:
            self._change(connection, number, hashed.columns(), "pin-changed", {}, by)
            connection.execute(delete(lockouts).where(lockouts.c.scope == f"account:{number}"))

    def set_badge(self, number: int, badge: str, *, by: str) -> None:
        """`badge` as the reader gives it, empty for none. It stands for the name; the PIN is still asked."""
        with writing(self._engine) as connection:
            values = {"badge_sha256": _free_badge(connection, badge, number)}
            self._change(connection, number, values, "badge-changed", {"badge": bool(badge)}, by)

    def disable(self, number: int, *, by: str, reason: str = "") -> None:
        """Ends every session at once; nobody signs in by it until `enable`."""
        with writing(self._engine) as connection:
            self._change(connection, number, {"disabled": True}, "account-disabled", {"reason": reason}, by)

    def enable(self, number: int, *, by: str) -> None:
        with writing(self._engine) as connection:
            self._change(connection, number, {"disabled": False}, "account-enabled", {}, by)

    def remove(self, number: int, *, by: str) -> None:
        """Takes PIN, badge, roles and sessions away; number and name stay that person's for the audit."""
        with writing(self._engine) as connection:
            values = {"removed": True, "badge_sha256": None, **NO_PIN}
            self._change(connection, number, values, "account-removed", {}, by)
            connection.execute(delete(grants).where(grants.c.account == number))

    # Questions

    def find(self, who: str) -> Account | None:
        """The account with this number, name or badge; None when there is none or it was removed."""
        with reading(self._engine) as connection:
            row = find_row(connection, who)
            return load_account(connection, row.id) if row else None

    def all(self) -> list[Account]:
        """Everybody but the removed, by number. Empty: the first account is still to be made."""
        query = select(accounts.c.id).where(accounts.c.removed.is_(False)).order_by(accounts.c.id)
        with reading(self._engine) as connection:
            return [load_account(connection, number) for number in connection.execute(query).scalars().all()]

    def may(self, account: Account, app: str, role: str) -> bool:
        """Whether its role in `app` is `role` or includes it."""
        return covers(self._roles.get(app, ()), account.roles.get(app, ""), role)

    def _check_role(self, app: str, role: str) -> None:
        known = [item.name for item in self._roles.get(app, ())]
        if app not in self._roles:
            raise InputError(f"there is no app '{app}' here", hint=f"Apps: {', '.join(self._roles) or 'none'}.")
        if role not in known:
            raise InputError(f"{app} has no role '{role}'", hint=f"Its roles: {', '.join(known) or 'none'}.")

    def _write(self, connection: Connection, name: str, pin: PinHash, badge: str) -> int:
        old = _named(connection, name)
        if old is not None and not old.removed:
            raise RefusedError(f"there is an account '{old.name}' already", hint="Choose another name.")
        values: dict[str, Any] = {"name": name, "removed": False, "disabled": False, **pin.columns()}
        values["badge_sha256"] = _free_badge(connection, badge, old.id if old else 0)
        if old is not None:
            connection.execute(update(accounts).where(accounts.c.id == old.id).values(**values))
            return int(old.id)
        values["created_utc_s"] = self._clock.now().utc_s
        return int(connection.execute(insert(accounts).values(**values).returning(accounts.c.id)).scalar_one())

    def _change(
        self,
        connection: Connection,
        number: int,
        values: Mapping[str, Any],
        act: str,
        detail: Mapping[str, Any],
        by: str,
    ) -> None:
        """Changes a way in, so every session of the account ends with it."""
        account = load_account(connection, number)
        connection.execute(update(accounts).where(accounts.c.id == number).values(**values))
        connection.execute(delete(sessions).where(sessions.c.account == number))
        self._audit.append_in(connection, act, {"number": number, "name": account.name, **detail}, who=by)


def covers(roles: Sequence[Role], held: str, needed: str) -> bool:
    """Whether `held` is `needed` or includes it, directly or through others. Unknown roles cover nothing."""
    includes = {role.name: role.includes for role in roles}
    open_, seen = [held], set[str]()
    while open_:
        name = open_.pop()
        if name in includes and name not in seen:
            seen.add(name)
            open_.extend(includes[name])
    return needed in seen


def find_row(connection: Connection, who: str) -> Row[Any] | None:
    """The account row for a number, a name or a badge; None when there is none or it was removed."""
    who = who.strip()
    is_number = who.isascii() and who.isdigit() and len(who) < 10
    row = connection.execute(select(accounts).where(accounts.c.badge_sha256 == sha256(who))).one_or_none()
    if row is None and is_number:
        row = connection.execute(select(accounts).where(accounts.c.id == int(who))).one_or_none()
    elif row is None:
        row = _named(connection, who)
    return None if row is None or row.removed else row


def _named(connection: Connection, name: str) -> Row[Any] | None:
    """The row of that name in whatever case; not asked in SQL: SQLite folds ASCII alone, a server as its locale."""
    rows = connection.execute(select(accounts.c.id, accounts.c.name)).all()
    number = next((row.id for row in rows if row.name.casefold() == name.casefold()), None)
    return None if number is None else connection.execute(select(accounts).where(accounts.c.id == number)).one()


def load_account(connection: Connection, number: int) -> Account:
    """Raises RefusedError when there is no such account any more."""
    row = connection.execute(
        select(accounts).where(accounts.c.id == number, accounts.c.removed.is_(False))
    ).one_or_none()
    if row is None:
        raise RefusedError(f"there is no account number {number}")
    held = connection.execute(select(grants.c.app, grants.c.role).where(grants.c.account == number)).all()
    return Account(row.id, row.name, {item.app: item.role for item in held}, row.badge_sha256 is not None, row.disabled)


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _free_badge(connection: Connection, badge: str, number: int) -> str | None:
    if not badge.strip():
        return None
    mark = sha256(badge.strip())
    taken = select(accounts.c.id).where(accounts.c.badge_sha256 == mark, accounts.c.id != number)
    if connection.execute(taken).first() is not None:
        raise RefusedError("this badge belongs to another account", hint="Take it away there first.")
    return mark


def _clean_name(name: str) -> str:
    name = " ".join(name.split())
    if not 1 <= len(name) <= 80 or not name.isprintable() or name.isdigit():
        raise InputError("a name has 1 to 80 letters and is not a number alone")
    return name
