from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, select

from core.errors import EdgewiseError, InputError, RefusedError
from core.settings import checked
from tests.support.box_db import make_box_db
from tests.support.clocks import FakeClock
from verticals.contract import Role
from verticals.store.access import AccessSettings
from verticals.store.accounts import Accounts, covers
from verticals.store.audit import Audit
from verticals.store.box_tables import accounts as table
from verticals.store.pins import PinHash, fit_pin

ROLES = {
    "manufacturing": [
        Role("operator", "Operator"),
        Role("engineer", "Engineer", ["operator"]),
        Role("admin", "Administrator", ["engineer"]),
    ],
    "retail": [Role("clerk", "Clerk")],
}


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return make_box_db(tmp_path)


@pytest.fixture
def audit(engine: Engine) -> Audit:
    return Audit(engine, FakeClock())


@pytest.fixture
def people(engine: Engine, audit: Audit) -> Accounts:
    return Accounts(engine, ROLES, audit, FakeClock())


def test_a_new_box_has_no_account_at_all(people: Accounts) -> None:
    assert people.all() == []


def test_an_account_is_found_by_number_name_and_badge(people: Accounts) -> None:
    engineer = people.add("Engineer Three", "2468", {"manufacturing": "engineer"}, by="console:root", badge="04A2FF")
    assert engineer.roles == {"manufacturing": "engineer"}
    for who in (str(engineer.number), "engineer three", " Engineer Three ", "04A2FF"):
        assert people.find(who) == engineer
    assert people.find("999") is None


def test_a_name_is_the_same_in_whatever_case_and_language(people: Accounts) -> None:
    fitter = people.add("Prüfer Ost", "2468", {}, by="x")
    assert people.find("PRÜFER OST") == fitter
    with pytest.raises(RefusedError, match="there is an account 'Prüfer Ost' already"):
        people.add("prüfer ost", "1357", {}, by="x")


def test_neither_pin_nor_badge_stands_in_the_database(people: Accounts, engine: Engine, tmp_path: Path) -> None:
    people.add("engineer", "24681357", {}, by="x", badge="BADGE-0815")
    engine.dispose()
    for file in tmp_path.iterdir():
        assert b"24681357" not in file.read_bytes()
        assert b"BADGE-0815" not in file.read_bytes()


def test_a_role_that_no_manifest_declares_is_refused(people: Accounts) -> None:
    with pytest.raises(InputError, match=r"manufacturing has no role 'boss'.*operator, engineer, admin"):
        people.add("engineer", "2468", {"manufacturing": "boss"}, by="x")
    with pytest.raises(InputError, match="no app 'brewery'"):
        people.add("engineer", "2468", {"brewery": "boss"}, by="x")
    engineer = people.add("engineer", "2468", {}, by="x")
    with pytest.raises(InputError):
        people.grant(engineer.number, "retail", "engineer", by="x")


@pytest.mark.parametrize("pin", ["", "123", "12a4", "１２３４", "1" * 13, "-1234"])
def test_a_pin_that_is_not_four_digits_or_more_is_refused_and_not_repeated(people: Accounts, pin: str) -> None:
    with pytest.raises(InputError, match="4 to 12 digits") as refusal:
        people.add("engineer", pin, {}, by="x")
    assert not pin or pin not in str(refusal.value)


@pytest.mark.parametrize("name", ["", "  ", "4711", "x" * 81, "a\x00b"])
def test_a_name_that_could_be_a_number_or_nothing_is_refused(people: Accounts, name: str) -> None:
    with pytest.raises(InputError):
        people.add(name, "2468", {}, by="x")


def test_the_same_name_is_taken_in_any_case(people: Accounts) -> None:
    people.add("Engineer", "2468", {}, by="x")
    with pytest.raises(RefusedError, match="'Engineer' already"):
        people.add("engineer", "1357", {}, by="x")


def test_a_badge_belongs_to_one_account(people: Accounts) -> None:
    engineer = people.add("engineer", "2468", {}, by="x", badge="B1")
    operator = people.add("operator", "2468", {}, by="x")
    with pytest.raises(RefusedError, match="badge"):
        people.set_badge(operator.number, "B1", by="x")
    people.set_badge(engineer.number, "", by="x")
    people.set_badge(operator.number, "B1", by="x")
    found = people.find("B1")
    assert found is not None
    assert found.number == operator.number


