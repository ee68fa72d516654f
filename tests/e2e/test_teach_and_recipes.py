"""From good parts to a recipe in force and back, in Chromium over the rendered demo; then the pages' own manners."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import ENGINEER, Screen
from tests.e2e.conftest import PIN as CELL_PIN
from tests.e2e.sizes import SIZES, cut_off
from tests.support.cells import Cell, until
from tests.support.kiosks_with_recipes import RecipeKiosk
from tests.support.screens import PIN

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

#: A lesson of twenty pictures on a busy machine.
LEARNT_WITHIN_S = 300


# --- the whole way, over the demo ----------------------------------------------------------------------------


@pytest.fixture
def engineer(screen: Screen) -> Screen:
    screen.page.goto(f"{screen.url}/sign-in?next=/line/line-3/recipes")
    screen.page.locator("main [name=who]").fill(ENGINEER)
    screen.page.locator("main [name=pin]").fill(CELL_PIN)
    screen.page.locator("main").get_by_role("button", name="Sign in").click()
    expect(screen.page.locator(".recipes__row--force")).to_be_visible()
    return screen


def in_force(screen: Screen) -> str:
    """`flange 2`, as the list says it."""
    return screen.page.locator(".recipes__row--force .recipes__name").inner_text().split("\n")[0]


def wait_for_lesson(page: Page) -> None:
    """As a person who stays at the screen: a kiosk signs out who does not touch it for a minute."""
    for _ in range(LEARNT_WITHIN_S // 10):
        page.keyboard.press("Shift")
        try:
            expect(page.get_by_role("slider", name="False-reject rate")).to_be_visible(timeout=10_000)
        except AssertionError:
            continue
        return
    raise AssertionError(f"not learnt within {LEARNT_WITHIN_S} s")


@pytest.mark.slow
def test_twenty_good_parts_become_the_recipe_in_force_and_the_one_before_comes_back(
    engineer: Screen, cell: Cell
) -> None:
    page = engineer.page
    before = in_force(engineer)
    until(lambda: sum(event.data["code"] == 0 for event in cell.events("part")) >= 20, 90, "twenty good parts")
    page.get_by_role("link", name="Teach").click()
    page.get_by_role("button", name="Begin").click()
    page.get_by_role("button", name="Take the last 20").click()
    expect(page.get_by_role("heading", name="20 good parts")).to_be_visible()
    page.get_by_role("button", name="Learn").click()
    wait_for_lesson(page)
    page.get_by_role("link", name="Continue").click()
    page.get_by_label("Reason").fill("first try at the kiosk")
    page.get_by_role("button", name="Activate").click()
    taught = page.get_by_role("heading", name=re.compile("is in force"))
    expect(taught).to_be_visible(timeout=30_000)
    new = taught.inner_text().strip().removesuffix(" is in force")
    name, version = new.split(" ")
    page.get_by_role("link", name="To the line").click()
    expect(engineer.one("recipe")).to_contain_text(f"{name} v{version}, taught")

    page.get_by_role("link", name="Recipe", exact=True).click()
    expect(page.locator(".recipes__row--force")).to_contain_text("first try at the kiosk")
    assert in_force(engineer) == new != before
    page.locator(".recipes__row--force a").first.click()
    page.locator(f'a.recipe__version[href*="version={before.split(" ")[1]}&"]').click()
    page.get_by_role("link", name=f"Choose {before.split(' ')[1]}").click()
    for letter in "old":
        page.locator(f'.keyboard [data-key="{letter}"]').click()
    page.get_by_role("button", name=f"Choose {before}").click()
    expect(page.locator(".recipes__row--force .recipes__name")).to_contain_text(before, timeout=30_000)
    page.get_by_role("link", name="Roll back").click()
    page.get_by_label("Too many rejects").check()
    page.get_by_role("button", name="Roll back").click()
    expect(page.locator(".recipes__row--force .recipes__name")).to_contain_text(new, timeout=30_000)
    reasons = [event.data["reason"] for event in cell.events("recipe-chosen")][-3:]
    assert reasons == ["first try at the kiosk", "old", "Too many rejects"]
    page.get_by_role("link", name="Line", exact=True).click()
    expect(engineer.one("recipe")).to_contain_text(f"{name} v{version}")


# --- the pages' own manners, over a kiosk whose keeper a test plays ------------------------------------------


@pytest.fixture
def kiosk(tmp_path: Path) -> Iterator[RecipeKiosk]:
    """`flange 1` in force, `flange 2` saved, ten recipes in all."""
    with RecipeKiosk(tmp_path) as running:
        running.run_line()
        running.accounts.add("Engineer 2", PIN, {"manufacturing": "engineer"}, by="the test")
        model = running.teach("20261120T080000.000Z")
        running.save("flange", model, plc_number=1, threshold={"limit": 4.8, "rate": 0.01})
        running.choose("flange", 1)
        running.save("flange", running.teach("20261122T101500.000Z"), plc_number=1, reason="new lamp, fewer rejects")
        for number in range(9):
            running.save(f"housing-{number}", model)
        running.part(11)
        yield running


@pytest.fixture
def recipes(browser: Browser, kiosk: RecipeKiosk) -> Iterator[Screen]:
    """The list, live, with an engineer before it; at the end its browser has had nothing against it."""
    context = browser.new_context(viewport={"width": 1920, "height": 1080})
    opened = Screen(context.new_page(), kiosk.url)
    opened.page.set_default_timeout(10_000)
    opened.listen()
    opened.page.goto(f"{kiosk.url}/sign-in?next=/line/line-3/recipes")
    opened.page.locator("main [name=who]").fill("Engineer 2")
    opened.page.locator("main [name=pin]").fill(PIN)
    opened.page.locator("main").get_by_role("button", name="Sign in").click()
    expect(opened.page.locator('body[data-line="live"] .recipes__row--force')).to_be_visible()
    yield opened
    context.close()
    assert opened.unexpected() == []


def open_section(page: Page, name: str) -> None:
    page.locator(f'[name=section][value="{name}"]').check()


def choose(screen: Screen, name: str, version: int) -> None:
    screen.page.goto(f"{screen.url}/line/line-3/recipes?do=choose&name={name}&version={version}")
    expect(screen.page.locator('body[data-line="live"]')).to_be_visible()
    screen.page.get_by_label("Trial").check()
    screen.page.get_by_role("button", name=f"Choose {name} {version}").click()


def test_a_load_is_told_while_it_lasts_and_its_end_comes_by_itself(recipes: Screen, kiosk: RecipeKiosk) -> None:
    choose(recipes, "flange", 2)
    expect(recipes.page.locator(".banner--idle")).to_contain_text("flange 2 is being loaded")
    kiosk.keep()
    expect(recipes.page.locator(".recipes__row--force .recipes__name")).to_contain_text("flange 2")
    expect(recipes.page.locator(".banner--idle")).to_have_count(0)


@pytest.mark.slow
def test_a_load_that_fails_says_why_by_itself(recipes: Screen, kiosk: RecipeKiosk) -> None:
    kiosk.played.broken.add("flange 20261122T101500.000Z")
    choose(recipes, "flange", 2)
    expect(recipes.page.locator(".banner--idle")).to_be_visible()
    kiosk.keep()
    expect(recipes.page.locator(".banner--attention")).to_contain_text("its golden vectors do not pass")
    expect(recipes.page.locator(".recipes__row--force .recipes__name")).to_contain_text("flange 1")


def test_what_the_plc_asks_for_comes_by_itself_and_leaves_what_is_typed_alone(
    recipes: Screen, kiosk: RecipeKiosk
) -> None:
    page = recipes.page
    page.goto(f"{recipes.url}/line/line-3/recipes/flange?edit=1")
    expect(page.locator('body[data-line="live"]')).to_be_visible()
    open_section(page, "limit")
    page.get_by_label("Limit", exact=True).click()
    for key in ("clear", "5", ".", "2"):
        page.locator(f'.recipe-edit__part--limit .numpad [data-key="{key}"]').click()
    page.get_by_label("Gain").click()
    page.locator('.recipe-edit__part--limit .numpad [data-key="2"]').click()
    kiosk.ask_for(7)
    expect(page.locator(".banner--fault b").last).to_have_text("WRONG RECIPE")
    expect(page.get_by_label("Limit", exact=True)).to_have_value("5.2")
    expect(page.get_by_label("Gain")).to_have_value("2")
    open_section(page, "reason")
    for letter in "ok":
        page.locator(f'.keyboard [data-key="{letter}"]').click()
    page.get_by_role("button", name="Save as 3").click()
    expect(page.locator(".recipe__version").first).to_contain_text("limit the model's own → 5.20")


def test_a_tap_is_not_lost_to_a_page_that_just_looks_again(recipes: Screen, kiosk: RecipeKiosk) -> None:
    look = re.compile(r"/line/line-3/recipes$")
    recipes.page.route(look, lambda _: None)  # the page's own look gets no answer
    with recipes.page.expect_request(look):
        kiosk.ask_for(7)
    recipes.page.get_by_role("link", name="Choose").first.click()
    expect(recipes.page.get_by_role("heading", name=re.compile("^Choose .*\\?$"))).to_be_visible()


def test_a_refusal_keeps_the_form_as_it_was(recipes: Screen) -> None:
    recipes.expected.append("Failed to load resource: the server responded with a status of 409")
    page = recipes.page
    page.goto(f"{recipes.url}/line/line-3/recipes/flange?edit=1")
    open_section(page, "limit")
    page.get_by_label("Review from").fill("9")
    open_section(page, "reason")
    page.locator(".recipe-edit [name=reason]").fill("trial")
    page.get_by_role("button", name="Save as 3").click()
    expect(page.locator(".review__fault")).to_contain_text("not below the limit")
    open_section(page, "limit")
    expect(page.get_by_label("Review from")).to_have_value("9")


@pytest.mark.slow
def test_a_silent_line_greys_the_keys_of_changes(recipes: Screen, kiosk: RecipeKiosk) -> None:
    kiosk.silence_line()
    expect(recipes.page.locator(".kiosk__banner--stale")).to_be_visible()
    key = recipes.page.get_by_role("link", name="Choose").first
    expect(key).to_have_css("box-shadow", re.compile("inset"))


PATHS = ["", "?page=2", "?do=choose&name=flange&version=2", "?do=retire&name=housing-1", "/flange", "/nothing",
         "/flange?show=history", "/flange?edit=1", "?section=limit", "?section=plc", "?section=region"]  # fmt: skip


@pytest.mark.slow
def test_nothing_is_cut_off_and_every_key_is_large_enough(recipes: Screen) -> None:
    recipes.expected.append("Failed to load resource: the server responded with a status of 404")
    for path, size in product(PATHS, SIZES):
        show_at(recipes, path, size)
        assert cut_off(recipes, size, "main :is(a, button, .switch__text, .review__field, .recipe-pick)") == [], path


def show_at(recipes: Screen, path: str, size: tuple[int, int]) -> None:
    section = path.partition("?section=")[2]
    recipes.page.set_viewport_size({"width": size[0], "height": size[1]})
    recipes.page.goto(f"{recipes.url}/line/line-3/recipes{'/flange?edit=1' if section else path}")
    if section:
        recipes.page.locator(f'[name=section][value="{section}"]').check()


@pytest.mark.slow
def test_the_pages_work_without_script(browser: Browser, kiosk: RecipeKiosk) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{kiosk.url}/sign-in?next=/line/line-3/recipes")
    page.locator("main [name=who]").fill("Engineer 2")
    page.locator("main [name=pin]").fill(PIN)
    page.locator("main").get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name=re.compile("^flange 1")).click()
    page.get_by_role("link", name="Change").click()
    open_section(page, "limit")
    page.get_by_label("Exposure").fill("1200")
    open_section(page, "reason")
    page.locator(".recipe-edit [name=reason]").fill("by hand")
    page.get_by_role("button", name="Save as 3").click()
    expect(page.locator(".recipe__version").first).to_contain_text("exposure as it is → 1200 µs")
    page.get_by_role("link", name="Retire").click()
    page.get_by_label("Trial").check()
    page.get_by_role("button", name="Retire").click()
    expect(page.locator(".review__fault")).to_contain_text("is in force: choose another one first")
    context.close()
