"""How a line's settings become the security of its connection to the PLC, and what is told of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from core.clock import Clock
from manufacturing.settings import PlcSettings
from verticals.devices.opcua_certificates import OwnCertificates
from verticals.devices.opcua_security import OpcUaSecurity, SignIn
from verticals.devices.opcua_trust import KEYS, TrustList
from verticals.places import Places


class _Cell(Protocol):
    def plc_state(self, up: bool, why: str) -> None: ...

    def plc_news(self, code: str, ok: bool, why: str) -> None: ...


class _Link(Protocol):
    untrusted: bool


def plc_security(plc: PlcSettings, places: Places, clock: Clock) -> OpcUaSecurity | None:
    """None where the settings say `none`. Makes the box's certificate where there is none: before a loop runs."""
    if plc.security == "none":
        return None
    own = own_certificates(places, clock)
    own.ensure()
    sign_in = SignIn(plc.user, _path(plc.password_file), _path(plc.user_certificate), _path(plc.user_key))
    return OpcUaSecurity(own, trust_list(places, clock), plc.security, plc.security_mode, sign_in)


def own_certificates(places: Places, clock: Clock) -> OwnCertificates:
    return OwnCertificates(places.keys / KEYS / "own", clock)


def trust_list(places: Places, clock: Clock) -> TrustList:
    return TrustList(places.keys / KEYS, clock)


def teller(cell: _Cell, link: Callable[[], _Link], *, secured: bool) -> Callable[[bool, str], None]:
    """What hears of the link's state: the cell, and through it whoever must look at certificates."""

    def tell(up: bool, why: str) -> None:
        cell.plc_state(up, why)
        cell.plc_news("plc-untrusted", not link().untrusted, why)
        cell.plc_news("plc-not-secured", secured, "" if secured else "security = none in the settings")

    return tell


def certificate_teller(cell: _Cell) -> Callable[[tuple[str, ...]], None]:
    """What hears of certificates that a person should see to in time."""
    return lambda notices: cell.plc_news("plc-certificate", not notices, " ".join(notices))


def _path(text: str) -> Path | None:
    return Path(text) if text else None
