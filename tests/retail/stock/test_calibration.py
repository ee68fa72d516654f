"""Counts teach: each of them held against what the sources said before it."""

import pytest

from retail.stock.calibration import learn, own
from retail.stock.evidence import BACKROOM, FLOOR, IMPORT, PLACES, Counted
from retail.stock.reliability import Reliability
from retail.stock.senses import count
from retail.stock.track import Knowledge, Reading, Since, Track, begun
from tests.retail.stock.streams import GTIN, PROFILE, at


def tracked(store: Reliability, **since: Since) -> Track:
    track = begun(PROFILE, at(0))
    track.since = dict(since)
    track.book = dict.fromkeys(PLACES, 10)
    return track


def test_what_the_floor_has_more_and_the_back_room_less_was_carried() -> None:
    store, product = Reliability(), own()
    track = tracked(
        store,
        floor=Since(10, at(0), "handheld", out=40, carried=30),
        backroom=Since(10, at(0), "handheld", received=30),
    )
    lost, unrecorded = store.lost.events, store.unrecorded.events
    learn(Counted(GTIN, FLOOR, 14, at(30)), track, PROFILE, store, product)
    learn(Counted(GTIN, BACKROOM, 5, at(30)), track, PROFILE, store, product)
    assert store.unrecorded.events - unrecorded == 4
    assert store.lost.events == lost
    assert store.back_lost.events == pytest.approx(2.0 + 1)


def test_what_is_missing_is_lost_of_what_was_sold_for_the_store_and_the_product() -> None:
    store, product = Reliability(), own()
    track = tracked(store, floor=Since(10, at(0), "handheld", out=60))
    learn(Counted(GTIN, FLOOR, 7, at(50)), track, PROFILE, store, product)
    assert (product.lost.events, product.lost.of) == (3, 60)
    assert (store.lost.events, store.lost.of) == (4 + 3, 200 + 60)


def test_an_imported_figure_teaches_nothing_and_is_no_yardstick() -> None:
    store, product = Reliability(), own()
    learn(Counted(GTIN, FLOOR, 2, at(1), IMPORT), tracked(store), PROFILE, store, product)
    learn(
        Counted(GTIN, FLOOR, 2, at(9)), tracked(store, floor=Since(10, at(0), IMPORT, out=9)), PROFILE, store, product
    )
    assert store == Reliability()


def test_a_recount_teaches_how_often_counts_are_wrong() -> None:
    store = Reliability()
    for second, differs in ((10, 0.0), (9, 1.0)):
        before = store.miscounted.events
        track = tracked(store, floor=Since(10, at(9), "handheld"))
        learn(Counted(GTIN, FLOOR, second, at(9.5)), track, PROFILE, store, own())
        assert store.miscounted.events - before == differs
    assert store.miscounted.of == 64


def test_tags_and_looks_before_a_count_are_held_against_it() -> None:
    store, product = Reliability(), own()
    track = tracked(store)
    track.tags = {FLOOR: Reading(9, at(8))}
    track.sight = Reading(4, at(8))
    learn(Counted(GTIN, FLOOR, 10, at(9)), track, PROFILE, store, product)
    assert (product.read.events, product.read.of) == (9, 10)
    assert store.camera.looks == 1


@pytest.mark.parametrize("reading", [Reading(9, at(8), moved=1), Reading(9, at(8) - 2 * 86400)])
def test_a_reading_that_is_old_or_after_which_something_moved_is_no_lesson(reading: Reading) -> None:
    store = Reliability()
    track = tracked(store)
    track.tags, track.sight = {FLOOR: reading}, reading
    learn(Counted(GTIN, FLOOR, 10, at(9)), track, PROFILE, store, own())
    assert (store.camera.looks, store.read.of) == (0, 40)


def test_a_count_sets_the_book() -> None:
    store = Reliability()
    track = tracked(store)
    count(track, Knowledge(PROFILE, None, store), Counted(GTIN, FLOOR, 3, at(9)))
    assert track.book[FLOOR] == track.since[FLOOR].counted == 3
