from __future__ import annotations

import argparse
import io
import json
from pathlib import Path
from typing import Any

import pytest

from appliance.verbs import user
from core.clock import SystemClock
from core.errors import EdgewiseError, InputError, RefusedError
from tests.support.sites import write_site
from verticals.contract import Role
from verticals.places import Places
from verticals.store.box import open_box

ROLES = {"manufacturing": [Role("operator", "Operator"), Role("engineer", "Engineer", ["operator"])]}


class Console:
    """`edgewise user ...` over one data directory; what it wrote comes back."""

    def __init__(self, data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.places = Places(data)
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def __call__(self, *argv: str, stdin: str = "") -> str:
        parser = argparse.ArgumentParser()
        user.register(parser.add_subparsers())
        arguments = parser.parse_args(["user", *argv, "--data", str(self.places.data)])
        self._monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        assert arguments.run(arguments) == 0
        return self._capsys.readouterr().out

    def json(self, *argv: str, stdin: str = "") -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self(*argv, "--json", stdin=stdin))
        return document


@pytest.fixture
def console(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Console:
    monkeypatch.setattr(user, "_roles", lambda apps: {app: ROLES[app] for app in apps if app in ROLES})
    return Console(tmp_path / "var", monkeypatch, capsys)


def test_a_new_box_has_nobody_and_says_how_to_begin(console: Console) -> None:
    assert "edgewise user add" in console("list")
    assert console.json("list") == {"accounts": []}


def test_the_first_person_is_added_listed_signs_in_and_is_removed(console: Console) -> None:
    added = console.json(
        "add", "anna", "--role", "manufacturing:engineer", "--badge", "B1", "--pin-stdin", stdin="2468\n"
    )
    anna = {"number": 1, "name": "anna", "roles": {"manufacturing": "engineer"}, "badge": True, "disabled": False}
    assert added == {"added": anna}
    assert console.json("list") == {"accounts": [anna]}
    assert console("list") == "   1  anna: manufacturing:engineer (badge)\n"
    box = open_box(console.places, ROLES, SystemClock())
    assert box.sessions.sign_in("1", "2468", terminal="kiosk").account.name == "anna"
    assert console.json("remove", "1")["removed"]["name"] == "anna"
    assert console.json("list") == {"accounts": []}
    assert [entry.act for entry in box.audit.read()] == ["account-added", "signed-in", "account-removed"]
    assert box.audit.read()[0].who.startswith("console:")
    assert box.audit.verify().whole
    assert console.places.box_db.parent.stat().st_mode & 0o077 == 0
    box.close()


@pytest.mark.parametrize(
    ("argv", "stdin", "said"),
    [
        (["add", "anna", "--role", "engineer", "--pin-stdin"], "2468", "APP:ROLE"),
        (["add", "anna", "--role", "manufacturing:boss", "--pin-stdin"], "2468", "no role 'boss'"),
        (["add", "anna", "--role", "brewery:boss", "--pin-stdin"], "2468", "no app 'brewery'"),
        (["add", "anna", "--role", "manufacturing:engineer", "--pin-stdin"], "12", "4 to 12 digits"),
        (["add", "anna", "--role", "manufacturing:engineer", "--pin-stdin"], "", "4 to 12 digits"),
        (["add", "anna", "--role", "manufacturing:engineer"], "", "--pin-stdin"),
        (["remove", "nobody"], "", "no account 'nobody'"),
    ],
)
def test_what_cannot_be_done_is_refused_in_one_clear_line(
    console: Console, argv: list[str], stdin: str, said: str
) -> None:
    with pytest.raises((InputError, RefusedError), match=said) as refusal:
        console(*argv, stdin=stdin)
    assert "\n" not in str(refusal.value)
    assert console.json("list") == {"accounts": []}


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_at_a_terminal_the_pin_is_asked_for_twice_and_never_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    typed = iter(["2468", "2468", "2468", "2469"])
    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("getpass.getpass", lambda prompt: next(typed))
    assert user._ask_pin() == "2468"
    with pytest.raises(EdgewiseError, match="differ"):
        user._ask_pin()
    assert "2468" not in capsys.readouterr().out


def test_a_pin_is_as_long_as_the_site_asks(console: Console, tmp_path: Path) -> None:
    config = write_site(tmp_path, ("[manufacturing]\n", "[access]\nleast_digits = 6\n\n[manufacturing]\n"))
    words = ("add", "anna", "--role", "manufacturing:engineer", "--pin-stdin", "--config", str(config))
    with pytest.raises(InputError, match="6 to 12 digits"):
        console(*words, stdin="2468\n")
    assert "added" in console(*words, stdin="246813\n")
