"""Cycle counts over the real ledger: blind, counted again by another, approved by a lead, synced without loss."""

from __future__ import annotations

import json
from typing import Any

import pytest

from retail.ledger import tables as ledger
from retail.work import tables
from tests.support.store_desks import APPLES, OATS, TEA, StoreDesk

FIRST, SECOND, LEAD = "Operator 14", "Operator 22", "Lead 3"


@pytest.fixture
def stocked(desk: StoreDesk) -> StoreDesk:
    desk.catalogue()
    desk.stock(10)
    desk.stock(4, OATS)
    desk.advance(60)
    return desk


def _scan(desk: StoreDesk, key: str, gtin: str = TEA, quantity: Any = 1, **more: Any) -> dict[str, Any]:
    return {"key": key, "gtin": gtin, "quantity": quantity, "at_utc_s": desk.clock.utc_s, **more}


def _sheet(desk: StoreDesk, **args: Any) -> str:
    return str(desk.must("count-plan", **(args or {"fixture": "A1"}))["sheet"])


def _count(desk: StoreDesk, sheet: str, pieces: int, who: str = FIRST, gtin: str = TEA) -> None:
    """A whole round of one product by one person."""
    round_ = desk.must("count-start", who, sheet=sheet)["round"]
    key = f"{sheet}-{round_}-{gtin}"
    desk.must("count-lines", who, sheet=sheet, lines=[_scan(desk, key, gtin, pieces, mode="set")])
    desk.must("count-finish", who, sheet=sheet)


def _state(desk: StoreDesk, sheet: str) -> str:
    return str(desk.rows(tables.count_sheets, id=sheet)[0]["state"])


def _item(desk: StoreDesk, sheet: str, gtin: str = TEA) -> dict[str, Any]:
    return desk.rows(tables.count_items, sheet=sheet, gtin=gtin)[0]


def test_a_count_that_agrees_is_an_assertion_in_the_ledger_at_the_time_of_counting(stocked: StoreDesk) -> None:
    sheet = _sheet(stocked)
    stocked.must("count-start", sheet=sheet)
    counted_at = stocked.clock.utc_s
    stocked.must("count-lines", sheet=sheet, lines=[_scan(stocked, "k1", quantity=9, mode="set")])
    stocked.advance(30)
    stocked.sell(2)  # while the sheet is still open
    stocked.must("count-finish", sheet=sheet)
    assert _state(stocked, sheet) == "posted"
    (count,) = stocked.rows(ledger.counts)
    assert (count["thousandths"], count["at_ms"]) == (9000, round(counted_at * 1000))
    assert (count["expected"], count["variance"]) == (10_000, -1000)
    assert stocked.station.known.on_floor(TEA) == 7000
    item = _item(stocked, sheet)
    assert (item["verdict"], item["expected"], item["variance"]) == ("posted", 10_000, -1000)
    assert _item(stocked, sheet, OATS)["verdict"] == "uncounted"


def test_who_counts_is_never_told_what_is_expected(stocked: StoreDesk) -> None:
    sheet = _sheet(stocked)
    told = stocked.must("count-start", sheet=sheet)
    assert {name for item in told["items"] for name in item} == {"number", "gtin", "place", "slot", "why"}
    answer = stocked.must("count-lines", sheet=sheet, lines=[_scan(stocked, "k1", quantity=2)])
    assert set(answer) == {"taken", "known", "late", "unknown"}
    before = [one for one in stocked.events if one.kind == "count-sheet"]
    assert all(item["expected"] is None for one in before for item in one.data.get("items", ()))
    finished = stocked.must("count-finish", sheet=sheet)
    assert "expected" not in json.dumps(finished)


def test_a_variance_beyond_the_limit_is_counted_again_by_another(stocked: StoreDesk) -> None:
    sheet = _sheet(stocked)
    _count(stocked, sheet, 2)
    assert _state(stocked, sheet) == "recount"
    assert stocked.rows(ledger.counts) == []
    stocked.advance(5)
    (task,) = stocked.rows(tables.tasks, kind="count")
    assert "needs another person" in task["reason"]
    refused = stocked.ask("count-start", FIRST, sheet=sheet)
    assert not refused.accepted and "counted this before" in refused.reason
    _count(stocked, sheet, 2, SECOND)
    assert _state(stocked, sheet) == "posted"
    assert stocked.station.known.on_floor(TEA) == 2000
    (document,) = stocked.rows(ledger.documents, kind="count")
    assert document["who"] == f"{FIRST}, {SECOND}"


