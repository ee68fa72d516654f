"""From a PLC that nobody trusts to one whose tags are read, in Chromium over the whole demo as real processes."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import product
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from appliance.demo import MARK
from core.clock import SystemClock
from core.models.trust import Trust
from manufacturing.plc_security import trust_list
from tests.e2e.conftest import Screen
from tests.e2e.sizes import SIZES, cut_off
from tests.support.brightness import brightness_package
from tests.support.cells import Cell, until
from verticals.devices.opcua_trust import REJECTED, TRUSTED
from verticals.places import Places
from verticals.runtime.models import shelf_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator

#: Slow: a plant of its own, whose PLC loses its trust.
pytestmark = [pytest.mark.browser, pytest.mark.slow]

ENGINEER, PIN = "Engineer 4", "593026"
TRUST, TAGS = "/line/line-3/trust", "/line/line-3/tags"
PATHS = (TRUST, f"{TRUST}?view=all", f"{TRUST}?do=renew", f"{TRUST}?do=renew&writing=1", TAGS, f"{TAGS}?tag=Score",
         f"{TAGS}?tag=Score&keys=1")  # fmt: skip


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cell]:
    """A demo of its own, with a model that need not be taught first: what is trusted here is taken away."""
    folder = tmp_path_factory.mktemp("trust")
    places = Places(folder / "data")
    places.data.mkdir()
    (places.data / MARK).write_text("SIMULATED\n")
    brightness_package(folder / "made", Trust(places.keys), name="flange")
    shelf_of(places).install(folder / "made")
    shelf_of(places).activate("flange", "flange", "1")
    with Cell(folder, rate_per_s=0.5) as running:
        running.wait_for_parts(1, within_s=90)
        words = ["user", "add", ENGINEER, "--role", "manufacturing:engineer", "--pin-stdin"]
        subprocess.run(
            [sys.executable, "-m", "appliance.cli", *words, "--data", str(running.places.data)],
            input=PIN, text=True, check=True, stdout=subprocess.DEVNULL, timeout=60,
        )  # fmt: skip
        yield running


@pytest.fixture
def engineer(browser: Browser, plant: Cell) -> Iterator[Screen]:
    context = browser.new_context(viewport={"width": 1920, "height": 1080})
    opened = Screen(context.new_page(), plant.url)
    opened.page.set_default_timeout(20_000)
    opened.listen()
    opened.page.goto(f"{plant.url}/sign-in?next=/")
    token = opened.page.locator('meta[name="csrf"]').get_attribute("content") or ""
    said: dict[str, str | float | bool] = {"csrf": token, "who": ENGINEER, "pin": PIN, "next": "/"}
    assert context.request.post(f"{plant.url}/sign-in", form=said).ok
    opened.page.goto(plant.url)
    opened.expect_live()
    yield opened
    context.close()
    assert opened.unexpected() == []


def hold(key: Locator, for_s: float = 1.8) -> None:
    box = key.bounding_box()
    assert box is not None
    mouse = key.page.mouse
    mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    mouse.down()
    key.page.wait_for_timeout(for_s * 1000)
    mouse.up()


def test_a_plc_that_nobody_trusts_is_trusted_at_the_kiosk_and_the_line_connects(engineer: Screen, plant: Cell) -> None:
    trust, page = trust_list(plant.places, SystemClock()), engineer.page
    [known] = trust.held(TRUSTED)
    trust.reject(known.facts.fingerprint)
    trust.remove(known.facts.fingerprint)
    plant.kill("demo:plant")  # a connection that stands is kept: its end is what asks for trust
    expect(engineer.one("banner-word")).to_have_text("PLC NOT TRUSTED", timeout=30_000)
    page.get_by_role("link", name="Open Trust").click()
    expect(page.locator(".cert--rejected")).to_be_visible()
    shown = "".join(page.locator(".cert--rejected code").all_text_contents())
    assert shown == known.facts.fingerprint.upper()

    page.get_by_role("link", name="Trust", exact=True).click()
    key = page.get_by_role("button", name="Trust")
    page.get_by_role("radio", name="Commissioning").check()
    key.click()
    hold(key, 0.5)
    assert [held.facts.fingerprint for held in trust.held(REJECTED)] == [known.facts.fingerprint], "a tap is no trust"
    began_s = time.monotonic()
    hold(page.get_by_role("button", name="Trust"))
    expect(page.get_by_text("Trusted. The line connects")).to_be_visible()
    expect(page.locator('[data-swap="state"]')).to_contain_text("SECURED Basic256Sha256", timeout=20_000)
    assert time.monotonic() - began_s < 20
    assert [held.facts.fingerprint for held in trust.held(TRUSTED)] == [known.facts.fingerprint]


def test_the_plcs_tags_are_read_checked_and_found_to_fit(engineer: Screen, plant: Cell) -> None:
    page = engineer.page
    page.goto(plant.url + TAGS)
    page.get_by_role("button", name="Read the PLC's tags").click()
    expect(page.get_by_role("heading", name="22 of 22 look right")).to_be_visible(timeout=40_000)
    page.get_by_role("link", name=re.compile("^Score")).click()
    page.get_by_role("link", name="Keys").click()
    for letter in "latecount":
        page.locator(f'.keyboard [data-key="{letter}"]').click()
    page.get_by_role("button", name="Find").click()
    page.get_by_role("link", name=re.compile("LateCount")).click()
    expect(page.get_by_role("heading", name="21 of 22 look right")).to_be_visible()
    expect(page.locator(".tile--bad")).to_contain_text("its type is UInt32, expected is Float or Double")
    page.goto(plant.url + TAGS)
    page.get_by_role("button", name="Check at the PLC").click()
    expect(page.get_by_role("heading", name="22 of 22 fit, checked at the PLC")).to_be_visible(timeout=40_000)
    page.get_by_role("link", name="Save").click()
    expect(page.get_by_text("Nothing to save")).to_be_visible()


def test_every_key_is_as_large_as_a_finger_on_both_screens(engineer: Screen, plant: Cell) -> None:
    for path, size in product(PATHS, SIZES):
        engineer.page.set_viewport_size({"width": size[0], "height": size[1]})
        engineer.page.goto(plant.url + path)
        expect(engineer.page.locator(".leaf__foot")).to_be_visible()
        assert cut_off(engineer, size, ".leaf :is(a, button, .why__item, .review__field)", long=True) == [], path


def test_the_sheet_prints_on_paper(engineer: Screen, plant: Cell) -> None:
    engineer.page.goto(f"{plant.url}{TAGS}/sheet")
    expect(engineer.page.get_by_role("button", name="Print")).to_be_visible()
    engineer.page.emulate_media(media="print")
    expect(engineer.page.locator("nav")).to_be_hidden()
    assert engineer.page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
    until(lambda: engineer.page.locator("tbody tr").count() == 22, 5, "22 tags")
