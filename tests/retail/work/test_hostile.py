"""Whatever hand-helds, bays and readers send: a clear refusal or nothing at all, and nothing that was known is lost."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from core.errors import EdgewiseError
from retail.known import Known
from retail.settings import RetailSettings
from retail.store import StoreStation
from retail.work.scanning import read_scan
from retail.work.sight import STATES, Sight
from tests.support.clocks import FakeClock
from tests.support.store_desks import NINE, PRODUCTS, SLOTS, TEA
from verticals.contract import Command, Sample

TODAY = date(2026, 11, 23)
_SLOW = [HealthCheck.too_slow]
_texts = st.one_of(st.sampled_from([TEA, "4711", "", "k1", "c-1", "r-1", "o-1", "t-1", "lead"]), st.text(max_size=100))
_values: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), _texts),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_texts, inner, max_size=3)),
    max_leaves=8,
)
_NAMES = ("key", "gtin", "code", "lot", "expiry", "quantity", "damaged", "mode", "place", "at_utc_s", "round", "sheet",
          "receiving", "order", "task", "lines", "items", "fixture", "title", "reason", "reasons", "supplier", "ref",
          "slot", "product", "state", "facings", "of", "confidence", "found", "label", "tags", "counts")  # fmt: skip
_objects = st.dictionaries(st.sampled_from(_NAMES), _values, max_size=7)


def _station() -> StoreStation:
    """Anew for each example: what one leaves behind is nothing to the next."""
    station, at = StoreStation(RetailSettings("Store 014")), FakeClock(utc_s=NINE).now()
    station.restore(None, [], at)
    told = {"kind": "catalogue", "products": json.dumps(PRODUCTS), "slots": json.dumps(SLOTS)}
    station.decide(Sample("tables", at, told), ())
    station.decide(Sample("tables", at, {"kind": "work", "whole": "true"}), ())
    return station


@settings(max_examples=150, deadline=None, suppress_health_check=_SLOW)
@given(said=st.one_of(_objects, _values))
@example(said={"key": "k", "code": f"(01){TEA}(17)999999"})
@example(said={"key": "k", "gtin": TEA, "at_utc_s": float("nan")})
@example(said={"key": "k", "gtin": TEA, "quantity": "1e400"})
def test_a_line_of_a_hand_held_is_a_scan_or_a_clear_refusal(said: Any) -> None:
    known = Known(RetailSettings("Store 014"))
    known.take_catalogue(Sample("tables", FakeClock().now(), {"products": json.dumps(PRODUCTS)}))
    try:
        scan = read_scan(said, known, NINE, TODAY)
    except EdgewiseError as error:
        assert error.message
        return
    assert scan.key and (scan.gtin == "" or scan.gtin in known.products)
    assert 0 < scan.at_utc_s <= NINE and isinstance(scan.thousandths, int)
    json.dumps(scan.lot + scan.expiry + scan.code)


@settings(max_examples=150, deadline=None, suppress_health_check=_SLOW)
@given(said=st.lists(st.one_of(_objects, _values), max_size=5))
@example(said=[{"slot": "a", "product": TEA, "state": "empty", "confidence": float("nan")}])
def test_a_bay_says_slots_or_nothing(said: list[Any]) -> None:
    sight = Sight()
    event = sight.take("A1", said, NINE)
    assert all(look.state in STATES and 0 <= look.confidence <= 1 for look in sight.looks.values())
    if event is not None:
        again = Sight()
        again.apply(json.loads(json.dumps(event.data, allow_nan=False)), NINE)
        assert again.looks == sight.looks


@settings(max_examples=120, deadline=None, suppress_health_check=_SLOW)
@given(kind=st.sampled_from(["slots", "tags", "count-lines", "receive-lines"]), said=_objects, listed=_values)
def test_samples_of_any_shape_are_taken_or_kept_as_refused(kind: str, said: dict[str, Any], listed: Any) -> None:
    station, at = _station(), FakeClock(utc_s=NINE).now()
    values = {name: value if isinstance(value, str) else json.dumps(value) for name, value in said.items()}
    for name in ("lines", "slots", "counts"):
        values[name] = json.dumps([said, listed] if isinstance(listed, dict | str) else listed)
    sample = Sample("any", at, {**values, "kind": kind, "bay": "A1"}, key="k")
    decision = station.decide(sample, ())
    for event in decision.events:
        json.dumps(event.data, allow_nan=False)
    if kind in ("count-lines", "receive-lines"):  # nothing of that name was ever begun
        assert [event.kind for event in decision.events] == ["refused"]
    json.dumps(station.state(at), allow_nan=False)


@settings(max_examples=150, deadline=None, suppress_health_check=_SLOW)
@given(role=st.sampled_from(["viewer", "associate", "lead", "admin", ""]), data=st.data())
def test_orders_of_any_shape_are_answered_and_leave_a_state_that_can_be_saved(role: str, data: st.DataObject) -> None:
    station, at = _station(), FakeClock(utc_s=NINE).now()
    begun: list[tuple[str, dict[str, Any]]] = [("count-plan", {"fixture": "A1"}), ("count-start", {"sheet": "c-1"}),
             ("order-add", {"gtin": TEA, "quantity": 3}), ("receive-start", {"supplier": "Leaf"})]  # fmt: skip
    for order, given_args in begun:
        station.command(Command(order, at, given_args, "Operator 14", "lead"))
    names = st.sampled_from(sorted(station._orders._deeds))
    for _ in range(data.draw(st.integers(1, 3))):
        args = data.draw(_objects) | data.draw(
            st.sampled_from([{}, {"sheet": "c-1"}, {"order": "o-1", "gtin": TEA}, {"receiving": "r-1"}])
        )
        decision = station.command(Command(data.draw(names), at, args, "Operator 22", role))
        assert decision.reply is not None and (decision.reply.accepted or decision.reply.reason)
        assert decision.reply.accepted or not decision.events
        if role in ("viewer", ""):
            assert not decision.reply.accepted
        for event in decision.events:
            json.dumps(event.data, allow_nan=False)
    saved = json.loads(json.dumps(station.state(at), allow_nan=False))
    again = StoreStation(RetailSettings("Store 014"))
    again.restore(saved, [], at)
    assert again.state(at)["work"]["counts"] == saved["work"]["counts"]
