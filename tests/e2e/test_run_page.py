"""The run page over the running cell: parts come, a defect shows its place, a bypass and a lost camera say so."""

from __future__ import annotations

import os
import re
import signal

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Screen
from tests.e2e.sizes import SIZES, cut_off
from tests.support.cells import CAMERA, Cell

pytestmark = pytest.mark.browser

JUDGED = re.compile(r"^(OK|NG)$")


def test_verdicts_come_one_after_the_other_and_the_counts_follow(screen: Screen) -> None:
    newest, infeed = screen.result(12), screen.one("count-infeed")
    first, counted = newest.inner_text(), infeed.inner_text()
    expect(newest).not_to_have_text(first)
    expect(infeed).not_to_have_text(counted)
    expect(screen.word).to_have_text(JUDGED)
    expect(screen.page.locator(".verdict__score")).to_contain_text(re.compile(r"^\d+\.\d\d (under|over) \d+\.\d\d$"))
    expect(screen.page.locator(".results li")).to_have_count(12)


def test_the_whole_part_is_seen_and_a_defect_is_flagged_where_it_is(screen: Screen) -> None:
    expect(screen.page.locator(".results__item--ng").first).to_be_visible(timeout=30_000)
    screen.page.locator(".results__item--ng").last.click()
    expect(screen.one("flag-text")).to_have_text(re.compile(r"^Defect \d+\.\d\d over \d+\.\d\d$"))
    frame = screen.one("frame")
    assert frame.get_attribute("viewBox") == "0 0 800 600"
    assert str(frame.get_attribute("preserveAspectRatio")).endswith("meet")
    image, flag, outline = (screen.one(name).bounding_box() for name in ("photo", "flag", "outline"))
    assert image and flag and outline
    assert image["width"] / image["height"] == pytest.approx(800 / 600, rel=0.01)
    half_stroke = 4
    assert image["x"] - half_stroke <= outline["x"]
    assert outline["x"] + outline["width"] <= image["x"] + image["width"] + half_stroke
    view = screen.page.locator(".viewer__image").bounding_box()
    assert view and view["y"] <= flag["y"] and flag["y"] + flag["height"] <= view["y"] + view["height"]
    expect(screen.one("fact-where")).to_have_text(re.compile(r"^[a-z ]+, \d+ × \d+ px$"))
    for inset in ("this", "good"):
        assert str(screen.one(inset).get_attribute("href")).startswith("/evidence/")


def test_nothing_on_the_page_is_wider_than_its_place(screen: Screen) -> None:
    wide = screen.page.evaluate(
        """() => [...document.querySelectorAll('main *')].filter((e) => e.checkVisibility() && !e.closest('svg')
          && e.clientWidth > 0 && getComputedStyle(e).display !== 'inline' && e.scrollWidth > e.clientWidth + 1)
          .map((e) => `${e.className}: ${e.textContent.trim().slice(0, 40)}`)"""
    )
    assert wide == []
    assert screen.page.evaluate("document.documentElement.scrollHeight") == 1080


def test_simulated_stands_everywhere(screen: Screen) -> None:
    expect(screen.page.locator(".chip--sim")).to_have_text("SIMULATED")
    expect(screen.one("banner-word")).to_have_text("SIMULATED")
    expect(screen.page.locator(".verdict")).to_contain_text("SIMULATED")
    expect(screen.page.locator(".kiosk--sim")).to_be_visible()


def test_a_bypass_says_why_and_when_it_ends_and_is_ended_by_one_tap(screen: Screen, cell: Cell) -> None:
    screen.page.get_by_role("button", name="Bypass", exact=True).click()
    screen.page.get_by_role("button", name="Lens cleaning").click()
    expect(screen.word).to_have_text("BYPASS")
    expect(screen.one("banner-text")).to_have_text("Parts not inspected, by operator: Lens cleaning")
    expect(screen.one("banner-age")).to_have_text(re.compile(r"^ends by itself in 9:5\d$"))
    expect(screen.one("outcome")).to_have_text(re.compile(r"^\d+ parts? on hold$"))
    screen.page.get_by_role("button", name="End bypass now").click()
    expect(screen.word).to_have_text(JUDGED)
    assert [event.data["how"] for event in cell.events("bypass-ended")] == ["by order"]


def test_a_job_is_stopped_by_holding_the_key_and_started_by_a_tap(screen: Screen) -> None:
    stop = screen.page.get_by_role("button", name="Stop job")
    stop.click()
    stop.hover()
    screen.page.mouse.down()
    expect(screen.word).to_have_text("STOPPED", timeout=5000)
    screen.page.mouse.up()
    expect(screen.one("outcome")).to_have_text("Ready is off at the PLC")
    screen.page.get_by_role("button", name="Start job").click()
    expect(screen.word).to_have_text(JUDGED)


def test_a_camera_that_hangs_is_told_with_what_to_do(screen: Screen, cell: Cell) -> None:
    camera = cell.pid(CAMERA)
    os.kill(camera, signal.SIGSTOP)
    try:
        expect(screen.one("banner-word")).to_have_text("CAMERA LOST")
        expect(screen.word).to_have_text("NO DECISION")
        expect(screen.one("cover")).to_contain_text("No picture since")
        expect(screen.page.locator(".steps li")).to_have_count(3)
        expect(screen.one("camera")).to_have_text(re.compile(r"^lost 0:\d\d$"))
    finally:
        os.kill(camera, signal.SIGCONT)
    expect(screen.word).to_have_text(JUDGED)
    expect(screen.one("cover")).to_be_hidden()


def test_nothing_is_cut_off_on_either_screen(screen: Screen) -> None:
    for size in SIZES:
        screen.page.set_viewport_size({"width": size[0], "height": size[1]})
        assert cut_off(screen, size, ".kiosk__keys .button, .kiosk__right .button") == []
        clock = screen.page.locator(".kiosk__clock").bounding_box()
        chips = [box for chip in screen.page.locator(".kiosk__bar .chip:visible").all() if (box := chip.bounding_box())]
        assert clock is not None
        assert all(chip["x"] + chip["width"] <= clock["x"] for chip in chips)
