"""The pages that look back, in Chromium over a real web process: labels by tap and by key, the switch, a scanner."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Screen
from tests.e2e.sizes import SIZES, cut_off
from tests.support.kiosks import KioskRig
from verticals.contract import Event

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

PATHS = ("review", "quality", "quality?of=week", "serial", "serial?id=13", "serial?id=99")


@pytest.fixture
def kiosk(tmp_path: Path) -> Iterator[KioskRig]:
    with KioskRig(tmp_path) as running:
        running.run_line()
        for number, score in ((11, 6.1), (12, 7.9), (13, 5.4)):
            running.part(number, code=1, score=score)
        running.record(Event("gate", "13", running.clock.now().utc_s, {"rejected": True}, "line-3"))
        yield running


@pytest.fixture
def review(browser: Browser, kiosk: KioskRig) -> Iterator[Screen]:
    """The review page, live; at the end its browser has had nothing against it."""
    context = browser.new_context(viewport={"width": 1920, "height": 1080})
    opened = Screen(context.new_page(), kiosk.url)
    opened.page.set_default_timeout(10_000)
    opened.listen()
    opened.page.goto(f"{kiosk.url}/line/line-3/review")
    expect(opened.page.locator('body[data-line="live"]')).to_be_visible()
    yield opened
    context.close()
    assert opened.unexpected() == []


def shows(screen: Screen, part: int) -> None:
    expect(screen.page.locator('[data-swap="foot"] b')).to_have_text(f"Part {part}", timeout=12_000)


def labels(kiosk: KioskRig) -> list[tuple[str, str, str]]:
    return [
        (event.subject, str(event.data["label"]), str(event.data["defect"]))
        for event in kiosk.store.read(kinds=("label",))
    ]


def test_one_tap_records_within_a_second_and_the_next_part_comes_by_itself(review: Screen, kiosk: KioskRig) -> None:
    shows(review, 13)
    began = time.perf_counter()
    review.page.locator('[value="false-reject"]').click()
    shows(review, 12)
    assert time.perf_counter() - began < 1.0
    assert labels(kiosk) == [("13", "false-reject", "")]
    expect(review.one("waiting")).to_have_text("2")


def test_a_second_tap_in_a_hurry_does_not_label_the_next_part(review: Screen, kiosk: KioskRig) -> None:
    review.page.locator('[value="false-reject"]').dblclick()
    shows(review, 12)
    review.page.wait_for_timeout(500)
    assert labels(kiosk) == [("13", "false-reject", "")]


def test_a_label_is_taken_back_by_one_tap(review: Screen, kiosk: KioskRig) -> None:
    review.page.locator('[value="false-reject"]').click()
    shows(review, 12)
    review.page.get_by_role("button", name=re.compile("^Undo")).click()
    shows(review, 13)
    assert [label for _, label, _ in labels(kiosk)] == ["false-reject", "none"]
    expect(review.one("waiting")).to_have_text("3")


def test_a_new_type_is_named_on_the_screens_keyboard_and_is_a_key_the_next_time(
    review: Screen, kiosk: KioskRig
) -> None:
    review.page.get_by_role("button", name="Really bad").click()
    review.page.get_by_role("link", name="New type").click()
    for letter in "bent ":
        review.page.locator(f'.keyboard [data-key="{letter}"]').click()
    for letter in ("p", "x", "erase", "i", "n"):
        review.page.locator(f'.keyboard [data-key="{letter}"]').click()
    review.page.get_by_role("button", name="Record", exact=True).click()
    shows(review, 12)
    assert labels(kiosk) == [("13", "right", ""), ("13", "right", "bent pin")]
    review.page.get_by_role("button", name="Other defect").click()
    review.page.locator('[name=defect][value="bent pin"]').click()
    shows(review, 11)
    assert labels(kiosk)[-1] == ("12", "other-defect", "bent pin")


@pytest.mark.slow
def test_keys_of_a_keyboard_label_and_go_on(review: Screen, kiosk: KioskRig) -> None:
    review.page.keyboard.press("ArrowRight")
    shows(review, 12)
    review.page.keyboard.press("b")
    expect(review.page.locator("[data-next-s]")).to_be_visible()
    review.page.keyboard.press(" ")
    shows(review, 11)
    review.page.keyboard.press("f")
    shows(review, 13)
    assert labels(kiosk) == [("12", "right", ""), ("11", "false-reject", "")]
    review.page.keyboard.press("u")
    shows(review, 11)


@pytest.mark.slow
def test_who_names_no_type_gets_the_next_part_by_himself(review: Screen) -> None:
    review.page.get_by_role("button", name="Really bad").click()
    expect(review.page.locator("[data-next-s]")).to_contain_text("by itself in")
    shows(review, 12)  # within the ten seconds of the page's patience


@pytest.mark.slow
def test_the_switch_shows_photo_outline_and_heat_and_stays_with_the_next_part(review: Screen) -> None:
    heat, outline = review.page.locator(".heat__map"), review.page.locator(".heat__outline").first
    expect(heat).to_be_visible()
    review.page.get_by_label("Outline").check()
    expect(heat).to_be_hidden()
    expect(outline).to_be_visible()
    review.page.keyboard.press("ArrowRight")
    shows(review, 12)
    expect(heat).to_be_hidden()
    review.page.get_by_label("Photo").check()
    expect(outline).to_be_hidden()


def test_a_new_reject_joins_the_queue_and_an_empty_queue_fills_by_itself(review: Screen, kiosk: KioskRig) -> None:
    kiosk.part(14, code=1)
    expect(review.one("waiting")).to_have_text("4")
    shows(review, 13)
    expect(review.page.locator('.review__queue [aria-current="true"]')).to_have_accessible_name("Part 13")
    for part in (13, 12, 11, 14):
        shows(review, part)
        review.page.locator('[value="false-reject"]').click()
    expect(review.page.locator(".lost__word")).to_have_text("Nothing to review")
    kiosk.part(15, code=1)
    shows(review, 15)


def test_a_line_that_falls_silent_says_so_and_a_label_is_refused(review: Screen, kiosk: KioskRig) -> None:
    review.expected.append("Failed to load resource: the server responded with a status of 409")
    kiosk.silence_line()
    expect(review.page.locator(".kiosk__banner--stale")).to_be_visible()
    review.page.locator('[value="false-reject"]').click()
    expect(review.page.locator(".review__fault")).to_contain_text("The line does not answer. Nothing was done.")
    assert labels(kiosk) == []
    shows(review, 13)


@pytest.mark.slow
def test_a_scanner_goes_straight_to_the_record_and_writes_no_label(review: Screen, kiosk: KioskRig) -> None:
    kiosk.part(4711)
    review.page.keyboard.type("4711", delay=5)
    review.page.keyboard.press("Enter")
    expect(review.page).to_have_url(re.compile(r"/serial\?id=4711$"))
    expect(review.page.locator(".record")).to_contain_text("Judged: No defect")
    assert labels(kiosk) == []


@pytest.mark.slow
def test_the_run_page_counts_what_waits(review: Screen, kiosk: KioskRig) -> None:
    review.page.goto(f"{kiosk.url}/line/line-3")
    expect(review.one("waiting")).to_have_text("3")
    expect(review.page.locator('body[data-line="live"]')).to_be_visible()
    kiosk.part(14, code=1)
    expect(review.one("waiting")).to_have_text("4")
    review.page.get_by_role("link", name="Review 4").click()
    shows(review, 14)


@pytest.mark.slow
def test_nothing_is_cut_off_and_every_key_is_large_enough(review: Screen, kiosk: KioskRig) -> None:
    review.expected.append("Failed to load resource: the server responded with a status of 404")
    for path, size in product(PATHS, SIZES):
        review.page.set_viewport_size({"width": size[0], "height": size[1]})
        review.page.goto(f"{kiosk.url}/line/line-3/{path}")
        assert cut_off(review, size, "main :is(a, button, .switch__text)") == [], path


@pytest.mark.slow
def test_the_page_labels_without_script(browser: Browser, kiosk: KioskRig) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{kiosk.url}/line/line-3/review")
    page.get_by_role("button", name="Really bad").click()
    expect(page.locator(".review__asked")).to_contain_text("Really bad, recorded. Which defect?")
    page.get_by_role("link", name="New type").click()
    page.get_by_label("Name of the defect type").fill("dent")
    page.get_by_role("button", name="Record", exact=True).click()
    expect(page.locator(".viewer__foot b")).to_have_text("Part 12")
    assert labels(kiosk)[-1] == ("13", "right", "dent")
    context.close()
