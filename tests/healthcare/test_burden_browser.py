"""The burden page in a real browser: steps and a replay under way are drawn without loading the page anew."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.browsers import opened_browser
from tests.support.ward_past import NOW_UTC_S, PastRig, WardPast, ward_settings
from verticals.places import Places

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[PastRig]:
    settings = ward_settings(1)
    begin = NOW_UTC_S - 6 * 3600.0
    WardPast(Places(tmp_path / "data"), settings, begin, days=0.25, every_s=5.0, measures=("spo2_pct",)).write()
    with PastRig(tmp_path, settings) as running:
        yield running.run_line()


@pytest.fixture
def page(rig: PastRig, chromium: str) -> Iterator[Page]:
    with opened_browser(chromium) as browser:
        page = browser.new_page(viewport={"width": 1920, "height": 1080})
        jar = rig.charge().cookies.jar
        page.context.add_cookies([{"name": one.name, "value": one.value or "", "url": rig.url} for one in jar])
        page.goto(f"{rig.url}/burden?period=day")
        yield page


def test_steps_and_the_result_of_a_replay_come_without_a_new_page_and_nothing_is_cut_off(
    rig: PastRig, page: Page
) -> None:
    page.evaluate("window.same = true")
    page.get_by_role("link", name="Higher").first.click()
    page.get_by_text("SpO₂ low, delay 5 s to 10 s").wait_for()
    page.get_by_role("link", name="Higher").first.click()
    page.get_by_text("SpO₂ low, delay 5 s to 15 s").wait_for()
    assert page.evaluate("window.same") is True

    page.get_by_role("button", name="Replay the recorded values").click()
    page.get_by_text("Waiting for its turn").wait_for()
    page.evaluate("window.same = true")
    rig.work()
    page.get_by_text("events that staff acted on").wait_for()
    assert page.evaluate("window.same") is True
    cut = "() => { const panel = document.querySelector('.whatif'); return panel.scrollHeight - panel.clientHeight; }"
    assert page.evaluate(cut) <= 0
    assert page.evaluate("document.documentElement.scrollWidth") == 1920

    page.get_by_role("textbox", name="Reason").fill("too many short ones")
    page.get_by_role("button", name="Propose to ward lead").click()
    page.get_by_text("Proposed to the ward lead, on record.").wait_for()
    assert [event.data["reason"] for event in rig.store.read(kinds=("proposal",))] == ["too many short ones"]
    assert page.evaluate(cut) <= 0
