"""The rules of the work list, one stand at a time."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

import pytest

from retail.catalogue.product import Product
from retail.stock.freshness import LADDER
from retail.stock.pace import steady
from retail.stock.telling import Belief
from retail.work.rules import lost_cents_h, wanted
from retail.work.sight import Look
from retail.work.stand import HeldLot, Stand
from retail.work.task import REFILL, Wanted

TEA = "04006381333931"
NOW = 1_795_424_400.0  # Monday 09:00 UTC


def _stand(**more: object) -> Stand:
    made = Stand(
        Product(TEA, "Green tea", price_cents=450), NOW, ZoneInfo("UTC"), floor=10_000, behind=6000,
        behind_place="backroom", behind_there=6000, pace=steady(24), unit=1000, slot="A1/2-8", sales_place="floor",
    )  # fmt: skip
    return replace(made, **more)  # type: ignore[arg-type]


def _look(state: str, slot: str = "A1/2-8", since: float = NOW - 600, **more: object) -> Look:
    made = Look(slot, "A1", TEA, state, 0, 2, 0.97, "", "", since)
    return replace(made, **more)  # type: ignore[arg-type]


def _belief(on_hand: int, low: int, high: int, empty: float, confidence: float = 0.9, **more: object) -> Belief:
    made = Belief(TEA, "floor", on_hand, float(on_hand), low, high, confidence, empty, on_hand, (), "Probably.")
    return replace(made, **more)  # type: ignore[arg-type]


def _want(stand: Stand) -> list[Wanted]:
    return wanted(stand, LADDER)


def test_nothing_is_wanted_of_a_product_that_stands_well() -> None:
    assert _want(_stand(looks=[_look("full")], on_floor=_belief(10, 9, 11, 0.0))) == []


@pytest.mark.parametrize(("state", "word"), [("empty", "out since 08:50"), ("low", "low since 08:50")])
def test_what_the_camera_sees_empty_or_low_is_refilled_with_the_facts(state: str, word: str) -> None:
    (task,) = _want(_stand(looks=[_look(state)]))
    assert task.reason == f"{word}, 6 in backroom"
    assert {name: task.facts[name] for name in ("system", "back", "camera", "camera_of", "camera_state")} == {
        "system": 16.0, "back": 6.0, "camera": 0, "camera_of": 2, "camera_state": state,
    }  # fmt: skip


def test_an_empty_shelf_is_worth_more_than_a_low_one_and_a_second_slot_that_is_filled_lowers_it() -> None:
    empty, low = (_want(_stand(looks=[_look(state)], floor=2000))[0].value_cents_h for state in ("empty", "low"))
    beside = _want(_stand(looks=[_look("empty"), _look("full", "A1/2-9")]))[0].value_cents_h
    assert empty == 450 > low > 0  # one an hour at 4.50
    assert beside < empty


def test_the_rank_is_what_is_lost_an_hour() -> None:
    assert lost_cents_h(_stand(), 0) == 450
    assert lost_cents_h(_stand(), 40_000) == 0
    kilograms = _stand(product=Product(TEA, "Apples", unit="kg", price_cents=300), unit=1, pace=steady(48_000))
    assert lost_cents_h(kilograms, 0) == 600  # two kilograms an hour at 3.00


def test_a_camera_that_cannot_see_leaves_it_to_the_belief() -> None:
    gone = _belief(0, 0, 1, 0.9)
    (task,) = _want(_stand(looks=[_look("blocked")], on_floor=gone))
    assert (task.kind, task.source, task.reason) == (REFILL, "belief", "probably out, 6 in backroom")
    assert _want(_stand(looks=[_look("blocked")], on_floor=_belief(8, 6, 10, 0.0))) == []


def test_it_opens_on_clearer_evidence_than_it_needs_to_stay_open() -> None:
    unsure = _belief(1, 0, 3, 0.55)
    assert _want(_stand(on_floor=unsure)) == []
    assert len(_want(_stand(on_floor=unsure, kinds=frozenset({REFILL})))) == 1


def test_without_a_belief_the_ledger_says_when_the_least_is_reached() -> None:
    (task,) = _want(_stand(floor=2000, least=2000))
    assert (task.source, task.reason) == ("ledger", "2 left, 6 in backroom")
    assert _want(_stand(floor=3000, least=2000)) == []


def test_a_back_room_that_is_believed_empty_has_nothing_to_refill_from() -> None:
    behind = replace(_belief(0, 0, 1, 0.95), place="backroom")
    assert _want(_stand(looks=[_look("empty")], in_back=behind)) == []


def test_sources_that_disagree_for_half_an_hour_are_worth_a_walk_when_nobody_is_sure() -> None:
    odd = _belief(6, 1, 12, 0.2, 0.3, disagree=("RFID",), reason="Probably 6: 12 tags read; RFID disagrees.")
    assert _want(_stand(on_floor=odd, disagree_since_utc_s=NOW - 60)) == []
    (task,) = _want(_stand(on_floor=odd, disagree_since_utc_s=NOW - 1800))
    assert (task.kind, task.source, task.reason) == ("check", "rfid", odd.reason)
    assert _want(_stand(on_floor=replace(odd, confidence=0.9), disagree_since_utc_s=NOW - 1800)) == []


def test_a_count_task_tells_no_figure_of_the_stock() -> None:
    tasks = [
        *_want(_stand(negative=["floor"], floor=-3000, behind=0)),
        *_want(_stand(counting="counted once by Operator 14, needs another person")),
        *_want(_stand(on_floor=_belief(5, 0, 40, 0.1, 0.2), pace=steady(3))),
    ]
    assert [task.kind for task in tasks] == ["count"] * 3
    for task in tasks:
        assert set(task.facts) == {"name", "unit", "price_cents"}
        assert not any(letter.isdigit() for letter in task.reason.replace("Operator 14", ""))


def test_lots_go_first_expired_first_and_what_sells_in_time_is_left_alone() -> None:
    lots = [HeldLot("B7", date(2026, 11, 25), 200_000), HeldLot("B9", date(2026, 12, 30), 5000)]
    (task,) = _want(_stand(lots=lots))
    assert (task.kind, task.lot, task.reason) == ("markdown", "B7", "200 expire Wed 25 Nov, try −30 %")
    assert task.facts["days_left"] == 2 and task.value_cents_h > 0
    assert _want(_stand(lots=[HeldLot("B7", date(2026, 11, 25), 10_000)])) == []


def test_what_is_over_its_date_comes_off_the_shelf() -> None:
    (task,) = _want(_stand(lots=[HeldLot("B7", date(2026, 11, 20), 3000)]))
    assert task.reason == "3 expired 2026-11-20: take them off the shelf"
