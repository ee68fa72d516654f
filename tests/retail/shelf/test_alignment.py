import cv2
import numpy as np
import pytest

from retail.shelf.alignment import Alignment, pulled, working_size
from simulators.shelf_scene import ShelfScene, View


def _grey(picture: np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]) -> np.ndarray[
    tuple[int, int], np.dtype[np.uint8]
]:  # fmt: skip
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)


@pytest.mark.parametrize("view", [View(), View((14.0, -9.0)), View((-20.0, 11.0), 1.5, 1.03)])
def test_the_place_is_found_within_two_pixels(view: View) -> None:
    scene = ShelfScene(4)
    alignment = Alignment(_grey(scene.still()))
    scene.view = view
    place = alignment.find(_grey(scene.frame().picture))
    corners = np.array([[[60, 40]], [[580, 40]], [[580, 320]], [[60, 320]]], np.float64)
    apart = cv2.perspectiveTransform(corners, place.matrix) - cv2.perspectiveTransform(corners, view.matrix(360, 640))
    assert not place.lost and float(np.linalg.norm(apart, axis=2).max()) < 2.0


def test_goods_that_go_do_not_move_the_place() -> None:
    scene = ShelfScene(4)
    alignment = Alignment(_grey(scene.still()))
    for name in scene.names[:3]:
        scene.take(name, 9)
    place = alignment.find(_grey(scene.frame().picture))
    assert not place.lost and np.allclose(place.matrix, np.eye(3))


def test_another_picture_is_no_place() -> None:
    alignment = Alignment(_grey(ShelfScene(4).still()))
    noise = np.random.default_rng(0).integers(0, 256, (360, 640), dtype=np.uint8)
    assert alignment.find(noise).lost


def test_what_the_frame_does_not_show_is_black() -> None:
    picture = np.full((20, 30, 3), 200, np.uint8)
    moved = pulled(picture, np.array([[1, 0, 10], [0, 1, 0], [0, 0, 1.0]]), 20, 30)
    assert (moved[:, :20] == 200).all() and (moved[:, 21:] == 0).all()


def test_the_working_size_keeps_the_shape() -> None:
    assert working_size(1080, 1920) == (360, 640) and working_size(100, 200) == (100, 200)
