from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from retail.ledger.document import read_document
from retail.pos.csv_read import read_csv
from retail.pos.json_read import read_json
from simulators.store_calendar import Calendar
from simulators.store_facts import Count, Document, Fact
from simulators.store_links import as_csv
from simulators.store_settings import DAY_S, WorldSettings
from simulators.store_words import TILL, Words, sequence
from simulators.store_world import World

NOW_UTC_S = datetime(2026, 11, 30, 4, 20, 11, tzinfo=UTC).timestamp()


def lived(days: int = 4) -> tuple[Calendar, World, list[Fact]]:
    """A small store in which much goes wrong."""
    calendar = Calendar.begun(NOW_UTC_S)
    settings = replace(
        WorldSettings(), products=24, begin_utc_s=calendar.begin_s, demand=5.0, voids=0.1, returns=0.1,
        damage_share=0.05,
    )  # fmt: skip
    world = World(settings, 3)
    return calendar, world, world.advance(calendar.begin_s + days * DAY_S)


def words_of(calendar: Calendar, world: World) -> Words:
    return Words(calendar, {product.gtin: product for product in world.products})


def test_everything_a_till_does_is_understood_by_the_box_as_it_was_meant() -> None:
    calendar, world, facts = lived()
    words = words_of(calendar, world)
    said = [fact for fact in facts if isinstance(fact, Document) and fact.source.startswith(TILL)]
    assert {fact.kind for fact in said} == {"sale", "return", "void"}
    body = json.dumps({"transactions": [words.transaction(fact) for fact in said]}).encode()
    read = read_json(body, ZoneInfo("UTC"))
    assert (len(read.transactions), read.refused) == (len(said), [])
    for fact, heard in zip(said, read.transactions, strict=True):
        assert abs(heard.at_utc_s - calendar.to_real(fact.at_utc_s)) < 0.01
        assert (heard.key.workstation, heard.key.sequence) == (
            fact.source.removeprefix(TILL), sequence(fact.doc_ref),
        )  # fmt: skip
        if fact.kind == "void":
            assert heard.voids is not None
            assert heard.voids.sequence == sequence(fact.reverses)
        else:
            assert [item.thousandths for item in heard.items] == [line.quantity * 1000 for line in fact.lines]
            assert all(item.returned is (fact.kind == "return") for item in heard.items)


def test_a_till_that_drops_files_says_the_same_as_one_that_sends() -> None:
    calendar, world, facts = lived()
    words = words_of(calendar, world)
    said = [
        words.transaction(fact) for fact in facts if isinstance(fact, Document) and fact.source.startswith(TILL)
    ]  # fmt: skip
    by_file = read_csv(as_csv(said).encode(), "till.csv", ZoneInfo("UTC"))
    by_hook = read_json(json.dumps({"transactions": said}).encode(), ZoneInfo("UTC"))
    assert by_file == by_hook


def test_everything_a_hand_held_does_is_a_document_of_the_ledger() -> None:
    calendar, world, facts = lived(8)
    words = words_of(calendar, world)
    kinds = set()
    for fact in facts:
        if isinstance(fact, Count) or (isinstance(fact, Document) and not fact.source.startswith(TILL)):
            document = read_document(words.document(fact))
            kinds.add(document.kind)
            assert abs(document.at_utc_s - calendar.to_real(fact.at_utc_s)) < 0.001
            for line in document.lines:
                fresh = world.products[[one.gtin for one in world.products].index(line.gtin)].life_days > 0
                assert bool(line.expiry) is (document.kind == "receipt" and fresh)
    assert kinds == {"receipt", "move", "damage", "expiry", "count"}


@given(st.integers(min_value=1, max_value=10**7 - 1), st.integers(min_value=1, max_value=9))
def test_a_number_of_a_till_is_its_running_number(number: int, till: int) -> None:
    assert sequence(f"pos-{till}-{number:07d}") == str(number)
