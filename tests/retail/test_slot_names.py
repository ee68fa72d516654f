"""Slots and bays by name."""

from __future__ import annotations

import pytest

from retail.slot_names import bay_of, bay_text, canonical, fixture_parts, planned_name, said, within_bay


def test_a_camera_and_the_planogram_mean_the_same_slot() -> None:
    planned = planned_name({"fixture": "A7.2", "shelf": 2, "slot": 8})
    assert canonical(planned) == canonical("A7.2/2-08") == "A7.2/2-8"
    assert (said(planned), within_bay(planned), bay_of(planned)) == ("A7.2, 2-08", "2-08", "A7.2")


def test_a_slot_that_has_only_a_name_keeps_it() -> None:
    assert (said("drinks/left"), canonical("drinks/left"), said("left")) == ("drinks, left", "drinks/left", "left")


@pytest.mark.parametrize(
    ("name", "parts", "text"),
    [("A7.2", ("A", 7, 2), "Aisle A7, bay 2"), ("C1", ("C", 1, 0), "Aisle C1"), ("drinks", ("drinks", 0, 0), "drinks"),
     ("12", ("", 12, 0), "Aisle 12"), ("A7_2", ("A", 7, 2), "Aisle A7, bay 2")],
)  # fmt: skip
def test_a_fixture_says_where_it_stands(name: str, parts: tuple[str, int, int], text: str) -> None:
    assert (fixture_parts(name), bay_text(name)) == (parts, text)
