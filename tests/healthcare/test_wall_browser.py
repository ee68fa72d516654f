"""The wall in a real browser: what beds tell is patched in, orders go out, tones sound, and what is lost is said."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.browsers import opened_browser
from tests.support.ward_json import alarm, bed, latched, numerics, reading, sixteen_beds, technical, ward
from tests.support.ward_screens import WardRig, ecg_mv
from verticals.contract import Reply

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

pytestmark = pytest.mark.browser

#: What differs between two moments, or is a script's own: seconds that run, strips' labels, canvas sizes.
_STILL = """() => {
  const main = document.querySelector("main").cloneNode(true);
  const own = "template, canvas, [data-label], [data-link], [data-toast], [data-day], time";
  for (const each of main.querySelectorAll(own)) each.remove();
  for (const each of main.querySelectorAll("[data-moment]")) {
    if (each.dataset.moment !== "text") each.textContent = each.dataset.utcS || "";
  }
  const clean = (each) => {
    for (const name of ["data-state", "disabled", "aria-pressed"]) each.removeAttribute(name);
    if (each.className && each.setAttribute) each.setAttribute("class", [...each.classList].sort().join(" "));
    for (const child of each.children) clean(child);
  };
  clean(main);
  for (const key of main.querySelectorAll(".rail__actions, [data-audio]")) key.remove();
  for (const use of main.querySelectorAll("svg[hidden]")) use.replaceWith("");
  for (const hidden of main.querySelectorAll("[hidden]")) hidden.textContent = "";
  return main.innerHTML.replace(/>\\s+</g, "><").replace(/ class=""/g, "").replace(/\\s+/g, " ");
}"""


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with opened_browser(chromium) as running:
        yield running


@pytest.fixture(scope="module")
def station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WardRig]:
    with WardRig(tmp_path_factory.mktemp("ward")) as running:
        running.run_line()
        yield running


@pytest.fixture
def wall(browser: Browser, station: WardRig) -> Iterator[Page]:
    """Sixteen calm beds; at the end no complaint of the browser about the page or its policy."""
    station.orders.clear()
    station.answer = lambda where, command: Reply(True)
    station.tell(**{one.name: bed() for one in station.ward.beds}, ward=ward())
    context = browser.new_context(viewport={"width": 1920, "height": 1080})
    opened = context.new_page()
    complaints: list[str] = []
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("console", lambda said: complaints.append(said.text) if "Content Security Policy" in said.text else None)
    opened.goto(station.url)
    yield opened
    context.close()
    assert complaints == []


def eventually(page: Page, script: str, within_s: float = 5.0) -> None:
    from playwright.sync_api import Error

    for _ in range(int(within_s / 0.05)):
        with contextlib.suppress(Error):
            if page.evaluate(script):
                return
        page.wait_for_timeout(50)
    raise AssertionError(f"not true within {within_s} s: {script}")


def within(page: Page, true: Callable[[], bool], within_s: float = 8.0) -> None:
    for _ in range(int(within_s / 0.05)):
        if true():
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"not true within {within_s} s")


def at(page: Page, number: int) -> Locator:
    return page.locator(f'[data-sector="bed-{number}"]')


def said(locator: Locator, text: str | re.Pattern[str]) -> None:
    from playwright.sync_api import expect

    expect(locator).to_contain_text(text, timeout=5000)


def touch(page: Page) -> None:
    """Somewhere on the foot, where nothing is pressed."""
    page.mouse.click(900, 1066)


def test_a_wall_that_was_patched_reads_as_one_that_was_served(wall: Page, station: WardRig) -> None:
    told = sixteen_beds()
    paused = {"sound": "paused", "paused_until_utc_s": station.clock.now().utc_s + 600}
    told["bed-4"] = bed(alarm(4, "bed-4", **paused), latched(5, "bed-4"), technical(6, "bed-4", priority="medium"))
    told["bed-11"] = bed(alarm(11, "bed-11", state="acknowledged", source_lost=True))
    before = wall.evaluate(_STILL)
    station.tell(**told)
    said(at(wall, 7), "*** SpO₂ 82 < 88")
    said(at(wall, 16), "95")
    wall.wait_for_timeout(300)
    patched = wall.evaluate(_STILL)
    wall.reload()
    said(at(wall, 7), "*** SpO₂ 82 < 88")
    assert wall.evaluate(_STILL) == patched != before
    context = wall.context.browser
    assert context is not None
    plain = context.new_context(java_script_enabled=False).new_page()
    plain.goto(station.url)
    served = plain.locator('[data-sector="bed-7"]').inner_text()
    plain.context.close()
    assert "*** SpO₂ 82 < 88" in served and "132" in served and "88/52" in served


def test_an_alarm_comes_by_the_stream_and_goes_with_it(wall: Page, station: WardRig) -> None:
    station.tell(bed_7=bed(alarm(), numerics=numerics(spo2_pct=reading("82", alarm="high"))))
    said(wall.locator("[data-banner]"), "*** BED 7")
    said(wall.locator("[data-banner] a"), "Go to bed 7")
    said(wall.locator('[data-list="active"] [data-key="bed-7/1"]'), re.compile("Charge nurse called in"))
    assert "sector--high" in (at(wall, 7).get_attribute("class") or "")
    station.tell(bed_7=bed(latched(1, "bed-7")))
    said(at(wall, 7), "was *** HR 138 > 130")
    said(wall.locator('[data-list="ended"]'), "lasted 0:26")
    station.tell(bed_7=bed())
    said(wall.locator('[data-list="ended"] [data-field="count"]'), "0")
    assert at(wall, 7).get_attribute("class") == "sector bedside"


def test_a_row_keeps_its_element_and_focus_while_others_come(wall: Page, station: WardRig) -> None:
    station.tell(bed_6=bed(alarm(6, "bed-6", priority="medium", label="RR", text="26 > 24 /min")))
    row = wall.locator('[data-key="bed-6/6"] button')
    row.focus()
    station.tell(bed_7=bed(alarm()))
    said(wall.locator('[data-list="active"] li').first, "SpO₂")
    assert wall.evaluate("document.activeElement.parentElement.dataset.key") == "bed-6/6"


def test_acknowledge_is_for_the_highest_or_the_one_that_was_tapped(wall: Page, station: WardRig) -> None:
    station.tell(bed_7=bed(alarm()), bed_6=bed(alarm(6, "bed-6", priority="medium", label="RR")))
    key = wall.locator('[data-do="acknowledge"]')
    said(key, "Acknowledge bed 7")
    wall.locator('[data-key="bed-6/6"] button').click()
    said(key, "Acknowledge bed 6")
    key.click()
    said(wall.locator("[data-toast]"), "Bed 6 acknowledged")
    [(where, command)] = [order for order in station.orders if order[1].name == "acknowledge"]
    assert (where, command.args) == ("bed-6", {"alarm": "bed-6/6"})


def test_what_a_finger_came_down_on_counts(wall: Page, station: WardRig) -> None:
    station.tell(bed_6=bed(alarm(6, "bed-6", priority="medium", label="RR")))
    key = wall.locator('[data-do="acknowledge"]')
    said(key, "Acknowledge bed 6")
    key.hover()
    wall.mouse.down()
    station.tell(bed_7=bed(alarm()))
    said(key, "Acknowledge bed 7")
    wall.mouse.up()
    said(wall.locator("[data-toast]"), "Bed 6 acknowledged")


def test_a_refused_order_says_why(wall: Page, station: WardRig) -> None:
    station.answer = lambda where, command: Reply(False, "Somebody accepted it already.")
    station.tell(bed_7=bed(alarm()))
    said(wall.locator('[data-do="acknowledge"]'), "bed 7")
    wall.locator('[data-do="accept"]').click()
    said(wall.locator("[data-toast]"), "Somebody accepted it already.")


def test_a_pause_is_crossed_and_counts_down_everywhere_and_is_ended(wall: Page, station: WardRig) -> None:
    station.tell(bed_7=bed(alarm()))
    wall.locator('[data-do="pause-audio"]').click()
    said(wall.locator("[data-toast]"), "Audio paused for 2:00")
    until = station.clock.now().utc_s + 120
    station.tell(bed_7=bed(alarm(sound="paused", paused_until_utc_s=until)))
    left = re.compile(r"1:5\d")
    said(wall.locator("[data-audio]"), "Audio paused")
    said(wall.locator("[data-audio]"), left)
    said(at(wall, 7).locator(".bedside__bell"), left)
    said(wall.locator('[data-do="pause-audio"]'), "Resume audio")
    wall.locator('[data-do="pause-audio"]').click()
    eventually(wall, "document.querySelector('[data-toast]').textContent.includes('Audio on again')")
    ordered = [command.name for where, command in station.orders if where == "ward"]
    assert [name for name in ordered if name != "audio-state"] == ["pause-audio", "resume-audio"]


@pytest.mark.slow
def test_a_full_name_is_shown_to_who_touches_it_and_hidden_again(wall: Page, station: WardRig) -> None:
    station.stay("bed-7", "Kern", "Anna")
    who = at(wall, 7).locator('[data-field="who"]')
    said(who, "A.K.")
    who.click()
    said(who, "Kern, Anna")
    wall.wait_for_timeout(9000)
    said(who, "Kern, Anna")
    said(who, re.compile(r"^A\.K\.$"))


def test_a_name_is_not_shown_to_the_next_patient_of_the_bed(wall: Page, station: WardRig) -> None:
    station.stay("bed-7", "Kern", "Anna")
    who = at(wall, 7).locator('[data-field="who"]')
    who.click()
    said(who, "Kern, Anna")
    station.tell(bed_7=bed(patient={"initials": "B.L.", "years": 70, "admitted": ""}))
    said(who, re.compile(r"^B\.L\.$"))


@pytest.mark.slow
def test_audio_waits_for_a_touch_says_so_and_tells_the_box(wall: Page, station: WardRig) -> None:
    audio = wall.locator("[data-audio]")
    said(audio, "AUDIO UNAVAILABLE")
    eventually(wall, "document.querySelector('[data-list=technical]').textContent.includes('AUDIO UNAVAILABLE')")

    def told() -> list[Any]:
        return [command.args["state"] for _, command in station.orders if command.name == "audio-state"]

    within(wall, lambda: told()[:1] == ["unavailable"])
    touch(wall)
    said(audio, "Audio on")
    within(wall, lambda: "running" in told())
    known = len(told())
    within(wall, lambda: len(told()) >= known + 2, within_s=12.0)  # again and again, or it would be missed


def test_audio_that_was_not_commissioned_makes_no_sound_and_is_said_over_an_alarm(wall: Page, station: WardRig) -> None:
    wall.evaluate(_COUNT_TONES)
    touch(wall)
    station.tell(ward=ward(audio={"commissioned": False}), bed_7=bed(alarm()))
    said(wall.locator("[data-audio]"), "AUDIO NOT COMMISSIONED")
    said(wall.locator("[data-banner]"), "BED 7")
    wall.wait_for_timeout(500)
    assert wall.evaluate("window.tones") == 0
    station.tell(ward=ward())
    eventually(wall, "window.tones === 10")


#: Counts oscillators that are started, one a pulse.
_COUNT_TONES = """() => {
  window.tones = 0;
  const start = OscillatorNode.prototype.start;
  OscillatorNode.prototype.start = function (...given) { window.tones += 1; return start.apply(this, given); };
}"""


def test_the_highest_sounds_and_a_new_one_does_not_wait(wall: Page, station: WardRig) -> None:
    wall.evaluate(_COUNT_TONES)
    touch(wall)
    said(wall.locator("[data-audio]"), "Audio on")
    station.tell(bed_6=bed(alarm(6, "bed-6", priority="medium", label="RR")))
    eventually(wall, "window.tones === 3")
    station.tell(bed_7=bed(alarm()))
    eventually(wall, "window.tones === 13")
    station.tell(bed_6=bed(), bed_7=bed(alarm(state="acknowledged", sound="off")))
    wall.wait_for_timeout(500)
    assert wall.evaluate("window.tones") == 13


def test_the_check_plays_each_tone_and_sends_what_was_heard(wall: Page, station: WardRig) -> None:
    wall.goto(f"{station.url}/audio-check")
    wall.evaluate(_COUNT_TONES)
    said(wall.locator("[data-audio]"), "AUDIO UNAVAILABLE")
    send = wall.locator("[data-send]")
    for tone, answer in (("high", "yes"), ("medium", "yes"), ("low", "no")):
        row = wall.locator(f'[data-tone="{tone}"]')
        assert send.is_disabled() and row.locator('[data-heard="yes"]').is_disabled()
        row.locator("[data-play]").click()
        row.locator(f'[data-heard="{answer}"]').click()
    assert wall.evaluate("window.tones") == 14
    station.answer = lambda where, command: Reply(False, "Not all tones were heard.")
    send.click()
    said(wall.locator("[data-said]"), "Not all tones were heard.")
    wall.locator('[data-tone="low"] [data-heard="yes"]').click()
    station.answer = lambda where, command: Reply(True)
    send.click()
    eventually(wall, "!document.querySelector('[data-done]').hidden")
    station.tell(bed_7=bed(alarm()))
    said(wall.locator("[data-banner]"), "BED 7")
    eventually(wall, "window.tones === 24")  # an alarm sounds here as well
    sent = [command.args for _, command in station.orders if command.name == "commission-audio"]
    assert sent == [
        {"screen": "Wall 1", "tones": ["high", "medium"]},
        {"screen": "Wall 1", "tones": ["high", "medium", "low"]},
    ]


def test_waves_are_drawn_in_their_colour_a_set_delay_after_they_came(wall: Page, station: WardRig) -> None:
    strip = at(wall, 7).locator("[data-label]").first
    said(strip, "II")
    painted = """() => {
      const canvas = document.querySelector('[data-sector="bed-7"] canvas');
      return canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.some((value) => value > 0);
    }"""
    assert not wall.evaluate(painted)
    rate, chunk = 250.0, 125
    begun = station.clock.now().utc_s - 1.0
    for number in range(12):
        start = begun + number * chunk / rate
        values = [ecg_mv((start - begun + step / rate) % 1) for step in range(chunk)]
        station.wave("bed-7", "ecg_ii_mv", start, values, rate)
        wall.wait_for_timeout(250)
    assert wall.evaluate(painted)
    green = wall.evaluate("""() => {
      const canvas = document.querySelector('[data-sector="bed-7"] canvas');
      const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
      const at = data.findIndex((value, index) => index % 4 === 3 && value === 255);
      return [data[at - 3], data[at - 2], data[at - 1]];
    }""")
    assert green == [0x7B, 0xE0, 0x8F]


_BEYOND_THE_RAIL = """() => {
  const end = document.querySelector('.rail').getBoundingClientRect().right;
  const beyond = (key) => key.getBoundingClientRect().right > end || key.scrollWidth > key.clientWidth;
  return [...document.querySelectorAll('.rail .button')].filter(beyond).map((key) => key.textContent);
}"""


def test_a_line_that_falls_silent_is_the_loss_of_the_central_link(wall: Page, station: WardRig) -> None:
    wall.evaluate(_COUNT_TONES)
    touch(wall)
    station.silence_line()
    eventually(wall, "document.querySelector('.station').classList.contains('station--lost')")
    said(wall.locator("[data-banner]"), "CENTRAL LINK LOST")
    eventually(wall, "window.tones === 10")
    for key in ("acknowledge", "accept", "busy"):
        assert wall.locator(f'[data-do="{key}"]').is_disabled(), f"{key} would reach nobody"
    said(wall.locator('[data-do="acknowledge"]'), "No link")
    assert wall.evaluate(_BEYOND_THE_RAIL) == [], "a key has been pushed off the screen"
    wall.locator('[data-do="pause-audio"]').click()
    said(wall.locator("[data-toast]"), "Audio paused")
    station.tell(bed_3=bed())
    eventually(wall, "!document.querySelector('.station').classList.contains('station--lost')")


def test_day_colours_are_remembered_at_the_screen(wall: Page) -> None:
    wall.locator("[data-day]").click()
    assert wall.evaluate("document.querySelector('main').dataset.theme") == "ward-day"
    wall.reload()
    eventually(wall, "document.querySelector('main').dataset.theme === 'ward-day'")
