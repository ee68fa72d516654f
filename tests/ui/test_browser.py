"""The shell's scripts in a real browser: what a person sees when things go, and when they come back."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.browsers import opened_browser
from tests.support.screens import PIN, ScreenRig
from verticals.contract import Event

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[object]:
    with opened_browser(chromium) as running:
        yield running


@pytest.fixture
def page(browser: object, rig: ScreenRig) -> Iterator[Page]:
    """The first page, and at the end no complaint of the browser's console."""
    from playwright.sync_api import Browser

    assert isinstance(browser, Browser)
    context = browser.new_context(viewport={"width": 1280, "height": 960})
    opened = context.new_page()
    complaints: list[str] = []
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("console", lambda said: complaints.append(said.text) if "Content Security Policy" in said.text else None)
    opened.goto(rig.url)
    yield opened
    context.close()
    assert complaints == []


def until(page: Page, script: str, within_s: float = 5.0) -> None:
    """Waits until the script is true; the page's policy lets nothing be evaluated inside it."""
    from playwright.sync_api import Error

    for _ in range(int(within_s / 0.05)):
        with contextlib.suppress(Error):  # the page is being loaded anew
            if page.evaluate(script):
                return
        page.wait_for_timeout(50)
    raise AssertionError(f"not true within {within_s} s: {script}")


def test_the_cover_comes_when_the_server_stops_and_the_page_returns_by_itself(page: Page, rig: ScreenRig) -> None:
    from playwright.sync_api import expect

    cover = page.locator(".frozen")
    page.evaluate("window.marked = true")
    expect(cover).to_be_hidden()
    rig.stop()
    expect(cover).to_be_visible(timeout=8000)
    expect(page.locator(".frozen__word")).to_have_text("SCREEN NOT UPDATING")
    expect(page.locator(".frozen__time")).to_have_text("00:04", timeout=4000)
    rig.start()
    until(page, "window.marked === undefined", within_s=10.0)  # a new start of the box: loaded anew
    expect(cover).to_be_hidden()


def test_a_stream_cut_for_a_moment_loses_no_event_and_loads_nothing_anew(page: Page, rig: ScreenRig) -> None:
    rig.start_line()
    page.evaluate("window.seen = []; document.addEventListener('ew:event', (e) => window.seen.push(e.detail.subject))")
    rig.record(Event("part", "1", 0.0))
    until(page, "window.seen.length === 1")
    for screen in list(rig.web.hub._screens):
        rig.loop.call_soon_threadsafe(screen.full.set)
    rig.record(Event("part", "2", 0.0))
    until(page, "window.seen.length === 2")
    assert page.evaluate("window.seen") == ["1", "2"]


def test_a_dead_line_shows_as_stale(page: Page, rig: ScreenRig) -> None:
    rig.start_line()
    rig.beat()
    until(page, "document.body.dataset.line === 'live'")
    rig.in_loop(rig.line.stop())
    until(page, "document.body.dataset.line === 'stale'", within_s=2.0)


def test_clock_and_age_move(page: Page) -> None:
    until(page, "document.querySelector('time').textContent !== '14:05:07'")
    until(page, "document.querySelector('[data-part=age]').textContent !== '0:00'")


def test_a_tap_does_not_do_what_must_be_held(page: Page) -> None:
    page.evaluate("window.held = 0; document.addEventListener('held', () => { window.held += 1; })")
    button = page.get_by_role("button", name="Hold")
    button.click()
    page.mouse.down()
    until(page, "window.held === 1")
    page.mouse.up()
    assert page.evaluate("window.held") == 1


def test_the_pad_over_the_page_signs_in_by_taps_alone(page: Page, rig: ScreenRig) -> None:
    from playwright.sync_api import expect

    rig.accounts.add("Ada", PIN, {"trial": "engineer"}, by="test")
    page.get_by_role("link", name="Sign in").click()
    pad = page.locator("dialog[data-part=sign-in]")
    pad.get_by_role("button", name="1", exact=True).click()
    pad.get_by_label("PIN").click()
    for digit in "0000":
        pad.get_by_role("button", name=digit, exact=True).click()
    pad.get_by_role("button", name="Sign in").click()
    expect(pad.get_by_role("alert")).to_be_visible()
    for digit in PIN:
        pad.get_by_role("button", name=digit, exact=True).click()
    pad.get_by_role("button", name="Sign in").click()
    expect(page.locator("h1")).to_have_text("Ada as engineer")


def test_pages_read_without_script(browser: object, rig: ScreenRig, tmp_path: Path) -> None:
    from playwright.sync_api import Browser

    assert isinstance(browser, Browser)
    rig.accounts.add("Ada", PIN, {"trial": "engineer"}, by="test")
    context = browser.new_context(java_script_enabled=False)
    plain = context.new_page()
    plain.goto(rig.url + "/sign-in")
    plain.get_by_label("Number or name").fill("Ada")
    plain.get_by_label("PIN").fill(PIN)
    plain.get_by_role("button", name="Sign in").click()
    assert plain.locator("h1").inner_text() == "Ada as engineer"
    assert not plain.locator(".frozen").is_visible()
    context.close()
