"""What pages ask of the tables: how often each source was wrong, and the codes that nobody knows."""

from __future__ import annotations

from typing import Any

from retail.work.read import false_alarms, unknown_codes
from tests.support.store_desks import TEA, StoreDesk
from verticals.store.database import reading


def test_a_source_is_as_wrong_as_people_said(desk: StoreDesk) -> None:
    desk.catalogue()
    desk.stock(6, place="backroom")
    desk.stock(6)
    desk.advance(5)
    brought: dict[str, Any] = {"quantity": 1}
    deeds: tuple[tuple[str, dict[str, Any]], ...] = (
        ("task-done", brought),
        ("task-not-true", {}),
        ("task-done", brought),
        ("task-done", brought),
    )
    for number, (deed, told) in enumerate(deeds):
        desk.see("empty", f"{number}")
        desk.advance(5)
        (task,) = [task for task in desk.station.work.tasks if task.slot == f"A1/{number}"]
        desk.must(deed, task=task.id, **told)
    with reading(desk.engine) as connection:
        assert false_alarms(connection, 0) == {"camera": {"ended": 4, "not_true": 1, "share": 0.25}}
        assert false_alarms(connection, 2**50) == {}


def test_codes_of_tills_counts_and_deliveries_are_listed_until_they_are_named(desk: StoreDesk) -> None:
    desk.catalogue()
    desk.move("floor", "customer", 1, "", "sale", code="99887")
    desk.advance(1)
    came = desk.must("receive-start", supplier="Leaf")["receiving"]
    desk.must("receive-lines", receiving=came, lines=[{"key": "a", "code": "77665"}, {"key": "b", "code": "99887"}])
    with reading(desk.engine) as connection:
        assert {one["code"]: one["times"] for one in unknown_codes(connection)} == {"99887": 2, "77665": 1}
    desk.must("name-code", "Lead 3", "lead", code="99887", gtin=TEA)
    with reading(desk.engine) as connection:
        assert [one["code"] for one in unknown_codes(connection)] == ["77665"]
