"""Simulated hand-helds at a real back office: staff sign in, book what they did, count on sheets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from simulators.store_hands import HandHelds
from tests.support.screens import PIN
from tests.support.store_filled import BAGS, SHOWN, fill
from tests.support.store_screens import NOW_UTC_S, StoreRig
from verticals.contract import Command, Reply
from verticals.store.inbox import Inbox


@pytest.fixture
def store(tmp_path: Path) -> Iterator[StoreRig]:
    with StoreRig(tmp_path / "box") as running:
        fill(running)
        for name in ("Associate 1", "Associate 2"):
            running.accounts.add(name, PIN, {"retail": "associate"}, by="the test")
        yield running.run_line(**SHOWN)


@pytest.fixture
def hands(store: StoreRig, tmp_path: Path) -> HandHelds:
    pin = tmp_path / "pin"
    pin.write_text(PIN)
    return HandHelds(store.url, pin)


@asynccontextmanager
async def running(hands: HandHelds) -> AsyncIterator[None]:
    task = asyncio.create_task(hands.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def all_told(hands: HandHelds) -> None:
    async with asyncio.timeout(30):
        while hands.kept.oldest_s is not None:  # noqa: ASYNC110 - it says nothing when it is
            await asyncio.sleep(0.02)


def move(ref: str, who: str = "Associate 1", kind: str = "move") -> dict[str, Any]:
    line = {"line": 1, "gtin": BAGS, "thousandths": 6000, "from": "backroom", "to": "floor"}
    return {"source": "handheld", "ref": ref, "kind": kind, "at_utc_s": NOW_UTC_S, "who": who, "lines": [line]}


def count(ref: str, pieces: int, who: str) -> dict[str, Any]:
    found = {"line": 1, "gtin": BAGS, "place": "floor", "thousandths": pieces * 1000}
    return {"source": "handheld", "ref": ref, "kind": "count", "at_utc_s": NOW_UTC_S, "who": who, "counts": [found]}


async def test_moves_are_booked_by_who_did_them_and_what_is_refused_holds_nothing_up(
    store: StoreRig, hands: HandHelds
) -> None:
    async with running(hands):
        hands.kept.take(1.0, move("h-1"))
        await all_told(hands)
        hands.kept.take(2.0, move("h-2", "Associate 2", kind="sale"))
        hands.kept.take(3.0, move("h-3", "Associate 2"))
        await all_told(hands)
    facts = Inbox(store.store.engine).pending()
    assert [(fact.payload["who"], [one["ref"] for one in fact.payload["documents"]]) for fact in facts] == [
        ("Associate 1", ["h-1"]), ("Associate 2", ["h-3"]),
    ]  # fmt: skip


async def test_a_count_is_a_sheet_planned_counted_and_finished(store: StoreRig, hands: HandHelds) -> None:
    def answer(command: Command) -> Reply:
        return Reply(True, data={"sheet": "c-7"} if command.name == "count-plan" else {})

    store.answer = answer
    hands.kept.take(1.0, count("handheld-0000004", 5, "Associate 2"))
    hands.kept.take(1.0, count("handheld-0000005", 7, "Associate 2"))
    async with running(hands):
        await all_told(hands)
    assert [(one.name, one.who) for one in store.orders] == [
        ("count-plan", "Associate 2"), ("count-finish", "Associate 2"),
    ]  # fmt: skip
    assert [item["place"] for item in store.orders[0].args["items"]] == ["floor", "floor"]
    [fact] = Inbox(store.store.engine).pending()
    assert (fact.payload["sheet"], fact.payload["who"]) == ("c-7", "Associate 2")
    assert [(line["key"], line["quantity"], line["mode"]) for line in fact.payload["lines"]] == [
        ("handheld-0000004-1", 5.0, "set"), ("handheld-0000005-1", 7.0, "set"),
    ]  # fmt: skip


async def test_while_the_box_is_away_everything_is_kept(store: StoreRig, hands: HandHelds) -> None:
    store.stop()
    async with running(hands):
        hands.kept.take(1.0, move("h-6"))
        await asyncio.sleep(0.3)
        assert hands.kept.oldest_s == 1.0
        store.start()
        await all_told(hands)
    [fact] = Inbox(store.store.engine).pending()
    assert fact.payload["documents"][0]["ref"] == "h-6"
