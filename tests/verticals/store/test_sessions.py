from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, update

from core.errors import AccessError
from tests.support.box_db import make_box_db
from tests.support.clocks import FakeClock
from tests.support.databases import open_in
from verticals.contract import Role
from verticals.store.accounts import Accounts
from verticals.store.audit import Audit
from verticals.store.box_tables import accounts as table
from verticals.store.pins import PinHash, _scrypt
from verticals.store.sessions import Sessions


@pytest.fixture(autouse=True)
def cheap_scrypt(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real function at a cost that lets many tries run; the cost itself is tested with the PINs."""
    monkeypatch.setattr("verticals.store.pins._N", 16)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return make_box_db(tmp_path)


@pytest.fixture
def audit(engine: Engine, clock: FakeClock) -> Audit:
    return Audit(engine, clock)


@pytest.fixture
def people(engine: Engine, audit: Audit, clock: FakeClock) -> Accounts:
    people = Accounts(engine, {"m": [Role("operator", "Operator")]}, audit, clock)
    people.add("anna", "2468", {"m": "operator"}, by="x", badge="B1")
    people.add("ben", "1357", {}, by="x")
    return people


@pytest.fixture
def sessions(people: Accounts, engine: Engine, audit: Audit, clock: FakeClock) -> Sessions:
    return Sessions(engine, audit, clock, boot="first")


def wrong(sessions: Sessions, who: str = "anna", terminal: str = "kiosk", times: int = 1) -> None:
    for _ in range(times):
        with pytest.raises(AccessError, match="name or PIN is wrong"):
            sessions.sign_in(who, "0000", terminal=terminal)


def is_locked(sessions: Sessions, who: str = "anna", pin: str = "2468", terminal: str = "kiosk") -> str:
    with pytest.raises(AccessError, match="too many wrong PINs") as refusal:
        sessions.sign_in(who, pin, terminal=terminal)
    return refusal.value.hint


@pytest.mark.parametrize("who", ["1", "anna", "ANNA", "B1"])
def test_number_name_or_badge_with_the_pin_opens_a_session(sessions: Sessions, who: str) -> None:
    opened = sessions.sign_in(who, "2468", terminal="kiosk")
    held = sessions.session(opened.token)
    assert held is not None
    assert held.account.name == "anna"
    assert held.account.roles == {"m": "operator"}
    assert held.token == ""
    assert opened.token not in repr(opened)


def test_only_the_hash_of_a_token_is_stored(sessions: Sessions, engine: Engine, tmp_path: Path) -> None:
    token = sessions.sign_in("anna", "2468", terminal="kiosk").token
    engine.dispose()
    assert not any(token.encode() in file.read_bytes() for file in tmp_path.iterdir())


def test_wrong_name_and_wrong_pin_are_refused_in_the_same_words(sessions: Sessions) -> None:
    wrong(sessions, "anna")
    wrong(sessions, "nobody")
    assert sessions.session("made up") is None


def test_a_session_ends_ten_minutes_after_its_last_use(sessions: Sessions, clock: FakeClock) -> None:
    token = sessions.sign_in("anna", "2468", terminal="office").token
    for _ in range(3):
        clock.advance(500)
        assert sessions.session(token) is not None
    clock.advance(600)
    assert sessions.session(token) is None


def test_the_kiosk_falls_back_after_a_minute(sessions: Sessions, clock: FakeClock) -> None:
    token = sessions.sign_in("anna", "2468", terminal="kiosk", kiosk=True).token
    clock.advance(59)
    assert sessions.session(token, touch=False) is not None
    clock.advance(1)
    assert sessions.session(token) is None


def test_an_open_stream_does_not_keep_a_session_alive(sessions: Sessions, clock: FakeClock) -> None:
    token = sessions.sign_in("anna", "2468", terminal="office").token
    clock.advance(599)
    assert sessions.session(token, touch=False) is not None
    clock.advance(1)
    assert sessions.session(token, touch=False) is None


def test_a_step_of_the_wall_clock_neither_ends_nor_prolongs_a_session(sessions: Sessions, clock: FakeClock) -> None:
    token = sessions.sign_in("anna", "2468", terminal="office").token
    clock.step_utc(86400)
    assert sessions.session(token, touch=False) is not None
    clock.step_utc(-2 * 86400)
    clock.advance(600)
    assert sessions.session(token) is None


def test_a_session_outlives_a_restart_of_the_process_but_not_of_the_box(
    sessions: Sessions, engine: Engine, audit: Audit, clock: FakeClock
) -> None:
    token = sessions.sign_in("anna", "2468", terminal="office").token
    assert Sessions(engine, audit, clock, boot="first").session(token) is not None
    assert Sessions(engine, audit, clock, boot="second").session(token) is None


def sign_out(sessions: Sessions, people: Accounts, token: str) -> None:
    sessions.sign_out(token)


def revoke(sessions: Sessions, people: Accounts, token: str) -> None:
    assert sessions.revoke(1, by="admin") == 1


def disable(sessions: Sessions, people: Accounts, token: str) -> None:
    people.disable(1, by="admin")


def remove(sessions: Sessions, people: Accounts, token: str) -> None:
    people.remove(1, by="admin")


def change_pin(sessions: Sessions, people: Accounts, token: str) -> None:
    people.set_pin(1, "8642", by="admin")


@pytest.mark.parametrize("end", [sign_out, revoke, disable, remove, change_pin])
def test_a_session_ends_at_once_when(
    sessions: Sessions, people: Accounts, end: Callable[[Sessions, Accounts, str], None]
) -> None:
    token = sessions.sign_in("anna", "2468", terminal="office").token
    other = sessions.sign_in("ben", "1357", terminal="office").token
    end(sessions, people, token)
    assert sessions.session(token) is None
    assert sessions.session(other) is not None
    sessions.sign_out(token)


def test_a_disabled_account_says_so_only_to_who_knows_its_pin(sessions: Sessions, people: Accounts) -> None:
    people.disable(1, by="admin")
    wrong(sessions)
    with pytest.raises(AccessError, match="disabled"):
        sessions.sign_in("anna", "2468", terminal="kiosk")
    people.enable(1, by="admin")
    assert sessions.sign_in("anna", "2468", terminal="kiosk")


def test_five_wrong_in_a_row_lock_for_a_minute_doubling_to_a_quarter_of_an_hour(
    sessions: Sessions, clock: FakeClock
) -> None:
    wrong(sessions, times=5)
    assert is_locked(sessions) == "Try again in 60 s."
    for lock_s in (60, 120, 240, 480, 900, 900):
        clock.advance(lock_s - 1)
        is_locked(sessions)
        clock.advance(1)
        wrong(sessions)
    clock.advance(900)
    assert sessions.sign_in("anna", "2468", terminal="kiosk")
    wrong(sessions, times=4)
    assert sessions.sign_in("anna", "2468", terminal="kiosk")


def test_an_account_is_locked_at_every_terminal_and_a_terminal_for_every_account(sessions: Sessions) -> None:
    for number in range(5):
        wrong(sessions, "anna", terminal=f"terminal-{number}")
    is_locked(sessions, "anna", terminal="another")
    assert sessions.sign_in("ben", "1357", terminal="another")
    for name in ("u", "v", "w", "x", "y"):
        wrong(sessions, name, terminal="hall")
    is_locked(sessions, "ben", "1357", terminal="hall")
    assert sessions.sign_in("ben", "1357", terminal="another")


def test_wrong_pins_are_counted_across_restarts(
    sessions: Sessions, tmp_path: Path, audit: Audit, clock: FakeClock
) -> None:
    wrong(sessions, times=3)
    again = Sessions(open_in(tmp_path, "box"), audit, clock, boot="first")
    wrong(again, times=2)
    is_locked(Sessions(open_in(tmp_path, "box"), audit, clock, boot="first"))


def test_a_reboot_does_not_lift_a_lock_and_a_clock_set_back_does_not_prolong_it(
    sessions: Sessions, engine: Engine, audit: Audit, clock: FakeClock
) -> None:
    wrong(sessions, times=5)
    rebooted = FakeClock(mono_s=3.0, utc_s=clock.utc_s + 20)
    assert is_locked(Sessions(engine, audit, rebooted, boot="second")) == "Try again in 40 s."
    rebooted.step_utc(-86400 * 365)
    assert is_locked(Sessions(engine, audit, rebooted, boot="second")) == "Try again in 60 s."
    rebooted.step_utc(86400 * 365 + 40)
    assert Sessions(engine, audit, rebooted, boot="second").sign_in("anna", "2468", terminal="kiosk")


def test_setting_the_wall_clock_ahead_does_not_lift_a_lock(sessions: Sessions, clock: FakeClock) -> None:
    wrong(sessions, times=5)
    clock.step_utc(3600)
    is_locked(sessions)


def test_a_new_pin_lifts_the_lock_of_the_account(sessions: Sessions, people: Accounts) -> None:
    for number in range(5):
        wrong(sessions, terminal=f"terminal-{number}")
    people.set_pin(1, "8642", by="admin")
    assert sessions.sign_in("anna", "8642", terminal="another")


def test_many_tries_at_once_do_not_outrun_the_lock(sessions: Sessions) -> None:
    said: list[str] = []

    def guess() -> None:
        try:
            sessions.sign_in("anna", "0000", terminal="kiosk")
        except AccessError as error:
            said.append(error.message)

    threads = [threading.Thread(target=guess) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert said.count("name or PIN is wrong") == 5
    assert said.count("too many wrong PINs") == 7


def test_the_signature_under_a_change_asks_the_pin_again_and_counts(sessions: Sessions) -> None:
    assert sessions.confirm(1, "2468", terminal="kiosk").name == "anna"
    for _ in range(5):
        with pytest.raises(AccessError):
            sessions.confirm(1, "0000", terminal="kiosk")
    is_locked(sessions)


def test_tries_are_audited_without_what_was_typed(sessions: Sessions, audit: Audit) -> None:
    wrong(sessions, "2468")
    wrong(sessions, "anna")
    token = sessions.sign_in("anna", "2468", terminal="kiosk").token
    sessions.sign_out(token)
    entries = audit.read(after=2)
    assert [(entry.act, entry.who) for entry in entries] == [
        ("sign-in-refused", ""), ("sign-in-refused", "anna"), ("signed-in", "anna"), ("signed-out", "anna"),
    ]  # fmt: skip
    assert not any("2468" in entry.detail or "0000" in entry.detail for entry in entries)


def test_a_pin_made_at_an_older_cost_is_hashed_anew_at_the_next_sign_in(sessions: Sessions, engine: Engine) -> None:
    old = PinHash(b"salt", _scrypt("2468", b"salt", 4, 8, 1), "scrypt:4:8:1")
    with engine.begin() as connection:
        connection.execute(update(table).where(table.c.id == 1).values(**old.columns()))
    assert sessions.sign_in("anna", "2468", terminal="kiosk")
    with engine.connect() as connection:
        assert connection.execute(select(table.c.pin_cost).where(table.c.id == 1)).scalar() == "scrypt:16:8:1"
    assert sessions.sign_in("anna", "2468", terminal="kiosk")


def test_dead_sessions_and_forgotten_tries_are_swept(sessions: Sessions, clock: FakeClock) -> None:
    sessions.sign_in("anna", "2468", terminal="office")
    wrong(sessions, terminal="hall")
    assert sessions.sweep() == 0
    clock.advance(31 * 86400)
    live = sessions.sign_in("ben", "1357", terminal="office").token
    assert sessions.sweep() == 3
    assert sessions.session(live) is not None
