"""The screen in a real browser: it fills the wall, follows stock by the stream, and forgets a code."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from retail.signage.wishes import write_token
from tests.retail.signage.test_pages import NOW, SETTINGS, Wall
from tests.support.browsers import opened_browser
from tests.support.ledgers import OATS, TEA, receipt, record
from verticals.contract import Event

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def wall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wall]:
    with Wall(tmp_path_factory.mktemp("wall"), SETTINGS) as running:
        running.stock({"gtin": TEA, "name": "Darjeeling tea, 100 g"}, {"gtin": OATS, "name": "Rolled oats"})
        record(running.store.engine, receipt("r", 4, lot="L1", expiry="2026-11-24"))
        running.start_line()
        running.beat(store={})
        yield running


@pytest.fixture(scope="module")
def display(chromium: str, wall: Wall) -> Iterator[Page]:
    """At the end no complaint of the browser about the page or its policy, and not one request to elsewhere."""
    with opened_browser(chromium) as browser:
        page = browser.new_context(viewport={"width": 1920, "height": 1080}).new_page()
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.on("request", lambda sent: None if wall.url in sent.url else complaints.append(sent.url))
        page.goto(f"{wall.url}/signage")
        page.get_by_text("50 % less", exact=True).wait_for()
        yield page
        assert complaints == []


@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (1080, 1920), (1280, 720)])
def test_it_fills_the_screen_and_nothing_has_to_be_scrolled(
    display: Page, tmp_path: Path, width: int, height: int
) -> None:
    display.set_viewport_size({"width": width, "height": height})
    sizes = display.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
    assert sizes == [width, height]
    for words in ("Darjeeling tea, 100 g", "€1.25", "Why this?"):
        box = display.get_by_text(words).first.bounding_box()
        assert box is not None
        assert box["x"] >= 0 and box["y"] >= 0
        assert box["x"] + box["width"] <= width and box["y"] + box["height"] <= height
    display.screenshot(path=tmp_path / "signage.png")


def test_a_customers_code_is_answered_and_forgotten_at_a_word(display: Page, wall: Wall) -> None:
    record(wall.store.engine, receipt("o", 3, gtin=OATS))
    display.keyboard.type(write_token([OATS]))
    display.keyboard.press("Enter")
    display.get_by_text("On your list").wait_for()
    display.get_by_text("This is for you alone").wait_for()
    display.get_by_role("button", name="Forget it now").click()
    display.get_by_text("50 % less", exact=True).wait_for()
    assert not display.get_by_text("This is for you alone").is_visible()
    assert display.evaluate("[localStorage.length, sessionStorage.length, document.cookie]") == [0, 0, ""]


def test_a_sale_is_heard_by_the_stream(display: Page, wall: Wall) -> None:
    record(wall.store.engine, receipt("p", 2, lot="L2", expiry="2026-11-23"))
    wall.record(Event("documents", "till 7", NOW, {"documents": []}, "store"))
    display.get_by_text("Its date is today").wait_for(timeout=15_000)
