import numpy as np
import pytest
from numpy.typing import NDArray

from core.learning.portrait import PictureFeatures
from core.learning.shortcut import ShortcutCheck, background_only, brightness_of, check_shortcut, usual_picture
from tests.support.pictures import part_picture


def _pictures(count: int, seed: int, *, background: float = 0, brightness: float = 0) -> PictureFeatures:
    rng = np.random.default_rng(seed)
    seen = rng.normal(size=(count, 4)).astype(np.float32)
    far = (rng.normal(size=(count, 50)) + background).astype(np.float32)
    light = (rng.normal(120, 5, (count, 1)) + brightness).astype(np.float32)
    return PictureFeatures(seen, seen, seen, far, light)


def _check(defects: PictureFeatures) -> ShortcutCheck:
    return check_shortcut(_pictures(40, 0), range(40), defects, range(100, 100 + len(defects)))


def test_defects_taken_like_the_good_parts_pass() -> None:
    check = _check(_pictures(20, 1))
    assert check.passed
    assert check.why == ""


def test_another_background_is_found_and_said() -> None:
    check = _check(_pictures(20, 1, background=1.0))
    assert not check.passed
    assert check.background_auroc > 0.95
    assert "by the background alone" in check.why
    assert "brightness" not in check.why


@pytest.mark.parametrize("change", [15.0, -15.0])
def test_another_brightness_is_found_whichever_way_it_goes(change: float) -> None:
    check = _check(_pictures(20, 1, brightness=change))
    assert check.brightness_auroc > 0.95
    assert "by the brightness alone" in check.why


def test_pictures_of_one_part_are_never_on_both_sides() -> None:
    """Eight good and eight defective parts, five pictures each, whose backgrounds are their own and tell nothing."""
    rng = np.random.default_rng(2)

    def views(count: int) -> PictureFeatures:
        own = np.repeat(rng.normal(size=(count, 50)), 5, axis=0).astype(np.float32)
        light = rng.normal(120, 5, (5 * count, 1)).astype(np.float32)
        return PictureFeatures(own, own, own, own, light)

    good, defects = views(8), views(8)
    grouped = check_shortcut(good, np.repeat(range(8), 5).tolist(), defects, np.repeat(range(8, 16), 5).tolist())
    mixed = check_shortcut(good, range(40), defects, range(40, 80))
    assert grouped.background_auroc < 0.75 < mixed.background_auroc


def _flawed_in_the_middle(seed: int) -> NDArray[np.uint8]:
    image = part_picture(seed)
    image[30:40, 40:50] = 0
    return image


def test_the_part_is_painted_over_by_the_usual_one() -> None:
    usual = usual_picture([part_picture(seed) for seed in range(5)])
    image = _flawed_in_the_middle(9)
    seen = background_only(image, usual)
    assert (seen[20:50, 20:70] == usual[20:50, 20:70]).all()
    assert (seen[:10, :10] == image[:10, :10]).all()
    assert (seen[-5:, -5:] == image[-5:, -5:]).all()


def test_outside_a_known_region_all_is_background() -> None:
    usual = usual_picture([part_picture(seed) for seed in range(5)])
    image = _flawed_in_the_middle(9)
    seen = background_only(image, usual, (0.25, 0.25, 0.75, 0.75))
    assert (seen[18:54, 24:72] == usual[18:54, 24:72]).all()
    assert (seen[:18] == image[:18]).all()
    assert (seen[:, :24] == image[:, :24]).all()


def test_a_picture_of_another_size_is_brought_to_the_usual_one() -> None:
    usual = usual_picture([part_picture(seed) for seed in range(3)])
    assert background_only(part_picture(1, height=144, width=192), usual).shape == usual.shape


def test_brightness_is_what_a_lamp_changes_and_a_small_stain_does_not() -> None:
    assert brightness_of(np.full((8, 8, 3), 90, np.uint8)) == 90
    image = part_picture(4)
    stained = image.copy()
    stained[30:36, 40:46] = 0
    usual = brightness_of(image)
    assert brightness_of(stained) == pytest.approx(usual, abs=0.1)
    assert brightness_of((image * 0.95).astype(np.uint8)) < usual - 3
