from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine

from core.clock import Instant
from retail.epcis.proposal_rows import waiting
from retail.epcis.proposals import proposal_of
from retail.epcis.settings import EpcisSettings
from retail.ledger.document import read_document
from retail.settings import RetailSettings
from tests.retail.epcis.examples import HEAD, PLACE
from tests.retail.epcis.stores import GLN, SETTINGS, bring, keep, products
from tests.support.ledgers import GRAPES, MORNING, OATS, TEA, pieces, record
from verticals.contract import Sample
from verticals.store.database import reading

HERE = {"id": "urn:epc:id:sgln:4012345.00011.0"}
SHELF = {"id": f"https://id.gs1.org/414/{GLN}/254/floor"}
CAME: dict[str, Any] = {
    **HEAD, "action": "OBSERVE", "bizStep": "receiving", "bizLocation": HERE,
    "quantityList": [{"epcClass": f"https://id.gs1.org/01/{TEA}/10/L1", "quantity": 6},
                     {"epcClass": f"https://id.gs1.org/01/{OATS}", "quantity": 2}],
}  # fmt: skip


def open_ones(engine: Engine) -> list[dict[str, Any]]:
    with reading(engine) as connection:
        return list(waiting(connection))


@pytest.mark.parametrize(
    ("event", "kind", "accounts"),
    [
        (CAME, "receipt", ("supplier", "backroom")),
        ({**CAME, "bizLocation": SHELF}, "receipt", ("supplier", "floor")),
        ({**CAME, "bizStep": "shipping", "bizLocation": PLACE,
          "destinationList": [{"type": "location", "destination": HERE["id"]}]}, "receipt", ("supplier", "backroom")),
        ({**CAME, "bizStep": "shipping", "readPoint": SHELF}, "transfer", ("floor", "transfer")),
    ],
)  # fmt: skip
def test_goods_to_and_from_this_store_are_a_document(event: Any, kind: str, accounts: tuple[str, str]) -> None:
    document = proposal_of(event, "urn:uuid:1", SETTINGS)
    assert document is not None
    assert document.kind == kind
    assert {(line.from_account, line.to_account) for line in document.lines} == {accounts}
    assert {(line.gtin, line.lot, line.thousandths) for line in document.lines} == {(TEA, "L1", 6000), (OATS, "", 2000)}
    assert read_document(document.as_json()).as_json() == document.as_json()


def test_single_items_are_counted_and_weights_are_kilograms() -> None:
    tags = [f"urn:epc:id:sgtin:4006381.033393.{serial}" for serial in (1, 2, 3)]
    weighed = [{"epcClass": f"https://id.gs1.org/01/{GRAPES}", "quantity": 4.125, "uom": "KGM"}]
    document = proposal_of({**CAME, "epcList": tags, "quantityList": weighed}, "x:y", SETTINGS)
    assert document is not None
    assert {line.gtin: line.thousandths for line in document.lines} == {TEA: 3000, GRAPES: 4125}


@pytest.mark.parametrize(
    "event",
    [
        {**CAME, "bizLocation": PLACE}, {**CAME, "bizStep": "storing"}, {**CAME, "quantityList": [], "epcList": []},
        {**CAME, "action": "DELETE"}, {**CAME, "errorDeclaration": {"declarationTime": HEAD["eventTime"]}},
        {**CAME, "bizStep": "shipping", "bizLocation": PLACE},
        {**CAME, "quantityList": [{"epcClass": "urn:x:y", "quantity": 6}]},
    ],
)  # fmt: skip
def test_anything_else_is_none_of_the_ledgers_business(event: Any) -> None:
    assert proposal_of(event, "x:y", SETTINGS) is None


def test_nothing_is_booked_and_what_is_proposed_waits_for_somebody(engine: Engine) -> None:
    products(engine, TEA, OATS)
    bring(engine, CAME)
    [proposal] = open_ones(engine)
    assert pieces(engine, TEA, "backroom") == 0
    record(engine, read_document(proposal["document"]))
    assert pieces(engine, TEA, "backroom") == 6
    assert open_ones(engine) == []


def test_a_site_that_did_not_ask_for_proposals_gets_none(engine: Engine) -> None:
    products(engine, TEA, OATS)
    bring(engine, CAME, settings=RetailSettings("Corner", epcis=EpcisSettings(GLN)))
    assert open_ones(engine) == []


def test_products_that_the_catalogue_does_not_know_are_not_proposed(engine: Engine) -> None:
    products(engine, TEA)
    bring(engine, CAME)
    assert open_ones(engine) == []


@pytest.mark.parametrize("first", ["event", "error"])
def test_a_declared_error_takes_the_proposal_back(engine: Engine, first: str) -> None:
    products(engine, TEA, OATS)
    wrong = {**CAME, "errorDeclaration": {"declarationTime": "2026-11-24T08:00:00Z", "reason": "did_not_occur"}}
    order = (CAME, wrong) if first == "event" else (wrong, CAME)
    for number, event in enumerate(order):
        bring(engine, event, name=f"c{number}")
    assert open_ones(engine) == []


def test_what_somebody_dismisses_stays_dismissed(engine: Engine) -> None:
    products(engine, TEA, OATS)
    bring(engine, CAME)
    [proposal] = open_ones(engine)
    values = {"kind": "epcis", "dismiss": proposal["ref"], "who": "17"}
    keep(engine, Sample("epcis", Instant(0.0, MORNING), values, "d1"))
    bring(engine, CAME, name="c2")
    assert open_ones(engine) == []