def test_two_that_do_not_agree_are_the_leads_to_decide(stocked: StoreDesk) -> None:
    sheet = _sheet(stocked)
    _count(stocked, sheet, 2)
    _count(stocked, sheet, 6, SECOND)
    assert _state(stocked, sheet) == "approval"
    assert not stocked.ask("count-approve", FIRST, sheet=sheet, reason="theft").accepted
    without = stocked.ask("count-approve", LEAD, "lead", sheet=sheet)
    assert not without.accepted and "reason" in without.reason
    stocked.must("count-approve", LEAD, "lead", sheet=sheet, reason="miscount")
    assert _state(stocked, sheet) == "posted"
    (count,) = stocked.rows(ledger.counts)
    assert (count["thousandths"], count["reason"], count["variance"]) == (6000, "miscount", -4000)


def test_the_lead_may_send_it_back_and_nobody_counts_it_twice(stocked: StoreDesk) -> None:
    sheet = _sheet(stocked)
    _count(stocked, sheet, 2)
    _count(stocked, sheet, 6, SECOND)
    stocked.must("count-again", LEAD, "lead", sheet=sheet)
    for who in (FIRST, SECOND):
        assert not stocked.ask("count-start", who, sheet=sheet).accepted
    _count(stocked, sheet, 6, "Operator 7")
    assert _state(stocked, sheet) == "posted"


def test_a_variance_beyond_the_second_limit_is_approved_even_when_two_agree(desk: StoreDesk) -> None:
    desk.catalogue()
    desk.stock(40)
    desk.advance(60)
    sheet = _sheet(desk)
    _count(desk, sheet, 5)
    _count(desk, sheet, 5, SECOND)
    assert _state(desk, sheet) == "approval"
    not_the_counter = desk.ask("count-approve", SECOND, "lead", sheet=sheet, reason="theft")
    assert not not_the_counter.accepted
    number = _item(desk, sheet)["number"]
    desk.must("count-approve", LEAD, "lead", sheet=sheet, reasons={str(number): "theft"})
    assert desk.station.known.on_floor(TEA) == 5000
    assert _item(desk, sheet)["reason"] == "theft"


def test_scans_add_up_and_a_typed_number_says_the_sum_in_whatever_order_they_arrive(stocked: StoreDesk) -> None:
    sheet = _sheet(stocked)
    stocked.must("count-start", sheet=sheet)
    begun = stocked.clock.utc_s
    stocked.advance(60)
    lines = [
        {"key": f"k{number}", "gtin": TEA, "quantity": amount, "mode": mode, "at_utc_s": begun + number}
        for number, (amount, mode) in enumerate([(5, "set"), (1, "add"), (1, "add"), (8, "set"), (1, "add")])
    ]
    stocked.must("count-lines", sheet=sheet, lines=[lines[4], lines[1]])
    stocked.must("count-lines", sheet=sheet, lines=[lines[3], lines[0], lines[4]])
    again = stocked.must("count-lines", sheet=sheet, lines=list(reversed(lines)))
    assert (again["taken"], again["known"]) == (1, 4)
    stocked.must("count-finish", sheet=sheet)
    assert stocked.rows(ledger.counts)[0]["thousandths"] == 9000


def test_a_hand_held_that_syncs_after_the_sheet_is_over_loses_nothing_and_doubles_nothing(stocked: StoreDesk) -> None:
    sheet = _sheet(stocked)
    stocked.must("count-start", sheet=sheet)
    known = _scan(stocked, "k1", quantity=10)
    stocked.must("count-lines", sheet=sheet, lines=[known])
    stocked.must("count-finish", sheet=sheet)
    answer = stocked.must("count-lines", sheet=sheet, lines=[known, _scan(stocked, "k2")])
    assert (answer["taken"], answer["late"], answer["known"]) == (0, 1, 1)
    assert stocked.station.known.on_floor(TEA) == 10_000
    late = {row["key"]: row["late"] for row in stocked.rows(tables.count_lines, sheet=sheet)}
    assert late == {"k1": False, "k2": True}


def test_it_comes_through_the_inbox_too(stocked: StoreDesk) -> None:
    sheet = _sheet(stocked)
    decision = stocked.bring("count-lines", sheet=sheet, who=FIRST, lines=[_scan(stocked, "k1", quantity=10)])
    assert [event.kind for event in decision.events] == ["count-sheet", "count-sheet"]  # opened by it, and the line
    refused = stocked.bring("count-lines", sheet="c-99", who=FIRST, lines=[_scan(stocked, "k1")])
    assert [event.kind for event in refused.events] == ["refused"]
    stocked.must("count-finish", sheet=sheet)
    assert _state(stocked, sheet) == "posted"


