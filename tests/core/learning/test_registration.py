import numpy as np
import pytest
from numpy.typing import NDArray

from core.inference.session import Session
from core.learning.placing import learn_registration, region_of
from core.learning.registration import Registration, registration_graph, small_sizes
from core.learning.view import IMAGE, PLANES, View, view_graph
from core.models.card import Card, TensorSpec

_HEIGHT, _WIDTH = 160, 240
_ASPECT = _WIDTH / _HEIGHT


def board_picture(
    x_px: float = 0, y_px: float = 0, degrees: float = 0, seed: int = 0, growth: float = 1.0, noise: float = 3.0
) -> NDArray[np.uint8]:
    """A board with a few chips on a calm ground, 160 x 240, moved, turned and grown about its middle."""
    import cv2

    image = np.full((_HEIGHT, _WIDTH, 3), 70, np.float32)
    image[50:110, 60:180] = (40, 90, 160)
    for left, top, grey in ((70, 60, 20), (110, 58, 220), (140, 80, 30), (80, 88, 240), (160, 60, 200)):
        image[top : top + 14, left : left + 12] = grey
    around = cv2.getRotationMatrix2D((_WIDTH / 2 - 0.5, _HEIGHT / 2 - 0.5), -degrees, growth)
    around[:, 2] += np.array([x_px, y_px])
    moved = cv2.warpAffine(image, around, (_WIDTH, _HEIGHT), borderMode=cv2.BORDER_REPLICATE)
    noisy = cv2.GaussianBlur(moved, (0, 0), 0.8) + np.random.default_rng(seed).normal(0, noise, moved.shape)
    return np.asarray(np.clip(noisy, 0, 255), np.uint8)


def _place(x_px: float, y_px: float, degrees: float, growth: float) -> NDArray[np.float64]:
    """What `board_picture` does to a point, in half heights from the middle."""
    cosine, sine = growth * np.cos(np.radians(degrees)), growth * np.sin(np.radians(degrees))
    return np.array([[cosine, -sine, 2 * x_px / _HEIGHT], [sine, cosine, 2 * y_px / _HEIGHT], [0, 0, 1]])


@pytest.fixture(scope="module")
def boards() -> list[NDArray[np.uint8]]:
    rng = np.random.default_rng(3)
    places = rng.normal(0, (3, 3, 1), (12, 3))
    return [board_picture(x_px, y_px, degrees, seed) for seed, (x_px, y_px, degrees) in enumerate(places)]


@pytest.fixture(scope="module")
def registration(boards: list[NDArray[np.uint8]]) -> Registration:
    return learn_registration(boards)


@pytest.fixture(scope="module")
def finder(registration: Registration) -> Session:
    return _finder(registration)


def _finder(registration: Registration) -> Session:
    outputs = (
        TensorSpec("place", "float32", (3, 3)),
        TensorSpec("agreement", "float32", (1, 1)),
        *(TensorSpec(f"seen{index}", "float32", size) for index, size in enumerate(small_sizes(registration.shape_px))),
    )
    return Session(registration_graph(registration).SerializeToString(), _card(IMAGE, *outputs))


def _card(taken: TensorSpec, *given: TensorSpec) -> Card:
    return Card(name="v", version="1", kind="v", inputs=(taken,), outputs=given, intended_use="t", licence="t")


def _planes(view: View, image: NDArray[np.uint8]) -> NDArray[np.float32]:
    session = Session(view_graph(view).SerializeToString(), _card(IMAGE, PLANES))
    return np.asarray(session.run({"image": image})["planes"])


def _furthest_px(found: NDArray[np.float32], wanted: NDArray[np.float64]) -> float:
    """How far the board's corners are apart in two places."""
    corners = np.array([[x / 80, y / 80, 1] for x in (-60, 60) for y in (-30, 30)]).T
    return float(np.linalg.norm(((found - wanted) @ corners)[:2], axis=0).max()) * _HEIGHT / 2


def test_the_region_of_the_part_is_found(registration: Registration) -> None:
    x, y, width, height = region_of(registration)
    assert x == pytest.approx(60 / 240 - 0.05, abs=0.05)
    assert y == pytest.approx(50 / 160 - 0.05, abs=0.07)
    assert x + width == pytest.approx(180 / 240 + 0.05, abs=0.05)
    assert y + height == pytest.approx(110 / 160 + 0.05, abs=0.07)


@pytest.mark.parametrize(
    ("x_px", "y_px", "degrees", "growth"),
    [
        (0, 0, 0, 1), (0.7, -0.4, 0, 1), (9, 0, 0, 1), (-6, 5, 0, 1), (0, 0, 4, 1), (5, -5, -3, 1), (0, 0, 0, 1.04),
        (2, 3, -2, 0.96), (19, -12, 6, 1), (-19, 12, -6, 1.03), (-19, -12, 6, 0.97), (19, 12, -6, 1),
    ],
)  # fmt: skip
def test_shift_turn_and_size_are_found_to_a_fraction_of_a_pixel(
    x_px: float, y_px: float, degrees: float, growth: float, finder: Session
) -> None:
    lies = finder.run({"image": board_picture(seed=40)})["place"]
    off = finder.run({"image": board_picture(x_px, y_px, degrees, 41, growth)})
    assert _furthest_px(off["place"], _place(x_px, y_px, degrees, growth) @ lies) < 0.5
    assert off["agreement"].item() > 0.9