def test_a_removed_account_keeps_number_and_name_and_loses_everything_else(people: Accounts, engine: Engine) -> None:
    engineer = people.add("engineer", "2468", {"retail": "clerk"}, by="x", badge="B1")
    people.remove(engineer.number, by="x")
    assert people.all() == []
    assert people.find("engineer") is None
    with pytest.raises(RefusedError):
        people.set_pin(engineer.number, "1234", by="x")
    with engine.connect() as connection:
        row = connection.execute(select(table)).one()
    assert (row.name, row.pin_hash, row.pin_salt, row.badge_sha256) == ("engineer", None, None, None)
    operator = people.add("operator", "2468", {}, by="x")
    again = people.add("engineer", "9999", {}, by="x")
    assert again.number == engineer.number != operator.number
    assert again.roles == {}


def test_a_role_is_granted_changed_and_taken_away(people: Accounts) -> None:
    engineer = people.add("engineer", "2468", {"retail": "clerk"}, by="x")
    people.grant(engineer.number, "manufacturing", "operator", by="x")
    people.grant(engineer.number, "manufacturing", "engineer", by="x")
    people.grant(engineer.number, "retail", "", by="x")
    found = people.find("engineer")
    assert found is not None
    assert found.roles == {"manufacturing": "engineer"}
    assert people.may(found, "manufacturing", "operator")
    assert not people.may(found, "manufacturing", "admin")
    assert not people.may(found, "retail", "clerk")


def test_a_role_includes_others_at_any_depth_and_circles_end() -> None:
    assert covers(ROLES["manufacturing"], "admin", "operator")
    assert not covers(ROLES["manufacturing"], "operator", "admin")
    assert not covers(ROLES["manufacturing"], "", "operator")
    assert not covers(ROLES["manufacturing"], "ghost", "ghost")
    assert covers([Role("a", "A", ["b"]), Role("b", "B", ["a"])], "a", "b")


def test_every_change_is_in_the_audit_with_old_and_new_and_who(people: Accounts, audit: Audit) -> None:
    engineer = people.add("engineer", "2468", {}, by="console:root")
    people.grant(engineer.number, "retail", "clerk", by="operator")
    people.set_pin(engineer.number, "1357", by="operator")
    people.set_badge(engineer.number, "B1", by="operator")
    people.disable(engineer.number, by="operator", reason="left")
    people.enable(engineer.number, by="operator")
    people.remove(engineer.number, by="operator")
    entries = audit.read()
    assert [entry.act for entry in entries] == [
        "account-added", "role-changed", "pin-changed", "badge-changed", "account-disabled", "account-enabled",
        "account-removed",
    ]  # fmt: skip
    assert entries[0].who == "console:root"
    assert entries[1].values == {"number": 1, "app": "retail", "old": "", "new": "clerk"}
    assert entries[4].values["reason"] == "left"
    assert not any("1357" in entry.detail or "2468" in entry.detail for entry in entries)
    assert audit.verify().whole


def test_equal_pins_give_unequal_hashes_and_each_keeps_its_cost(
    dear_pins: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("verticals.store.pins._N", dear_pins)
    one, two = PinHash.make("2468"), PinHash.make("2468")
    assert one.digest != two.digest
    assert one.fits("2468")
    assert not one.fits("2469")
    assert one.cost == "scrypt:16384:8:1"
    assert not one.outdated


def test_an_account_without_a_pin_fits_no_pin() -> None:
    assert not PinHash.stored(None, None, "").fits("")


def test_the_times_are_settings_with_units() -> None:
    settings = checked(AccessSettings, {"idle_limit": "5min", "kiosk_idle_limit": "30s"}, "edgewise.toml [access]")
    assert (settings.idle_limit, settings.kiosk_idle_limit) == (300, 30)
    assert AccessSettings().idle_limit == 600
    assert AccessSettings().kiosk_idle_limit == 60


@given(st.text())
def test_any_text_is_a_pin_or_is_refused_in_words(pin: str) -> None:
    try:
        assert fit_pin(pin, 4).isdigit()
    except EdgewiseError as error:
        assert "digits" in str(error)
