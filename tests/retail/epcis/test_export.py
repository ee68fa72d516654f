from __future__ import annotations

import csv
import io
from collections.abc import Iterator

import pytest

from retail.epcis.document import read_text
from retail.epcis.export import COLUMNS, as_document, as_table, rows_of
from retail.epcis.query import Position, Query
from retail.epcis.search import PageOfEvents
from tests.retail.epcis.examples import EVENTS, MADE, OBJECT, PACKED, SENSED, TAG, TURNED, WRONG


def three_pages(query: Query) -> PageOfEvents:
    """Each asks on where the one before ended."""
    pages: dict[Position | None, PageOfEvents] = {
        None: PageOfEvents([dict(OBJECT)], "7.own.1"),
        Position(7, "own", 1): PageOfEvents([], "8.captured.2"),
        Position(8, "captured", 2): PageOfEvents([dict(PACKED), dict(WRONG)]),
    }
    return pages[query.after]


def test_every_page_is_in_the_document_and_it_can_be_read_again() -> None:
    content = b"".join(as_document(Query(), three_pages, 0))
    assert read_text(content).events == [OBJECT, PACKED, WRONG]


def test_a_document_of_nothing_is_one_too() -> None:
    assert read_text(b"".join(as_document(Query(), lambda query: PageOfEvents([]), 0))).events == []


def rows(content: Iterator[bytes]) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(b"".join(content).decode())))


def test_a_table_has_a_row_for_each_item_and_each_quantity() -> None:
    found = rows(as_table(Query(), lambda query: PageOfEvents([dict(one) for one in (MADE, TURNED, SENSED, WRONG)])))
    assert [(row["epc"], row["gtin"], row["lot"], row["quantity"], row["uom"]) for row in found] == [
        ("", "04012345123456", "998877", "200.5", "KGM"), (TAG, "80614141123458", "", "1", ""),
        ("", "04012345123456", "998877", "200.5", "KGM"), ("", "", "", "", ""), (TAG, "80614141123458", "", "1", ""),
    ]  # fmt: skip
    assert [row["declared_wrong"] for row in found] == ["", "", "", "", "incorrect_data"]
    assert all(row["offset"] == "+01:00" for row in found)


@pytest.mark.parametrize("event", EVENTS)
def test_each_row_has_every_column(event: dict[str, object]) -> None:
    assert {len(row) for row in rows_of(event)} == {len(COLUMNS)}


def test_a_spreadsheet_takes_nobodys_text_for_a_formula() -> None:
    evil = {**OBJECT, "bizStep": "=HYPERLINK(1)"}
    [row] = rows(as_table(Query(), lambda query: PageOfEvents([evil])))
    assert row["biz_step"] == "'=HYPERLINK(1)"
