from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.support.box_db import make_box_db
from tests.support.clocks import FakeClock
from tests.support.databases import open_in
from verticals.store.outbox import Outbox


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return make_box_db(tmp_path)


@pytest.fixture
def outbox(engine: Engine, clock: FakeClock) -> Outbox:
    return Outbox(engine, clock, limit=5)


def fill(outbox: Outbox, *keys: str, stream: str = "hub") -> None:
    for key in keys:
        outbox.put(stream, "event", {"part": key}, key=key)


def keys(outbox: Outbox, stream: str = "hub") -> list[str]:
    return [parcel.key for parcel in outbox.next(stream)]


def test_parcels_leave_in_the_order_they_came_each_stream_for_itself(outbox: Outbox) -> None:
    fill(outbox, "b", "a")
    fill(outbox, "z", stream="mqtt")
    assert keys(outbox) == ["b", "a"]
    first = outbox.next("hub", limit=1)[0]
    assert (first.kind, first.payload, first.attempts) == ("event", {"part": "b"}, 0)
    outbox.sent([first.id])
    assert keys(outbox) == ["a"]
    assert keys(outbox, "mqtt") == ["z"]


def test_a_key_is_taken_once_even_after_it_was_delivered(outbox: Outbox) -> None:
    number = outbox.put("hub", "event", {}, key="a")
    assert outbox.put("hub", "event", {}, key="a") == number
    outbox.sent([number])
    assert outbox.put("hub", "event", {}, key="a") == number
    assert outbox.depth("hub").waiting == 0
    assert outbox.put("mqtt", "event", {}, key="a") != number


def test_parcels_survive_a_restart(outbox: Outbox, tmp_path: Path, clock: FakeClock) -> None:
    fill(outbox, "a", "b")
    assert keys(Outbox(open_in(tmp_path, "box"), clock)) == ["a", "b"]


def test_a_failed_one_holds_the_others_back_until_its_next_try(outbox: Outbox, clock: FakeClock) -> None:
    fill(outbox, "a", "b")
    first = outbox.next("hub")[0]
    waits = []
    for _ in range(10):
        waits.append(outbox.failed(first.id, "connection refused"))
        assert outbox.next("hub") == []
        assert outbox.due_in_s("hub") == waits[-1]
        clock.advance(waits[-1])
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300]
    assert keys(outbox) == ["a", "b"]
    assert outbox.next("hub")[0].attempts == 10
    assert outbox.due_in_s("hub") == 0


def test_a_clock_set_back_does_not_hold_a_stream_for_longer_than_the_longest_wait(
    outbox: Outbox, clock: FakeClock
) -> None:
    fill(outbox, "a")
    outbox.failed(outbox.next("hub")[0].id, "refused")
    clock.step_utc(-86400 * 365)
    assert outbox.due_in_s("hub") == 300


def test_depth_tells_count_age_of_the_oldest_and_the_last_problem(outbox: Outbox, clock: FakeClock) -> None:
    assert outbox.depth("hub").waiting == 0
    assert outbox.due_in_s("hub") is None
    fill(outbox, "a")
    clock.advance(40)
    fill(outbox, "b")
    outbox.failed(outbox.next("hub")[0].id, "refused")
    depth = outbox.depth("hub")
    assert (depth.waiting, depth.oldest_age_s, depth.problem) == (2, 40, "refused")


def test_a_full_stream_loses_its_oldest_and_counts_them(outbox: Outbox) -> None:
    fill(outbox, *"abcdefgh")
    fill(outbox, "z", stream="mqtt")
    assert keys(outbox) == ["d", "e", "f", "g", "h"]
    assert outbox.depth("hub").lost == 3
    assert outbox.depth("mqtt").lost == 0


def test_delivered_ones_are_forgotten_after_their_time(outbox: Outbox, clock: FakeClock) -> None:
    fill(outbox, "a", "b")
    outbox.sent([outbox.next("hub")[0].id])
    assert outbox.forget(clock.utc_s) == 0
    clock.advance(10)
    assert outbox.forget(clock.utc_s) == 1
    assert keys(outbox) == ["b"]
