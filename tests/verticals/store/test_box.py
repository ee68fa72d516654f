from __future__ import annotations

import asyncio
from pathlib import Path

from core.clock import SystemClock
from verticals.contract import Role
from verticals.places import Places
from verticals.runtime.bell import Bell
from verticals.store.box import open_box


async def test_a_box_opened_twice_is_one_box_signed_by_one_key(tmp_path: Path) -> None:
    places = Places(tmp_path)
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
