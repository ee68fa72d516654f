from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine

from core.errors import InputError
from tests.support.box_db import make_box_db
from tests.support.clocks import FakeClock
from verticals.outgoing.aside import drop, hand_in, listed
from verticals.outgoing.delivery import Delivery, RefusedByReceiverError
from verticals.store.outbox import Outbox, Parcel


class Receiver:
    """Refuses what it does not like."""

    name = "FHIR"

    def __init__(self) -> None:
        self.refuses: set[str] = set()
        self.taken: list[tuple[str, object]] = []

    def send(self, parcel: Parcel) -> None:
        if parcel.key in self.refuses:
            raise RefusedByReceiverError("HTTP 422")
        self.taken.append((parcel.key, dict(parcel.payload)))

    def close(self) -> None: ...


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return make_box_db(tmp_path)


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
def delivery(engine: Engine, receiver: Receiver) -> Delivery:
    """Of `a` and `b`; `a` was set aside."""
    outbox = Outbox(engine, FakeClock())
    for key in ("a", "b"):
        outbox.put("healthcare/fhir", "alarm", {"of": key}, key=key)
    receiver.refuses = {"a"}
    delivery = Delivery("healthcare/fhir", outbox, receiver, 1)
    delivery.work()
    return delivery


def test_what_was_refused_is_listed_with_its_reason(engine: Engine, delivery: Delivery) -> None:
    (aside,) = listed(engine)
    assert (aside.stream, aside.key, aside.kind, aside.problem) == ("healthcare/fhir", "a", "alarm", "HTTP 422")
    assert delivery.standing().set_aside == 1


def test_handed_in_again_it_is_the_same_message_and_arrives(
    engine: Engine, delivery: Delivery, receiver: Receiver
) -> None:
    receiver.refuses = set()
    assert [one.key for one in hand_in(engine)] == ["a"]
    delivery.work()
    assert receiver.taken == [("b", {"of": "b"}), ("a", {"of": "a"})]
    assert listed(engine) == [] and delivery.standing().ok


def test_refused_once_more_it_is_set_aside_once_more(engine: Engine, delivery: Delivery) -> None:
    for _ in range(3):
        (aside,) = listed(engine)
        hand_in(engine, [aside.number])
        delivery.work()
    assert [one.key for one in listed(engine)] == ["a"]


def test_what_was_forgotten_as_delivered_is_put_anew(engine: Engine, delivery: Delivery, receiver: Receiver) -> None:
    Outbox(engine, FakeClock()).forget(1e12)
    receiver.refuses = set()
    hand_in(engine)
    delivery.work()
    assert receiver.taken[-1] == ("a", {"of": "a"})


def test_dropped_it_is_gone_and_an_unknown_number_changes_nothing(engine: Engine, delivery: Delivery) -> None:
    (aside,) = listed(engine)
    for deed in (hand_in, drop):
        with pytest.raises(InputError, match="no message 9999"):
            deed(engine, [aside.number, 9999])
    assert listed(engine) == [aside]
    assert drop(engine, [aside.number]) == [aside]
    assert listed(engine) == [] and delivery.work() is None
