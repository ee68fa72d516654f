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
    ("reason", "text", "strong"),
    [
        ("system 9, camera 0: no sale for 6 h", "system 9, camera 0: no sale for 6 h", ["9", "0"]),
        ("probably out, 6 in backroom", "probably out, 6 in back room", ["probably out", "6"]),
        ("14 expire Wed 25 Nov, try −30 %", "14 expire Wed 25 Nov, try −30 %", ["14"]),
        ("3 expired 2026-11-22: take them off the shelf", "3 expired Sun 22 Nov: take them off the shelf",
         ["3", "expired"]),
        ("1.5 kg left, 4 kg in cold room", "1.5 kg left, 4 kg in cold room", ["1.5 kg", "4 kg"]),
        ("label €2.49, till €2.79", "label €2.49, till €2.79", []),
        ("", "", []),
    ],
)  # fmt: skip
def test_a_rules_own_words_are_kept_with_their_figures_strong(reason: str, text: str, strong: list[str]) -> None:
    for kind in ("check", "markdown", "count", "label"):
        one = shown(kind, reason=reason, system=1, on_hand=99)
        assert words(one) == text
        assert [piece[0] for piece in one["why"] if not isinstance(piece, str)] == strong


def test_a_refill_says_what_the_camera_counts_where_one_looks() -> None:
    seen: dict[str, Any] = {"camera": 2, "camera_of": 12, "back": 18, "back_place": "cold-room"}
    assert words(shown("refill", **seen)) == "low, 2 of 12, 18 in cold room"
    assert words(shown("refill", reason="2 left, 18 in backroom", back=18)) == "2 left, 18 in back room"


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
