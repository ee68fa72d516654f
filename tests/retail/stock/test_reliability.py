"""What is learnt of the sources: shares, the camera's grid, and their state."""

import json

import pytest

from retail.stock.likelihood import facings_hypotheses
from retail.stock.reliability import Camera, Reliability, Share


def test_a_share_moves_from_its_assumption_to_what_is_seen() -> None:
    share = Share(2.0, 100.0)
    share.learn(30, 300)
    assert share.value == pytest.approx(0.08)


def test_a_product_is_held_to_the_store_until_it_shows_otherwise() -> None:
    store = Share(20.0, 1000.0)
    assert store.shrunk(None, 60) == store.shrunk(Share(0.0, 0.0), 60) == pytest.approx(0.02)
    assert store.shrunk(Share(40.0, 200.0), 60) == pytest.approx((40 + 1.2) / 260)


def looks(camera: Camera, pairs: list[tuple[int, int]]) -> Camera:
    for facings, pieces in pairs:
        e, r, p, e_off, r_off, p_off = facings_hypotheses(facings, pieces, 4, 5)
        camera.learn(
            (1 - error) * (w[0] * e + w[1] * r + w[2] * p) + error * (w[0] * e_off + w[1] * r_off + w[2] * p_off)
            for w, error in camera.hypotheses()
        )
    return camera


def test_a_camera_learns_how_the_shelf_empties() -> None:
    even, _, packed = looks(Camera(), [(min(4, pieces), pieces) for pieces in (1, 2, 3, 4, 5, 6, 3, 2)] * 3).mean()[0]
    assert even > 0.7
    _, _, packed = looks(Camera(), [(-(-pieces // 5), pieces) for pieces in (4, 5, 9, 10, 11, 14, 5)] * 3).mean()[0]
    assert packed > 0.7


def test_a_camera_learns_that_it_errs() -> None:
    good = looks(Camera(), [(min(4, pieces), pieces) for pieces in (1, 2, 3, 8, 9)] * 4)
    bad = looks(Camera(), [(max(0, min(4, pieces) - 1), pieces) for pieces in (1, 2, 3, 8, 9)] * 4)
    assert good.mean()[1] <= 0.04
    assert bad.mean()[1] > 0.1


def test_the_state_goes_through_json() -> None:
    store = Reliability()
    store.lost.learn(5, 50)
    looks(store.camera, [(1, 4)])
    back = Reliability.from_state(json.loads(json.dumps(store.state())))
    assert back == store
