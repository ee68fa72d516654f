"""What a person does at the kiosk: labels, signing in, and what the kiosk alone may not do."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import ENGINEER, PIN, Screen
from tests.support.cells import Cell, until
from verticals.contract import Event
from verticals.store.audit import AuditEntry
from verticals.store.box import open_box

pytestmark = pytest.mark.browser


def sign_in(screen: Screen, pin: str) -> None:
    screen.page.get_by_label("PIN").fill(pin)
    screen.page.locator("dialog form").get_by_role("button", name="Sign in").click()


def look_up(screen: Screen, number: int) -> str:
    """The part id of a result that was tapped, as the keys under it say."""
    screen.expect_live()
    screen.result(number).click()
    expect(screen.one("held-text")).to_contain_text("Looked up")
    part = screen.page.locator('[data-label="right"] .button__hint').inner_text().removeprefix("part ")
    expect(screen.one("part")).to_have_text(part)
    return part


def labels(cell: Cell, part: str) -> list[Event]:
    return [event for event in cell.events("label") if event.subject == part]


def audited(cell: Cell, act: str, part: str) -> list[AuditEntry]:
    from core.clock import SystemClock

    box = open_box(cell.places, {}, SystemClock())
    try:
        entries = [entry for entry in box.audit.read(newest_first=True) if entry.act == act]
        return [entry for entry in entries if json.loads(entry.detail)["args"]["part"] == part]
    finally:
        box.close()


def test_one_tap_makes_a_label_that_is_seen_at_once_kept_and_audited(screen: Screen, cell: Cell) -> None:
    part = look_up(screen, 6)
    key = screen.page.get_by_role("button", name="Right")
    key.click()
    expect(key).to_have_attribute("aria-pressed", "true")
    expect(screen.page.locator(".toast")).to_have_text(f"Part {part}: right, on record")
    [label] = until(lambda: labels(cell, part), 5, "the label is recorded")
    assert (label.data["label"], label.data["role"], label.who) == ("right", "operator", "")
    [entry] = until(lambda: audited(cell, "label", part), 5, "the order is audited")
    assert (entry.who, entry.role) == ("", "operator")
    expect(screen.page.locator(".results__item[data-label-kept]")).to_have_attribute("data-label-kept", "right")


def test_a_label_is_still_shown_when_the_part_is_looked_up_on_another_screen(screen: Screen) -> None:
    part = look_up(screen, 10)
    screen.page.get_by_role("button", name="Right").click()
    expect(screen.page.locator(".toast")).to_contain_text("on record")
    screen.page.reload()
    screen.expect_live()
    screen.page.get_by_role("button", name=f"Part {part}:").click()
    expect(screen.one("part")).to_have_text(part)
    expect(screen.page.get_by_role("button", name="Right")).to_have_attribute("aria-pressed", "true")


def test_a_wrong_pin_is_refused_and_the_right_one_puts_a_name_to_what_is_ordered(screen: Screen, cell: Cell) -> None:
    screen.expected.append("Failed to load resource: the server responded with a status of 401")
    screen.page.get_by_role("link", name="Sign in").click()
    screen.page.get_by_label("Number or name").fill(ENGINEER)
    sign_in(screen, "000000")
    fault = screen.page.locator("dialog [data-pin=fault]")
    expect(fault).to_be_visible()
    expect(fault).to_contain_text("PIN")
    sign_in(screen, PIN)
    expect(screen.page.locator(".kiosk__bar")).to_contain_text(ENGINEER)

    part = look_up(screen, 11)
    screen.page.get_by_role("button", name="Right").click()
    [label] = until(lambda: labels(cell, part), 5, "the label is recorded")
    assert (label.who, label.data["role"]) == (ENGINEER, "engineer")
    [entry] = until(lambda: audited(cell, "label", part), 5, "the order is audited")
    assert entry.who == ENGINEER

    screen.page.get_by_role("button", name="Sign out").click()
    expect(screen.page.locator(".kiosk__bar")).to_contain_text("No one signed in")


@pytest.mark.parametrize(
    "path, status", [("/line/line-3/engineer/activate", 401), ("/line/line-3/order/activate", 404)]
)
def test_the_kiosk_cannot_do_what_takes_an_engineer(screen: Screen, cell: Cell, path: str, status: int) -> None:
    screen.expected.append(f"Failed to load resource: the server responded with a status of {status}")
    before = len(cell.events("recipe-asked"))
    answer = screen.ask(path, {"name": "flange", "version": "1"})
    assert answer["status"] == status
    assert not answer.get("accepted")
    assert len(cell.events("recipe-asked")) == before


def test_an_order_without_the_token_of_the_page_is_refused(screen: Screen) -> None:
    screen.expected.append("Failed to load resource: the server responded with a status of 403")
    script = "() => fetch('/line/line-3/order/stop', { method: 'POST' }).then((answer) => answer.status)"
    assert screen.page.evaluate(script) == 403
