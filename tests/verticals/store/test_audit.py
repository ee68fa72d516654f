from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Engine

from core.clock import SystemClock
from core.errors import StoreError
from tests.support.box_db import make_box_db
from tests.support.clocks import FakeClock
from verticals.store.audit import GENESIS, Audit, Head, canonical

WRITER = """
import sys
from pathlib import Path
from core.clock import SystemClock
from verticals.store.audit import Audit
from tests.support.databases import open_in
audit = Audit(open_in(Path(sys.argv[1]), "box"), SystemClock())
for number in range(25):
    audit.append("touched", {"number": number}, who=sys.argv[2])
"""


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return make_box_db(tmp_path)


@pytest.fixture
def audit(engine: Engine) -> Audit:
    audit = Audit(engine, FakeClock())
    for number in range(1, 6):
        audit.append("threshold-changed", {"old": number, "new": number + 1, "reason": "drift"}, app="m", who="anna")
    return audit


def tamper(engine: Engine, *statements: str) -> None:
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def test_an_untouched_chain_is_whole(audit: Audit) -> None:
    check = audit.verify()
    assert check.whole
    assert check.entries == 5


def test_an_empty_chain_is_whole(engine: Engine) -> None:
    assert Audit(engine, FakeClock()).verify().whole


def test_an_entry_says_who_did_what_when_in_both_times_and_why(audit: Audit) -> None:
    newest = audit.read(newest_first=True, limit=1)[0]
    assert (newest.sequence, newest.who, newest.app, newest.act) == (5, "anna", "m", "threshold-changed")
    assert newest.values == {"old": 5, "new": 6, "reason": "drift"}
    assert newest.at_utc_ms == 1_795_000_000_000
    assert newest.at_local[-6] in "+-"


@pytest.mark.parametrize(
    ("statements", "broken"),
    [
        (["UPDATE audit SET detail = '{\"new\":9}' WHERE sequence = 3"], 3),
        (["UPDATE audit SET who = 'nobody' WHERE sequence = 1"], 1),
        (["DELETE FROM audit WHERE sequence = 2"], 2),
        (["DELETE FROM audit WHERE sequence = 1"], 1),
        (["DELETE FROM audit WHERE sequence >= 4"], 4),
        (["DELETE FROM audit"], 1),
        (["DELETE FROM audit_head"], 1),
        (["UPDATE audit_head SET sequence = 4"], 4),
        (["UPDATE audit_head SET hash = 'x'"], 5),
        (
            [
                "UPDATE audit SET sequence = 99 WHERE sequence = 2",
                "UPDATE audit SET sequence = 2 WHERE sequence = 3",
                "UPDATE audit SET sequence = 3 WHERE sequence = 99",
            ],
            2,
        ),
    ],
)
def test_what_was_edited_deleted_moved_or_cut_off_is_named(
    engine: Engine, audit: Audit, statements: list[str], broken: int
) -> None:
    tamper(engine, *statements)
    check = audit.verify()
    assert check.broken == broken
    assert check.why


def test_an_entry_whose_hash_was_made_anew_breaks_the_one_behind_it(engine: Engine, audit: Audit) -> None:
    tamper(engine, "UPDATE audit SET who = 'eve' WHERE sequence = 2")
    edited = audit.read(after=1, limit=1)[0]
    before = audit.read(limit=1)[0]
    tamper(engine, f"UPDATE audit SET hash = '{edited.hash_after(before.hash)}' WHERE sequence = 2")
    assert audit.verify().broken == 3


def cut_off_with_its_head(engine: Engine, audit: Audit, last: int) -> None:
    kept = audit.read(after=last - 1, limit=1)[0]
    tamper(
        engine,
        f"DELETE FROM audit WHERE sequence > {last}",
        f"UPDATE audit_head SET sequence = {last}, hash = '{kept.hash}'",
    )


def test_a_tail_cut_off_together_with_its_head_is_found_by_a_head_kept_elsewhere(engine: Engine, audit: Audit) -> None:
    kept = audit.head()
    cut_off_with_its_head(engine, audit, 3)
    assert audit.verify().whole  # nothing in the file itself can tell
    check = audit.verify([kept])
    assert (check.broken, check.why) == (4, "entries 4 to 5 are missing")


def rewrite(engine: Engine, audit: Audit) -> None:
    """The whole chain made anew with an entry changed, as one with the file and this code can."""
    previous = GENESIS
    tamper(engine, "UPDATE audit SET who = 'eve' WHERE sequence = 1")
    for entry in audit.read():
        digest = entry.hash_after(previous)
        tamper(engine, f"UPDATE audit SET hash = '{digest}' WHERE sequence = {entry.sequence}")
        previous = digest
    tamper(engine, f"UPDATE audit_head SET hash = '{previous}'")


def test_a_chain_that_was_made_anew_is_found_by_a_head_kept_elsewhere(engine: Engine, audit: Audit) -> None:
    kept = audit.head()
    rewrite(engine, audit)
    assert audit.verify().whole
    assert audit.verify([kept]).broken == 5
    assert audit.verify([Head(3, "x")]).broken == 3


@pytest.fixture
def signed(engine: Engine) -> Audit:
    key = Ed25519PrivateKey.generate()
    audit = Audit(engine, FakeClock(), sign=key.sign, check=checker(key))
    for number in range(5):
        audit.append("touched", {"number": number})
    return audit


def checker(key: Ed25519PrivateKey) -> Callable[[bytes, bytes], bool]:
    def check(content: bytes, signature: bytes) -> bool:
        try:
            key.public_key().verify(signature, content)
        except InvalidSignature:
            return False
        return True

    return check


def test_a_signed_head_is_whole_and_a_cut_or_remade_chain_is_not(engine: Engine, signed: Audit) -> None:
    assert signed.verify().whole
    rewrite(engine, signed)
    assert "not signed" in signed.verify().why


def test_a_signature_cut_off_with_the_tail_is_missed(engine: Engine, signed: Audit) -> None:
    cut_off_with_its_head(engine, signed, 3)
    assert signed.verify().broken == 3
    tamper(engine, "UPDATE audit_head SET signature = 'no hex'")
    assert signed.verify().broken == 3


def test_a_lost_head_refuses_further_entries(engine: Engine, audit: Audit) -> None:
    tamper(engine, "DELETE FROM audit_head")
    with pytest.raises(StoreError, match="lost its head"):
        audit.append("touched", {})


def test_a_change_that_fails_leaves_no_entry(engine: Engine, audit: Audit) -> None:
    with pytest.raises(ZeroDivisionError), engine.begin() as connection:
        audit.append_in(connection, "touched", {})
        1 / 0  # noqa: B018
    assert audit.head().sequence == 5


def test_what_json_cannot_hold_is_refused() -> None:
    assert canonical({"b": 1, "a": "ü"}) == '{"a":"ü","b":1}'
    with pytest.raises(ValueError, match="JSON"):
        canonical({"a": float("nan")})


@pytest.mark.slow
def test_writers_in_several_processes_keep_one_chain(tmp_path: Path) -> None:
    engine = make_box_db(tmp_path)
    command = [sys.executable, "-c", WRITER, str(tmp_path)]
    writers = [subprocess.Popen([*command, name]) for name in ("anna", "ben", "cem")]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    audit = Audit(engine, SystemClock())
    assert audit.verify().entries == 75
    assert audit.verify().whole
    for name in ("anna", "ben", "cem"):
        mine = [json.loads(entry.detail)["number"] for entry in audit.read() if entry.who == name]
        assert mine == list(range(25))
