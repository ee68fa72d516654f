"""The floor's map: what each bay is like, and where it is drawn."""

from __future__ import annotations

from itertools import combinations
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from retail.floor_shown import WIDTH, Bay, bays_of, floor


def planned(fixture: str, count: int) -> list[dict[str, Any]]:
    return [{"fixture": fixture, "shelf": 1, "slot": number + 1} for number in range(count)]


def state(slot: str, word: str) -> dict[str, Any]:
    return {"slot": slot, "state": word}


def test_a_blocked_slot_is_not_seen_and_never_out() -> None:
    bay = bays_of(
        planned("A1.1", 4), [state("A1.1/1-01", "full"), state("A1.1/1-02", "empty"), state("A1.1/1-3", "blocked")]
    )
    one = bay["A1.1"]
    assert (one.planned, one.seen, one.there, one.out) == (4, 2, 1, 1)
    assert one.look == "low"
    assert one.words == "Aisle A1, bay 1: 50 % on shelf, 1 out, 2 of 4 slots seen"


def test_a_bay_that_nobody_sees_is_hatched() -> None:
    bays = bays_of(planned("A1.1", 2), [state("A1.1/1-1", "blocked"), state("A1.1/1-2", "unknown")])
    assert bays["A1.1"].look == "blind"


def test_a_slot_that_only_the_camera_knows_belongs_to_its_bay() -> None:
    assert bays_of([], [state("drinks/left", "full")])["drinks"].seen == 1


def test_availability_is_told_in_three_steps() -> None:
    looks = [Bay("A1.1", planned=100, seen=100, there=there).look for there in (97, 96, 90, 89)]
    assert looks == ["", "mid", "mid", "low"]


def test_the_chosen_bay_is_marked() -> None:
    drawn = floor(bays_of([*planned("A1.1", 1), *planned("A1.2", 1)], []), ["backroom"], "A1.2")
    assert [(bay["name"], bay["on"]) for bay in drawn["bays"]] == [("A1.1", False), ("A1.2", True)]


names = st.one_of(
    st.builds("{}{}.{}".format, st.sampled_from("ABCF"), st.integers(1, 14), st.integers(1, 6)),
    st.text("abcxyz", min_size=1, max_size=12),
)


@given(st.sets(names, min_size=1, max_size=60))
def test_every_bay_stands_on_the_floor_and_none_on_another(fixtures: set[str]) -> None:
    drawn = floor({name: Bay(name, planned=1) for name in fixtures}, ["backroom", "cold-room"])
    assert {bay["name"] for bay in drawn["bays"]} == fixtures
    for bay in drawn["bays"]:
        assert bay["x"] >= 0 and bay["x"] + bay["width"] <= WIDTH
        assert bay["y"] > 52 and bay["y"] + bay["height"] <= drawn["height"]
    for one, other in combinations(drawn["bays"], 2):
        across = min(one["x"] + one["width"], other["x"] + other["width"]) - max(one["x"], other["x"])
        down = min(one["y"] + one["height"], other["y"] + other["height"]) - max(one["y"], other["y"])
        assert across <= 0 or down <= 0, (one, other)
