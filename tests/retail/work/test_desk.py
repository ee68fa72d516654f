"""The desk over its real tables: what happens in the store becomes work, and work that is done goes away by itself."""

from __future__ import annotations

from retail.ledger.tables import documents
from retail.work import tables
from tests.support.store_desks import DAY_S, HOUR_S, OATS, TEA, StoreDesk


def _filled(desk: StoreDesk, floor: float = 10, back: float = 6) -> None:
    desk.catalogue()
    desk.sold_for_weeks(TEA)
    desk.count(floor)
    desk.count(back, place="backroom")
    desk.advance(5)


def _alive(desk: StoreDesk, kind: str = "") -> list[dict[str, object]]:
    rows = [row for row in desk.rows(tables.tasks) if row["state"] in ("open", "taken")]
    return [row for row in rows if not kind or row["kind"] == kind]


def test_an_empty_slot_is_a_refill_with_its_reason_and_the_full_one_closes_it(desk: StoreDesk) -> None:
    _filled(desk)
    desk.see("empty")
    desk.advance(5)
    (task,) = _alive(desk)
    assert (task["kind"], task["gtin"], task["slot"], task["source"]) == ("refill", TEA, "A1/2-8", "camera")
    assert task["reason"] == "out since 09:00, 6 in backroom"
    assert isinstance(task["value_cents_h"], int) and task["value_cents_h"] > 0
    desk.see("full")
    desk.advance(2)
    assert _alive(desk) == []
    (task,) = desk.rows(tables.tasks)
    assert (task["state"], task["how"]) == ("closed", "the shelf is full again")


def test_nothing_is_to_be_refilled_that_the_back_room_does_not_have(desk: StoreDesk) -> None:
    _filled(desk, back=0)
    desk.see("empty")
    desk.advance(5)
    assert _alive(desk, "refill") == []


def test_a_blocked_view_is_no_empty_shelf(desk: StoreDesk) -> None:
    _filled(desk)
    desk.see("blocked")
    desk.advance(30)
    assert _alive(desk) == []
    assert desk.live["slots"]["blocked"] == 1


def test_a_refill_that_is_done_is_a_move_in_the_ledger(desk: StoreDesk) -> None:
    _filled(desk)
    desk.see("empty")
    desk.advance(5)
    (task,) = _alive(desk)
    assert "how many" in desk.ask("task-done", task=task["id"]).reason
    assert desk.station.known.behind(TEA) == 6000
    desk.must("task-done", who="Operator 22", task=task["id"], quantity=4)
    assert desk.station.known.behind(TEA) == 2000
    (booked,) = desk.rows(documents, source="tasks")
    assert (booked["kind"], booked["ref"], booked["who"]) == ("move", task["id"], "Operator 22")
    desk.advance(30)
    assert _alive(desk) == []  # the shelf will be looked at again
    desk.advance(700)
    desk.see("empty", confidence=0.99, facings=0, of=3)
    desk.advance(5)
    assert len(_alive(desk, "refill")) == 1  # still empty: it was not done after all


def test_not_true_keeps_it_away_for_hours_and_counts_against_the_camera(desk: StoreDesk) -> None:
    _filled(desk)
    desk.see("empty")
    desk.advance(5)
    (task,) = _alive(desk)
    desk.must("task-not-true", task=task["id"], note="full of tea")
    desk.see("low")
    desk.advance(HOUR_S)
    assert _alive(desk) == []
    (row,) = desk.rows(tables.tasks, id=task["id"])
    assert (row["state"], row["ended_by"], row["how"]) == ("not-true", "Operator 14", "full of tea")


def test_a_phantom_is_to_be_checked_never_corrected(desk: StoreDesk) -> None:
    _filled(desk, back=0)
    desk.advance(3 * DAY_S)
    desk.see("empty")
    desk.advance(20)
    (task,) = _alive(desk, "check")
    assert "system 10, camera 0" in str(task["reason"])
    assert desk.live["phantoms"] == 1
    assert desk.station.known.on_floor(TEA) == 10_000


