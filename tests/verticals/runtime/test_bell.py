from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from core.errors import PortBusyError
from verticals.runtime.bell import Bell, ring


async def test_who_waits_hears_each_ring_once_in_order(tmp_path: Path) -> None:
    heard: asyncio.Queue[bytes] = asyncio.Queue()
    bell = Bell(tmp_path / "run" / "bell.sock", heard.put_nowait)
    bell.hang()
    assert ring(tmp_path / "run" / "bell.sock", b"one")
    assert ring(tmp_path / "run" / "bell.sock")
    assert [await heard.get(), await heard.get()] == [b"one", b""]
    bell.close()
    bell.close()
    assert not ring(tmp_path / "run" / "bell.sock")


async def test_a_bell_that_is_full_never_holds_up_who_rings(tmp_path: Path) -> None:
    heard: asyncio.Queue[bytes] = asyncio.Queue()
    bell = Bell(tmp_path / "bell.sock", heard.put_nowait)
    bell.hang()
    for _ in range(2000):
        assert ring(tmp_path / "bell.sock", b"x" * 1000)
    assert len(await heard.get()) == 256
    bell.close()


async def test_a_file_left_by_a_dead_process_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "bell.sock").touch()
    bell = Bell(tmp_path / "bell.sock", lambda message: None)
    bell.hang()
    assert (tmp_path / "bell.sock").stat().st_mode & 0o777 == 0o600
    bell.close()


async def test_a_place_that_cannot_be_bound_is_told(tmp_path: Path) -> None:
    (tmp_path / "bell.sock").mkdir()
    with pytest.raises(PortBusyError, match=r"bell\.sock"):
        Bell(tmp_path / "bell.sock", lambda message: None).hang()
