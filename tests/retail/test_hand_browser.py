"""The hand-held in a real browser: scanning, and a box that is away for a while."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.browsers import opened_browser
from tests.support.screens import eventually
from tests.support.store_filled import BAGS, GTINS, SHOWN, count_sheet, fill
from tests.support.store_screens import StoreRig
from verticals.store.inbox import Inbox

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser
CODE = BAGS[1:]


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with opened_browser(chromium) as running:
        yield running


@pytest.fixture
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreRig]:
    with StoreRig(tmp_path_factory.mktemp("hand")) as running:
        fill(running)
        count_sheet(running)
        yield running.run_line(**SHOWN)


@pytest.fixture
def page(store: StoreRig, browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    jar = store.associate.cookies.jar
    context.add_cookies([{"name": one.name, "value": one.value or "", "url": store.url} for one in jar])
    page = context.new_page()
    page.set_default_timeout(30_000)
    page.add_init_script(
        "window.beeps = []; document.addEventListener('store:beep', ({ detail }) => window.beeps.push(detail.good))"
    )
    yield page
    context.close()


def scan(page: Page, code: str) -> None:
    page.keyboard.type(code)
    page.keyboard.press("Enter")


def scan_at_pace(page: Page, code: str, *, times: int, every_ms: int) -> None:
    """As a scanner types, all letters at once, by the browser's own clock."""
    page.evaluate(
        """async ([code, times, everyMs]) => {
          const press = (key) => document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
          for (let scan = 0; scan < times; scan += 1) {
            for (const letter of code) press(letter);
            press("Enter");
            await new Promise((next) => setTimeout(next, everyMs));
          }
        }""",
        [code, times, every_ms],
    )


def sent(page: Page) -> None:
    """Returns when the box has acknowledged everything."""
    page.locator('body[data-unsent="0"]').wait_for()


def brought(store: StoreRig) -> list[dict[str, Any]]:
    """Every line that is in the inbox, in whatever batch."""
    found: list[dict[str, Any]] = []
    for one in Inbox(store.store.engine).pending():
        lines = one.payload["lines"]
        found += json.loads(lines) if isinstance(lines, str) else lines
    return found


def open_count(store: StoreRig, page: Page) -> None:
    page.goto(f"{store.url}/count/c-3")
    page.locator("[data-count][data-ready]").wait_for()


def test_five_scans_a_second_are_taken_with_a_beep_each_and_a_running_total(store: StoreRig, page: Page) -> None:
    open_count(store, page)
    scan_at_pace(page, CODE, times=15, every_ms=200)
    page.locator("[data-total]", has_text=re.compile("^15$")).wait_for()
    scan(page, "9999999999999")
    page.get_by_text("Code not known").wait_for()
    assert page.evaluate("window.beeps") == [True] * 15 + [False]
    page.get_by_role("button", name="One less").click()
    page.locator("[data-total]", has_text=re.compile("^14$")).wait_for()
    page.keyboard.type(f"]C101{GTINS[10]}10L77")  # GS1: the box reads lot and date of it
    page.keyboard.press("Control+]")
    scan(page, "17261201")
    page.locator("[data-name]", has_text="Extra strong bags").wait_for()
    page.locator("[data-sub]", has_text="2 of 5 counted").wait_for()
    sent(page)
    lines = brought(store)
    assert sum(one["quantity"] for one in lines if one.get("gtin") == BAGS) == 14
    assert [one["code"] for one in lines if one.get("code")] == [
        "9999999999999",
        f"]C101{GTINS[10]}10L77\u001d17261201",
    ]
    assert "expected" not in page.content()


def test_numbers_are_typed_and_none_is_said(store: StoreRig, page: Page) -> None:
    open_count(store, page)
    page.get_by_role("button", name="Type a number").click()
    page.get_by_label("Pieces").fill("2.5")
    page.get_by_role("button", name="Set").click()
    page.get_by_text("Pieces are whole numbers.").wait_for()
    page.get_by_label("Pieces").fill("37")
    page.get_by_role("button", name="Set").click()
    page.locator("[data-total]", has_text="37").wait_for()
    page.get_by_role("button", name="Next product").click()
    page.get_by_role("button", name="None there").click()
    page.locator("[data-sub]", has_text="2 of 5 counted").wait_for()
    sent(page)
    assert [(one["gtin"], one["quantity"], one["mode"]) for one in brought(store)] == [
        (BAGS, 37, "set"), (GTINS[10], 0, "set"),
    ]  # fmt: skip


def test_a_count_goes_on_without_the_box_and_nothing_is_lost_or_doubled(store: StoreRig, page: Page) -> None:
    open_count(store, page)
    page.locator("body[data-kept]").wait_for()
    scan_at_pace(page, CODE, times=1, every_ms=0)
    page.locator("[data-total]", has_text=re.compile("^1$")).wait_for()
    sent(page)
    store.stop()
    scan_at_pace(page, CODE, times=27, every_ms=50)
    page.locator("[data-total]", has_text=re.compile("^28$")).wait_for()
    page.get_by_text(re.compile(r"Offline\. 27 changes waiting, oldest \d+ s")).wait_for()
    page.reload()  # a battery that was changed: the page comes from what the hand-held keeps
    page.locator("[data-total]", has_text=re.compile("^28$")).wait_for()
    page.get_by_text(re.compile(r"27 changes waiting")).wait_for()
    page.goto(f"{store.url}/tasks")
    page.get_by_text("Oat milk, 1 l").wait_for()
    page.get_by_text(re.compile(r"27 changes waiting")).wait_for()
    store.start()
    sent(page)
    keys = Counter(one["key"] for one in brought(store))
    assert (len(keys), set(keys.values())) == (28, {1})


