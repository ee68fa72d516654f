from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from core.inference.session import Session
from core.learning.plan import TeachSettings, propose_views
from core.learning.view import IMAGE, PLANES, View, view_graph
from core.models.card import Card
from tests.support.pictures import part_picture


def planes(view: View, image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What the backbone gets, height x width x 3."""
    card = Card(name="view", version="1", kind="view", inputs=(IMAGE,), outputs=(PLANES,), intended_use="", licence="")
    found = Session(view_graph(view).SerializeToString(), card).run({IMAGE.name: image})[PLANES.name]
    return np.asarray(found[0].transpose(1, 2, 0))


@pytest.mark.parametrize(("height", "width", "shrink"), [(768, 576, 2), (667, 1000, 2), (1024, 1224, 4), (641, 803, 2)])
def test_what_is_made_small_in_two_steps_is_what_opencv_makes_of_it(height: int, width: int, shrink: int) -> None:
    image = part_picture(3, height=height, width=width)
    view = View(height_px=256, width_px=256, shrink=shrink)
    seen = planes(view, image)
    wanted = cv2.resize(image, (256, 256), interpolation=cv2.INTER_AREA).astype(np.float32)
    at_once = planes(replace(view, shrink=1), image)
    assert seen.shape == wanted.shape
    assert np.abs(seen - wanted).mean() < 1.0
    assert np.abs(seen - at_once).mean() < 1.0


def test_a_region_is_cut_first() -> None:
    image = part_picture(4, height=700, width=900)
    view = View(height_px=128, width_px=160, region=(0.25, 0.5, 0.5, 0.5), shrink=2)
    part = image[350:700, 225:675]
    wanted = cv2.resize(part, (160, 128), interpolation=cv2.INTER_AREA)
    assert np.abs(planes(view, image) - wanted).mean() < 1.5


def test_no_picture_that_is_taught_from_gets_smaller_than_it_is_seen() -> None:
    """Pictures of one shape may have different sizes: the smallest says how much may be joined."""
    settings = TeachSettings(register="no", region=(0.0, 0.0, 1.0, 1.0))
    large = [part_picture(seed, height=1152, width=864) for seed in range(3)]
    (seen,) = propose_views(large, settings)
    assert (seen.view.height_px, seen.view.width_px, seen.view.shrink) == (256, 256, 3)
    (seen,) = propose_views([*large, part_picture(9, height=576, width=432)], settings)
    assert seen.view.shrink == 1


def test_pictures_at_one_scale_keep_it_in_two_steps() -> None:
    """By scale, a picture of another size is looked at as large as its share."""
    shapes = [(900, 600), (600, 900), (700, 700)]
    images = [part_picture(seed, height=height, width=width) for seed, (height, width) in enumerate(shapes)]
    seen = propose_views(images, TeachSettings())[0].view
    assert seen.scale > 0 and seen.shrink == 2
    for image in images:
        found, at_once = planes(seen, image), planes(replace(seen, shrink=1), image)
        assert found.shape == at_once.shape
        assert np.abs(found - at_once).mean() < 1.0
