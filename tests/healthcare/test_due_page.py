"""Observations due, the most overdue first."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from healthcare.due_page import due_rows
from tests.support.ward_json import bed, due, placed
from tests.support.ward_rooms import RoomRig, desk

BEDS = {
    "bed-1": bed(due=due("Full set", "NEWS2 3", 180)),
    "bed-2": bed(due=due("Full set", "NEWS2 5, hourly", -10, over=True)),
    "bed-3": bed(),
    "bed-4": bed(due=due("Temp, ACVPU", "missing", -25, over=True)),
    "bed-5": bed(due=due("Full set", "NEWS2 1", 15)),
    "bed-6": placed("empty", patient=None),
}
PLACES = [(name, name[4:]) for name in BEDS]


def test_the_most_overdue_stands_first_and_what_is_not_due_does_not_stand_there() -> None:
    assert [row["bed"] for row in due_rows(PLACES, BEDS)] == ["4", "2", "5", "1"]


def test_a_bed_that_told_nothing_is_not_due() -> None:
    assert due_rows(PLACES, {}) == []


@pytest.fixture(scope="module")
def station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RoomRig]:
    with RoomRig(tmp_path_factory.mktemp("due"), beds=6) as running:
        running.run_line(BEDS, desk())
        yield running


def test_each_row_leads_to_the_observations_of_its_bed(station: RoomRig) -> None:
    html = station.as_("Nurse 14").get("/due").text
    assert "2 overdue, 2 to come" in html and "25 min over" in html and "14:20" in html
    assert html.count("/observations") == 4 and 'href="/bed/bed-4/observations"' in html


def test_a_calm_ward_says_so(station: RoomRig) -> None:
    station.tell(**{name.replace("-", "_"): bed() for name in BEDS})
    assert "Nothing is due on this ward" in station.as_("Nurse 14").get("/due").text
