"""The back office in a real browser: what a person does and what the store tells is drawn without a new page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.support.browsers import opened_browser
from tests.support.store_filled import BAGS, SHOWN, fill
from tests.support.store_screens import NOW_MS, StoreRig
from verticals.contract import Command, Reply
from verticals.store.inbox import Inbox

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser
_WATCH = (
    "window.faults = []; addEventListener('error', (event) => window.faults.push(event.message));"
    "document.addEventListener('securitypolicyviolation', (event) => window.faults.push(event.violatedDirective))"
)


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with opened_browser(chromium) as running:
        yield running


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreRig]:
    with StoreRig(tmp_path_factory.mktemp("office")) as running:
        fill(running)
        yield running.run_line(**SHOWN)


@pytest.fixture
def page(store: StoreRig, browser: Browser) -> Iterator[Page]:
    store.orders.clear()
    store.answer = lambda command: Reply(True)
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    jar = store.lead.cookies.jar
    context.add_cookies([{"name": one.name, "value": one.value or "", "url": store.url} for one in jar])
    page = context.new_page()
    page.set_default_timeout(30_000)
    page.add_init_script(_WATCH)
    yield page
    assert page.evaluate("window.faults") == []
    context.close()


def test_a_task_is_done_or_not_true_and_the_list_goes_on(store: StoreRig, page: Page) -> None:
    def ends(command: Command) -> Reply:
        store.end_task(str(command.args["task"]), "done" if command.name == "task-done" else "not-true")
        return Reply(True)

    store.answer = ends
    page.goto(store.url)
    page.evaluate("window.same = true")
    page.locator("#done-t-1").click()
    page.locator("#t-1").wait_for(state="detached")
    page.locator("#not-t-3").click()
    page.locator("#t-3").wait_for(state="detached")
    assert [(one.name, one.args["task"]) for one in store.orders] == [("task-done", "t-1"), ("task-not-true", "t-3")]
    page.get_by_role("link", name="Markdown 2").click()
    page.locator("#t-2").wait_for(state="detached")
    page.get_by_role("link", name="All 9").click()
    page.locator("#look-t-2").click()
    page.wait_for_url("**task=t-2**")  # a tap while the one before is on its way is dropped
    page.locator(".product__name", has_text="Oat milk").wait_for()
    store.answer = lambda command: Reply(False, "Operator 31 has this task already.")
    page.locator("#done-t-2").click()
    page.get_by_text("Operator 31 has this task already.").wait_for()
    assert page.evaluate("window.same") is True


def test_what_the_store_tells_is_drawn_and_the_focus_stays(store: StoreRig, page: Page) -> None:
    page.goto(store.url)
    page.locator("#not-t-5").focus()
    store.insert("tasks", {"id": "t-77", "kind": "check", "gtin": BAGS, "value_cents_h": 99999, "reason": "odd",
                           "opened_ms": NOW_MS})  # fmt: skip
    store.tell(store={**SHOWN, "phantoms": 8})
    page.locator("#t-77").wait_for()
    page.locator(".kpis__value", has_text="8products").wait_for()
    assert page.evaluate("document.activeElement.id") == "not-t-5"
    store.end_task("t-77", "closed")


def test_a_suggestion_is_added_to_an_order(store: StoreRig, page: Page) -> None:
    store.answer = lambda command: Reply(True, data={"order": "o-5"})
    page.goto(f"{store.url}/?product={BAGS}")
    page.get_by_role("button", name="Add to order").click()
    page.wait_for_url("**/orders?order=o-5")
    assert [(one.name, dict(one.args)) for one in store.orders] == [("order-add", {"gtin": BAGS})]


def test_slots_are_drawn_over_the_still_and_moved_by_keys(store: StoreRig, page: Page) -> None:
    page.goto(f"{store.url}/shelf/A7.2/setup")
    page.locator("[data-setup][data-ready]").wait_for()
    box = page.locator("[data-drawing]").bounding_box()
    assert box is not None

    def at(x: float, y: float) -> tuple[float, float]:
        """Of the picture, which keeps its sides of 4 to 3 in the middle of its place."""
        wide = min(box["width"], box["height"] * 4 / 3)
        left, top = box["x"] + (box["width"] - wide) / 2, box["y"] + (box["height"] - wide * 3 / 4) / 2
        return left + x * wide, top + y * wide * 3 / 4

    page.mouse.move(*at(0.1, 0.1))
    page.mouse.down()
    page.mouse.move(*at(0.2, 0.2))
    page.mouse.move(*at(0.3, 0.4))
    page.mouse.up()
    page.locator("[data-which]", has_text="1-01").wait_for()
    page.get_by_role("button", name="Left more").click()
    page.get_by_role("button", name="Width less").click()
    page.get_by_role("button", name="One facing more").click()
    page.get_by_role("button", name="Add a slot").click()
    page.locator("[data-which]", has_text="1-02").wait_for()
    page.get_by_role("combobox", name="Product").fill("Kitchen bags tall, 45 pcs")
    page.get_by_role("button", name="Save the plan").click()
    page.get_by_text("Saved: 2 slots, 2 of them in the planogram.").wait_for()
    [first, second] = Inbox(store.store.engine).pending()[-1].payload["slots"]
    assert (first["shelf"], first["slot"], first["facings_wide"]) == (1, 1, 3)
    assert (second["slot"], second["gtin"]) == (2, BAGS)
    left = page.evaluate("Number(document.querySelector('[data-slots] rect').getAttribute('x')) / 1280")
    assert left == pytest.approx(0.105, abs=0.01)


PATHS = (
    "/", "/products", f"/product/{BAGS}", "/counts", "/orders", "/reports", "/settings", "/shelves", "/shelf/A7.2",
    "/shelf/A7.2/setup", "/ledger",
)  # fmt: skip
_CUT = """() => [...document.querySelectorAll("h1, h2, button, a, td, dd, .kpis__value, .kpis__name, .dim")]
  .filter((one) => one.checkVisibility() && !one.closest(".clip, .visually-hidden, .subbar") && one.clientWidth
    && one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).overflow !== "visible")
  .map((one) => one.textContent.trim().slice(0, 60))"""
_SMALL = """() => [...document.querySelectorAll("main button, main input, main select")]
  .filter((one) => one.checkVisibility() && !one.closest(".segmented, .field") && one.type !== "range")
  .map((one) => [one.textContent.trim() || one.name, one.getBoundingClientRect()])
  .filter(([, box]) => box.height && box.height < 43.5)
  .map(([text, box]) => `${text} ${box.width}x${box.height}`)"""


def test_every_page_fits_every_desk(store: StoreRig, page: Page) -> None:
    """Nothing stands out, is cut off, or is too small to touch."""
    for path in PATHS:
        page.goto(store.url + path)
        for width, height in ((1280, 800), (1440, 900), (1920, 1080)):
            page.set_viewport_size({"width": width, "height": height})
            size = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
            assert size == [width, height], path
            assert page.evaluate(_CUT) == [], (path, width)
        assert page.evaluate(_SMALL) == [], path


def test_a_hand_wide_window_shows_the_same_page(store: StoreRig, page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    for path in ("/", "/shelves", "/orders", "/settings"):
        page.goto(store.url + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path


def test_events_of_the_store_reach_the_page(store: StoreRig, page: Page) -> None:
    page.goto(f"{store.url}/product/{BAGS}")
    page.get_by_text("Receipt of 12").wait_for()
    line = {"line": 1, "gtin": BAGS, "thousandths": 5000, "from": "supplier", "to": "backroom"}
    said = {"source": "delivery", "ref": "d77", "kind": "receipt", "at_utc_s": NOW_MS / 1000 - 5, "lines": [line]}
    store.documents(said)
    store.tell(store={**SHOWN, "sold_utc_s": SHOWN["sold_utc_s"] + 1})
    page.get_by_text("Receipt of 5").wait_for()
