"""The shrink ledger in words."""

from __future__ import annotations

from typing import Any

from retail.shrink_shown import shrink_shown


def cause(name: str, pieces: float, cents: int, share: float | None, of: str = "sold") -> dict[str, Any]:
    return {"cause": name, "pieces": pieces, "value_cents": cents, "of": of, "of_pieces": 1000, "share": share}


def test_each_cause_says_what_it_means_what_it_came_to_and_of_what() -> None:
    causes = [cause("unexplained", 31, 14200, 0.031), cause("refills without a record", 40, 0, 0.066, "carried"),
              cause("surplus", -4, -900, -0.004), cause("broken-glass", 1, 50, None)]  # fmt: skip
    ledger = {"causes": causes, "value_cents": 13350, "sales_cents": 1_000_000, "rate": 0.01335, "counts": 1}
    shown = shrink_shown(ledger, "EUR")
    first, second, third, last = shown["causes"]
    assert (first["name"], first["pieces"], first["worth"]) == ("Unexplained", "31", "€142.00")
    assert first["share"] == "3.10 % of what was sold" and "nobody wrote down" in first["means"]
    assert second["share"] == "6.60 % of what was carried to the shelf" and "no loss" in second["means"]
    assert (third["pieces"], third["worth"], third["share"]) == ("−4", "−€9.00", "0.40 % of what was sold")
    assert (last["name"], last["share"]) == ("Broken glass", "")
    assert (shown["rate"], shown["from"]) == ("1.33 %", "from 1 count and what was written off")


def test_a_new_store_has_no_rate() -> None:
    shown = shrink_shown({"causes": [], "value_cents": 0, "sales_cents": 0, "rate": None, "counts": 0}, "EUR")
    assert (shown["rate"], shown["causes"], shown["counts"]) == ("– –", [], 0)
