"""Files as stores have them become facts, whole or not at all, with every fault named by line and column."""

from __future__ import annotations

from collections.abc import Callable
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InputError
from retail.catalogue.bring import File, Files, Import, Known, read_import
from retail.catalogue.import_catalogue import read_products, read_slots
from retail.catalogue.import_stock import read_sales, read_stock
from retail.ledger.document import Document, read_document
from retail.settings import RetailSettings
from tests.support.ledgers import MORNING, OATS, TEA

PRODUCTS = f"""gtin;name;unit;price;case_size;supplier;lead_days;category;codes
{TEA};Tea, green;piece;2,49;12;Supplier 4;2;Tea;4711 815
{OATS[1:]};Oats;kg;1.99;;;;;
""".encode()
PLANOGRAM = f"fixture,shelf,slot,gtin,wide,min,capacity,place\nA,1,1,{TEA},3,2,24,floor\nA,1,2,{OATS},,,,\n".encode()
STORE = RetailSettings("Store 014")
UTC = ZoneInfo("UTC")


def imported(**files: bytes) -> Import:
    return read_import(
        Files(**{name: File(f"{name}.csv", content) for name, content in files.items()}), Known(), STORE, MORNING
    )


def find(code: str) -> str:
    return {"4711": TEA, TEA: TEA, OATS: OATS}.get(code, "")


def test_products_with_prices_cases_and_codes_are_read() -> None:
    tea, oats = read_products(PRODUCTS, "products.csv")
    assert (tea.gtin, tea.name, tea.price_cents, tea.case_units, tea.lead_days) == (TEA, "Tea, green", 249, 12, 2)
    assert tea.codes == ("4711", "815")
    assert (oats.gtin, oats.unit, oats.price_cents, oats.supplier) == (OATS, "kg", 199, "")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"gtin,name\n04006381333932,Tea\n", "line 2, column 'gtin': GTIN 04006381333932: the check digit is 2"),
        (f"gtin,name,price\n{TEA},Tea,2.495\n".encode(), "line 2, column 'price': an amount such as 2.49"),
        (f"gtin,name\n\n{TEA},\n".encode(), "line 3, column 'name'"),
        (f"gtin,name\n{TEA},Tea\n{TEA},Tea\n".encode(), f"line 3, column 'gtin': {TEA} is there already"),
        (f"gtin,name,codes\n{TEA},Tea,1\n{OATS},Oats,1\n".encode(), f"column 'codes': '1' is {TEA}'s already"),
        (f"gtin,name,unit\n{TEA},Tea,litre\n".encode(), "column 'unit': one of piece, kg is expected, not 'litre'"),
        (f"gtin,name\n{TEA},Tea,more\n".encode(), "line 2, column 'gtin': 3 cells where the first line names 2"),
        (b"gtin,prise\n", "line 1, column 'name': this column is missing"),
        (b"gtin,name,prise\n", "line 1, column 'prise': this column is not known"),
        (b"gtin,name\n\xff\xfe,x\n", "products.csv, line 2: this is not UTF-8"),
        (b'gtin,name\n"4,x\n', "unexpected end of data"),
        (b"", "column 'gtin': this column is missing"),
    ],
)
def test_a_fault_is_named_by_file_line_and_column(content: bytes, said: str) -> None:
    with pytest.raises(InputError) as caught:
        read_products(content, "products.csv")
    assert said in caught.value.message and "products.csv" in caught.value.message


def test_all_faults_are_told_together_and_nothing_is_imported() -> None:
    spoilt = PRODUCTS.replace(b"2,49", b"free").replace(b"Oats", b"")
    with pytest.raises(InputError) as caught:
        imported(products=spoilt, planogram=PLANOGRAM)
    assert "line 2, column 'price'" in caught.value.message and "line 3, column 'name'" in caught.value.message
    assert "Nothing was imported" in caught.value.hint


