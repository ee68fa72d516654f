"""A product's past for people: the running on-hand, sales together, days of stock-out."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from retail.ledger_shown import effect_of, entries, sold_days
from tests.support.store_screens import NOW_MS, NOW_UTC_S

ZONE = ZoneInfo("Europe/Berlin")
HOUR_MS = 3_600_000


def row(kind: str, from_: str, to: str, units: int, hours_ago: float, **more: Any) -> dict[str, Any]:
    said = {"kind": kind, "from": from_, "to": to, "thousandths": units * 1000,
            "at_ms": int(NOW_MS - hours_ago * HOUR_MS), "variance": None, "source": "till-1", "ref": "1",
            "who": "", "reason": ""}  # fmt: skip
    return said | more


def lines(timeline: list[dict[str, Any]], on_hand: int) -> list[tuple[str, str, str, str]]:
    shown = entries(timeline, on_hand * 1000, "piece", NOW_UTC_S, ZONE)
    return [(one["when"], one["text"], one["change"], one["on_hand"]) for one in shown]


def test_the_newest_comes_first_with_what_there_was_after_it() -> None:
    timeline = [
        row("sale", "floor", "customer", 1, 1),
        row("sale", "floor", "customer", 2, 2, source="till-2"),
        row("move", "backroom", "floor", 6, 3),
        row("receipt", "supplier", "backroom", 12, 26),
        row("count", "", "floor", 18, 90, variance=-4000),
        row("damage", "floor", "waste", 1, 100, reason="broken"),
        row("opening", "supplier", "floor", 23, 200),
    ]
    assert lines(timeline, 27) == [
        ("13:05", "3 sold, 2 tills", "−3", "27"),
        ("11:05", "6 moved to shelf", "0", "30"),
        ("Sun 12:05", "Receipt of 12", "+12", "30"),
        ("Thu 20:05", "Counted, shelf", "= 18", "18"),
        ("Thu 10:05", "1 damaged", "−1", "22"),
        ("Sun 15 Nov", "Opening stock 23", "+23", "23"),
    ]


def test_before_the_first_count_what_the_record_does_not_hold_is_not_told() -> None:
    timeline = [
        row("sale", "floor", "customer", 3, 1),
        row("count", "", "floor", 10, 2, variance=50_000),
        row("sale", "floor", "customer", 40, 30),
    ]
    assert [line[2:] for line in lines(timeline, 7)] == [("−3", "7"), ("= 10", "10"), ("−40", "– –")]
    assert lines(timeline[:1], -2)[0][3] == "−2", "less than nothing now is a doubt that people must see"


def test_what_came_between_parts_the_sales_of_a_day() -> None:
    timeline = [row("sale", "floor", "customer", 1, 1), row("receipt", "supplier", "floor", 5, 2),
                row("sale", "floor", "customer", 2, 3)]  # fmt: skip
    assert [line[1] for line in lines(timeline, 2)] == ["1 sold, till-1", "Receipt of 5", "2 sold, till-1"]


@given(st.lists(st.tuples(st.sampled_from(["sale", "receipt", "move", "count"]), st.integers(1, 9)), max_size=30))
def test_the_running_on_hand_ends_at_nothing_before_the_first(moves: list[tuple[str, int]]) -> None:
    ways = {"sale": ("floor", "customer"), "receipt": ("supplier", "floor"), "move": ("backroom", "floor")}
    timeline = [
        row(
            kind, *ways.get(kind, ("", "floor")), units, hours_ago=1 + number, variance=500 if kind == "count" else None
        )
        for number, (kind, units) in enumerate(moves)
    ]
    total = sum(effect_of(one) for one in timeline)
    shown = entries(timeline, total, "piece", NOW_UTC_S, ZONE)
    if shown:
        oldest = timeline[-1]
        assert sum(map(effect_of, timeline[:-1])) + effect_of(oldest) == total
        before_all = total - sum(map(effect_of, timeline))
        assert before_all == 0
    assert len(shown) <= len(timeline)


def sale(units: int, hours_ago: float) -> dict[str, Any]:
    return {"at_ms": int(NOW_MS - hours_ago * HOUR_MS), "thousandths": units * 1000, "from_account": "floor",
            "to_account": "customer"}  # fmt: skip


def test_days_of_stock_out_are_left_aside() -> None:
    out = (NOW_UTC_S - 50 * 3600, NOW_UTC_S - 40 * 3600)  # Saturday noon to night
    days = sold_days([sale(8, 1), sale(9, 25), sale(4, 49), sale(7, 73)], [out], NOW_UTC_S, ZONE)
    looks = [bar["look"] for bar in days["bars"]]
    assert looks[-1] == "now" and looks[-3] == "none" and looks.count("none") == 1
    assert days["bars"][-3]["words"] == "Sat 21 Nov: 4 sold, out for a while"
    assert days["out"] and days["mean"] == "1.3"  # 16 on the twelve whole days


def test_a_product_that_never_sold_has_no_mean() -> None:
    days = sold_days([], [], NOW_UTC_S, ZONE)
    assert (days["mean"], days["any"], len(days["bars"])) == (None, False, 14)
