from __future__ import annotations

import asyncio

from core.clock import Instant
from healthcare.sdc.inbox import HEARD, LOST, Inbox, Told

AT = Instant(1.0, 1.0)


def told(kind: str, number: int = 0) -> Told:
    return Told(kind, AT, {"number": number})


def of(found: list[Told]) -> list[tuple[str, object]]:
    return [(one.kind, one.values.get("number")) for one in found]


async def test_what_threads_put_is_taken_in_its_order() -> None:
    inbox = Inbox(asyncio.get_running_loop(), 16)
    for number in range(5):
        await asyncio.to_thread(inbox.put, told("numerics", number))
    assert of(await inbox.take()) == [("numerics", number) for number in range(5)]


async def test_where_the_line_is_slow_the_oldest_waves_go_and_no_alarm_does() -> None:
    inbox = Inbox(asyncio.get_running_loop(), 4)
    inbox.put(told("monitor-alarm", 1))
    for number in range(20):
        inbox.put(told("wave", number))
    for number in range(2, 5):
        inbox.put(told("monitor-alarm", number))
    assert of(await inbox.take()) == [("monitor-alarm", number) for number in range(1, 5)]
    assert inbox.dropped == 20
    inbox.put(told("numerics"))
    inbox.put(told(HEARD))
    assert [one.kind for one in await inbox.take()] == ["numerics", HEARD]


async def test_alarms_without_room_count_as_a_loss_so_that_all_are_read_anew() -> None:
    inbox = Inbox(asyncio.get_running_loop(), 2)
    for number in range(3):
        inbox.put(told("monitor-alarm", number))
    (only,) = await inbox.take()
    assert (only.kind, only.why) == (LOST, "more than 2 alarms wait for the line")


async def test_a_line_that_has_ended_is_no_fault_of_the_thread() -> None:
    loop = asyncio.new_event_loop()
    inbox = Inbox(loop, 2)
    loop.close()
    inbox.put(told("wave"))
    assert inbox.dropped == 0
