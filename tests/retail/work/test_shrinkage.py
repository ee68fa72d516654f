"""The shrink ledger: counts explained by what the store recorded between them."""

from __future__ import annotations

from typing import Any

import pytest

from retail.work.shrinkage import shrink_ledger
from tests.support.store_desks import APPLES, DAY_S, NINE, OATS, TEA, StoreDesk
from verticals.store.database import reading


def _told(desk: StoreDesk, days: float = 28) -> dict[str, Any]:
    now_ms = round(desk.clock.utc_s * 1000) + 1
    with reading(desk.engine) as connection:
        return shrink_ledger(connection, desk.settings, now_ms - round(days * DAY_S * 1000), now_ms)


def _by_cause(told: dict[str, Any]) -> dict[str, tuple[float, int]]:
    return {one["cause"]: (one["pieces"], one["value_cents"]) for one in told["causes"]}


def test_what_only_went_from_one_place_to_the_other_is_no_loss(desk: StoreDesk) -> None:
    desk.catalogue()
    desk.stock(10, TEA, "floor")
    desk.stock(20, TEA, "backroom")
    desk.advance(60)
    desk.count(14, TEA, "floor")
    desk.count(16, TEA, "backroom")
    told = _told(desk)
    assert _by_cause(told) == {"refills without a record": (4, 0)}
    assert (told["value_cents"], told["counts"]) == (0, 2)


def test_what_nothing_explains_is_a_share_of_what_was_sold(desk: StoreDesk) -> None:
    desk.catalogue()
    desk.stock(50, TEA, at=NINE - 3 * DAY_S)
    desk.count(50)
    desk.advance(60)
    desk.sell(20)
    desk.advance(60)
    desk.count(25)  # 30 should be there
    told = _told(desk)
    (cause,) = told["causes"]
    assert (cause["cause"], cause["pieces"], cause["value_cents"]) == ("unexplained", 5, 5 * 450)
    assert (cause["of"], cause["of_pieces"], cause["share"]) == ("sold", 20, pytest.approx(0.25))


def test_whole_cases_missing_of_a_delivery_nobody_checked_were_short(desk: StoreDesk) -> None:
    desk.catalogue()
    desk.count(0, OATS, "backroom")
    desk.advance(60)
    desk.stock(36, OATS, "backroom")
    desk.advance(60)
    desk.count(24, OATS, "backroom")
    assert _by_cause(_told(desk)) == {"short deliveries": (12, 12 * 200)}


def test_one_scanned_as_its_sibling_is_missing_here_and_too_many_there(desk: StoreDesk) -> None:
    like: dict[str, Any] = {"category": "tea", "price_cents": 450, "supplier": "Leaf"}
    desk.catalogue([{"gtin": TEA, "name": "Green tea mint", **like}, {"gtin": OATS, "name": "Green tea lemon", **like}])
    desk.stock(20, TEA)
    desk.stock(20, OATS)
    desk.advance(60)
    desk.count(17, TEA)
    desk.count(23, OATS)
    assert _by_cause(_told(desk)) == {"scanned as another": (3, 3 * 450)}


def test_what_was_written_off_stands_by_its_reason_in_parts_of_a_kilogram(desk: StoreDesk) -> None:
    desk.catalogue()
    desk.stock(5, APPLES)
    desk.move("floor", "waste", 1.5, APPLES, "damage", reason="bruised")
    desk.move("floor", "shrink", 2, TEA, "adjustment")
    desk.advance(5)
    assert _by_cause(_told(desk)) == {"adjustment": (2, 900), "bruised": (1.5, 450)}


def test_what_lies_before_the_span_is_left_out_and_no_sales_make_no_rate(desk: StoreDesk) -> None:
    desk.catalogue()
    desk.stock(10)
    desk.advance(5)
    desk.count(8)
    desk.advance(2 * DAY_S)
    told = _told(desk, days=1)
    assert (told["causes"], told["counts"], told["rate"]) == ([], 0, None)
