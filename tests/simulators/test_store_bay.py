from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from retail.shelf.plan import read_plan
from simulators.store_bay import BAY, COLUMNS, ROWS, Bay
from simulators.store_facts import FLOOR
from simulators.store_settings import HOUR_S, WorldSettings
from simulators.store_world import World


def world_of(seed: int = 2) -> World:
    return World(replace(WorldSettings(), products=60, demand=4.0, refill_hours=(12.0,)), seed)


def test_the_bay_is_set_up_as_a_shelf_camera_is(tmp_path: Path) -> None:
    world = world_of()
    bay = Bay(tmp_path, world.products, 0)
    bay.set_up()
    plan = read_plan(tmp_path / "plan.toml")
    assert (plan.bay, len(plan.slots)) == (BAY, ROWS * COLUMNS)
    assert {slot.product for slot in plan.slots} == {product.gtin for product in bay.products.values()}
    assert {f"{shelf}-{slot}" for _, shelf, slot in bay.standing.values()} == {slot.name for slot in plan.slots}
    still = cv2.imread(str(tmp_path / "still.png"))
    frame = cv2.imread(str(tmp_path / "view" / "view.png"))
    assert still is not None
    assert frame is not None
    assert still.shape == frame.shape


def test_the_picture_follows_what_stands_in_the_store(tmp_path: Path) -> None:
    world = world_of()
    bay = Bay(tmp_path, world.products, 0)
    bay.set_up()
    planned = {slot.product: slot.facings for slot in read_plan(tmp_path / "plan.toml").slots}
    changed = 0
    for hour in range(8, 22):
        world.advance(world.settings.begin_utc_s + hour * HOUR_S)
        before = bay.facings()
        bay.follow(world)
        changed += bay.facings() != before
        for gtin, there in bay.facings().items():
            product = next(product for product in world.products if product.gtin == gtin)
            share = world.on_hand(gtin, FLOOR) / product.capacity
            assert (there == 0) is (share == 0), "an empty slot is seen, and no other"
            assert (there == planned[gtin]) is (share > 1 - 1 / planned[gtin])
    assert changed > 2


def test_a_frame_is_written_when_something_is_to_be_seen(tmp_path: Path) -> None:
    world = world_of()
    bay = Bay(tmp_path, world.products, 0)
    bay.set_up()
    world.advance(world.settings.begin_utc_s + 9 * HOUR_S)
    bay.follow(world)
    assert bay.look(0.0)
    assert not bay.look(1.0)
    quiet = cv2.imread(str(tmp_path / "view" / "view.png"))
    passing = [second for second in range(2, 200) if bay.look(float(second))]
    assert passing, "somebody passes within some minutes"
    assert len(passing) < 100
    again = cv2.imread(str(tmp_path / "view" / "view.png"))
    assert quiet is not None
    assert again is not None
    if not bay.look(200.0):
        assert float(np.abs(quiet.astype(int) - again.astype(int)).mean()) < 6, "nobody stays in the picture"
    assert not list(tmp_path.rglob("*.part"))