def test_a_task_that_was_done_without_the_box_is_told_to_it_later(store: StoreRig, page: Page) -> None:
    page.goto(f"{store.url}/tasks")
    page.locator("body[data-kept]").wait_for()
    store.silence_line()
    page.get_by_role("button", name="One more").first.click()
    page.get_by_role("button", name="Done").first.click()
    page.locator("#t-1").wait_for(state="hidden")
    page.locator("#t-2.task--open").wait_for()
    page.get_by_text(re.compile(r"1 change waiting")).wait_for()
    assert store.orders == []
    store.tell(store=SHOWN)
    sent(page)
    assert [(one.name, dict(one.args), one.who) for one in store.orders] == [
        ("task-done", {"task": "t-1", "quantity": "7"}, "Operator 22")
    ]


def test_a_number_that_was_stepped_stays_when_the_list_is_drawn_anew(store: StoreRig, page: Page) -> None:
    page.goto(f"{store.url}/tasks")
    page.locator("body[data-kept]").wait_for()
    page.get_by_role("button", name="One more").first.click()
    page.locator("#t-1").evaluate("task => { task.dataset.old = 'yes'; }")
    store.tell(store=SHOWN)
    page.locator("#t-1:not([data-old])").wait_for()
    assert page.locator("#t-1 [name=quantity]").input_value() == "7"
    assert page.locator("#t-1 [name=quantity]").get_attribute("value") == "6"


def test_what_the_box_refuses_is_said_and_stays_until_somebody_has_read_it(store: StoreRig, page: Page) -> None:
    from verticals.contract import Reply

    store.answer = lambda command: Reply(False, "Operator 31 has this task already.")
    page.goto(f"{store.url}/tasks")
    page.get_by_role("button", name="Not true").first.click()
    page.get_by_text("Refused: Kitchen bags tall, 45 pcs, not true. Operator 31 has this task already.").wait_for()
    page.get_by_role("button", name="Understood").click()
    page.locator("[data-waiting]").wait_for(state="hidden")


def test_a_delivery_is_scanned_and_typed(store: StoreRig, page: Page) -> None:
    store.insert("purchase_orders", {"id": "o-4", "supplier": "Household Ltd", "state": "sent"})
    store.insert("purchase_order_lines", {"order_id": "o-4", "gtin": BAGS, "thousandths": 24000})
    store.insert("receivings", {"id": "r-2", "order_id": "o-4", "supplier": "Household Ltd", "ref": "DN 17"})
    page.goto(f"{store.url}/receive/r-2")
    page.locator("[data-receive][data-ready]").wait_for()
    scan_at_pace(page, CODE, times=3, every_ms=50)
    page.locator("[data-total]", has_text=re.compile("^3$")).wait_for()
    page.get_by_text("of 24 ordered").wait_for()
    page.get_by_role("button", name="Type what came").click()
    page.get_by_label("Pieces").fill("12")
    page.get_by_label("Damaged of it").fill("13")
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_text("No more can be damaged than came.").wait_for()
    page.get_by_label("Damaged of it").fill("1")
    page.get_by_label("Lot").fill("L7")
    page.get_by_role("button", name="Add", exact=True).click()
    page.locator("[data-total]", has_text=re.compile("^15$")).wait_for()
    sent(page)
    assert [(one["quantity"], one.get("damaged"), one.get("lot")) for one in brought(store)] == [
        (1, None, None), (1, None, None), (1, None, None), (12, 1, "L7"),
    ]  # fmt: skip
    page.get_by_role("button", name="Book the delivery").click()
    eventually(lambda: [one.name for one in store.orders] == ["receive-finish"])


def test_goods_that_were_moved_are_booked_once_also_when_the_box_was_away(store: StoreRig, page: Page) -> None:
    page.goto(f"{store.url}/look?q={BAGS}")
    page.locator("[data-look][data-ready]").wait_for()
    store.stop()
    page.get_by_label("What you did").select_option("From the back room to the shelf")
    page.get_by_role("button", name="One more").click()
    page.get_by_role("button", name="Book it").click()
    page.get_by_text("2: From the back room to the shelf. Kept, and sent to the box.").wait_for()
    page.get_by_text(re.compile(r"1 change waiting")).wait_for()
    store.start()
    sent(page)
    [fact] = Inbox(store.store.engine).pending()
    [document] = fact.payload["documents"]
    assert (document["kind"], document["who"], document["lines"][0]["thousandths"]) == ("move", "Operator 22", 2000)


def test_everything_fits_a_hand_and_can_be_touched(store: StoreRig, page: Page) -> None:
    for path in ("/tasks", "/count", "/count/c-3", "/receive", "/look", f"/look?q={GTINS[13]}"):
        page.goto(store.url + path)
        wide = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
        assert wide == [390, 844], path
        small = page.evaluate(
            """() => [...document.querySelectorAll("button, main a:not(.task__to), input, select")]
              .filter((one) => one.checkVisibility())
              .map((one) => [one.textContent.trim(), one.getBoundingClientRect()])
              .filter(([, box]) => box.height < 43.5 || box.width < 43.5)
              .map(([text, box]) => `${text} ${box.width}x${box.height}`)"""
        )
        assert small == [], path