def test_a_code_nobody_knows_is_listed_and_counts_once_it_is_named(stocked: StoreDesk) -> None:
    sheet = _sheet(stocked)
    stocked.must("count-start", sheet=sheet)
    answer = stocked.must(
        "count-lines",
        sheet=sheet,
        lines=[_scan(stocked, "k1", quantity=9), {"key": "k2", "code": "99887", "quantity": 1}],
    )
    assert answer["unknown"] == ["99887"]
    assert stocked.station.work.counts.unknown_codes() == {"99887"}
    assert not stocked.ask("name-code", code="99887", gtin=TEA).accepted
    stocked.must("name-code", LEAD, "lead", code="99887", gtin=TEA)
    assert stocked.station.work.counts.unknown_codes() == set()
    stocked.must("count-finish", sheet=sheet)
    assert stocked.rows(ledger.counts)[0]["thousandths"] == 10_000


def test_a_gs1_code_brings_its_lot_and_expiry_and_lots_nobody_found_are_gone(desk: StoreDesk) -> None:
    desk.catalogue()
    desk.stock(3, lot="A", expiry="2026-12-20")
    desk.stock(4, lot="B", expiry="2027-01-10")
    desk.advance(60)
    sheet = _sheet(desk)
    desk.must("count-start", sheet=sheet)
    code = f"(01){TEA}(17)270110(10)B"
    desk.must("count-lines", sheet=sheet, lines=[{"key": f"k{number}", "code": code} for number in range(6)])
    desk.must("count-finish", sheet=sheet)
    held = desk.station.known.holdings.at(TEA, "floor")
    assert (held.thousandths, dict(held.lots)) == (6000, {"B": 6000})


def test_kilograms_are_counted_to_the_gram(desk: StoreDesk) -> None:
    desk.catalogue()
    desk.stock(2.5, APPLES)
    desk.advance(60)
    sheet = _sheet(desk, items=[{"gtin": APPLES, "place": "floor"}])
    desk.must("count-start", sheet=sheet)
    desk.must("count-lines", sheet=sheet, lines=[_scan(desk, "k1", APPLES, "2.425", mode="set")])
    desk.must("count-finish", sheet=sheet)
    assert desk.station.known.on_floor(APPLES) == 2425


def test_the_riskiest_products_are_planned_first(desk: StoreDesk) -> None:
    desk.catalogue()
    desk.sold_for_weeks(TEA)
    desk.stock(6, TEA)
    desk.stock(4, OATS)
    desk.advance(30)
    sheet = _sheet(desk, title="This morning")
    items = desk.rows(tables.count_items, sheet=sheet)
    assert min(items, key=lambda one: one["number"])["gtin"] == TEA
    assert all(item["why"] for item in items)


def test_each_day_has_one_sheet_of_its_own_unless_the_last_was_not_begun(stocked: StoreDesk) -> None:
    stocked.advance(86_400)
    (sheet,) = stocked.rows(tables.count_sheets)
    assert (sheet["state"], sheet["planned_by"], sheet["items"]) == ("planned", "", 2)
    stocked.advance(86_400)
    assert len(stocked.rows(tables.count_sheets)) == 1
    _count(stocked, sheet["id"], 10)
    stocked.advance(86_400)
    assert len(stocked.rows(tables.count_sheets)) == 2


def test_a_sheet_that_waited_for_the_ledger_is_judged_after_a_restart(stocked: StoreDesk) -> None:
    sheet = _sheet(stocked)
    stocked.must("count-start", sheet=sheet)
    stocked.must("count-lines", sheet=sheet, lines=[_scan(stocked, "k1", quantity=10)])
    stocked.lose_what_is_told = True
    stocked.must("count-finish", sheet=sheet)
    assert _state(stocked, sheet) == "open"
    stocked.lose_what_is_told = False
    stocked.restart()
    assert _state(stocked, sheet) == "posted"


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ({"gtin": TEA}, "needs a key"),
        ({"key": "k1"}, "neither a code nor a gtin"),
        ({"key": "k1", "gtin": TEA, "quantity": "many"}, "quantity"),
        ({"key": "k1", "gtin": TEA, "expiry": "soon"}, "no date"),
        ("4711", "object of JSON"),
    ],
)
def test_what_is_no_line_is_refused_whole(stocked: StoreDesk, line: Any, why: str) -> None:
    sheet = _sheet(stocked)
    stocked.must("count-start", sheet=sheet)
    answer = stocked.ask("count-lines", sheet=sheet, lines=[_scan(stocked, "good"), line])
    assert not answer.accepted and why in answer.reason
    assert stocked.rows(tables.count_lines) == []


def test_a_cancelled_sheet_books_nothing(stocked: StoreDesk) -> None:
    sheet = _sheet(stocked)
    stocked.must("count-start", sheet=sheet)
    stocked.must("count-lines", sheet=sheet, lines=[_scan(stocked, "k1", quantity=3)])
    stocked.must("count-cancel", sheet=sheet, reason="closing time")
    assert _state(stocked, sheet) == "cancelled"
    assert not stocked.ask("count-finish", sheet=sheet).accepted
    assert stocked.station.known.on_floor(TEA) == 10_000
