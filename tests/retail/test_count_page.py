"""Counting on the hand-held over a real web process: blind, and once however often it is sent."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.store_filled import BAGS, GTINS, SHOWN, count_sheet, fill
from tests.support.store_screens import NOW_MS, StoreRig
from verticals.contract import Reply
from verticals.store.inbox import Inbox


@pytest.fixture
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreRig]:
    with StoreRig(tmp_path_factory.mktemp("count")) as running:
        fill(running)
        count_sheet(running)
        yield running.run_line(**SHOWN)


def state(page: str) -> dict[str, Any]:
    found = re.search(r'data-count data-state="([^"]*)"', page)
    assert found is not None, page[:400]
    said: dict[str, Any] = json.loads(html.unescape(found[1]))
    return said


def line(key: str, **more: Any) -> dict[str, Any]:
    return {
        "key": key * 8,
        "gtin": BAGS,
        "place": "floor",
        "quantity": 1,
        "mode": "add",
        "at_utc_s": NOW_MS / 1000,
    } | more


def test_a_count_is_blind(store: StoreRig) -> None:
    page = store.associate.get("/count/c-3").text
    said = state(page)
    assert [one["gtin"] for one in said["items"]] == [GTINS[0], GTINS[10], GTINS[11], GTINS[12], GTINS[3]]
    assert said["items"][4] == {"gtin": GTINS[3], "place": "floor", "slot": "A7.2, 2-10", "name": "Vine tomatoes",
                                "unit": "kg"}  # fmt: skip
    assert "expected" not in page and "99" not in json.dumps(said["items"])


def test_what_was_counted_in_this_round_is_shown_again(store: StoreRig) -> None:
    rows = [{"sheet": "c-3", "key": "k1", "gtin": BAGS, "place": "floor", "thousandths": 4000},
            {"sheet": "c-3", "key": "k2", "gtin": BAGS, "place": "floor", "thousandths": 1000, "late": True},
            {"sheet": "c-3", "key": "k3", "code": "777", "place": "floor", "thousandths": 1000,
             "expiry": "2026-12-01"}]  # fmt: skip
    store.insert("count_lines", *rows)
    lines = state(store.associate.get("/count/c-3").text)["lines"]
    assert [(one["key"], one["quantity"], one["lot"]) for one in lines] == [("k1", 4.0, ""), ("k3", 1.0, "@2026-12-01")]


def test_a_recount_asks_only_for_what_differed(store: StoreRig) -> None:
    count_sheet(store, sheet="c-4", state="recount", round_=2)
    said = state(store.associate.get("/count/c-4").text)
    assert ([one["gtin"] for one in said["items"]], said["round"]) == ([BAGS], 2)


def test_lines_are_on_the_disk_when_they_are_acknowledged_and_there_once(store: StoreRig) -> None:
    store.stop()
    store.start()  # without a line: nobody works the inbox
    batch = {"lines": [line("a"), line("b", code="4711", gtin="")]}
    first, second = (store.associate.order("/count/c-3/lines", batch).json() for _ in range(2))
    assert first == second == {"accepted": True, "id": first["id"], "lines": 2}
    turned = {"lines": batch["lines"][::-1]}
    assert store.associate.order("/count/c-3/lines", turned).json()["id"] == first["id"]
    [brought] = Inbox(store.store.engine).pending()
    assert (brought.source, brought.payload["kind"], brought.payload["sheet"]) == ("hand-held", "count-lines", "c-3")
    assert (brought.payload["who"], brought.payload["lines"]) == ("Operator 22", batch["lines"])


@pytest.mark.parametrize(
    "body",
    [{}, {"lines": []}, {"lines": {}}, {"lines": ["a"]}, {"lines": [{"key": "short"}]},
     {"lines": [line("a", code="x" * 300)]}, {"lines": [line("a")] * 1001}, [1]],
)  # fmt: skip
def test_what_is_no_list_of_lines_is_refused_with_a_sentence(store: StoreRig, body: Any) -> None:
    answer = store.associate.post(
        "/count/c-3/lines", json=body, headers={"Accept": "application/json", "X-CSRF-Token": store.associate.csrf()}
    )
    assert answer.status_code == 400 and answer.json()["error"]
    assert Inbox(store.store.engine).pending() == []


def test_a_sheet_is_started_by_whoever_counts_and_a_refusal_is_said(store: StoreRig) -> None:
    count_sheet(store, sheet="c-5", state="planned")
    assert "Start</button>" in store.associate.get("/count").text
    token = {"csrf": store.associate.csrf()}
    assert store.associate.post("/count/c-5/start", data=token).headers["location"] == "/count/c-5"
    store.answer = lambda command: Reply(False, "You counted this before. Another person counts it again.")
    answer = store.associate.post("/count/c-5/start", data=token)
    assert answer.status_code == 409 and "Another person counts it again." in answer.text


def test_a_new_sheet_is_planned_and_started(store: StoreRig) -> None:
    store.answer = lambda command: Reply(True, data={"sheet": "c-3"})
    answer = store.associate.post("/count", data={"csrf": store.associate.csrf(), "fixture": "A7.2"})
    assert answer.headers["location"] == "/count/c-3"
    assert [(one.name, dict(one.args)) for one in store.orders] == [
        ("count-plan", {"fixture": "A7.2"}), ("count-start", {"sheet": "c-3"}),
    ]  # fmt: skip


def test_without_script_a_number_is_typed(store: StoreRig) -> None:
    visitor = store.associate
    store.answer = lambda command: Reply(True, data={"taken": 1, "unknown": []})
    values = {"csrf": visitor.csrf(), "code": "9520123456047", "quantity": "7"}
    assert visitor.post("/count/c-3/typed", data=values).status_code == 303
    [said] = store.orders[-1].args["lines"]
    assert (said["code"], said["quantity"], said["mode"]) == ("9520123456047", "7", "set")
    assert "Give the code" in visitor.post("/count/c-3/typed", data={"csrf": visitor.csrf()}).text
    store.answer = lambda command: Reply(True, data={"unknown": ["1"]})
    assert "Nobody knows the code 1." in visitor.post("/count/c-3/typed", data={**values, "code": "1"}).text


def test_a_sheet_that_is_over_leads_back_to_the_list(store: StoreRig) -> None:
    answer = store.associate.get("/count/c-99")
    assert answer.status_code == 409 and "not to be counted now" in answer.text


def test_only_a_lead_names_a_code(store: StoreRig) -> None:
    assert store.associate.order("/code", {"code": "4711", "gtin": BAGS}).status_code == 403
    assert store.lead.order("/code", {"code": "4711", "gtin": BAGS}).json()["accepted"]
    assert store.lead.order("/code", {"code": "", "gtin": BAGS}).status_code == 400
    assert [dict(one.args) for one in store.orders] == [{"code": "4711", "gtin": BAGS}]


def test_the_round_is_over_when_the_desk_says_so(store: StoreRig) -> None:
    assert store.associate.order("/count/c-3/finish", {}).json()["accepted"]
    store.answer = lambda command: Reply(False, "Nothing was counted yet.")
    assert store.associate.order("/count/c-3/finish", {}).status_code == 409
