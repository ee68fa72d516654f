"""The simulated store: alike for a seed, steppable, its truth kept, and its messages true where nothing goes wrong."""

import itertools
from collections import Counter

import pytest

from simulators.store_facts import (
    BACKROOM,
    CUSTOMER,
    FLOOR,
    PLACES,
    SUPPLIER,
    WASTE,
    Count,
    Document,
    Fact,
    ShelfRead,
    TagRead,
)
from simulators.store_settings import DAY_S, HOUR_S, MONDAY_UTC_S, WorldSettings
from simulators.store_world import World, quiet

SMALL = WorldSettings(products=30)


def days(world: World, count: int) -> list[Fact]:
    return world.advance(world.settings.begin_utc_s + count * DAY_S)


def test_the_same_seed_gives_the_same_store_and_another_seed_another() -> None:
    first, second, other = (World(SMALL, seed) for seed in (3, 3, 4))
    assert days(first, 3) == days(second, 3)
    assert days(first, 5) != days(other, 5)


def test_the_clock_may_be_moved_in_any_steps() -> None:
    whole, stepped = World(SMALL, 5), World(SMALL, 5)
    heard = [fact for step in range(1, 241) for fact in stepped.advance(MONDAY_UTC_S + step * 0.3 * HOUR_S)]
    assert heard == days(whole, 3)
    assert stepped.now_utc_s == whole.now_utc_s


def test_messages_are_heard_in_order_and_never_before_they_happened() -> None:
    heard = days(World(WorldSettings(products=60, offline_per_week=10), 6), 7)
    assert all(fact.at_utc_s <= fact.heard_utc_s for fact in heard)
    assert all(first.heard_utc_s <= second.heard_utc_s for first, second in itertools.pairwise(heard))


def test_a_till_that_was_offline_tells_its_sales_in_one_batch() -> None:
    heard = days(World(WorldSettings(products=60, offline_per_week=10), 6), 7)
    late = [fact for fact in heard if isinstance(fact, Document) and fact.heard_utc_s - fact.at_utc_s > 1800]
    assert len(late) > 10
    assert max(Counter(fact.heard_utc_s for fact in late).values()) > 4


def test_where_nothing_goes_wrong_the_book_is_the_truth() -> None:
    world = World(quiet(SMALL), 7)
    days(world, 14)
    for product in world.products:
        for place in PLACES:
            assert world.book(product.gtin, place) == world.on_hand(product.gtin, place)
        assert world.astray(product.gtin) == 0
    assert sum(world.causes.values()) == 0


def test_where_things_go_wrong_the_book_drifts_and_the_causes_are_known() -> None:
    world = World(WorldSettings(products=60), 8)
    days(world, 21)
    wrong = [
        world.book(each.gtin, place) != world.on_hand(each.gtin, place) for each in world.products for place in PLACES
    ]
    assert 0.3 < sum(wrong) / len(wrong) < 0.95
    assert set(world.causes) >= {"theft", "unscanned", "wrong item", "delivery"}


def test_pieces_are_neither_made_nor_lost_but_by_what_is_recorded_or_a_cause() -> None:
    """Without thefts and mistakes: opening stock and receipts, less what left, is what is there."""
    world = World(quiet(SMALL), 9)
    opening = {(each.gtin, place): world.on_hand(each.gtin, place) for each in world.products for place in PLACES}
    moved: Counter[str] = Counter()
    for fact in days(world, 10):
        if isinstance(fact, Document):
            for line in fact.lines:
                came = (line.from_account in (SUPPLIER, CUSTOMER)) - (line.to_account in (CUSTOMER, WASTE))
                moved[line.gtin] += came * line.quantity
    for each in world.products:
        before = opening[each.gtin, FLOOR] + opening[each.gtin, BACKROOM]
        assert before + moved[each.gtin] == world.on_hand(each.gtin, FLOOR) + world.on_hand(each.gtin, BACKROOM)


def test_demand_is_drawn_about_its_mean_and_not_by_the_shelf() -> None:
    world, starved = World(SMALL, 10), World(WorldSettings(products=30, refill_skipped=1.0), 10)
    days(world, 28)
    days(starved, 28)
    wanted = sum(world.wanted(each.gtin, day) for each in world.products for day in range(28))
    expected = sum(world.expected(each.gtin, day) for each in world.products for day in range(28))
    assert wanted == pytest.approx(expected, rel=0.05)
    assert wanted == sum(starved.wanted(each.gtin, day) for each in starved.products for day in range(28))
    lost = [sum(each.lost(p.gtin, day) for p in each.products for day in range(28)) for each in (world, starved)]
    assert lost[1] > 5 * lost[0]


def test_every_sensor_and_every_kind_of_document_speaks() -> None:
    heard = days(World(WorldSettings(products=80, voids=0.05), 11), 14)
    kinds = {fact.kind for fact in heard if isinstance(fact, Document)}
    assert kinds == {"sale", "return", "void", "receipt", "move", "waste"}
    assert {type(fact) for fact in heard} == {Document, Count, ShelfRead, TagRead}
    assert {fact.state for fact in heard if isinstance(fact, ShelfRead)} == {"full", "low", "empty", "blocked"}


def test_document_numbers_are_unique_and_voids_name_their_sale() -> None:
    heard = [fact for fact in days(World(WorldSettings(products=80, voids=0.05), 11), 7) if isinstance(fact, Document)]
    numbers = {(fact.source, fact.doc_ref) for fact in heard}
    assert len(numbers) == len(heard)
    assert all((fact.source, fact.reverses) in numbers for fact in heard if fact.kind == "void")


def test_a_person_may_count_and_refill_now() -> None:
    world = World(quiet(SMALL), 12)
    days(world, 3)
    product = max(world.products, key=lambda each: each.per_day)
    world.advance(MONDAY_UTC_S + 3 * DAY_S + 16.9 * HOUR_S)
    before = world.on_hand(product.gtin, FLOOR)
    world.refill_now(product.gtin)
    world.count_now(product.gtin, FLOOR)
    heard = world.advance(world.now_utc_s)
    assert world.on_hand(product.gtin, FLOOR) >= before
    assert [fact.quantity for fact in heard if isinstance(fact, Count)] == [world.on_hand(product.gtin, FLOOR)]


@pytest.mark.bench
def test_a_month_of_two_hundred_products_takes_seconds() -> None:
    import time

    began_s = time.process_time()
    heard = days(World(seed=1), 30)
    took_s = time.process_time() - began_s
    assert len(heard) > 20_000
    assert took_s < 10
