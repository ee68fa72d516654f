"""Pictures of a hand-held's camera, and what the box reads in them: over HTTP, with drawn codes."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import httpx
import numpy as np
import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.retail.codes.pictures import drawn
from tests.support.store_filled import BAGS, products
from tests.support.store_screens import StoreRig

EAN13 = zxingcpp.BarcodeFormat.EAN13
UNLISTED = "4006381333931"
HAND = "hand-held-1"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreRig]:
    with StoreRig(tmp_path_factory.mktemp("camera")) as running:
        running.catalogue([{**one, "codes": ["CASE-7"] if one["gtin"] == BAGS else []} for one in products()])
        yield running


def jpeg(image: NDArray[np.uint8]) -> bytes:
    done, content = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    assert done
    return content.tobytes()


PICTURE = jpeg(drawn(BAGS[1:], EAN13))
WALL = jpeg(np.full((480, 640, 3), 200, np.uint8))


def show(store: StoreRig, *pictures: bytes, hand: str = HAND) -> httpx.Response:
    visitor = store.associate
    headers = {"Accept": "application/json", "X-CSRF-Token": visitor.csrf()}
    files = [("picture", ("camera.jpg", one, "image/jpeg")) for one in pictures]
    return visitor.post("/hand/camera", data={"hand": hand}, files=files, headers=headers)


def test_a_product_counts_when_two_pictures_agree_and_once(store: StoreRig) -> None:
    assert show(store, PICTURE, hand="agreeing").json() == {"found": [], "unlisted": []}
    assert show(store, PICTURE, hand="agreeing").json()["found"] == [{"code": BAGS[1:], "gtin": BAGS}]
    assert show(store, PICTURE, hand="agreeing").json()["found"] == []


def test_each_hand_held_sees_for_itself(store: StoreRig) -> None:
    assert show(store, PICTURE, hand="hand-held-2").json()["found"] == []
    assert show(store, PICTURE, hand="hand-held-3").json()["found"] == []


def test_a_number_that_the_list_does_not_know_is_told_and_never_counts(store: StoreRig) -> None:
    picture = jpeg(drawn(UNLISTED, EAN13))
    said = [show(store, picture, hand="unlisted").json() for _ in range(3)]
    assert said == [{"found": [], "unlisted": [UNLISTED.zfill(14)]}] * 3


def test_a_code_that_the_store_gave_to_a_product_is_that_product(store: StoreRig) -> None:
    picture = jpeg(drawn("CASE-7", zxingcpp.BarcodeFormat.Code128))
    show(store, picture, hand="own code")
    assert show(store, picture, hand="own code").json()["found"] == [{"code": "CASE-7", "gtin": BAGS}]


def test_lot_and_date_of_a_gs1_code_come_along(store: StoreRig) -> None:
    text = f"(01){BAGS}(17)271231(10)L7"
    picture = jpeg(drawn(text, zxingcpp.BarcodeFormat.DataMatrix, gs1=True, scale=6))
    show(store, picture, hand="elements")
    [found] = show(store, picture, hand="elements").json()["found"]
    assert found["gtin"] == BAGS
    assert "L7" in found["code"]
    assert "271231" in found["code"]


def test_a_picture_without_a_code_says_nothing(store: StoreRig) -> None:
    assert show(store, WALL).json() == {"found": [], "unlisted": []}


@pytest.mark.parametrize(
    ("pictures", "hand", "says"),
    [
        ([], HAND, "0 pictures came"),
        ([WALL, WALL], HAND, "2 pictures came"),
        ([b"no picture at all"], HAND, "the camera's picture"),
        ([PICTURE[:-20]], HAND, "the camera's picture"),
        ([WALL], "short", "names itself"),
        ([jpeg(np.zeros((2100, 2100, 3), np.uint8))], HAND, "more than the limit"),
    ],
)
def test_what_is_no_picture_is_refused_in_words(store: StoreRig, pictures: list[bytes], hand: str, says: str) -> None:
    answer = show(store, *pictures, hand=hand)
    assert answer.status_code == 400
    assert says in answer.json()["error"]


@settings(max_examples=40, deadline=None)
@given(cut=st.integers(0, len(PICTURE)), noise=st.binary(max_size=40))
def test_any_bytes_are_a_picture_or_refused(store: StoreRig, cut: int, noise: bytes) -> None:
    assert show(store, PICTURE[:cut] + noise + PICTURE[cut + len(noise) :], hand="any bytes").status_code in (200, 400)


def test_nothing_of_a_picture_is_kept(store: StoreRig) -> None:
    before = {path: path.stat().st_size for path in store.places.data.rglob("*") if path.suffix in (".jpg", ".png")}
    show(store, PICTURE)
    after = {path: path.stat().st_size for path in store.places.data.rglob("*") if path.suffix in (".jpg", ".png")}
    assert before == after == {}


def test_who_only_looks_shows_it_nothing(store: StoreRig) -> None:
    headers = {"Accept": "application/json", "X-CSRF-Token": store.viewer.csrf()}
    files = [("picture", ("camera.jpg", PICTURE, "image/jpeg"))]
    assert store.viewer.post("/hand/camera", data={"hand": HAND}, files=files, headers=headers).status_code == 403
