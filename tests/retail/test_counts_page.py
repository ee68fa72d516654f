"""Count sheets in the back office: who may see what was expected, approval, codes that nobody knows."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.store_filled import BAGS, GTINS, SHOWN, count_sheet, fill
from tests.support.store_screens import NOW_MS, StoreRig, read, send
from verticals.contract import Reply


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreRig]:
    with StoreRig(tmp_path_factory.mktemp("counts")) as running:
        fill(running)
        count_sheet(running)
        running.insert("count_sheets", {
            "id": "c-4", "title": "Trash bags", "state": "approval", "counters": ["Operator 22", "Operator 31"],
            "round": 2, "items": 1, "counted": 1, "finished_ms": NOW_MS, "opened_ms": NOW_MS,
        })  # fmt: skip
        running.insert("count_items", {
            "sheet": "c-4", "number": 1, "gtin": GTINS[5], "place": "floor", "slot": "A7.2/4-10", "verdict": "approval",
            "counted": 2000, "expected": 6000, "variance": -4000, "value_cents": -1996, "counted_ms": NOW_MS,
        })  # fmt: skip
        running.insert("count_lines", {"sheet": "c-3", "key": "k9", "code": "9520123999902", "place": "floor"})
        yield running.run_line(**SHOWN)


@pytest.fixture(autouse=True)
def _answers(store: StoreRig) -> None:
    store.orders.clear()
    store.answer = lambda command: Reply(True)


def test_what_waits_for_approval_is_first(store: StoreRig) -> None:
    page = read(store.viewer, "/counts")
    assert page.index("Trash bags") < page.index("Count A7.2, shelf 2")
    assert "needs approval" in page and "Operator 22, Operator 31" in page


def test_nobody_who_might_count_sees_what_was_expected(store: StoreRig) -> None:
    for visitor in (store.viewer, store.associate):
        page = read(visitor, "/counts/c-4")
        assert "Blind" in page and "Expected" not in page and "−4" not in page and "€19.96" not in page
    open_sheet = store.lead.get("/counts/c-3").text
    assert "99" not in open_sheet.partition("<tbody>")[2].partition("</tbody>")[0]


def test_a_lead_approves_with_a_reason_for_each(store: StoreRig) -> None:
    page = read(store.lead, "/counts/c-4")
    assert "2 6 −4 −€19.96 approve" in page
    status, page = send(
        store.lead, "/counts/c-4/approve", **{"reason-1": "theft", "reason-x": "theft", "reason-2": "no"}
    )
    assert status == 200 and "The count is booked." in page
    assert [(one.name, dict(one.args)) for one in store.orders] == [
        ("count-approve", {"sheet": "c-4", "reasons": {"1": "theft"}, "reason": "unknown"})
    ]


def test_a_lead_may_ask_for_another_count_or_drop_the_sheet(store: StoreRig) -> None:
    assert "once more, by another person" in send(store.lead, "/counts/c-4/again")[1]
    assert "nothing is booked" in send(store.lead, "/counts/c-4/cancel", reason="wrong shelf")[1]
    assert [(one.name, one.args["sheet"]) for one in store.orders] == [("count-again", "c-4"), ("count-cancel", "c-4")]
    store.answer = lambda command: Reply(False, "This sheet is over.")
    assert "This sheet is over." in send(store.lead, "/counts/c-4/again")[1]
    assert store.associate.order("/counts/c-4/approve", {}).status_code == 403


def test_a_count_is_planned_from_the_office(store: StoreRig) -> None:
    assert "Planned" in send(store.associate, "/counts", fixture="A7.2")[1]
    assert [dict(one.args) for one in store.orders] == [{"fixture": "A7.2"}]
    store.answer = lambda command: Reply(False, "There is nothing to count here.")
    assert send(store.associate, "/counts")[0] == 409


def test_a_code_that_nobody_knows_is_named_by_a_lead(store: StoreRig) -> None:
    assert "9520123999902 1 ×" in read(store.viewer, "/counts")
    assert "No product has that name" in send(store.lead, "/counts/code", code="9520123999902", product="nothing")[1]
    _, page = send(store.lead, "/counts/code", code="9520123999902", product="Kitchen bags tall, 45 pcs")
    assert "The code has its product" in page
    send(store.lead, "/counts/code", code="9520123999902", product=BAGS[1:])
    assert [dict(one.args) for one in store.orders] == [{"code": "9520123999902", "gtin": BAGS}] * 2


def test_a_sheet_that_never_was_leads_to_the_list(store: StoreRig) -> None:
    assert "There is no count sheet c-77." in read(store.viewer, "/counts/c-77", 409)