def test_a_planogram_may_name_products_that_come_with_it_and_no_others() -> None:
    read = imported(products=PRODUCTS, planogram=PLANOGRAM)
    assert read.counts == {"products": 2, "slots": 2}
    [fact] = read.facts
    assert fact.payload["slots"][0]["facings_wide"] == 3
    with pytest.raises(InputError, match="is no product of this store"):
        imported(planogram=PLANOGRAM)


def test_a_slot_that_cannot_hold_its_least_is_a_fault() -> None:
    with pytest.raises(InputError, match="column 'min': 5 is more than the capacity 4"):
        read_slots(f"fixture,shelf,slot,gtin,min,capacity\nA,1,1,{TEA},5,4\n".encode(), "plan.csv", {TEA}, ["floor"])


def test_opening_stock_counts_each_lot_and_then_the_whole() -> None:
    content = b"item,place,quantity,lot,expiry\n4711,floor,3,A,2026-12-01\n4711,floor,4,,\n4711,backroom,12,,\n"
    [document] = read_stock(content, "stock.csv", find, ["floor", "backroom"], MORNING)
    told = [(one.place, one.thousandths, one.lot) for one in document.counts]
    assert told == [("backroom", 12000, ""), ("floor", 3000, "A"), ("floor", 7000, "")]
    assert read_document(document.as_json()) == document
    again = read_stock(content, "stock.csv", find, ["floor", "backroom"], MORNING + 60)
    assert again[0].ref == document.ref


def test_sales_of_a_receipt_are_one_document() -> None:
    content = (
        b"till,receipt,time,item,quantity,amount,kind\n"
        b"3,17,2026-11-23T09:00:00,4711,2,4.98,\n3,17,2026-11-23T09:00:00,999,0.425,1.02,\n"
        b"3,18,2026-11-23T09:05:00Z,4711,1,-2.49,return\n"
    )
    sale, back = read_sales(content, "sales.csv", ZoneInfo("Europe/Berlin"), "floor")
    assert (sale.source, sale.ref, sale.kind, len(sale.lines)) == ("import:3", "17", "sale", 2)
    assert (back.kind, back.lines[0].from_account, back.lines[0].to_account) == ("return", "customer", "floor")
    assert back.lines[0].price_cents == -249
    assert back.at_utc_s - sale.at_utc_s == 3900
    assert sale.lines[1].code == "999" and sale.lines[1].thousandths == 425


_bytes = st.binary(max_size=200) | st.text(max_size=200).map(str.encode)


@settings(max_examples=150, deadline=None)
@given(
    body=_bytes, head=st.sampled_from([b"gtin,name,price,codes\n", b"gtin;name\n", b"", b"\xef\xbb\xbfgtin\tname\n"])
)
def test_any_bytes_are_products_or_an_input_error(head: bytes, body: bytes) -> None:
    try:
        products = read_products(head + body, "any.csv")
    except InputError as error:
        assert "any.csv" in error.message
    else:
        assert all(len(one.gtin) == 14 and one.name for one in products)


_CELLS = [TEA, "4711", "1", "-1", "1e9", "NaN", "", "floor", "2026-12-01", "x" * 99, "2026-11-23T09:00", "0.0005", "=1"]


@settings(max_examples=150, deadline=None)
@given(cells=st.lists(st.lists(st.sampled_from(_CELLS), min_size=7, max_size=7), max_size=4))
def test_any_cells_are_stock_and_sales_or_an_input_error(cells: list[list[str]]) -> None:
    lines = "".join(",".join(row) + "\n" for row in cells)
    stock = "".join(",".join(row[:5]) + "\n" for row in cells)
    reads: list[Callable[[], list[Document]]] = [
        lambda: read_sales(f"till,receipt,time,item,quantity,amount,kind\n{lines}".encode(), "s.csv", UTC, "floor"),
        lambda: read_stock(f"item,place,quantity,lot,expiry\n{stock}".encode(), "s.csv", find, ["floor"], MORNING),
    ]
    for read in reads:
        try:
            documents = read()
        except InputError as error:
            assert "line" in error.message
        else:
            assert [read_document(one.as_json()) for one in documents] == documents
