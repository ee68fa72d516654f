"""Orders: suggested on every path that lowers the stock, drafted by supplier, sent, received in parts."""

from __future__ import annotations

from typing import Any

import pytest

from retail.work import tables
from tests.support.store_desks import APPLES, DAY_S, OATS, TEA, StoreDesk

LEAD = "Lead 3"


@pytest.fixture
def selling(desk: StoreDesk) -> StoreDesk:
    """Tea sells six a day, two days lead: reorder at about twenty; thirty are there, with a date."""
    desk.catalogue()
    desk.sold_for_weeks(TEA)
    desk.count(0)
    desk.advance(1)
    desk.stock(30, TEA, "backroom", expiry="2027-06-01")
    desk.advance(10)
    return desk


def _open(desk: StoreDesk) -> list[dict[str, Any]]:
    return desk.rows(tables.suggestions, state="open")


def test_nothing_is_suggested_while_the_position_is_above_the_reorder_point(selling: StoreDesk) -> None:
    assert _open(selling) == []


@pytest.mark.parametrize("path", ["sale", "damage", "count", "transfer", "expiry", "adjustment"])
def test_every_path_that_lowers_the_stock_fires_the_reorder_point(selling: StoreDesk, path: str) -> None:
    if path == "count":
        selling.count(8, place="backroom")
    else:
        to = {"sale": "customer", "damage": "waste", "transfer": "transfer", "expiry": "waste"}.get(path, "shrink")
        selling.move("backroom", to, 22, TEA, path)
    selling.advance(10)
    (row,) = _open(selling)
    assert (row["gtin"], row["supplier"]) == (TEA, "Leaf")
    assert row["cases"] * 6000 == row["thousandths"] > 0
    assert "Reorder at" in row["reason"] and "a day" in row["reason"]


def test_a_delivery_withdraws_it(selling: StoreDesk) -> None:
    selling.move("backroom", "waste", 22, TEA, "damage")
    selling.advance(10)
    assert len(_open(selling)) == 1
    selling.stock(40, TEA, "backroom")
    selling.advance(10)
    assert _open(selling) == []
    assert selling.rows(tables.suggestions)[0]["state"] == "withdrawn"


def test_what_is_drafted_is_not_suggested_again_and_what_is_sent_counts_in_the_position(selling: StoreDesk) -> None:
    selling.move("backroom", "waste", 22, TEA, "damage")
    selling.advance(10)
    (suggested,) = _open(selling)
    order = selling.must("order-add", LEAD, "lead", gtin=TEA)["order"]
    selling.advance(10)
    assert selling.rows(tables.suggestions)[0]["state"] == "ordered"
    (line,) = selling.rows(tables.purchase_order_lines, order_id=order)
    assert (line["thousandths"], line["reason"]) == (suggested["thousandths"], suggested["reason"])
    selling.must("order-send", LEAD, "lead", order=order)
    selling.advance(10)
    assert _open(selling) == []
    (sent,) = selling.rows(tables.purchase_orders, id=order)
    assert sent["state"] == "sent" and sent["expected_ms"] - sent["sent_ms"] == 2 * DAY_S * 1000
    selling.must("order-cancel", LEAD, "lead", order=order)
    selling.advance(10)
    assert len(_open(selling)) == 1


def test_orders_are_by_supplier_and_changed_until_they_are_sent(desk: StoreDesk) -> None:
    desk.catalogue()
    tea = desk.must("order-add", LEAD, "lead", gtin=TEA, quantity=12)["order"]
    oats = desk.must("order-add", LEAD, "lead", gtin=OATS, quantity=24)["order"]
    assert tea != oats
    desk.must("order-quantity", LEAD, "lead", order=tea, gtin=TEA, quantity=18)
    assert desk.rows(tables.purchase_order_lines, order_id=tea)[0]["thousandths"] == 18_000
    desk.must("order-remove", LEAD, "lead", order=oats, gtin=OATS)
    assert desk.rows(tables.purchase_orders, id=oats)[0]["state"] == "cancelled"
    desk.must("order-send", LEAD, "lead", order=tea)
    assert not desk.ask("order-quantity", LEAD, "lead", order=tea, gtin=TEA, quantity=6).accepted
    assert not desk.ask("order-add", gtin=TEA, quantity=1).accepted  # an associate orders nothing
    assert "Nothing is suggested" in desk.ask("order-add", LEAD, "lead", gtin=APPLES).reason


