"""Tills and shoppers of the simulated store."""

from dataclasses import replace

import pytest

from simulators.store_facts import CUSTOMER, FLOOR, PLACES, Document
from simulators.store_settings import DAY_S, WorldSettings
from simulators.store_world import World, quiet

SMALL = quiet(WorldSettings(products=30))


def month(**changes: float) -> World:
    world = World(replace(SMALL, **changes), 3)  # type: ignore[arg-type]
    world.advance(world.settings.begin_utc_s + 14 * DAY_S)
    return world


@pytest.mark.parametrize(
    ("fault", "cause"), [("theft_share", "theft"), ("unscanned", "unscanned"), ("wrong_item", "wrong item")]
)
def test_each_fault_is_a_cause_of_its_own_and_leaves_the_book_wrong(fault: str, cause: str) -> None:
    world = month(**{fault: 0.05})
    assert {name for name, pieces in world.causes.items() if pieces} == {cause}
    off = [
        world.book(each.gtin, place) - world.on_hand(each.gtin, place) for each in world.products for place in PLACES
    ]
    assert any(off)
    if cause != "wrong item":
        assert sum(off) > 0


def test_a_void_gives_the_pieces_back() -> None:
    world = World(replace(SMALL, voids=0.3), 3)
    heard = world.advance(world.settings.begin_utc_s + 2 * DAY_S)
    voids = [fact for fact in heard if isinstance(fact, Document) and fact.kind == "void"]
    sales = {fact.doc_ref: fact for fact in heard if isinstance(fact, Document) and fact.kind == "sale"}
    assert len(voids) > 5
    for void in voids:
        sold = sales[void.reverses]
        assert [(line.gtin, line.quantity) for line in void.lines] == [
            (line.gtin, line.quantity) for line in sold.lines
        ]
        assert all((line.from_account, line.to_account) == (CUSTOMER, FLOOR) for line in void.lines)
    assert all(world.book(each.gtin, FLOOR) == world.on_hand(each.gtin, FLOOR) for each in world.products)


def test_what_is_misplaced_is_astray_and_tidied_in_time() -> None:
    world = month(misplaced=0.2)
    assert 0 < sum(world.astray(each.gtin) for each in world.products) < 60


def test_a_sweep_empties_a_shelf() -> None:
    world = month(sweeps_per_day=0.05)
    assert world.causes["theft"] > 50
