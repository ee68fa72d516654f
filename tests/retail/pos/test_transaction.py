"""What a till's transaction does to the ledger, in each of the formats."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InputError
from retail.codes.gtin import check_digit
from retail.codes.restricted import RestrictedRule
from retail.ledger.document import Document, read_document
from retail.pos.csv_read import read_csv
from retail.pos.json_read import read_json
from retail.pos.poslog import read_poslog
from retail.pos.transaction import Read, Shop, Transaction, documents_of, fact_of
from tests.support.ledgers import TEA

UTC = ZoneInfo("UTC")
BERLIN = ZoneInfo("Europe/Berlin")
WEIGHT = RestrictedRule("29", "weight", measure_digits=5, decimals=3)
PRICE = RestrictedRule("28", "price", measure_digits=5, decimals=2)
SHOP = Shop("floor", (WEIGHT, PRICE))

SALE: dict[str, Any] = {
    "store": "014",
    "workstation": "3",
    "sequence": "17",
    "business_date": "2026-11-30",
    "at": "2026-11-30T09:00:00+01:00",
    "lines": [{"line": 1, "item": TEA[1:], "quantity": 2, "amount": "4.98"}],
}

POSLOG = f"""<?xml version="1.0" encoding="UTF-8"?>
<POSLog xmlns="http://www.nrf-arts.org/IXRetail/namespace/" xmlns:x="urn:x">
 <Transaction>
  <RetailStoreID>014</RetailStoreID><WorkstationID>3</WorkstationID><SequenceNumber>17</SequenceNumber>
  <BusinessDayDate>2026-11-30</BusinessDayDate>
  <BeginDateTime>2026-11-30T08:59:00</BeginDateTime><EndDateTime>2026-11-30T09:00:00</EndDateTime>
  <RetailTransaction Version="2.2">
   <LineItem><SequenceNumber>1</SequenceNumber><Sale ItemType="Stock">
     <POSIdentity POSIDType="EAN"><POSItemID>{TEA[1:]}</POSItemID></POSIdentity><ItemID>32</ItemID>
     <Quantity Units="2">2</Quantity><ExtendedAmount>4.98</ExtendedAmount></Sale></LineItem>
   <LineItem VoidFlag="true"><SequenceNumber>2</SequenceNumber>
     <Sale><ItemID>815</ItemID><Quantity>1</Quantity></Sale></LineItem>
   <LineItem><SequenceNumber>3</SequenceNumber><Sale><ItemID>4711</ItemID>
     <Quantity UnitOfMeasureCode="GRM">425</Quantity></Sale></LineItem>
   <LineItem><SequenceNumber>4</SequenceNumber><Return><ItemID>4711</ItemID><Quantity>-1</Quantity>
     <Disposal Method="ReturnToStock"/></Return></LineItem>
   <LineItem><SequenceNumber>5</SequenceNumber><Tender TenderType="Cash"><Amount>4.98</Amount></Tender></LineItem>
   <x:Extra><x:LineItem/></x:Extra>
  </RetailTransaction>
 </Transaction>
