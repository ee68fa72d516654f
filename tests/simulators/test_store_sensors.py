"""Cameras and tag readers of the simulated store, held against the shelf."""

from dataclasses import replace

from simulators.store_facts import BACKROOM, FLOOR, ShelfRead, TagRead
from simulators.store_settings import DAY_S, HOUR_S, WorldSettings
from simulators.store_world import World, quiet

EVERY = replace(quiet(WorldSettings(products=30)), camera_share=1.0, tagged_share=1.0)


def test_an_exact_camera_sees_never_more_facings_than_pieces() -> None:
    world = World(EVERY, 1)
    for hour in range(9, 20):
        heard = world.advance(world.settings.begin_utc_s + hour * HOUR_S)
        last = {fact.gtin: fact for fact in heard if isinstance(fact, ShelfRead) and fact.at_utc_s == world.now_utc_s}
        for gtin, look in last.items():
            assert look.facings <= world.on_hand(gtin, FLOOR)
            assert (look.state == "empty") is (world.on_hand(gtin, FLOOR) == 0)
            assert look.facings <= look.planned


def test_a_quiet_shelf_is_told_again_only_after_a_while() -> None:
    world = World(replace(EVERY, slow_share=1.0), 2)
    looks = [fact for fact in world.advance(world.settings.begin_utc_s + DAY_S) if isinstance(fact, ShelfRead)]
    assert 30 * 6 <= len(looks) < 30 * 15


def test_tags_read_are_mostly_a_little_less_than_what_is_there() -> None:
    world = World(EVERY, 3)
    read = there = 0
    for round_ in range(10):
        heard = world.advance(world.settings.begin_utc_s + (0.5 + 2 * round_) * HOUR_S)
        for fact in heard:
            if isinstance(fact, TagRead) and fact.at_utc_s == world.now_utc_s:
                here = world.on_hand(fact.gtin, fact.zone)
                assert fact.tags <= here
                assert fact.zone in (FLOOR, BACKROOM)
                read, there = read + fact.tags, there + here
    assert 0.9 < read / there < 0.99


def test_a_poor_camera_errs_and_is_blocked() -> None:
    world = World(replace(EVERY, camera_mistaken=0.3, camera_blocked=0.3), 4)
    blocked = total = 0
    for fact in world.advance(world.settings.begin_utc_s + 3 * DAY_S):
        if isinstance(fact, ShelfRead):
            total += 1
            blocked += fact.state == "blocked"
            assert fact.facings == 0 or fact.state != "blocked"
    assert blocked > 0.05 * total
