"""Tasks as people read them."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from retail.tasks_shown import kinds_shown, task_shown

NOW = 1_795_439_107.0
GTIN = "09520123456047"


def shown(kind: str, *, unit: str = "piece", reason: str = "its own words", **facts: Any) -> dict[str, Any]:
    task = {"id": "t-1", "kind": kind, "gtin": GTIN, "slot": "A7.2/2-08", "place": "floor", "value_cents_h": 883,
            "state": "open", "taken_by": "", "reason": reason, "facts": facts}  # fmt: skip
    return task_shown(task, {"name": "Kitchen bags", "unit": unit}, "EUR", NOW, ZoneInfo("Europe/Berlin"))


def words(shown: dict[str, Any]) -> str:
    return "".join(piece if isinstance(piece, str) else piece[0] for piece in shown["why"])


def test_a_refill_says_since_when_and_where_the_rest_is() -> None:
    one = shown("refill", camera_state="empty", since_ms=(NOW - 2580) * 1000, back=6, back_place="backroom")
    assert words(one) == "out since 13:22, 6 in back room"
    assert ("out", "out") in one["why"]
    assert (one["title"], one["slot"], one["value"], one["per"]) == ("Kitchen bags", "A7.2, 2-08", "€8.83", "an hour")


@pytest.mark.parametrize(
    ("kind", "facts", "text"),
    [
        ("refill", {"camera": 2, "camera_of": 12, "back": 18, "back_place": "cold-room"},
         "low, 2 of 12, 18 in cold room"),
        ("check", {"system": 9, "camera": 0, "rfid": 1}, "system 9, camera 0, RFID 1"),
        ("check", {"camera_state": "wrong", "found": "Oat milk"}, "another item lies there: Oat milk"),
        ("count", {"system": 6, "low": 2, "high": 7}, "system 6, may be 2 to 7"),
        ("markdown", {"on_hand": 14, "expiry": "2026-11-25", "days_left": 2, "markdown_pct": 30},
         "14 expire Wed 25 Nov, try −30 %"),
        ("markdown", {"on_hand": 3, "expiry": "2026-11-22", "days_left": -1}, "3 expired Sun 22 Nov, take away"),
        ("label", {}, "its own words"),
        ("refill", {}, "its own words"),
        ("markdown", {"on_hand": "many", "expiry": None}, "its own words"),
    ],
)  # fmt: skip
def test_each_kind_says_why_in_a_line(kind: str, facts: dict[str, Any], text: str) -> None:
    assert words(shown(kind, **facts)) == text


def test_kilograms_have_their_unit() -> None:
    assert words(shown("refill", unit="kg", back=4, back_place="cold-room", camera=1, camera_of=6)) == (
        "low, 1 of 6, 4 kg in cold room"
    )


def test_as_much_is_to_be_brought_as_fits() -> None:
    assert shown("refill", back=24, shelf=2, capacity=8)["fill"] == "6"
    assert shown("refill", back=3, shelf=0, capacity=8)["fill"] == "3"
    assert shown("refill", back=3)["fill"] == "3"
    assert shown("refill")["fill"] == ""


def test_kinds_keep_their_places_when_there_is_none_of_them() -> None:
    assert kinds_shown([{"kind": "check"}, {"kind": "check"}]) == [
        ("", "All", 2), ("refill", "Refill", 0), ("check", "Check", 2), ("count", "Count", 0),
        ("markdown", "Markdown", 0), ("label", "Label", 0),
    ]  # fmt: skip
