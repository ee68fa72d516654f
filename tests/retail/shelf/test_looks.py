"""What is known of the bare shelf before any slot has been seen empty."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from retail.shelf.facings import Facing, see_facings
from retail.shelf.looks import Looks, unlikeness
from retail.shelf.plan import Plan, plan_of
from tests.retail.shelf.scenes import Bay, calm_bay

_HEIGHT, _WIDTH, _FACING_PX = 240, 320, 24
Picture = NDArray[np.uint8]
Box = tuple[int, int, int, int]  # left, top, right, bottom


def _plan(boxes: Sequence[Box]) -> Plan:
    slots: list[dict[str, Any]] = [
        {"name": f"slot-{index}", "product": "x", "facings": (right - left) // _FACING_PX,
         "box": [left / _WIDTH, top / _HEIGHT, (right - left) / _WIDTH, (bottom - top) / _HEIGHT]}
        for index, (left, top, right, bottom) in enumerate(boxes)
    ]  # fmt: skip
    return plan_of({"bay": "drawn", "slots": slots}, "the plan")


def _wall() -> Picture:
    """Lighter towards the right, darker downwards."""
    down, across = np.mgrid[0:_HEIGHT, 0:_WIDTH]
    tone = 120 + 40 * across / _WIDTH - 30 * down / _HEIGHT
    return np.repeat(tone[..., None], 3, axis=2).astype(np.uint8)


def _full(boxes: Sequence[Box]) -> Picture:
    """Striped goods fill every box."""
    picture = _wall()
    for left, top, right, bottom in boxes:
        picture[top:bottom, left:right] = (200, 40, 60)
        picture[top:bottom:8, left:right] = (20, 40, 220)
    return picture


def _row(gap: int, top: int = 40) -> list[Box]:
    """Three slots of three facings with `gap` between them, and with wall at both ends."""
    wide = 3 * _FACING_PX
    return [(30 + index * (wide + gap), top, 30 + index * (wide + gap) + wide, top + 70) for index in range(3)]


_SHELVES = {
    "gaps narrower than a sixth of a slot": _row(6),
    "goods side by side": _row(0),
    "gaps of a pixel": _row(1),
    "another shelf's slots below the gap": [*_row(20), (90, 130, 234, 200)],
}


@pytest.mark.parametrize("boxes", _SHELVES.values(), ids=_SHELVES)
def test_the_shelf_behind_every_slot_is_guessed_however_close_its_neighbours_stand(boxes: list[Box]) -> None:
    plan, wall = _plan(boxes), _wall()
    looks = Looks.of(plan, _full(boxes))
    for slot in plan.slots:
        drawn = looks.crop(looks.bare, slot)
        assert (unlikeness(looks.crop(wall, slot), drawn) <= 1).mean() > 0.9, slot.name
        assert (unlikeness(looks.crop(looks.still, slot), drawn) > 1).mean() > 0.9, slot.name
    assert not looks.seen_empty


@pytest.mark.parametrize("boxes", _SHELVES.values(), ids=_SHELVES)
def test_a_slot_between_others_is_counted_when_some_of_its_goods_are_gone(boxes: list[Box]) -> None:
    plan = _plan(boxes)
    looks, now = Looks.of(plan, _full(boxes)), _full(boxes)
    left, top, right, bottom = boxes[1]
    now[top:bottom, left + _FACING_PX : right] = _wall()[top:bottom, left + _FACING_PX : right]
    seen = [one.facing for one in see_facings(plan.slots[1], now, looks)]
    assert seen == [Facing.THERE, Facing.GONE, Facing.GONE]


def test_where_goods_fill_the_view_from_side_to_side_the_shelf_is_not_guessed() -> None:
    boxes = [(0, 40, 160, 110), (160, 40, 320, 110)]
    looks = Looks.of(_plan(boxes), _full(boxes))
    assert (looks.bare == looks.still).all()


def test_something_else_in_a_slot_between_others_is_neither_goods_nor_shelf() -> None:
    boxes = _row(6)
    plan = _plan(boxes)
    looks, now = Looks.of(plan, _full(boxes)), _full(boxes)
    left, top, right, bottom = boxes[1]
    now[top:bottom, left:right] = np.random.default_rng(0).integers(0, 256, (bottom - top, right - left, 3))
    assert {one.facing for one in see_facings(plan.slots[1], now, looks)} == {Facing.DOUBTFUL}


@pytest.fixture
def bay() -> Bay:
    return calm_bay()


def test_every_slot_of_a_shelf_is_low_or_empty_when_its_goods_are_taken(bay: Bay) -> None:
    for name, facings in bay.scene.facings().items():
        bay.scene.take(name, max(1, facings - 1))
    bay.look(4)
    assert bay.said() == bay.scene.truth() and {"low", "empty"} >= set(bay.said().values())
