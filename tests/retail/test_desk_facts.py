"""What the store's desk makes of facts from outside: booked, or kept with the reason; never lost."""

from __future__ import annotations

import json
from typing import Any

import pytest

from core.clock import Instant
from core.errors import SettingsError
from core.settings import checked
from retail.settings import RetailSettings
from retail.store import StoreStation
from tests.support.ledgers import MORNING, sale
from verticals.contract import Command, Decision, Sample

NOW = Instant(100.0, MORNING)


def desk() -> StoreStation:
    station = StoreStation(RetailSettings("Store 014"))
    station.restore(None, (), NOW)
    return station


def told(**values: Any) -> Decision:
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in values.items()}
    return desk().decide(Sample("pos", NOW, texts, "k-1"), ())


def test_good_documents_are_one_event_and_bad_ones_are_kept_beside_it() -> None:
    good, bad = sale("s-1").as_json(), {**sale("s-2").as_json(), "lines": []}
    booked, refused = told(kind="documents", documents=[good, bad]).events
    assert booked.kind == "documents" and booked.data["documents"] == [good]
    assert refused.kind == "refused" and refused.data["refused"][0]["said"] == bad


def test_what_a_reader_refused_is_kept_with_its_reason() -> None:
    [event] = told(kind="documents", documents=[{"refused": "line 2 has no item", "said": "{}"}]).events
    assert event.data["refused"] == [{"why": "line 2 has no item", "said": "{}"}]


def test_nothing_has_happened_later_than_it_was_told() -> None:
    [event] = told(kind="documents", documents=[sale("s-1", at=MORNING + 86400).as_json()]).events
    assert event.data["documents"][0]["at_utc_s"] == MORNING


@pytest.mark.parametrize("documents", ["nonsense", "[]", "{}", "[" * 5000])
def test_what_holds_no_documents_is_kept_as_it_came(documents: str) -> None:
    [event] = told(kind="documents", documents=documents).events
    assert event.kind == "refused" and event.data["refused"][0]["said"]["documents"] == documents


def test_a_list_of_products_is_taken_whole_or_not_at_all() -> None:
    product = {"gtin": "04006381333931", "name": "Tea"}
    assert told(kind="catalogue", products=[product]).events[0].kind == "catalogue"
    assert told(kind="catalogue", products=[product, {"gtin": 4}]).events[0].kind == "refused"


@pytest.mark.parametrize(("role", "accepted"), [("associate", True), ("lead", True), ("viewer", False), ("", False)])
def test_only_who_works_in_the_store_books_by_hand_and_it_bears_the_name(role: str, accepted: bool) -> None:
    command = Command("book", NOW, {"document": sale("s-1").as_json()}, "Ada", role)
    decision = desk().command(command)
    assert decision.reply is not None and decision.reply.accepted is accepted
    assert [event.who for event in decision.events] == (["Ada"] if accepted else [])


@pytest.mark.parametrize(
    ("change", "said"),
    [({"sales_places": ["customer"]}, "none of"), ({"back_places": ["floor"]}, "two places are called 'floor'"),
     ({"sales_places": ["The Floor"]}, "small letters"), ({"currency": "euro"}, "currency"),
     ({"sales_places": []}, "sales_places")],
)  # fmt: skip
def test_places_and_currency_of_a_site_are_checked(change: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        checked(RetailSettings, {"store": "Store 014", **change}, "[retail]")
