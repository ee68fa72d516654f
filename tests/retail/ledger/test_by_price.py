"""Labels with a price inside: how much was sold follows from the price of the product, once that is known."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from retail import tables
from retail.ledger.by_price import BY_PRICE, amount_of
from retail.ledger.document import Document, Line
from tests.support.ledgers import GRAPES, MORNING, pieces, record, void
from verticals.contract import Event
from verticals.store.events import Entry, EventStore


def priced(ref: str, price_cents: int) -> Document:
    line = Line(1, 1000, "floor", "customer", code=GRAPES, reason=BY_PRICE, price_cents=price_cents)
    return Document("till-3", ref, "sale", MORNING, [line])


def learn(engine: Engine, **changes: Any) -> None:
    product = {"gtin": GRAPES, "name": "Grapes", "unit": "kg", **changes}
    event = Event("catalogue", "p", MORNING, {"products": [product]}, "store")
    EventStore(engine, tables.project).append([Entry(events=[event])])


def test_the_weight_is_the_price_of_the_label_by_that_of_a_kilogram(engine: Engine) -> None:
    learn(engine, price_cents=399)
    record(engine, priced("s-1", 170))
    assert pieces(engine, GRAPES) == -0.426


def test_it_waits_while_the_product_has_no_price_and_is_booked_once(engine: Engine) -> None:
    sold = priced("s-1", 170)
    record(engine, sold, priced("s-2", 399), void("v-2", priced("s-2", 399)))
    learn(engine)
    assert pieces(engine, GRAPES) == 0
    learn(engine, price_cents=399)
    record(engine, sold)
    assert pieces(engine, GRAPES) == -0.426
    learn(engine, price_cents=500)
    assert pieces(engine, GRAPES) == -0.426


@given(st.integers(1, 100_000), st.integers(1, 10_000))
def test_the_weight_costs_what_the_label_says_to_half_a_gram(label_cents: int, price_cents: int) -> None:
    line = Line(1, 1000, "floor", "customer", code=GRAPES, reason=BY_PRICE, price_cents=label_cents)
    grams = amount_of(line, price_cents)
    assert grams == 1 or abs(grams * price_cents - label_cents * 1000) <= price_cents / 2
