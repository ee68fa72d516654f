"""One product's pieces on the shelf, behind, by lot."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.store_shelf import Lot, Stock

KEEPS = float("inf")


def stock(pieces: int = 20) -> Stock:
    made = Stock(4, 5)
    made.receive(Lot("new", KEEPS, pieces))
    return made


def test_a_refill_fills_the_columns_evenly_and_as_far_as_there_is_stock() -> None:
    made = stock(10)
    assert made.refill(20) == 10
    assert sorted(made.columns) == [2, 2, 3, 3]
    assert (made.backroom, made.visible, made.room) == (0, 4, 10)


def test_the_earliest_expiry_goes_to_the_shelf_first() -> None:
    made = stock(6)
    made.receive(Lot("old", 50.0, 4))
    made.refill(5)
    assert [(lot.name, lot.pieces) for lot in made.floor_lots] == [("old", 4), ("new", 1)]


def test_expired_lots_are_pulled_from_both_places() -> None:
    made = Stock(4, 5)
    made.receive(Lot("old", 50.0, 6))
    made.refill(4)
    assert made.pull(50.0, random.Random(1)) == (4, 2)
    assert (made.floor, made.backroom, made.visible) == (0, 0, 0)


def test_nobody_takes_what_is_not_there() -> None:
    made = stock(3)
    made.refill(3)
    assert made.take(5, random.Random(1)) == 3
    assert made.floor == 0


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(("take", "fill", "back", "receive", "pull")), st.integers(0, 12)), max_size=40),
    st.integers(),
)
def test_columns_and_lots_always_hold_the_same(acts: list[tuple[str, int]], seed: int) -> None:
    made, rng = stock(), random.Random(seed)
    for number, (act, pieces) in enumerate(acts):
        if act == "take":
            made.take(pieces, rng)
        elif act == "fill":
            made.refill(min(pieces, made.room))
        elif act == "back":
            made.put_back(pieces)
        elif act == "receive":
            made.receive(Lot(f"L{number}", float(number + pieces), max(1, pieces)))
        else:
            made.pull(float(number), rng)
        assert made.floor == sum(lot.pieces for lot in made.floor_lots)
        assert min(made.columns) >= 0
        assert all(lot.pieces > 0 for lot in made.floor_lots + made.back_lots)
