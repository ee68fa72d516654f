"""Beliefs as the desk keeps them: fed by the ledger, told sparingly, never writing stock."""

from __future__ import annotations

from retail.work import tables
from tests.support.store_desks import APPLES, OATS, TEA, StoreDesk


def test_a_sale_takes_one_off_and_a_count_makes_it_sure(desk: StoreDesk) -> None:
    desk.catalogue()
    desk.stock(10)
    desk.advance(1)
    desk.count(8)
    desk.advance(1)
    desk.sell(2)
    floor, _ = desk.station.work.believing.of(TEA, desk.clock.utc_s)
    assert floor is not None
    assert (floor.on_hand, floor.book) == (6, 6)
    assert floor.high - floor.low <= 2


def test_a_delivery_is_believed_in_the_back_room_and_a_refill_moves_it(desk: StoreDesk) -> None:
    desk.catalogue()
    desk.count(2)
    desk.count(0, place="backroom")
    desk.advance(1)
    desk.stock(12, TEA, "backroom")
    desk.move("backroom", "floor", 8)
    floor, behind = desk.station.work.believing.of(TEA, desk.clock.utc_s)
    assert floor is not None and behind is not None
    assert abs(floor.on_hand - 10) <= 1 and abs(behind.on_hand - 4) <= 1


def test_kilograms_are_told_in_thousandths(desk: StoreDesk) -> None:
    desk.catalogue()
    desk.count(8.5, APPLES)
    desk.advance(1)
    desk.move("floor", "customer", 0.425, APPLES, "sale")
    desk.advance(70)
    (row,) = desk.rows(tables.beliefs, gtin=APPLES, place="floor")
    assert row["book"] == 8075
    assert row["low"] - 100 <= 8075 <= row["high"] + 100  # to a cell of the belief


def test_tags_that_tell_something_else_disagree_and_correct_nothing(desk: StoreDesk) -> None:
    desk.catalogue()
    desk.stock(10, OATS)
    desk.advance(1)
    desk.count(10, OATS)
    for _ in range(6):
        desk.bring("tags", "reader-1", place="floor", counts=[{"gtin": OATS, "tags": 1}])
        desk.advance(60)
    (row,) = desk.rows(tables.beliefs, gtin=OATS, place="floor")
    assert "RFID" in row["disagree"] or row["low"] < 10_000
    assert desk.station.known.on_floor(OATS) == 10_000
    assert desk.station.work.believing.tags[OATS] == 1


def test_what_a_reader_says_of_codes_nobody_knows_is_left_out(desk: StoreDesk) -> None:
    desk.catalogue()
    decision = desk.bring("tags", "reader-1", place="floor", counts=[{"gtin": "123", "tags": 4}, 7, {"gtin": TEA}])
    assert decision.events == []
    assert desk.station.work.believing.tags == {}
