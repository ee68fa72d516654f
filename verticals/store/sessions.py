"""Who is signed in where.

A wrong PIN counts for the account and for the terminal, across restarts: from the fifth in a row both are
locked for a minute, doubling with each further one to a quarter of an hour.
"""

from __future__ import annotations

import math
import secrets
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, Engine, delete, insert, or_, select, update

from core.clock import Clock
from core.errors import AccessError
from verticals.store.access import AccessSettings
from verticals.store.accounts import Account, find_row, load_account, sha256
from verticals.store.audit import Audit
from verticals.store.box_tables import accounts, sessions
from verticals.store.database import reading, writing
from verticals.store.lockouts import Lockouts, boot_id
from verticals.store.pins import PinHash

_LONGEST_TRY = 64
_TOUCH_SHARE = 0.1  # of the idle limit: a session's last use is written no more often than this


@dataclass(frozen=True, slots=True)
class SignedIn:
    """An open session. `token` is the only copy of the secret: empty when read back from the store."""

    account: Account
    terminal: str
    idle_limit_s: float
    token: str = field(default="", repr=False)


class Sessions:
    """Any thread may call it. `boot` names this boot of the machine; no session outlives it."""

    def __init__(
        self,
        engine: Engine,
        audit: Audit,
        clock: Clock,
        settings: AccessSettings | None = None,
        *,
        boot: str | None = None,
    ) -> None:
        self._engine = engine
        self._audit = audit
        self._clock = clock
        self._settings = settings or AccessSettings()
        self._boot = boot_id() if boot is None else boot
        self._lockouts = Lockouts(
            clock,
            wrong_before_lock=self._settings.wrong_before_lock,
            first_lock_s=self._settings.first_lock,
            longest_lock_s=self._settings.longest_lock,
            boot=self._boot,
        )

    def sign_in(self, who: str, pin: str, *, terminal: str, kiosk: bool = False) -> SignedIn:
        """A new session for a number, name or badge with its PIN; at the `kiosk` it falls back sooner.

        Raises AccessError with one wording whichever of the two was wrong, and with the time left when locked.
        """
        account = self._checked(who, pin, terminal, "sign-in")
        limit_s = self._settings.kiosk_idle_limit if kiosk else self._settings.idle_limit
        token = secrets.token_urlsafe(32)
        now = self._clock.now()
        values = {"token_sha256": sha256(token), "account": account.number, "terminal": terminal,
                  "opened_utc_s": now.utc_s, "used_mono_s": now.mono_s, "idle_limit_s": limit_s,
                  "boot": self._boot}  # fmt: skip
        with writing(self._engine) as connection:
            connection.execute(insert(sessions).values(**values))
            self._audit.append_in(connection, "signed-in", {"terminal": terminal}, who=account.name)
        return SignedIn(account, terminal, limit_s, token)

    def confirm(self, number: int, pin: str, *, terminal: str) -> Account:
        """The account when this is its PIN: the signature under a change. Counts like a sign-in."""
        return self._checked(str(number), pin, terminal, "signature")

    def session(self, token: str, *, touch: bool = True) -> SignedIn | None:
        """Who holds `token`; None when it is unknown, idle too long, revoked or of another boot.

        `touch`: a person did something. An open stream or a heartbeat asks with `touch=False`.
        """
        mine, now_s = sessions.c.token_sha256 == sha256(token), self._clock.now().mono_s
        with reading(self._engine) as connection:
            row = connection.execute(select(sessions).where(mine)).one_or_none()
            if row is None:
                return None
            account = load_account(connection, row.account)
        idle_s = now_s - row.used_mono_s
        if row.boot != self._boot or idle_s >= row.idle_limit_s:
            self._end(mine)
            return None
        if touch and idle_s > row.idle_limit_s * _TOUCH_SHARE:
            with writing(self._engine) as connection:
                connection.execute(update(sessions).where(mine).values(used_mono_s=now_s))
        return SignedIn(account, row.terminal, row.idle_limit_s)

    def sign_out(self, token: str) -> None:
        """Ends the session, if there still is one."""
        session = self.session(token, touch=False)
        if session is None:
            return
        with writing(self._engine) as connection:
            connection.execute(delete(sessions).where(sessions.c.token_sha256 == sha256(token)))
            detail = {"terminal": session.terminal}
            self._audit.append_in(connection, "signed-out", detail, who=session.account.name)

    def revoke(self, number: int, *, by: str) -> int:
        """How many sessions of the account were ended."""
        with writing(self._engine) as connection:
            ended = connection.execute(delete(sessions).where(sessions.c.account == number)).rowcount
            self._audit.append_in(connection, "sessions-revoked", {"number": number, "ended": ended}, who=by)
            return ended

    def sweep(self) -> int:
        """How many dead sessions and long forgotten wrong tries were deleted; a due job calls it."""
        over = sessions.c.used_mono_s + sessions.c.idle_limit_s <= self._clock.now().mono_s
        with writing(self._engine) as connection:
            ended = connection.execute(delete(sessions).where(or_(sessions.c.boot != self._boot, over))).rowcount
            return ended + self._lockouts.forget_old(connection)

    def _checked(self, who: str, pin: str, terminal: str, act: str) -> Account:
        """Counts the try before the PIN is looked at, so that many at once cannot outrun the lock."""
        scopes = [f"terminal:{terminal[:80]}"]
        with writing(self._engine) as connection:
            row = find_row(connection, who)
            if row is not None:
                scopes.append(f"account:{row.id}")
            if (left_s := self._lockouts.locked_s(connection, scopes)) > 0:
                raise AccessError("too many wrong PINs", hint=f"Try again in {_words(left_s)}.")
            self._lockouts.count(connection, scopes)
        hashed = PinHash.stored(row.pin_salt, row.pin_hash, row.pin_cost) if row else PinHash.stored(None, None, "")
        if not hashed.fits(pin[:_LONGEST_TRY]) or row is None:
            self._note_refusal(act, terminal, row.name if row else "", "wrong PIN or unknown account")
            raise AccessError("name or PIN is wrong", hint="Try again.")
        if row.disabled:
            self._note_refusal(act, terminal, row.name, "account is disabled")
            raise AccessError("this account is disabled", hint="Ask an administrator.")
        with writing(self._engine) as connection:
            self._lockouts.clear(connection, scopes)
            if hashed.outdated:
                new = PinHash.make(pin).columns()
                connection.execute(update(accounts).where(accounts.c.id == row.id).values(**new))
            return load_account(connection, row.id)

    def _note_refusal(self, act: str, terminal: str, name: str, why: str) -> None:
        """What was typed as the name is not kept: it may be a PIN in the wrong field."""
        with writing(self._engine) as connection:
            self._audit.append_in(connection, f"{act}-refused", {"terminal": terminal, "why": why}, who=name)

    def _end(self, which: ColumnElement[bool]) -> None:
        with writing(self._engine) as connection:
            connection.execute(delete(sessions).where(which))


def _words(seconds: float) -> str:
    return f"{math.ceil(seconds)} s" if seconds <= 90 else f"{math.ceil(seconds / 60)} min"