</POSLog>""".encode()


def json_of(**changes: Any) -> bytes:
    return json.dumps({"transactions": [{**SALE, **changes}]}).encode()


def documents(read: Read, shop: Shop = SHOP) -> list[Document]:
    assert not read.refused, read.refused
    return [document for one in read.transactions for document in documents_of(one, shop)]


def test_a_sale_moves_each_line_from_the_floor_to_the_customer() -> None:
    [sold] = documents(read_json(json_of(), BERLIN))
    assert (sold.source, sold.ref, sold.kind, sold.at_utc_s) == ("pos:014/3", "2026-11-30/17", "sale", 1796025600.0)
    [line] = sold.lines
    assert (line.code, line.thousandths, line.from_account, line.to_account, line.price_cents) == (
        TEA[1:], 2000, "floor", "customer", 498,
    )  # fmt: skip


def test_all_formats_tell_the_same_sale() -> None:
    csv = f"store,workstation,sequence,business_date,time,item,quantity,amount\n014,3,17,2026-11-30,2026-11-30T09:00:00,{TEA[1:]},2,4.98\n"  # noqa: E501
    [by_csv] = documents(read_csv(csv.encode(), "f.csv", BERLIN))
    [by_json] = documents(read_json(json_of(), BERLIN))
    [by_xml] = documents(read_poslog(POSLOG, BERLIN))
    assert by_csv == by_json
    assert (by_xml.source, by_xml.ref, by_xml.at_utc_s) == (by_json.source, by_json.ref, by_json.at_utc_s)
    assert by_xml.lines[0] == by_json.lines[0]


def test_a_poslog_line_that_is_voided_never_was_and_grams_are_kilograms() -> None:
    [sold] = documents(read_poslog(POSLOG, UTC))
    told = [(line.number, line.code, line.thousandths, line.to_account) for line in sold.lines]
    assert told == [(1, TEA[1:], 2000, "customer"), (3, "4711", 425, "customer"), (4, "4711", 1000, "floor")]


@pytest.mark.parametrize(("sellable", "to", "reason"), [(True, "floor", ""), (False, "waste", "not-sellable")])
def test_what_comes_back_is_stock_only_where_it_can_be_sold(sellable: bool, to: str, reason: str) -> None:
    line = {"item": TEA, "quantity": 1, "type": "return", "sellable": sellable}
    [back] = documents(read_json(json_of(lines=[line]), UTC))
    assert (back.kind, back.lines[0].from_account, back.lines[0].to_account) == ("return", "customer", to)
    assert back.lines[0].reason == reason


@pytest.mark.parametrize("kind", ["suspended", "training", "cancelled"])
def test_what_is_no_sale_moves_nothing_and_is_counted_as_ignored(kind: str) -> None:
    payload, counts = fact_of(read_json(json_of(kind=kind), UTC), SHOP)
    assert counts == {"taken": 0, "ignored": 1, "refused": 0} and payload["documents"] == []


def test_a_void_names_what_it_takes_back() -> None:
    voids = {"workstation": "3", "sequence": "16", "business_date": "2026-11-29"}
    [void] = documents(read_json(json_of(kind="void", voids=voids, lines=[]), BERLIN))
    assert void.voids is not None
    assert (void.kind, void.voids.source, void.voids.ref) == ("void", "pos:014/3", "2026-11-29/16")
    csv = (
        "store,workstation,sequence,business_date,time,kind,item,quantity,voids_sequence,voids_date\n"
        "014,3,17,2026-11-30,2026-11-30T09:00:00,void,,,16,2026-11-29\n"
    )
    [by_csv] = documents(read_csv(csv.encode(), "f.csv", BERLIN))
    assert by_csv == void


def test_a_post_void_in_poslog_takes_back_the_linked_transaction() -> None:
    link = (
        b'<TransactionLink ReasonCode="PostVoid"><WorkstationID>3</WorkstationID><SequenceNumber>16</SequenceNumber>'
        b"<BusinessDayDate>2026-11-29</BusinessDayDate></TransactionLink></RetailTransaction>"
    )
    [void] = documents(read_poslog(POSLOG.replace(b"</RetailTransaction>", link), UTC))
    assert void.voids is not None and void.voids.ref == "2026-11-29/16"


def test_a_transaction_that_was_itself_voided_afterwards_is_booked_and_taken_back() -> None:
    read = read_poslog(POSLOG.replace(b'Version="2.2"', b'TransactionStatus="PostVoided"'), UTC)
    sold, void = documents(read)
    assert void.voids is not None and (void.voids.source, void.voids.ref) == (sold.source, sold.ref)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'Version="2.2"', b'TransactionStatus="Voided"'),
        (b'Version="2.2"', b'TransactionStatus="Suspended"'),
        (b"<Transaction>", b'<Transaction TrainingModeFlag="true">'),
        (b"<Transaction>", b'<Transaction CancelFlag="1">'),
        (b"RetailTransaction", b"ControlTransaction"),
    ],
)
def test_a_poslog_transaction_that_sells_nothing_is_ignored(old: bytes, new: bytes) -> None:
    assert documents(read_poslog(POSLOG.replace(old, new), UTC)) == []


def test_a_weight_in_the_label_is_the_quantity_where_the_till_says_one_piece() -> None:
    label = f"290001700425{check_digit('290001700425')}"
    [sold] = documents(read_json(json_of(lines=[{"item": label, "quantity": 1}]), UTC))
    assert (sold.lines[0].code, sold.lines[0].thousandths) == (f"0290001700000{check_digit('290001700000')}", 425)
    [weighed] = documents(read_json(json_of(lines=[{"item": label, "quantity": "0.430"}]), UTC))
    assert weighed.lines[0].thousandths == 430


def test_a_price_in_the_label_waits_for_the_products_price() -> None:
    [sold] = documents(read_json(json_of(lines=[{"item": "2800017001025"}]), UTC))
    line = sold.lines[0]
    assert (line.code, line.reason, line.price_cents) == (
        f"0280001700000{check_digit('280001700000')}",
        "by-price",
        102,
    )


def test_a_wrong_transaction_is_refused_beside_the_good_ones_and_kept_without_payment() -> None:
    wrong = {**SALE, "sequence": "18", "card": "4111", "lines": [{"item": "", "quantity": 1, "customer": "C-7"}]}
    read = read_json(json.dumps({"transactions": [SALE, wrong]}).encode(), UTC)
    payload, counts = fact_of(read, SHOP)
    assert counts == {"taken": 1, "ignored": 0, "refused": 1}
    refused = payload["documents"][1]
    assert "transaction 2: line 1: 'item'" in refused["refused"]
    assert '"sequence": "18"' in refused["said"] and "4111" not in refused["said"] and "C-7" not in refused["said"]


@pytest.mark.parametrize(
    "change",
    [{"business_date": "30.11.2026"}, {"workstation": ""}, {"kind": "sail"}, {"at": "yesterday"}, {"lines": []},
     {"lines": [{"item": TEA, "quantity": 0}]}, {"lines": [{"item": TEA, "quantity": "0.0001"}]}, {"lines": "none"},
     {"lines": [{"item": TEA}]}, {"lines": [{"item": TEA, "quantity": 1, "amount": "free"}]}, {"kind": "void"}],
)  # fmt: skip
def test_what_is_wrong_in_a_transaction_is_named(change: dict[str, Any]) -> None:
    payload, counts = fact_of(read_json(json_of(**change), UTC), SHOP)
    assert counts["taken"] == 0 and counts["refused"] == 1
    assert len(payload["documents"][0]["refused"]) > 10


_BOMB = b'<!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;">]><POSLog>&y;</POSLog>'


@pytest.mark.parametrize(
    ("content", "said"),
    [(_BOMB, "document type"), (b'<!DOCTYPE a SYSTEM "http://localhost/x"><POSLog/>', "document type"),
     (b"<POSLog>&undefined;</POSLog>", "no XML"), (b"<a>" * 60 + b"</a>" * 60, "levels"), (b"", "no XML"),
     (b"<POSLog/>", "no POSLog with transactions"), (b"<Other><Transaction/></Other>", "no POSLog"),
     (b'<?xml version="1.0" encoding="nonsense"?><POSLog/>', "no XML")],
)  # fmt: skip
def test_dangerous_or_foreign_xml_is_refused(content: bytes, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_poslog(content, UTC)


def _sound(read: Read) -> None:
    payload, counts = fact_of(read, SHOP)
    assert counts["taken"] + counts["ignored"] + counts["refused"] == len(read.transactions) + len(read.refused)
    for said in payload["documents"]:
        assert "refused" in said or read_document(said).as_json() == said
    json.dumps(payload, allow_nan=False)


_scalars = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.sampled_from([TEA, "1e9"])
)
_values = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(st.sampled_from([*SALE, "kind", "voids"]), _values),
    st.dictionaries(
        st.sampled_from(["line", "item", "quantity", "amount", "type", "sellable", "voided", "lot", "expiry"]), _values
    ),
)
def test_any_json_is_transactions_refusals_or_an_input_error(head: dict[str, Any], line: dict[str, Any]) -> None:
    spoilt = {**SALE, "lines": [{**SALE["lines"][0], **line}], **head}
    _sound(read_json(json.dumps([spoilt, SALE]).encode(), UTC))


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=80), st.integers(0, len(POSLOG)), st.integers(0, 40))
def test_any_bytes_in_a_poslog_are_transactions_refusals_or_an_input_error(more: bytes, at: int, cut: int) -> None:
    try:
        read = read_poslog(POSLOG[:at] + more + POSLOG[at + cut :], UTC)
    except InputError:
        return
    _sound(read)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_no_transactions_of_any_format(content: bytes) -> None:
    reads: list[Callable[[], Read]] = [lambda: read_json(content, UTC), lambda: read_csv(content, "f.csv", UTC)]
    for read in reads:
        try:
            _sound(read())
        except InputError:
            continue


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.lists(
            st.sampled_from(
                ["014", "3", "17", "2026-11-30", "2026-11-30T09:00:00", TEA, "1", "-1", "", "void", "yes", "0,425"]
            ),
            min_size=8,
            max_size=8,
        ),
        min_size=1,
        max_size=4,
    )
)
def test_any_cells_are_transactions_refusals_or_an_input_error(rows: list[list[str]]) -> None:
    head = "store,workstation,sequence,business_date,time,kind,item,quantity\n"
    try:
        read = read_csv(
            (head + "".join(",".join(f'"{cell}"' for cell in row) + "\n" for row in rows)).encode(), "f", UTC
        )
    except InputError:
        return
    _sound(read)


def test_a_transaction_is_a_value() -> None:
    [one] = read_json(json_of(), UTC).transactions
    assert isinstance(one, Transaction) and one == read_json(json_of(), UTC).transactions[0]
