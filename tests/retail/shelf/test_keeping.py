from pathlib import Path

import cv2
import numpy as np
import pytest

from core.clock import Instant
from core.settings import environment
from retail.shelf.keeping import kept_picture, permitted_pixels
from retail.shelf.plan import plan_of, read_plan
from retail.shelf.watch import BayWatch
from simulators.shelf_scene import ShelfScene
from simulators.shelf_story import Share
from tests.retail.shelf.scenes import one_shelf, watched
from tests.support.repository import ROOT

#: Nearly all the time somebody is before the shelf.
_CROWD = Share(pass_by=0.6, refill=0.1, misplace=0.05, light=0.03, nudge=0.03)


def test_what_is_kept_is_the_still_and_the_permitted_slots_of_the_frame_alone() -> None:
    scene = ShelfScene(1)
    plan, still = plan_of(scene.plan(), "scene"), scene.still()
    frame = np.full_like(still, 7)
    kept = kept_picture(plan, still, frame, {"r1c1"})
    shown = permitted_pixels(plan, still.shape, {"r1c1"})
    assert (kept[shown] == 7).all() and not (kept[~shown] == 7).all(axis=1).any()
    slots = permitted_pixels(plan, still.shape, scene.names)
    assert np.array_equal(kept[~slots], still[~slots])
    assert not np.array_equal(kept[slots & ~shown], still[slots & ~shown])  # pale: nobody takes it for new


def test_nobody_who_passes_is_in_what_is_kept() -> None:
    """Compared with the layer that says which pixels are people's."""
    seen = [one for seed in (0, 1) for one in watched(one_shelf(seed), seed, 60, _CROWD)]
    assert sum(one.leaked_px for one in seen) == 0
    assert sum(bool(one.told.frame.people.any()) for one in seen) >= 30
    assert sum(len(one.seen.permitted) for one in seen) >= len(seen)  # and the shelf is seen all the same


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 105))
def test_nobody_is_kept_in_a_thousand_frames(seed: int) -> None:
    leaks = {one.told.number: one.leaked_px for one in watched(ShelfScene(seed), seed, 200, _CROWD) if one.leaked_px}
    assert not leaks


@pytest.mark.slow
@pytest.mark.samples
def test_no_pixel_of_a_real_hand_is_kept() -> None:
    """In the clip nothing but the hands and the sleeve is red: a layer that owes nothing to what is tested."""
    folder = Path(str(environment("EDGEWISE_SAMPLES"))) / "retail" / "bottle-shelf"
    plan = read_plan(ROOT / "docs" / "examples" / "bottle-shelf.toml")
    capture = cv2.VideoCapture(str(folder / "bottle-shelf.mp4"))
    watch: BayWatch | None = None
    hands = number = 0
    while True:
        read, frame = capture.read()
        if not read:
            break
        picture = np.asarray(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB), np.uint8)
        watch = watch or BayWatch(plan, picture)
        sight = watch.look(picture, Instant(number / 30, number / 30))
        seen = watch.conclude(sight, {})
        red = _red(sight.aligned)
        hands += bool(red.any())
        assert not (red & permitted_pixels(plan, picture.shape, seen.permitted)).any(), number
        number += 1
    capture.release()
    assert number > 1000 and hands > 200


def _red(picture: np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]) -> np.ndarray[
    tuple[int, int], np.dtype[np.bool_]
]:  # fmt: skip
    red, green, blue = (picture[..., channel].astype(int) for channel in range(3))
    core = ((red - green > 30) & (red - blue > 30)).astype(np.uint8)
    return np.asarray(cv2.erode(core, np.ones((3, 3), np.uint8)) > 0)
