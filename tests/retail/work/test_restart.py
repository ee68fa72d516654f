"""A desk that was killed goes on as the one that was: list, sheets, orders, deliveries, what is seen and believed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from retail.work import tables
from tests.support.store_desks import OATS, TEA, StoreDesk

LEAD = "Lead 3"


def _a_morning(desk: StoreDesk) -> None:
    """Something of everything, some of it still open."""
    desk.catalogue()
    desk.sold_for_weeks(TEA)
    desk.count(10)
    desk.count(6, place="backroom")
    desk.advance(5)
    desk.see("empty")
    desk.advance(5)
    desk.see("wrong", "2-9", OATS, found=TEA)
    desk.advance(5)
    for task in desk.rows(tables.tasks, kind="check"):
        desk.must("task-not-true", task=task["id"])
    sheet = desk.must("count-plan", fixture="A1")["sheet"]
    desk.must("count-start", sheet=sheet)
    desk.must("count-lines", sheet=sheet, lines=[{"key": "k1", "gtin": TEA, "quantity": 2}])
    order = desk.must("order-add", LEAD, "lead", gtin=OATS, quantity=24)["order"]
    desk.must("order-send", LEAD, "lead", order=order)
    came = desk.must("receive-start", order=order)["receiving"]
    desk.must("receive-lines", receiving=came, lines=[{"key": "r1", "gtin": OATS, "quantity": 12}])
    desk.advance(120)


def _appearance(desk: StoreDesk) -> dict[str, Any]:
    work = desk.station.work
    state = json.loads(json.dumps(work.state(desk.clock.now())))
    told = {name: state[name] for name in ("tasks", "counts", "orders", "receiving", "replenishment")}
    for one in told["counts"]["sheets"]:
        one["items"].sort(key=lambda item: item["number"])
    return told | {"slots": {name: look.state for name, look in work.sight.looks.items()}}


@pytest.mark.parametrize("share", [None, 0.0, 0.3, 0.7, 1.0])
def test_any_saved_state_and_the_events_after_it_make_the_same_desk(desk: StoreDesk, share: float | None) -> None:
    """`None`: nothing was ever saved."""
    _a_morning(desk)
    before, events = _appearance(desk), len(desk.events)
    desk.restart(saved=None if share is None else round(share * events))
    after = _appearance(desk)
    assert after == before
    assert len(desk.events) == events  # nothing is opened, closed or suggested again


def test_what_was_believed_goes_on_from_the_ledger_and_the_width_of_before(desk: StoreDesk) -> None:
    _a_morning(desk)
    floor, _ = desk.station.work.believing.of(TEA, desk.clock.utc_s)
    assert floor is not None
    desk.restart()
    again, behind = desk.station.work.believing.of(TEA, desk.clock.utc_s)
    assert again is not None and behind is not None
    assert abs(again.on_hand - floor.on_hand) <= 1 and abs(again.low - floor.low) <= 2
    assert again.empty == pytest.approx(floor.empty, abs=0.1)  # it was seen empty
    assert (again.book, behind.book) == (10, 6)


def test_what_was_sold_while_the_desk_was_away_is_in_the_belief(desk: StoreDesk) -> None:
    _a_morning(desk)
    before, _ = desk.station.work.believing.of(TEA, desk.clock.utc_s)
    desk.lose_what_is_told = True
    desk.sell(4)
    desk.lose_what_is_told = False
    desk.restart()
    after, _ = desk.station.work.believing.of(TEA, desk.clock.utc_s)
    assert before is not None and after is not None
    assert abs(before.on_hand - 4 - after.on_hand) <= 1 and after.book == 6


def test_sales_and_shrink_of_before_are_told_at_the_start(desk: StoreDesk) -> None:
    _a_morning(desk)
    desk.count(5, place="backroom")  # six were counted there: one is missing
    work = desk.station.work
    level, shrink, cents = work.sales.demand(TEA).level, work.losses.cents(), work.sales.cents_since(0)
    desk.restart()
    work = desk.station.work
    assert work.sales.demand(TEA).level == pytest.approx(level, rel=0.01)
    assert (work.losses.cents(), work.sales.cents_since(0)) == (shrink, cents)
    assert shrink != 0 and cents > 0


def test_exposures_of_days_before_are_told_at_the_start(desk: StoreDesk) -> None:
    desk.catalogue()
    desk.sold_for_weeks(TEA)
    desk.count(10)
    desk.advance(5)
    desk.watch("empty", 86_400)
    exposed = [day.exposure for day in desk.station.work.sales.history(TEA)]
    assert min(exposed) < 0.5
    desk.restart()
    assert [day.exposure for day in desk.station.work.sales.history(TEA)] == pytest.approx(exposed, abs=1e-3)
