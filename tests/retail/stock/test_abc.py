"""Classes and the risk schedule of counts."""

from dataclasses import replace

import pytest

from retail.stock.abc import Countable, abc_classes, count_schedule, risk_of, xyz_class

ITEM = Countable("1", "floor", "B", 10.0, 2, 500, 4)


def test_a_makes_the_first_eighty_percent_of_value() -> None:
    assert abc_classes({"a": 70, "b": 15, "c": 8, "d": 4, "e": 3}) == {"a": "A", "b": "A", "c": "B", "d": "B", "e": "C"}


def test_nothing_sold_is_all_c() -> None:
    assert set(abc_classes({"a": 0.0, "b": 0.0}).values()) == {"C"}


@pytest.mark.parametrize(
    ("weeks", "found"), [([10, 11, 9, 10], "X"), ([10, 2, 14, 8], "Y"), ([0, 0, 9, 0], "Z"), ([], "Z"), ([0, 0], "Z")]
)
def test_xyz_by_the_coefficient_of_variation(weeks: list[float], found: str) -> None:
    assert xyz_class(weeks) == found


def test_a_class_is_due_by_its_own_interval() -> None:
    assert not risk_of(replace(ITEM, days_since_count=29.0)).due
    assert risk_of(replace(ITEM, days_since_count=31.0)).due
    assert risk_of(replace(ITEM, abc="A")).due
    assert risk_of(replace(ITEM, days_since_count=None)).reason == "never counted"


def test_disagreement_negative_books_and_uncertainty_come_first() -> None:
    items = [
        ITEM, replace(ITEM, gtin="2", disagree=("camera",)), replace(ITEM, gtin="3", book=-2),
        replace(ITEM, gtin="4", width=20), replace(ITEM, gtin="5", abc="C"),
    ]  # fmt: skip
    found = count_schedule(items, 4)
    assert [each.gtin for each in found] == ["3", "2", "4", "1"]
    assert found[0].reason == "the book says -2"
    assert found[1].reason == "camera disagrees"