def test_a_delivery_is_received_against_its_order_and_the_rest_is_still_owed(desk: StoreDesk) -> None:
    desk.catalogue()
    order = desk.must("order-add", LEAD, "lead", gtin=TEA, quantity=12)["order"]
    desk.must("order-send", LEAD, "lead", order=order)
    came = desk.must("receive-start", order=order, ref="LS-17")
    assert came["expected"] == [{"gtin": TEA, "thousandths": 12_000}]
    code = f"(01){TEA}(17)270110(10)B7"
    lines = [
        {"key": "a", "code": code, "quantity": 6},
        {"key": "b", "code": code, "quantity": 3, "damaged": 1},
        {"key": "c", "gtin": OATS, "quantity": 2},
    ]
    name = came["receiving"]
    desk.must("receive-lines", receiving=name, lines=lines)
    assert desk.must("receive-lines", receiving=name, lines=lines)["known"] == 3
    told = desk.must("receive-finish", receiving=name)["differences"]
    words = {one["gtin"]: (one["word"], one["ordered"], one["received"], one["damaged"]) for one in told}
    assert words == {TEA: ("short", 12_000, 9000, 1000), OATS: ("unexpected", 0, 2000, 0)}
    assert {row["gtin"]: row["word"] for row in desk.rows(tables.receiving_differences)} == {
        TEA: "short",
        OATS: "unexpected",
    }
    held = desk.station.known.holdings.at(TEA, "backroom")
    assert (held.thousandths, dict(held.lots)) == (8000, {"B7": 8000})
    assert desk.station.known.dates[TEA, "B7"] == "2027-01-10"
    assert desk.rows(tables.purchase_orders, id=order)[0]["state"] == "part"
    assert desk.station.work.orders.on_order(TEA) == 3000
    again = desk.must("receive-start", order=order)
    desk.must("receive-lines", receiving=again["receiving"], lines=[{"key": "d", "gtin": TEA, "quantity": 5}])
    (over,) = desk.must("receive-finish", receiving=again["receiving"])["differences"]
    assert over["word"] == "over"
    assert desk.rows(tables.purchase_orders, id=order)[0]["state"] == "received"


def test_a_hand_held_that_syncs_after_the_receipt_is_kept_and_books_nothing(desk: StoreDesk) -> None:
    desk.catalogue()
    name = desk.must("receive-start", supplier="Leaf")["receiving"]
    desk.bring("receive-lines", receiving=name, who="Operator 14", lines=[{"key": "a", "gtin": TEA, "quantity": 6}])
    desk.must("receive-finish", receiving=name)
    answer = desk.must("receive-lines", receiving=name, lines=[{"key": "a", "gtin": TEA}, {"key": "b", "gtin": TEA}])
    assert (answer["taken"], answer["known"], answer["late"]) == (0, 1, 1)
    assert desk.station.known.behind(TEA) == 6000
    assert {row["key"]: row["late"] for row in desk.rows(tables.receiving_lines)} == {"a": False, "b": True}


def test_goods_with_a_code_nobody_knows_are_booked_as_soon_as_it_is_named(desk: StoreDesk) -> None:
    desk.catalogue()
    name = desk.must("receive-start", supplier="Leaf")["receiving"]
    desk.must("receive-lines", receiving=name, lines=[{"key": "a", "code": "99887", "quantity": 6}])
    desk.must("receive-finish", receiving=name)
    assert desk.station.known.behind(TEA) == 0
    desk.must("name-code", LEAD, "lead", code="99887", gtin=TEA)
    assert desk.station.known.behind(TEA) == 6000


@pytest.mark.parametrize(
    "line", [{"key": "a", "gtin": TEA, "quantity": 2, "damaged": 3}, {"key": "a", "gtin": TEA, "quantity": 0}]
)
def test_more_damaged_than_came_and_nothing_at_all_are_refused(desk: StoreDesk, line: dict[str, Any]) -> None:
    desk.catalogue()
    name = desk.must("receive-start", supplier="Leaf")["receiving"]
    assert not desk.ask("receive-lines", receiving=name, lines=[line]).accepted


def test_a_delivery_given_up_books_nothing(desk: StoreDesk) -> None:
    desk.catalogue()
    name = desk.must("receive-start", supplier="Leaf")["receiving"]
    desk.must("receive-lines", receiving=name, lines=[{"key": "a", "gtin": TEA, "quantity": 6}])
    desk.must("receive-cancel", receiving=name)
    assert desk.station.known.behind(TEA) == 0
    assert not desk.ask("receive-finish", receiving=name).accepted