def test_a_brighter_picture_lies_in_the_same_place(finder: Session) -> None:
    usual = board_picture(6, -4, 2, seed=41)
    bright = np.asarray(np.clip(usual * 1.3 + 10, 0, 255), np.uint8)
    places = [finder.run({"image": image})["place"] for image in (usual, bright)]
    assert _furthest_px(places[0], places[1].astype(np.float64)) < 0.5


def _small_board(x_px: float, y_px: float, degrees: float, *, seed: int) -> NDArray[np.uint8]:
    """The board in the middle of a picture four times as high and wide."""
    picture = np.full((4 * _HEIGHT, 4 * _WIDTH, 3), 70, np.float32)
    rows, columns = slice(3 * _HEIGHT // 2, 5 * _HEIGHT // 2), slice(3 * _WIDTH // 2, 5 * _WIDTH // 2)
    picture[rows, columns] = board_picture(x_px, y_px, degrees, noise=0)
    noisy = picture + np.random.default_rng(seed).normal(0, 3, picture.shape)
    return np.asarray(np.clip(noisy, 0, 255), np.uint8)


def test_a_small_part_in_a_large_picture_is_found_as_finely() -> None:
    places = np.random.default_rng(3).normal(0, (3, 3, 1), (12, 3))
    registration = learn_registration([_small_board(*place, seed=seed) for seed, place in enumerate(places.tolist())])
    finder = _finder(registration)
    lies = finder.run({"image": _small_board(0, 0, 0, seed=40)})["place"]
    for x_px, y_px, degrees in ((9.3, -6.7, 3.0), (-15.1, 12.4, -2.5), (20.6, 3.2, 0.0)):
        found = finder.run({"image": _small_board(x_px, y_px, degrees, seed=41)})["place"]
        wanted = _place(x_px / 4, y_px / 4, degrees, 1.0) @ lies
        corners = np.array([[x / 320, y / 320, 1] for x in (-60, 60) for y in (-30, 30)]).T
        assert np.linalg.norm(((found - wanted) @ corners)[:2], axis=0).max() * 2 * _HEIGHT < 1.0


@pytest.mark.parametrize(("x_px", "y_px", "degrees"), [(9, 0, 0), (-6, 5, 0), (0, 0, 4), (5, -5, -3), (19, -12, 6)])
def test_a_part_off_its_place_is_seen_as_if_it_lay_there(
    x_px: float, y_px: float, degrees: float, registration: Registration
) -> None:
    region = region_of(registration)
    placed = View(64, 128, region=region, registration=registration)
    fixed = View(64, 128, region=region)
    there, off = board_picture(seed=40, noise=1), board_picture(x_px, y_px, degrees, seed=41, noise=1)
    beside = np.abs(_planes(fixed, off) - _planes(fixed, there)).mean()
    within = np.abs(_planes(placed, off) - _planes(placed, there)).mean()
    assert within < 0.4 * beside


def _noise() -> NDArray[np.uint8]:
    return np.random.default_rng(1).integers(0, 255, (_HEIGHT, _WIDTH, 3), np.uint8)


def _stripes() -> NDArray[np.uint8]:
    rows = np.arange(_HEIGHT)[:, None, None] + 2 * np.arange(_WIDTH)[None, :, None]
    return np.asarray(np.broadcast_to(127 + 120 * np.sin(rows / 9), (_HEIGHT, _WIDTH, 3)), np.uint8)


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((_HEIGHT, _WIDTH, 3), np.uint8), np.full((_HEIGHT, _WIDTH, 3), 255, np.uint8), _noise(), _stripes(),
        board_picture(x_px=500), board_picture(x_px=110), board_picture(degrees=90), 255 - board_picture(),
    ],
    ids=["black", "white", "noise", "stripes", "no part", "a quarter of a part", "a quarter turn", "a negative"],
)  # fmt: skip
def test_what_is_no_such_part_is_left_where_it_lies(
    image: NDArray[np.uint8], finder: Session, registration: Registration
) -> None:
    assert np.array_equal(finder.run({"image": image})["place"], np.eye(3))
    assert np.isfinite(_planes(View(64, 128, registration=registration), image)).all()


def test_pictures_whose_median_shows_nothing_are_left_where_they_lie() -> None:
    pictures = [np.full((_HEIGHT, _WIDTH, 3), 70, np.uint8) for _ in range(5)]
    for index, picture in enumerate(pictures):
        picture[20 + 20 * index : 40 + 20 * index, 60:80] = 200
    view = View(64, 128, registration=learn_registration(pictures))
    still = _planes(view, pictures[0])
    assert (still == 200).mean() == pytest.approx((pictures[0] == 200).mean(), abs=0.01)
