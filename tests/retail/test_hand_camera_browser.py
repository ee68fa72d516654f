"""The camera of a hand-held in a real browser, which films a code that comes, stays, goes and comes again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
import zxingcpp

from tests.retail.codes.pictures import drawn
from tests.support.browsers import opened_browser
from tests.support.store_filled import BAGS, SHOWN, count_sheet, fill
from tests.support.store_screens import StoreRig

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

_HEIGHT, _WIDTH = 480, 640
_FRAMES_PER_S = 10
_SHOWN_S, _AWAY_S = 4, 4


def _film(path: Path) -> Path:
    """Motion JPEG, which the browser plays round and round as its camera."""
    code = drawn(BAGS[1:], zxingcpp.BarcodeFormat.EAN13)
    wall = np.full((_HEIGHT, _WIDTH, 3), 150, np.uint8)
    held = wall.copy()
    top, left = (_HEIGHT - code.shape[0]) // 2, (_WIDTH - code.shape[1]) // 2
    held[top : top + code.shape[0], left : left + code.shape[1]] = code
    frames = [held] * (_SHOWN_S * _FRAMES_PER_S) + [wall] * (_AWAY_S * _FRAMES_PER_S)
    path.write_bytes(b"".join(cv2.imencode(".jpg", frame)[1].tobytes() for frame in frames))
    return path


@pytest.fixture(scope="module")
def browser(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    film = _film(tmp_path_factory.mktemp("film") / "code.mjpeg")
    words = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
             f"--use-file-for-fake-video-capture={film}")  # fmt: skip
    with opened_browser(chromium, *words) as running:
        yield running


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreRig]:
    with StoreRig(tmp_path_factory.mktemp("camera")) as running:
        fill(running)
        count_sheet(running)
        yield running.run_line(**SHOWN)


@pytest.fixture
def page(store: StoreRig, browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    jar = store.associate.cookies.jar
    context.add_cookies([{"name": one.name, "value": one.value or "", "url": store.url} for one in jar])
    page = context.new_page()
    page.set_default_timeout(30_000)
    yield page
    context.close()


def test_what_the_camera_sees_is_counted_once_and_again_when_it_was_away(store: StoreRig, page: Page) -> None:
    page.goto(f"{store.url}/count/c-3")
    page.locator("[data-count][data-ready]").wait_for()
    key = page.get_by_role("button", name="Scan by camera")
    key.click()
    page.get_by_text("Hold one code into the middle").wait_for()
    total = page.locator("[data-total]")
    total.filter(has_text=re.compile("^1$")).wait_for()
    total.filter(has_text=re.compile("^2$")).wait_for()
    assert page.locator("[data-name]").inner_text() == "Kitchen bags tall, 45 pcs"
    key.click()
    assert page.locator("[data-eye]").is_hidden()
    assert key.get_attribute("aria-pressed") == "false"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_without_the_box_the_camera_says_so_and_the_number_can_be_typed(store: StoreRig, page: Page) -> None:
    page.goto(f"{store.url}/count/c-3")
    page.locator("[data-count][data-ready]").wait_for()
    page.route("**/hand/camera", lambda route: route.abort())
    page.get_by_role("button", name="Scan by camera").click()
    page.get_by_text("The box is not reached: it reads no codes now. Type the number.").wait_for()