def test_another_product_in_the_slot_is_to_be_checked(desk: StoreDesk) -> None:
    _filled(desk)
    desk.see("wrong", found=OATS)
    desk.advance(5)
    (task,) = _alive(desk, "check")
    assert str(task["reason"]).startswith("Oats lies there since")


def test_a_price_label_that_is_missing_is_to_be_put_up(desk: StoreDesk) -> None:
    _filled(desk)
    desk.see("full", label="missing")
    desk.advance(5)
    (task,) = _alive(desk)
    assert (task["kind"], task["reason"]) == ("label", "price label missing since 09:00")
    desk.see("full", label="ok")
    desk.advance(5)
    assert _alive(desk) == []


def test_a_lot_that_will_not_sell_in_time_is_marked_down_and_one_that_is_over_taken_off(desk: StoreDesk) -> None:
    desk.catalogue()
    desk.sold_for_weeks(OATS, a_day=2)
    desk.count(0, OATS)
    desk.advance(1)
    desk.stock(30, OATS, expiry="2026-11-25")
    desk.advance(20)
    (task,) = _alive(desk, "markdown")
    assert task["reason"] == "30 expire Wed 25 Nov, try −30 %"
    assert (task["lot"], desk.live["expiring"]) == ("@2026-11-25", 1)
    desk.advance(3 * DAY_S)
    (task,) = _alive(desk, "markdown")
    assert "expired 2026-11-25: take them off the shelf" in str(task["reason"])
    desk.move("floor", "waste", 30, OATS, "expiry", lot="", expiry="2026-11-25")
    desk.advance(20)
    assert _alive(desk, "markdown") == []


def test_a_stock_below_nothing_is_to_be_counted_blind_and_the_count_closes_it(desk: StoreDesk) -> None:
    desk.catalogue()
    desk.sell(3)
    desk.advance(5)
    (task,) = _alive(desk, "count")
    assert task["reason"] == "more left floor on record than ever came"
    assert "-3" not in str(task["facts"]) and "system" not in str(task["facts"])
    desk.count(4)
    desk.advance(5)
    assert _alive(desk, "count") == []


def test_the_figures_of_the_head_are_live(desk: StoreDesk) -> None:
    _filled(desk)
    desk.watch("full", 600)
    desk.watch("empty", 1800)
    assert 0 < desk.live["osa"] < 1
    assert desk.live["slots"]["empty"] >= 1
    assert desk.live["tasks"] == {"refill": 1}
    assert desk.live["value_cents_h"] > 0


def test_a_day_leaves_its_availability_and_what_demand_did_not_find(desk: StoreDesk) -> None:
    _filled(desk, back=0)
    desk.watch("empty", DAY_S)
    (day,) = desk.rows(tables.store_days)
    assert day["day"] == "2026-11-23" and day["osa"] is not None and day["osa"] < 1
    (exposed,) = desk.rows(tables.exposures, gtin=TEA)
    assert exposed["exposure"] < 0.5


def test_beliefs_are_told_at_most_once_a_minute_a_product(desk: StoreDesk) -> None:
    _filled(desk)
    before = desk.kinds().count("beliefs")
    for _ in range(10):
        desk.sell()
        desk.advance(10)
    assert 1 <= desk.kinds().count("beliefs") - before <= 3
    desk.advance(120)
    (floor,) = desk.rows(tables.beliefs, gtin=TEA, place="floor")
    assert floor["book"] == 0 and floor["low"] <= floor["on_hand"] <= floor["high"]


def test_that_the_cameras_looked_is_told_even_where_they_saw_nothing_new(desk: StoreDesk) -> None:
    _filled(desk)
    for _ in range(3):
        desk.see("full")
        desk.advance(100)
    assert desk.live["checked_utc_s"] == desk.clock.utc_s - 100
    desk.advance(700)
    desk.sell(1)
    desk.advance(30)
    assert desk.live["checked_utc_s"] is None  # the bay fell silent
