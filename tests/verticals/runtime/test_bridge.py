from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator

import pytest

from verticals.runtime.bridge import Bridge


@pytest.fixture
async def bridge() -> AsyncIterator[Bridge]:
    bridge = Bridge({"wide": 4})
    yield bridge
    bridge.close()


async def test_one_executor_works_in_the_order_asked_on_one_thread(bridge: Bridge) -> None:
    order: list[int] = []
    threads: set[str] = set()

    def work(number: int) -> int:
        threads.add(threading.current_thread().name)
        order.append(number)
        return number * 2

    assert await asyncio.gather(*(bridge.call("disk", work, n) for n in range(50))) == [n * 2 for n in range(50)]
    assert order == list(range(50))
    assert len(threads) == 1 and threads.pop().startswith("bridge-disk")


async def test_a_blocked_executor_holds_up_no_other(bridge: Bridge) -> None:
    gate = threading.Event()
    blocked = asyncio.create_task(bridge.call("camera", gate.wait))
    assert await bridge.call("disk", lambda: "free") == "free"
    gate.set()
    assert await blocked


async def test_calls_of_one_key_never_overlap_in_a_wide_executor(bridge: Bridge) -> None:
    inside: set[str] = set()
    order: dict[str, list[int]] = {"a": [], "b": []}

    def work(key: str, number: int) -> None:
        assert key not in inside
        inside.add(key)
        order[key].append(number)
        inside.discard(key)

    await asyncio.gather(*(bridge.call_in_order("wide", key, work, key, n) for n in range(40) for key in "ab"))
    assert order == {"a": list(range(40)), "b": list(range(40))}
    assert not bridge._turns


async def test_a_cancelled_caller_does_not_let_the_next_of_its_key_overtake(bridge: Bridge) -> None:
    entered, gate = threading.Event(), threading.Event()
    order: list[str] = []

    def slow() -> None:
        entered.set()
        gate.wait()
        order.append("slow")

    first = asyncio.create_task(bridge.call_in_order("wide", "k", slow))
    await asyncio.to_thread(entered.wait)
    second = asyncio.create_task(bridge.call_in_order("wide", "k", order.append, "second"))
    first.cancel()
    await asyncio.sleep(0)
    gate.set()
    with pytest.raises(asyncio.CancelledError):
        await first
    await second
    assert order == ["slow", "second"]


async def test_what_the_function_raises_arrives(bridge: Bridge) -> None:
    with pytest.raises(ZeroDivisionError):
        await bridge.call("disk", lambda: 1 // 0)


async def test_a_thread_can_post_into_the_loop_and_learns_when_it_is_gone(bridge: Bridge) -> None:
    assert not bridge.post(print)
    bridge.attach()
    arrived: asyncio.Queue[int] = asyncio.Queue()
    assert await asyncio.to_thread(bridge.post, arrived.put_nowait, 5)
    assert await arrived.get() == 5


def test_posting_into_a_closed_loop_says_so() -> None:
    bridge = Bridge()

    async def attach() -> None:
        bridge.attach()

    asyncio.run(attach())
    assert not bridge.post(print)
