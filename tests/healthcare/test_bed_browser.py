"""A bed's pages in a real browser: numbers are patched, the record is swapped, orders go to this bed, forms score."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.support.bed_screens import BedRig, told
from tests.support.browsers import opened_browser
from tests.support.screens import eventually
from tests.support.ward_json import alarm, numerics, placed, reading, ward
from verticals.contract import Event, Reply

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with opened_browser(chromium) as running:
        yield running


@pytest.fixture(scope="module")
def station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BedRig]:
    with BedRig(tmp_path_factory.mktemp("ward")) as running:
        running.run_line()
        running.day_of_the_design()
        yield running


@pytest.fixture
def page(browser: Browser, station: BedRig) -> Iterator[Page]:
    station.orders.clear()
    station.answer = lambda where, command: Reply(True)
    station.tell(bed_7=told(), bed_6=told(alarms=[]), ward=ward())
    context = browser.new_context(viewport={"width": 1920, "height": 1080})
    opened = context.new_page()
    complaints: list[str] = []
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("console", lambda said: complaints.append(said.text) if "Content Security Policy" in said.text else None)
    opened.goto(f"{station.url}/bed/bed-7")
    yield opened
    context.close()
    assert complaints == []


def said(page: Page, place: str, text: str | re.Pattern[str]) -> None:
    from playwright.sync_api import expect

    expect(page.locator(place)).to_contain_text(text, timeout=8000)


def looks(page: Page, place: str, look: str) -> None:
    from playwright.sync_api import expect

    expect(page.locator(place)).to_have_class(re.compile(rf"(^| ){look}( |$)"), timeout=8000)


def test_numbers_and_alarms_come_by_the_stream(page: Page, station: BedRig) -> None:
    values = numerics(hr_per_min=reading("99", source="ECG"), rr_per_min=reading("33", alarm="medium"),
                      spo2_pct=reading("95"), temp_cel=reading("", "absent"))  # fmt: skip
    station.tell(bed_7=told(numerics=values))
    said(page, '[data-cell="hr"]', "99")
    looks(page, '[data-cell="rr"]', "now--hit-medium")
    looks(page, '[data-cell="t"]', "now--none")
    assert "hit" not in (page.locator('[data-cell="spo2"]').get_attribute("class") or "")
    station.tell(bed_7=placed("no-data"))
    looks(page, "[data-now]", "now--gone")


def test_what_is_recorded_is_drawn_anew(page: Page, station: BedRig) -> None:
    recorded = Event("standby", "bed-7", station.clock.now().utc_s, {"why": "in imaging"}, "bed-7", "Nurse 14")
    station.record(recorded)
    page.evaluate("document.dispatchEvent(new CustomEvent('ew:event', { detail: { station: 'bed-7' } }))")
    said(page, '[data-swap="log"]', "Standby: in imaging")


def test_acknowledge_is_about_this_bed_whatever_else_alarms(page: Page, station: BedRig) -> None:
    worse = alarm(9, "bed-6", began_utc_s=station.clock.now().utc_s - 300)
    station.tell(bed_6=told(alarms=[worse]))
    said(page, "[data-banner]", "BED 6")
    said(page, "[data-acknowledge]", "Acknowledge bed 7")
    page.locator("[data-acknowledge]").click()
    eventually(lambda: [where for where, command in station.orders if command.name == "acknowledge"] == ["bed-7"])
    page.locator('[data-do="busy"]').click()
    eventually(lambda: any(command.name == "busy" for _, command in station.orders))


def test_a_refusal_is_told(page: Page, station: BedRig) -> None:
    station.answer = lambda where, command: Reply(False, "It ended already.")
    page.locator('[data-do="accept"]').click()
    said(page, "[data-toast]", "It ended already.")


def test_a_line_that_hangs_makes_the_numbers_old(page: Page, station: BedRig) -> None:
    station.silence_line()
    looks(page, "main", "station--lost")
    station.tell(bed_7=told())


@pytest.mark.parametrize("path", ["/bed/bed-7", "/bed/bed-7/alarm/1", "/bed/bed-7/observations"])
def test_nothing_is_wider_than_a_phone(page: Page, station: BedRig, path: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(station.url + path)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_set_is_scored_while_it_is_entered(page: Page, station: BedRig) -> None:
    page.goto(f"{station.url}/bed/bed-7/observations")
    said(page, "[data-result]", "≥ 13")
    page.locator('.observe__key:has([value="A"])').click()
    page.locator('.observe__key:has([value="nasal-cannula"])').click()
    said(page, "[data-result]", "15 high")
    page.fill('[name="temp_cel"]', "99")
    said(page, "[data-result]", "99 is outside 25 to 45 °C.")
    said(page, '[data-number="temp_cel"]', "entered")
