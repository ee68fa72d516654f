import numpy as np
import pytest
from numpy.typing import NDArray

from core.inference.session import Session
from core.learning.placing import framed, learn_registration, region_of
from core.learning.view import IMAGE, PLANES, View, view_graph
from core.models.card import Card


def _board(x_px: float = 0, y_px: float = 0, degrees: float = 0, seed: int = 0) -> NDArray[np.uint8]:
    """A board with a few chips on a calm ground, 160 x 240, moved and turned."""
    import cv2

    rng = np.random.default_rng(seed)
    image = np.full((160, 240, 3), 70, np.float32)
    image[50:110, 60:180] = (40, 90, 160)
    for left, top, grey in ((70, 60, 20), (110, 58, 220), (140, 80, 30), (80, 88, 240), (160, 60, 200)):
        image[top : top + 14, left : left + 12] = grey
    around = cv2.getRotationMatrix2D((120, 80), degrees, 1.0)
    around[:, 2] += np.array([x_px, y_px])
    moved = cv2.warpAffine(image, around, (240, 160), borderMode=cv2.BORDER_REPLICATE)
    noisy = cv2.GaussianBlur(moved, (0, 0), 0.8) + rng.normal(0, 3, moved.shape)
    return np.asarray(np.clip(noisy, 0, 255), np.uint8)


@pytest.fixture(scope="module")
def boards() -> list[NDArray[np.uint8]]:
    rng = np.random.default_rng(3)
    places = rng.normal(0, (3, 3, 1), (12, 3))
    return [_board(x_px, y_px, degrees, seed) for seed, (x_px, y_px, degrees) in enumerate(places)]


def _planes(view: View, image: NDArray[np.uint8]) -> NDArray[np.float32]:
    card = Card(name="v", version="1", kind="v", inputs=(IMAGE,), outputs=(PLANES,), intended_use="t", licence="t")
    return np.asarray(Session(view_graph(view).SerializeToString(), card).run({"image": image})["planes"])


def test_the_region_of_the_part_is_found(boards: list[NDArray[np.uint8]]) -> None:
    x, y, width, height = region_of(learn_registration(boards))
    assert x == pytest.approx(60 / 240 - 0.05, abs=0.05)
    assert y == pytest.approx(50 / 160 - 0.05, abs=0.07)
    assert x + width == pytest.approx(180 / 240 + 0.05, abs=0.05)
    assert y + height == pytest.approx(110 / 160 + 0.05, abs=0.07)


@pytest.mark.parametrize(("x_px", "y_px", "degrees"), [(9, 0, 0), (-6, 5, 0), (0, 0, 4), (5, -5, -3)])
def test_a_part_off_its_place_is_seen_as_if_it_lay_there(
    x_px: float, y_px: float, degrees: float, boards: list[NDArray[np.uint8]]
) -> None:
    registration = learn_registration(boards)
    region = region_of(registration)
    placed = View(64, 128, region=region, registration=framed(registration, boards[0], region, 64 * 128))
    fixed = View(64, 128, region=region)
    there, off = _board(seed=40), _board(x_px, y_px, degrees, seed=41)
    beside = np.abs(_planes(fixed, off) - _planes(fixed, there)).mean()
    within = np.abs(_planes(placed, off) - _planes(placed, there)).mean()
    assert within < 0.4 * beside


def test_what_is_no_such_part_is_left_where_it_lies(boards: list[NDArray[np.uint8]]) -> None:
    registration = learn_registration(boards)
    region = region_of(registration)
    view = View(64, 128, region=region, registration=framed(registration, boards[0], region, 64 * 128))
    assert np.isfinite(_planes(view, np.zeros((160, 240, 3), np.uint8))).all()
