import numpy as np
import pytest

from retail.shelf.light import evened
from simulators.shelf_scene import Light, ShelfScene

_SEEN = np.ones((360, 640), bool)


@pytest.mark.parametrize("light", [Light(0.6), Light(1.2, (1.08, 1.0, 0.9)), Light(0.8, slope=0.2)])
def test_another_light_is_taken_out(light: Light) -> None:
    scene = ShelfScene(2)
    still = scene.still()
    scene.light = light
    even, brightest = evened(scene.frame().picture, still, _SEEN)
    unblinded = still < brightest - 3.0
    assert float(np.abs(even.astype(int) - still)[unblinded].mean()) < 5.0


def test_goods_that_were_sold_do_not_turn_up_the_light() -> None:
    scene = ShelfScene(2)
    still = scene.still()
    for name in scene.names[::2]:
        scene.take(name, 9)
    frame = scene.frame().picture
    even, _ = evened(frame, still, _SEEN)
    assert float(np.abs(even.astype(int) - frame).mean()) < 4.0


def test_a_blinded_camera_tells_how_bright_it_could_see() -> None:
    still = np.full((360, 640, 3), 120, np.uint8)
    _, brightest = evened(np.full_like(still, 240), still, _SEEN)
    assert np.abs(brightest.astype(int) - 123).max() <= 3


def test_a_frame_that_shows_nothing_of_the_bay_stays_as_it_is() -> None:
    still = np.full((360, 640, 3), 120, np.uint8)
    frame = np.full_like(still, 50)
    even, _ = evened(frame, still, np.zeros((360, 640), bool))
    assert np.array_equal(even, frame)
