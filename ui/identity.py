"""Who stands at a screen: a session by its cookie, the box's own kiosk without one, or nobody."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from verticals.contract import Manifest
from verticals.store.accounts import covers
from verticals.store.sessions import SignedIn

#: The role of a route that asks for none: health, static files, the sign-in page.
PUBLIC = "public"


class SessionDoor(Protocol):
    """What the shell needs of `verticals.store.sessions.Sessions`; from any thread."""

    def sign_in(self, who: str, pin: str, *, terminal: str, kiosk: bool = False) -> SignedIn: ...

    def session(self, token: str, *, touch: bool = True) -> SignedIn | None: ...

    def sign_out(self, token: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Peer:
    """The other end of a connection. `at_the_box`: nothing but the box's own screen can be there."""

    address: str
    at_the_box: bool

    @classmethod
    def of(cls, address: str, header_names: Iterable[str]) -> Peer:
        """A request that came through a proxy is not the box's own screen, wherever the proxy stands."""
        forwarded = {"forwarded", "x-forwarded-for", "x-real-ip", "via"} & {name.lower() for name in header_names}
        return cls(address, is_loopback(address) and not forwarded)


@dataclass(frozen=True, slots=True)
class Person:
    """`who` is empty for the kiosk and for nobody, `role` for nobody; `token` names the session."""

    who: str = ""
    role: str = ""
    token: str = ""


class Identities:
    """Answers for one app; from any thread."""

    def __init__(self, manifest: Manifest, sessions: SessionDoor) -> None:
        self.manifest = manifest
        self._sessions = sessions
        self.session_cookie = f"edgewise_{manifest.name}"
        self.visit_cookie = f"edgewise_{manifest.name}_visit"

    def of(self, token: str, peer: Peer, *, touch: bool) -> Person:
        """`touch`: a person did something just now, which keeps the session from running out."""
        signed_in = self._sessions.session(token, touch=touch) if token else None
        if signed_in is not None:
            role = signed_in.account.roles.get(self.manifest.name, "")
            return Person(signed_in.account.name, role, token)
        return Person(role=self.manifest.kiosk_role if peer.at_the_box else "")

    def may(self, person: Person, role: str) -> bool:
        return role == PUBLIC or (bool(role) and covers(self.manifest.roles, person.role, role))


def is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address.partition("%")[0]).is_loopback
    except ValueError:
        return False
