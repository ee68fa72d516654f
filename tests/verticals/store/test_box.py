from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from core.clock import SystemClock
from core.errors import StoreError
from tests.support.databases import places_in
from verticals.contract import Role
from verticals.runtime.bell import Bell
from verticals.store.audit import Audit
from verticals.store.box import audit_to_check, open_box


async def test_a_box_opened_twice_is_one_box_signed_by_one_key(tmp_path: Path) -> None:
    places = places_in(tmp_path)
    first = open_box(places, {"m": [Role("operator", "Operator")]}, SystemClock())
    second = open_box(places, {}, SystemClock())
    first.accounts.add("anna", "2468", {"m": "operator"}, by="x")
    second.accounts.disable(1, by="y")
    assert first.audit.verify().whole
    assert second.audit.head().sequence == 2
    rung: asyncio.Queue[bytes] = asyncio.Queue()
    bell = Bell(places.jobs_socket, rung.put_nowait)
    bell.hang()
    number = first.jobs.start("m", "teach", {})
    await rung.get()
    second.jobs.cancel(number)
    await rung.get()
    bell.close()
    for box in (first, second):
        box.close()


def test_a_chain_written_anew_without_the_boxs_key_is_found_without_touching_the_box(tmp_path: Path) -> None:
    places = places_in(tmp_path)
    with (
        pytest.raises(StoreError, match=r"no such database|does not exist"),
        audit_to_check(places, SystemClock()) as audit,
    ):
        audit.verify()
    box = open_box(places, {}, SystemClock())
    box.audit.append("restarted", {})
    with audit_to_check(places, SystemClock()) as audit:
        assert audit.verify().whole
    Audit(box.engine, SystemClock()).append("forged", {})
    with audit_to_check(places, SystemClock()) as audit:
        assert audit.verify().why == "the head is not signed with this box's key"
    box.close()
    for key in places.keys.iterdir():
        key.unlink()
    with audit_to_check(places, SystemClock()) as audit:
        assert not audit.verify().whole
    assert not list(places.keys.iterdir())
