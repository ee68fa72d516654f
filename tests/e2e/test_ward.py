"""The nurse station over a simulated ward in Debian's Chromium: values, alarms, audio, a dead line, privacy."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.support.cells import until
from tests.support.ward_box import LINE, WardBox

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WardBox]:
    with WardBox(tmp_path_factory.mktemp("ward")) as running:
        running.wait_for_beds(15, within_s=60)
        until(running.answers, 30, "the screen is served", 0.2)
        yield running


@pytest.fixture
def wall(browser: Browser, ward: WardBox) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1920, "height": 1080})
    page = context.new_page()
    page.set_default_timeout(30_000)
    page.goto(ward.url)
    yield page
    context.close()


def test_every_bed_shows_its_numbers_and_the_screen_says_what_it_is(wall: Page) -> None:
    from playwright.sync_api import expect

    first = wall.locator('[data-sector="bed-1"]').first
    expect(first).to_contain_text(re.compile(r"HR.*\d{2}", re.S))
    expect(wall.locator("body")).to_contain_text("SIMULATED")
    expect(wall.locator("body")).to_contain_text("Secondary display. Not a medical device, not a primary alarm.")
    expect(wall.locator("body")).to_contain_text("AUDIO NOT COMMISSIONED")
    expect(wall.locator("body")).not_to_contain_text("Test, ")


def test_an_alarm_comes_is_acknowledged_and_outlives_a_killed_line(wall: Page, ward: WardBox) -> None:
    from playwright.sync_api import expect

    until(lambda: any(alarm["kind"] == "physiological" for alarm in ward.alarms().values()), 90, "an alarm", 0.2)
    key = wall.get_by_role("button", name=re.compile("^Acknowledge bed"))
    expect(key).to_be_enabled()
    key.click()
    until(lambda: any(alarm["state"] == "acknowledged" for alarm in ward.alarms().values()), 20, "acknowledged", 0.1)
    before = {number for number, alarm in ward.alarms().items() if alarm["state"] == "acknowledged"}
    os.kill(ward.pid(LINE), signal.SIGKILL)
    expect(wall.locator("body")).to_contain_text("CENTRAL LINK LOST", timeout=10_000)
    expect(wall.locator("body")).not_to_contain_text("CENTRAL LINK LOST", timeout=60_000)
    after = ward.alarms()
    gone = {number for number in before if number not in after}
    ends = {event.data["alarm"]["id"] for event in ward.events("alarm") if event.data["act"] in ("ended", "cancelled")}
    assert gone <= ends, "an alarm that was acknowledged is gone without its end"


def test_every_page_of_the_station_answers(ward: WardBox) -> None:
    for path in ("/", "/bed/bed-7", "/phone", "/patients", "/due", "/handover", "/downtime", "/audio-check"):
        assert "Secondary display" in ward.page(path) or path in ("/handover", "/downtime"), path
