"""What shelf cameras say: changes alone are told, and a camera that falls silent knows nothing."""

from __future__ import annotations

from typing import Any

from retail.work.sight import SILENT_S, Sight

TEA, NOW = "04006381333931", 1_795_424_400.0


def _slot(state: str, **more: Any) -> dict[str, Any]:
    return {"slot": "2-8", "product": TEA, "state": state, "facings": 1, "of": 2, "confidence": 0.9, **more}


def test_only_what_changed_is_told_with_the_time_since_which_it_is_so() -> None:
    sight = Sight()
    assert sight.take("A1", [_slot("empty")], NOW) is not None
    assert sight.take("A1", [_slot("empty", confidence=0.8)], NOW + 60) is None
    event = sight.take("A1", [_slot("empty", facings=0)], NOW + 120)
    assert event is not None and event.data["slots"][0]["since_utc_s"] == NOW
    event = sight.take("A1", [_slot("full")], NOW + 180)
    assert event is not None and event.data["slots"][0]["since_utc_s"] == NOW + 180


def test_a_silent_bay_is_unknown_and_said_once() -> None:
    sight = Sight()
    sight.take("A1", [_slot("empty")], NOW)
    assert sight.due_utc_s() == NOW + SILENT_S
    assert sight.tick(NOW + SILENT_S - 1) == []
    (event,) = sight.tick(NOW + SILENT_S)
    assert event.data["slots"][0]["state"] == "unknown"
    assert sight.tick(NOW + 9 * SILENT_S) == []


def test_a_slot_may_change_its_product() -> None:
    sight = Sight()
    sight.take("A1", [_slot("full")], NOW)
    sight.take("A1", [_slot("full", product="05901234123457")], NOW + 60)
    assert sight.of(TEA) == [] and len(sight.of("05901234123457")) == 1


def test_a_product_that_is_found_is_of_interest_only_where_it_is_wrong() -> None:
    sight = Sight()
    sight.take("A1", [_slot("wrong", found="05901234123457")], NOW)
    assert sight.of(TEA)[0].found == "05901234123457"
    sight.take("A1", [_slot("full", found="05901234123457")], NOW + 60)
    assert sight.of(TEA)[0].found == ""


def test_a_slot_has_one_name_however_its_number_is_written() -> None:
    sight = Sight()
    sight.take("A1", [_slot("empty", slot="2-08")], NOW)
    sight.take("A1", [_slot("full", slot="2-8")], NOW + 60)
    assert {name: look.state for name, look in sight.looks.items()} == {"A1/2-8": "full"}
