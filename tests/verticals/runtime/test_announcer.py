from __future__ import annotations

import asyncio

import pytest

from tests.support.factories import make_event
from verticals.contract import Event, Reply
from verticals.runtime.announcer import Announcer
from verticals.runtime.live import LiveMessage
from verticals.store.events import Entry


class Told:
    def __init__(self) -> None:
        self.messages: list[LiveMessage] = []
        self.announcer = Announcer(self.messages.append)

    def of(self, topic: str) -> list[int]:
        return [next(iter(message.data.values())) for message in self.messages if message.topic == topic]


@pytest.fixture
def told() -> Told:
    return Told()


def numbered(*sequences: int) -> list[Event]:
    return [Event("part", "", 0.0, sequence=sequence) for sequence in sequences]


async def test_what_one_commit_brought_is_told_once(told: Told) -> None:
    told.announcer.begin(3)
    for sequence in (4, 5):
        told.announcer.committed(Entry([make_event()]), numbered(sequence))
    await asyncio.sleep(0)
    assert told.of("stored") == [5]


async def test_the_number_told_never_passes_an_event_whose_pictures_are_on_their_way(told: Told) -> None:
    told.announcer.committed(Entry(), numbered(1))
    first, second = numbered(2, 3), numbered(4)
    told.announcer.committed(Entry(), first, complete=False)
    told.announcer.committed(Entry(), second, complete=False)
    told.announcer.committed(Entry(), numbered(5))
    await asyncio.sleep(0)
    assert told.announcer.sequence == 1
    told.announcer.completed(second)
    await asyncio.sleep(0)
    told.announcer.completed(first)
    await asyncio.sleep(0)
    assert told.of("stored") == [1, 1, 5]


async def test_a_reply_is_told_at_the_commit_whatever_its_pictures_do(told: Told) -> None:
    told.announcer.committed(Entry(replies=[(9, Reply(True))]), numbered(1), complete=False)
    assert told.of("command") == [9]
    assert told.of("stored") == []
