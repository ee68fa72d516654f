"""The forecast of a product as a chart and in words."""

from __future__ import annotations

from typing import Any

import pytest

from retail.coming_shown import HEIGHT, WIDTH, coming_shown

DAYS = [
    {"day": "2026-11-23", "mean": 7.4, "low": 2, "high": 13},
    {"day": "2026-11-24", "mean": 12.6, "low": 6, "high": 20},
]


def coming(**more: Any) -> dict[str, Any]:
    said = {"unit": "piece", "per_day": 7.42, "known_days": 54, "short_days": 0, "mase": 0.8, "mase_naive": 1.0}
    return {**said, "days": DAYS, **more}


def test_every_day_has_its_mean_and_its_limits() -> None:
    shown = coming_shown(coming())
    assert shown is not None and shown["per_day"] == "7.4"
    first, second = shown["days"]
    assert first["words"] == "Mon 23 Nov: 7.4, 90 times in 100 2 to 13"
    assert (first["today"], second["today"], second["mean"], second["letter"]) == (True, False, "13", "T")
    assert second["high"] < first["high"] < first["y"] < first["low"]
    assert all(day["high"] > 0 and day["y"] + day["height"] < HEIGHT and day["middle"] < WIDTH for day in shown["days"])


@pytest.mark.parametrize(
    ("more", "said"),
    [({}, "Tested on the past: 20 % nearer than last week's same weekday."),
     ({"mase": 1.1}, "Tested on the past: 10 % further off than last week's same weekday."),
     ({"mase": 1.0}, "Tested on the past: as near as last week's same weekday."),
     ({"mase": None, "mase_naive": None}, "Too short a past to test it.")],
)  # fmt: skip
def test_it_says_how_good_it_has_been(more: dict[str, Any], said: str) -> None:
    shown = coming_shown(coming(**more))
    assert shown is not None and shown["tested"] == said


def test_days_without_stock_are_named_and_weight_has_its_unit() -> None:
    shown = coming_shown(coming(unit="kg", known_days=1, short_days=1, per_day=0.42))
    assert shown is not None and shown["per_day"] == "0.4 kg"
    assert shown["known"].startswith("From 1 whole day of sales; on 1 of them the shelf was out")
    assert shown["days"][0]["mean"] == "7.4"


def test_what_was_never_sold_has_none() -> None:
    assert coming_shown(None) is None and coming_shown(coming(days=[])) is None
