from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from core.errors import SettingsError
from verticals import catalog
from verticals.contract import CONTRACT_VERSION, Manifest, Role


@dataclass(frozen=True)
class _Settings:
    pass


class App:
    manifest = Manifest("spare", "Spare", _Settings, roles=(Role("clerk", "Clerk"),), kiosk_role="clerk")

    def stations(self, settings: Any) -> list[Any]:
        return []

    devices = route = project = panel = stations


class OldApp(App):
    manifest = Manifest("spare", "Spare", _Settings, roles=(), contract=CONTRACT_VERSION - 1)


class OtherNameApp(App):
    manifest = Manifest("other", "Other", _Settings, roles=())


class LooseSettingsApp(App):
    manifest = Manifest("spare", "Spare", dict, roles=())


class StrangeRoleApp(App):
    manifest = Manifest("spare", "Spare", _Settings, roles=(Role("clerk", "Clerk", includes=("ghost",)),))


class HalfApp:
    manifest = App.manifest


class BareApp:
    pass


def test_built_in_apps_come_first_and_are_not_imported_by_being_named() -> None:
    assert catalog.names()[0] == "manufacturing"


def test_an_app_in_an_installed_package_is_found_by_its_entry_point(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = tmp_path / "spare_app-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: spare-app\nVersion: 1\n")
    (info / "entry_points.txt").write_text(f"[{catalog.ENTRY_POINT_GROUP}]\nspare = {__name__}:App\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert "spare" in catalog.names()
    assert catalog.load("spare").manifest.title == "Spare"


def test_an_unknown_app_is_refused_with_the_known_ones() -> None:
    with pytest.raises(SettingsError, match=r"no app 'bakery'.*manufacturing"):
        catalog.load("bakery")


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("no_such_module:App", "cannot be loaded"),
        (f"{__name__}:NoSuch", "cannot be loaded"),
        (f"{__name__}", "module:Class"),
        (f"{__name__}:BareApp", "no manifest"),
        (f"{__name__}:OldApp", "written for contract 0"),
        (f"{__name__}:OtherNameApp", "calls itself 'other'"),
        (f"{__name__}:HalfApp", "lacks stations, devices, route, project, panel"),
        (f"{__name__}:LooseSettingsApp", "frozen dataclass"),
        (f"{__name__}:StrangeRoleApp", "role ghost"),
    ],
)
def test_an_app_that_does_not_fit_is_refused_with_the_reason(place: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        catalog.load_from(place, "spare")


def test_an_app_that_breaks_while_it_is_imported_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken_app.py").write_text("raise RuntimeError('no licence')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(SettingsError, match=r"app 'spare': broken_app:App cannot be loaded: no licence"):
        catalog.load_from("broken_app:App", "spare")
    sys.modules.pop("broken_app", None)
