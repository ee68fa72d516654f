"""The pages of the ward in a real browser: what is told comes by itself, and the downtime pack outlives the box."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.support.browsers import opened_browser
from tests.support.ward_json import bed, due
from tests.support.ward_rooms import RoomRig, desk

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RoomRig]:
    with RoomRig(tmp_path_factory.mktemp("ward"), beds=4) as running:
        running.run_line({f"bed-{number}": bed() for number in range(1, 5)}, desk())
        yield running


@pytest.fixture(scope="module")
def page(chromium: str, station: RoomRig) -> Iterator[Page]:
    """At the end no complaint of the browser about a page or its policy."""
    with opened_browser(chromium) as browser:
        opened = browser.new_page(viewport={"width": 390, "height": 844})
        complaints: list[str] = []
        opened.on("pageerror", lambda error: complaints.append(str(error)))
        opened.on("console", lambda said: complaints.append(said.text) if "Content Security" in said.text else None)
        yield opened
        assert complaints == []


@pytest.mark.parametrize("path", ["/due", "/patients", "/patients/bed-1", "/roster", "/handover", "/downtime"])
def test_every_page_opens_on_a_phone(page: Page, station: RoomRig, path: str) -> None:
    assert page.goto(f"{station.url}{path}", wait_until="domcontentloaded") is not None
    assert page.locator("h1").count() == 1
    if path not in ("/handover", "/downtime"):  # sheets of paper are wider than a phone
        assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_an_overdue_set_comes_by_itself(page: Page, station: RoomRig) -> None:
    page.goto(f"{station.url}/due")
    page.get_by_text("Nothing is due on this ward.").wait_for()
    station.tell(bed_3=bed(due=due("Full set", "NEWS2 5, hourly", -10, over=True)))
    page.locator('[data-due="bed-3"]').wait_for(timeout=10_000)


_SLOWLY = """() => {
  const real = window.fetch;
  window.fetch = async (...asked) => {
    const answer = await real(...asked);
    await new Promise((resolve) => { window.answered = resolve; });
    window.fetch = real;
    return answer;
  };
}"""


def test_nothing_is_drawn_anew_under_a_finger_that_came_down_while_the_box_answered(
    page: Page, station: RoomRig
) -> None:
    station.tell(bed_2=bed())
    page.goto(f"{station.url}/due")
    page.evaluate(_SLOWLY)
    row = page.locator('[data-due="bed-2"]')
    station.tell(bed_2=bed(due=due("Full set", "NEWS2 5, hourly", -10, over=True)))
    page.wait_for_function("window.answered", timeout=10_000)
    page.get_by_role("heading", level=1).hover()
    page.mouse.down()
    page.evaluate("window.answered()")
    page.wait_for_timeout(1500)  # several turns of redrawing
    assert row.count() == 0
    page.mouse.up()
    row.wait_for(timeout=10_000)


def test_a_phone_that_opens_is_seen_on_the_roster_by_itself(page: Page, station: RoomRig) -> None:
    page.goto(f"{station.url}/roster")
    assert page.get_by_text("no page open").count() == 3
    station.tell(ward=desk(phones={"Nurse 12": {"here": True, "sounds": True, "since_utc_s": 0.0}}))
    page.get_by_text("page open", exact=True).wait_for(timeout=10_000)


def test_the_downtime_pack_stays_when_the_box_is_gone(page: Page, station: RoomRig) -> None:
    page.goto(f"{station.url}/downtime")
    assert page.locator("[data-chart]").count() == 4
    station.silence_line()
    page.wait_for_timeout(600)  # a beat that is on its way
    station.stop()
    page.wait_for_timeout(7000)  # longer than any other page stays uncovered
    assert page.locator("[data-chart]").count() == 4 and page.get_by_text("Values as of").is_visible()
    assert page.get_by_text("SCREEN NOT UPDATING").count() == 0
