from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InputError
from retail.shelf.plan import Slot, parse_plan, plan_of, read_plan
from tests.support.repository import ROOT


def _slot(**changes: Any) -> dict[str, Any]:
    return {"name": "left", "product": "04006381333931", "box": [0.1, 0.2, 0.3, 0.4]} | changes


def test_the_example_plan_has_the_slots_of_the_clip() -> None:
    plan = read_plan(ROOT / "docs" / "examples" / "bottle-shelf.toml")
    assert [slot.name for slot in plan.slots] == ["left", "middle", "right"]
    assert all(slot.full and slot.facings == 1 for slot in plan.slots)


def test_a_slot_says_what_is_low_by_its_facings() -> None:
    plan = plan_of({"bay": "b", "slots": [_slot(facings=6), _slot(name="r", box=[0.5, 0.2, 0.3, 0.4])]}, "x")
    assert [slot.low for slot in plan.slots] == [2, 1]


def test_a_box_becomes_pixels_inside_the_picture() -> None:
    assert Slot("s", "p", (0.25, 0.5, 0.5, 0.5)).pixels(100, 200) == (50, 50, 150, 100)
    assert Slot("s", "p", (0.999, 0.999, 0.01, 0.01)).pixels(40, 40) == (38, 38, 40, 40)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"bay": "", "slots": [_slot()]}, "key 'bay' is ''"),
        ({"bay": "b"}, "key 'slots' expected 1 to 400"),
        ({"bay": "b", "slots": [_slot()], "more": 1}, "key 'more' is not known"),
        ({"bay": "b", "slots": [_slot(), _slot()]}, "'left' is there twice"),
        ({"bay": "b", "slots": [_slot(), _slot(name="r")]}, "'r' lies over 'left'"),
        ({"bay": "b", "slots": [_slot(box=[0.1, 0.2, 0.95, 0.4])]}, r"slots\[0\]: key 'box'"),
        ({"bay": "b", "slots": [_slot(box=[0.1, 0.2, float("nan"), 0.4])]}, "key 'box'"),
        ({"bay": "b", "slots": [_slot(facings=0)]}, "key 'facings' is 0"),
        ({"bay": "b", "slots": [_slot(facings=True)]}, "key 'facings' is True"),
        ({"bay": "b", "slots": [_slot(low=3)]}, "key 'low' is 3"),
        ({"bay": "b", "slots": [_slot(full=1)]}, "key 'full' is 1"),
        ({"bay": "b", "slots": [_slot(colour="red")]}, "key 'colour' is not known"),
        ({"bay": "b", "slots": ["left"]}, "is no table"),
    ],
)
def test_a_fault_names_its_key_and_what_was_expected(values: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        plan_of(values, "plan.toml")


def test_a_missing_plan_says_where_one_is_shown(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot be read.*bottle-shelf\.toml shows a plan"):
        read_plan(tmp_path / "none.toml")


@settings(deadline=None, max_examples=150)
@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_a_plan_or_an_input_error(content: bytes) -> None:
    try:
        assert parse_plan(content, "x").slots
    except InputError as error:
        assert error.message.startswith("x")


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda some: st.lists(some, max_size=5) | st.dictionaries(st.sampled_from(["name", "box", "facings", "x"]), some),
    max_leaves=5,
)


_SLOTS = st.fixed_dictionaries(
    {"name": _VALUES, "box": _VALUES}, optional={"facings": _VALUES, "low": _VALUES, "product": _VALUES}
)


@settings(deadline=None, max_examples=100)
@given(st.fixed_dictionaries({"bay": st.just("b"), "slots": _VALUES | st.lists(_SLOTS, max_size=3)}))
def test_any_table_is_a_plan_or_an_input_error(values: dict[str, Any]) -> None:
    try:
        plan = plan_of(values, "x")
    except InputError:
        return
    for slot in plan.slots:
        left, top, right, bottom = slot.pixels(48, 64)
        assert 0 <= left < right <= 64 and 0 <= top < bottom <= 48
