"""A person's own page in a real browser: an alarm comes to it, a key goes out, and a lost link is said."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.support.browsers import opened_browser
from tests.support.screens import PIN
from tests.support.screens import eventually as in_time
from tests.support.ward_json import alarm, bed
from tests.support.ward_rooms import RoomRig, desk
from verticals.contract import Reply

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RoomRig]:
    with RoomRig(tmp_path_factory.mktemp("phone")) as running:
        running.run_line({f"bed-{number}": bed() for number in range(1, 17)}, desk())
        running.accounts.add("Nurse 14", PIN, {"healthcare": "nurse"}, by="the test")
        yield running


@pytest.fixture(scope="module")
def phone(chromium: str, station: RoomRig) -> Iterator[Page]:
    """At the end no complaint of the browser about the page or its policy."""
    with opened_browser(chromium) as browser:
        context = browser.new_context(viewport={"width": 390, "height": 844})
        page = context.new_page()
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if "Content Security" in said.text else None)
        page.goto(f"{station.url}/sign-in?next=/phone")
        form: dict[str, str | float | bool] = {
            "csrf": page.get_attribute("meta[name=csrf]", "content") or "",
            "who": "Nurse 14",
            "pin": PIN,
            "next": "/phone",
        }
        context.request.post(f"{station.url}/sign-in", form=form, max_redirects=0)
        page.goto(f"{station.url}/phone")
        yield page
        assert complaints == []


def called(phone: Page, station: RoomRig) -> None:
    """An alarm calls this person, whatever the page showed before."""
    station.tell(bed_7=bed(alarm(told=["Nurse 14"])))
    phone.locator('[data-call="bed-7/1"]').wait_for(timeout=10_000)


@pytest.mark.slow
def test_the_page_tells_the_box_that_it_is_here(phone: Page, station: RoomRig) -> None:
    phone.get_by_text("This phone is connected").wait_for()
    in_time(lambda: any(command.name == "phone-here" for _, command in station.orders), within_s=15)
    _, command = next(one for one in station.orders if one[1].name == "phone-here")
    assert command.who == "Nurse 14"


def test_an_alarm_that_calls_comes_by_itself_and_fits_the_phone(phone: Page, station: RoomRig) -> None:
    phone.get_by_text("No alarm calls you").wait_for()
    called(phone, station)
    assert phone.evaluate("document.documentElement.scrollWidth") == 390
    for key in phone.locator("[data-order]").all():
        box = key.bounding_box()
        assert box is not None and box["height"] >= 64 and box["width"] >= 120
    assert phone.locator("[data-sounds]").get_attribute("data-sounds") == (
        '{"ids": ["bed-7/1"], "louder": false, "priority": "high"}'
    )


def test_a_tap_accepts_for_this_person_and_a_refusal_is_said(phone: Page, station: RoomRig) -> None:
    called(phone, station)
    station.orders.clear()
    phone.locator('[data-order="accept"]').click()
    in_time(lambda: any(command.name == "accept" for _, command in station.orders), within_s=10)
    where, command = next(one for one in station.orders if one[1].name == "accept")
    assert (where, command.who, dict(command.args)) == ("bed-7", "Nurse 14", {"alarm": "bed-7/1"})
    station.answer = lambda where, command: Reply(command.name != "busy", "It is not on the board any more.")
    phone.locator('[data-order="busy"]').click()
    phone.get_by_text("It is not on the board any more.").wait_for(timeout=10_000)
    station.answer = lambda where, command: Reply(True)


def test_a_look_that_hangs_is_given_up_and_made_again(phone: Page, station: RoomRig) -> None:
    """As between two access points; the page waits ten seconds, here half a second."""
    called(phone, station)
    phone.evaluate("const whole = AbortSignal.timeout.bind(AbortSignal); AbortSignal.timeout = (ms) => whole(ms / 20)")
    hung: list[Route] = []
    phone.route("**/phone", lambda route: route.continue_() if hung else hung.append(route))
    station.tell(bed_7=bed())
    phone.get_by_text("No alarm calls you").wait_for(timeout=10_000)
    assert len(hung) == 1
    phone.unroute("**/phone")
    station.tell(bed_7=bed(alarm(told=["Nurse 14"])))
    phone.locator('[data-call="bed-7/1"]').wait_for(timeout=10_000)


def test_a_phone_that_was_signed_out_by_itself_says_that_nothing_reaches_it(phone: Page, station: RoomRig) -> None:
    cookies = phone.context.cookies()
    phone.context.clear_cookies()
    phone.reload()
    phone.locator("[data-signed-out]").wait_for()
    for one in cookies:
        phone.context.add_cookies([{"name": one["name"], "value": one["value"], "url": station.url}])
    phone.goto(f"{station.url}/phone")
    phone.get_by_text("This phone is connected").wait_for()


@pytest.mark.slow
def test_a_phone_that_hears_nothing_says_so_over_everything(phone: Page, station: RoomRig) -> None:
    station.silence_line()
    phone.wait_for_timeout(600)  # a beat that is on its way
    station.stop()
    phone.get_by_text("SCREEN NOT UPDATING").wait_for(timeout=15_000)
    assert "no alarm reaches it" in phone.locator("[data-part~=alive]").inner_text()
    assert phone.locator("[data-link]").inner_text().strip() == "This phone is not connected"
