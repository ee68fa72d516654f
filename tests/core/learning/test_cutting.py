import numpy as np
import pytest
from numpy.typing import NDArray

from core.inference.session import Session
from core.learning.cutting import add_cutting, samples_for
from core.learning.graph import GraphWriter
from core.learning.view import IMAGE, PLANES, WHOLE, Box, port
from core.models.card import Card

_STILL = np.eye(3)


def _cut(
    image: NDArray[np.uint8],
    size_px: tuple[int, int],
    region: Box = WHOLE,
    place: NDArray[np.float64] = _STILL,
    shape_px: tuple[int, int] | None = None,
) -> NDArray[np.float32]:
    """height x width x 3."""
    graph = GraphWriter()
    cut = add_cutting(
        graph, "image", graph.constant(place), shape_px or (image.shape[0], image.shape[1]), region, size_px
    )
    graph.node("Identity", cut, named=PLANES.name)
    card = Card(name="v", version="1", kind="v", inputs=(IMAGE,), outputs=(PLANES,), intended_use="t", licence="t")
    model = graph.model([port(IMAGE)], [port(PLANES)])
    return np.asarray(Session(model.SerializeToString(), card).run({"image": image})["planes"][0].transpose(1, 2, 0))


def _picture(height: int = 96, width: int = 128) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 255, (height, width, 3), np.uint8)


def test_half_the_size_is_the_mean_of_every_four_pixels() -> None:
    image = _picture()
    assert np.allclose(_cut(image, (48, 64)), image.reshape(48, 2, 64, 2, 3).mean((1, 3)))


def test_a_third_of_the_size_is_the_mean_of_every_nine() -> None:
    image = _picture(96, 96)
    assert np.allclose(_cut(image, (32, 32)), image.reshape(32, 3, 32, 3, 3).mean((1, 3)))


def test_the_region_is_cut_out() -> None:
    image = _picture()
    wanted = image[48:96, 32:96].reshape(24, 2, 32, 2, 3).mean((1, 3))
    assert np.allclose(_cut(image, (24, 32), (0.25, 0.5, 0.5, 0.5)), wanted)


def test_a_place_shifts_and_turns_what_is_seen() -> None:
    image = _picture(96, 96)
    right_px, down_px = 8, -4
    shifted = np.array([[1, 0, 2 * right_px / 96], [0, 1, 2 * down_px / 96], [0, 0, 1]])
    wanted = _cut(image, (48, 48))[10:38, 14:42]
    assert np.allclose(_cut(image, (48, 48), place=shifted)[12:40, 10:38], wanted)
    quarter = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])
    assert np.allclose(_cut(image, (48, 48), place=quarter), np.rot90(_cut(image, (48, 48))))


def test_beyond_the_picture_its_edge_goes_on() -> None:
    image = np.full((96, 96, 3), 50, np.uint8)
    image[:, -1] = 200
    away = np.array([[1, 0, 5.0], [0, 1, -7.0], [0, 0, 1]])
    assert np.allclose(_cut(image, (32, 32), place=away), 200)


def test_a_picture_of_another_size_is_cut_at_the_same_shares() -> None:
    image = _picture()
    twice = image.repeat(2, 0).repeat(2, 1)
    assert np.allclose(_cut(twice, (48, 64), shape_px=(96, 128)), _cut(image, (48, 64)))


@pytest.mark.parametrize(("height", "samples"), [(100, 2), (512, 2), (768, 3), (4000, 3)])
def test_a_larger_picture_is_looked_at_more_closely_up_to_a_bound(height: int, samples: int) -> None:
    assert samples_for((height, height), WHOLE, (256, 256)) == samples


def test_no_pixel_of_a_large_picture_is_looked_for_outside_it() -> None:
    image = np.zeros((4000, 5000, 3), np.uint8)
    image[-1, -1] = 255
    far = np.array([[1, 0, 100.0], [0, 1, 100.0], [0, 0, 1]])
    assert np.allclose(_cut(image, (32, 32), place=far), 255)
