from __future__ import annotations

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from core.errors import SettingsError
from core.settings import checked
from manufacturing.discipline import Discipline
from manufacturing.plc_security import certificate_teller, plc_security, teller
from manufacturing.settings import PlcSettings
from manufacturing.standing import standing
from tests.support.clocks import FakeClock
from verticals.devices.opcua_trust import KEYS
from verticals.places import Places

URL = "opc.tcp://plc.example:4840/"


class Cell:
    def __init__(self) -> None:
        self.heard: list[tuple[str, bool, str]] = []

    def plc_state(self, up: bool, why: str) -> None:
        self.heard.append(("plc-lost", up, why))

    def plc_news(self, code: str, ok: bool, why: str) -> None:
        self.heard.append((code, ok, why))


class Link:
    untrusted = False


def test_a_line_is_secured_unless_it_says_otherwise(tmp_path: Path) -> None:
    places, clock = Places(tmp_path), FakeClock()
    security = plc_security(PlcSettings(URL), places, clock)
    assert security is not None and (security.policy, security.mode) == ("Basic256Sha256", "sign-and-encrypt")
    assert (places.keys / KEYS / "own" / "current.pem").exists()
    assert plc_security(PlcSettings(URL, security="none"), places, clock) is None


@pytest.mark.parametrize(
    "values",
    [
        {"security": "Basic128Rsa15"},
        {"security": "None"},
        {"security_mode": "none"},
        {"user": "box"},
        {"password_file": "/secret"},
        {"user_certificate": "/user.der"},
        {"security": "none", "user": "box", "password_file": "/secret"},
        {"user": "box", "password_file": "/secret", "user_certificate": "/user.der", "user_key": "/user.key"},
    ],
)
def test_settings_that_would_not_be_safe_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(SettingsError):
        checked(PlcSettings, {"url": URL, **values}, "edgewise.toml")


def test_the_cell_hears_of_missing_trust_and_of_what_to_see_to() -> None:
    cell, link = Cell(), Link()
    tell = teller(cell, lambda: link, secured=True)
    link.untrusted = True
    tell(False, "open Trust")
    assert ("plc-untrusted", False, "open Trust") in cell.heard
    link.untrusted = False
    cell.heard.clear()
    tell(True, "")
    certificate_teller(cell)(("It runs out in 3 days.",))
    assert cell.heard == [
        ("plc-lost", True, ""),
        ("plc-untrusted", True, ""),
        ("plc-not-secured", True, ""),
        ("plc-certificate", False, "It runs out in 3 days."),
    ]


def banner(discipline: Discipline, *, simulated: bool = False) -> Any:
    zone = ZoneInfo("UTC")
    return standing(discipline, simulated=simulated, model="flange", since={}, zone=zone)["banner"]


def test_an_open_connection_is_shown_as_long_as_it_lasts_and_is_no_fault_to_the_plc() -> None:
    discipline = Discipline()
    discipline.clear("no-recipe")
    discipline.notice("plc-not-secured", ok=False, detail="")
    assert (banner(discipline)["kind"], banner(discipline)["word"]) == ("attention", "NOT SECURED")
    assert banner(discipline, simulated=True)["word"] == "SIMULATED"
    assert discipline.signals()["Ready"] and not discipline.signals()["Fault"]
    discipline.notice("plc-not-secured", ok=True, detail="")
    assert not banner(discipline)["word"]


def test_missing_trust_is_told_before_the_loss_that_follows_from_it() -> None:
    discipline = Discipline()
    discipline.fault("plc-lost", "why")
    discipline.fault("plc-untrusted", "why")
    assert banner(discipline)["word"] == "PLC NOT TRUSTED" and "open Trust" in banner(discipline)["text"]
