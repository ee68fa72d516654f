"""What staff does by itself: orders that come, deliveries that are short, counts that are wrong now and then."""

from collections import Counter
from dataclasses import replace

from simulators.store_facts import BACKROOM, FLOOR, SUPPLIER, Count, Document
from simulators.store_settings import DAY_S, WorldSettings
from simulators.store_world import World, quiet

SMALL = WorldSettings(products=30)


def test_orders_keep_the_store_filled() -> None:
    world = World(quiet(SMALL), 2)
    heard = world.advance(world.settings.begin_utc_s + 21 * DAY_S)
    receipts = [fact for fact in heard if isinstance(fact, Document) and fact.kind == "receipt"]
    cases = {each.gtin: each.case for each in world.products}
    assert len(receipts) > 40
    for line in (line for fact in receipts for line in fact.lines):
        assert (line.from_account, line.to_account) == (SUPPLIER, BACKROOM)
        assert line.quantity % cases[line.gtin] == 0
    lost = sum(world.lost(each.gtin, day) for each in world.products for day in range(21))
    wanted = sum(world.wanted(each.gtin, day) for each in world.products for day in range(21))
    assert lost < 0.05 * wanted


def test_products_of_more_value_are_counted_more_often() -> None:
    world = World(SMALL, 2)
    heard = world.advance(world.settings.begin_utc_s + 28 * DAY_S)
    counts = Counter(
        fact.gtin for fact in heard if isinstance(fact, Count) and fact.by == "associate-1" and fact.place == FLOOR
    )
    ranked = sorted(world.products, key=lambda each: -each.per_day * each.price_cents)
    assert [counts[each.gtin] for each in ranked] == [4] * 6 + [2] * 9 + [1] * 15


def test_counts_are_mistaken_as_often_as_set() -> None:
    world = World(replace(quiet(SMALL), count_mistaken=0.3, count_days=(1, 1, 1)), 3)
    wrong = total = 0
    for day in range(10):
        for fact in world.advance(world.settings.begin_utc_s + day * DAY_S + 7.1 * 3600):
            if isinstance(fact, Count) and fact.by == "associate-1":
                total += 1
                wrong += fact.quantity != world.on_hand(fact.gtin, fact.place)
    assert total == 30 * 2 * 10
    assert 0.2 < wrong / total < 0.35


def test_a_short_delivery_that_nobody_checks_is_recorded_as_ordered() -> None:
    world = World(replace(quiet(SMALL), delivery_short=1.0, delivery_checked=0.0), 4)
    world.advance(world.settings.begin_utc_s + 5 * DAY_S)
    over = sum(world.book(each.gtin, BACKROOM) + world.book(each.gtin, FLOOR) for each in world.products)
    there = sum(world.on_hand(each.gtin, BACKROOM) + world.on_hand(each.gtin, FLOOR) for each in world.products)
    assert world.causes["delivery"] > 0
    assert over > there
