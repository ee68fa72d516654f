from __future__ import annotations

import asyncio

import pytest

from core.errors import StoreError
from verticals.contract import Recorded


async def _wait(recorded: Recorded) -> int:
    return await recorded


async def test_everybody_who_waits_hears_of_the_record_and_so_does_who_asks_later() -> None:
    recorded = Recorded()
    waiting = [asyncio.create_task(_wait(recorded)) for _ in range(3)]
    await asyncio.sleep(0)
    recorded.settle(7)
    assert await asyncio.gather(*waiting) == [7, 7, 7]
    assert await recorded == 7


async def test_who_gives_up_takes_nobody_along() -> None:
    recorded = Recorded()
    patient, hasty = asyncio.create_task(_wait(recorded)), asyncio.create_task(_wait(recorded))
    await asyncio.sleep(0)
    hasty.cancel()
    await asyncio.gather(hasty, return_exceptions=True)
    again = asyncio.create_task(_wait(recorded))
    await asyncio.sleep(0)
    recorded.settle(0)
    assert await patient == await again == 0


async def test_what_could_not_be_recorded_is_an_error_for_all() -> None:
    recorded = Recorded()
    waiting = asyncio.create_task(_wait(recorded))
    await asyncio.sleep(0)
    recorded.fail(StoreError("no disk"))
    with pytest.raises(StoreError):
        await waiting
    with pytest.raises(StoreError):
        await recorded
