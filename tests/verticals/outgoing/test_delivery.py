from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine

from core.errors import DeviceError
from tests.support.box_db import make_box_db
from tests.support.clocks import FakeClock
from verticals.outgoing.delivery import Delivery, RefusedByReceiverError, Standing, set_aside_stream
from verticals.store.outbox import Outbox, Parcel


class Receiver:
    """Does with each call what the test says; then it takes everything."""

    name = "FHIR"

    def __init__(self, *faults: DeviceError | None) -> None:
        self.faults = list(faults)
        self.taken: list[str] = []

    def send(self, parcel: Parcel) -> None:
        fault = self.faults.pop(0) if self.faults else None
        if fault is not None:
            raise fault
        self.taken.append(parcel.key)

    def close(self) -> None: ...


GONE, NO = DeviceError("nobody there"), RefusedByReceiverError("HTTP 422")


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return make_box_db(tmp_path)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def outbox(engine: Engine, clock: FakeClock) -> Outbox:
    found = Outbox(engine, clock)
    for key in ("a", "b", "c"):
        found.put("out", "alarm", {}, key=key)
    return found


def test_everything_arrives_in_order(outbox: Outbox) -> None:
    receiver = Receiver()
    assert Delivery("out", outbox, receiver, 5).work() is None
    assert receiver.taken == ["a", "b", "c"]


def test_an_outage_holds_the_order_and_backs_off(outbox: Outbox, clock: FakeClock) -> None:
    receiver = Receiver(None, GONE, GONE)
    delivery = Delivery("out", outbox, receiver, 1)
    assert delivery.work() == 1.0
    assert delivery.work() == 1.0  # not before its time
    clock.advance(1.0)
    assert delivery.work() == 2.0
    assert receiver.taken == ["a"]
    clock.advance(2.0)
    assert delivery.work() is None
    assert receiver.taken == ["a", "b", "c"]


def test_a_kill_after_the_receiver_took_it_repeats_it_and_loses_nothing(outbox: Outbox) -> None:
    receiver = Receiver()
    receiver.send(outbox.next("out", 1)[0])  # taken, and the process ends before that is on record
    Delivery("out", outbox, receiver, 5).work()
    assert receiver.taken == ["a", "a", "b", "c"]


def test_depth_and_oldest_age_are_there_to_see(outbox: Outbox, clock: FakeClock) -> None:
    delivery = Delivery("out", outbox, Receiver(GONE), 5)
    delivery.work()
    clock.advance(40.0)
    standing = delivery.standing()
    assert (standing.waiting, standing.oldest_age_s, standing.ok) == (3, 40.0, False)
    assert standing.text == "FHIR: 3 wait, the oldest for 40 s: nobody there"
    delivery.work()
    assert delivery.standing().ok


def test_what_is_refused_again_and_again_is_set_aside_and_stays_on_disk(outbox: Outbox, clock: FakeClock) -> None:
    receiver = Receiver(NO, NO, NO)
    delivery = Delivery("out", outbox, receiver, 3)
    for _ in range(3):
        delivery.work()
        clock.advance(10.0)
    assert receiver.taken == ["b", "c"]
    [aside] = outbox.next(set_aside_stream("out"))
    assert (aside.key, aside.payload["problem"]) == ("a", "HTTP 422")
    assert delivery.standing().text == "FHIR: 0 wait; 1 set aside"


def test_a_kill_between_setting_aside_and_going_on_does_not_double_it(outbox: Outbox) -> None:
    outbox.put(set_aside_stream("out"), "alarm", {}, key="a")
    Delivery("out", outbox, Receiver(NO), 1).work()
    assert outbox.depth(set_aside_stream("out")).waiting == 1
    assert outbox.depth("out").waiting == 0


def test_what_gave_way_to_newer_messages_is_said(engine: Engine, clock: FakeClock) -> None:
    small = Outbox(engine, clock, limit=2)
    for key in ("a", "b", "c"):
        small.put("out", "alarm", {}, key=key)
    assert Delivery("out", small, Receiver(), 5).standing().text.endswith("1 gave way to newer ones")


def test_all_well_says_nothing() -> None:
    assert Standing("FHIR", 0, 0.0, 0, 0, "").text == ""
