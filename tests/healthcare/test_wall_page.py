"""The wall over a real web process: what is served before any script runs, and orders from it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest

from healthcare.wall_shown import grid
from tests.support.screens import PIN, eventually
from tests.support.ward_json import NOW_UTC_S, alarm, bed, latched, news2, numerics, placed, reading, technical, ward
from tests.support.ward_screens import WardRig
from verticals.contract import Reply


@pytest.fixture(scope="module")
def station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WardRig]:
    with WardRig(tmp_path_factory.mktemp("ward")) as running:
        running.run_line()
        running.screen = running.client()
        running.accounts.add("Viewer 1", PIN, {"healthcare": "viewer"}, by="the test")
        running.accounts.add("Nurse 14", PIN, {"healthcare": "nurse"}, by="the test")
        yield running


@pytest.fixture(autouse=True)
def calm(station: WardRig) -> None:
    """Each test begins with sixteen calm beds and a line that takes every order."""
    station.orders.clear()
    station.answer = lambda where, command: Reply(True)
    station.tell(**{one.name: bed() for one in station.ward.beds}, ward=ward())


def page(station: WardRig, **told: Any) -> str:
    station.tell(**told)
    answer = station.screen.get("/")
    assert answer.status_code == 200
    return answer.text


def sector(html: str, name: str) -> str:
    found = re.search(rf'<article class="[^"]*" data-sector="{name}">.*?</article>', html, re.DOTALL)
    assert found
    return found.group()


class _Read(HTMLParser):
    """Collects the text that a person reads: not of the head, of templates, of what is `hidden`."""

    _VOID = ("meta", "link", "input", "img", "br")

    def __init__(self) -> None:
        super().__init__()
        self.text: list[str] = []
        self._unread: list[bool] = [False]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self._VOID:
            unread = tag in ("head", "template", "dialog") or "hidden" in dict(attrs)
            self._unread.append(self._unread[-1] or unread)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self._VOID:
            self._unread.pop()

    def handle_data(self, data: str) -> None:
        if not self._unread[-1]:
            self.text.append(data)


def words(html: str) -> str:
    reader = _Read()
    reader.feed(html)
    return " ".join(" ".join(reader.text).split())


def banner(html: str) -> str:
    return words("<div>" + html.partition(" data-banner>")[2].partition("</div>")[0] + "</div>")


def test_a_calm_ward_shows_every_bed_in_its_place(station: WardRig) -> None:
    html = page(station)
    assert re.findall(r'data-sector="(bed-\d+)"', html) == [f"bed-{number}" for number in range(1, 17)]
    assert "wall--4x4" in html and "not a primary alarm" in words(html).lower()
    told = words(sector(html, "bed-2"))
    assert "A.K." in told and "N14" in told and "NEWS2 0 35 min" in told and "13:30 124/78" in told


def test_beds_never_move_for_an_alarm(station: WardRig) -> None:
    html = page(station, bed_16=bed(alarm(bed="bed-16")), bed_3=bed(technical()))
    assert re.findall(r'data-sector="(bed-\d+)"', html) == [f"bed-{number}" for number in range(1, 17)]


def test_the_highest_alarm_stands_in_the_banner_with_the_way_to_its_bed(station: WardRig) -> None:
    medium = alarm(6, "bed-6", priority="medium", label="RR", text="26 > 24 /min")
    html = page(station, bed_7=bed(alarm()), bed_6=bed(medium))
    told = banner(html)
    assert told.startswith("*** BED 7") and "SpO₂ 82 < 88 %" in told and "Go to bed 7" in told
    assert 'alarm-banner__alarm--high"' in html and 'href="/bed/bed-7"' in html
    assert re.search(r"0:[45]\d", told)


def test_an_alarm_fills_its_sector_and_hits_its_number(station: WardRig) -> None:
    measured = numerics(spo2_pct=reading("82", alarm="high"))
    found = sector(page(station, bed_7=bed(alarm(), numerics=measured)), "bed-7")
    assert 'class="sector bedside sector--told sector--high"' in found
    assert re.search(r'class="vital__value is-hit-high\s*" data-field="spo2">82', found)
    assert "*** SpO₂ 82 < 88" in words(found) and 'href="#shape-high"' in found
    assert 'aria-label="Bed 7, *** SpO₂ 82 &lt; 88"' in found


@pytest.mark.parametrize(
    ("told", "looks", "says"),
    [
        (bed(technical(bed="bed-7")), "sector--told sector--technical", "ECG LEADS OFF"),
        (bed(latched(bed="bed-7")), "sector--told sector--latched", "was *** HR 138 > 130 13:58"),
        (bed(alarm(state="acknowledged")), "sector--told sector--high sector--acknowledged", "82 < 88 acknowledged"),
        (placed("no-data"), "sector--told sector--technical sector--stale", "NO DATA 13:40"),
        (placed("standby", why="in imaging"), "sector--out", "Standby since 13:40 in imaging, no alarms from this bed"),
        (placed("empty", patient=None), "sector--out sector--empty", "No patient"),
        (placed("never-heard"), "sector--out", "No monitor yet"),
        (bed(alarm(source_lost=True)), "sector--told sector--high", "source lost"),
    ],
)  # fmt: skip
def test_every_state_of_a_bed_is_said_in_words(station: WardRig, told: dict[str, Any], looks: str, says: str) -> None:
    found = sector(page(station, bed_7=told), "bed-7")
    assert f'class="sector bedside {looks}"' in found and says in words(found)


def test_leads_off_shows_no_heart_rate_and_no_wave(station: WardRig) -> None:
    measured = numerics(hr_per_min=reading("", "absent", why="leads off"))
    found = sector(page(station, bed_3=bed(technical(), numerics=measured)), "bed-3")
    assert re.search(r'is-none\s*" data-field="hr">– –', found) and "is-flat" in found


def test_an_incomplete_score_is_never_a_full_one(station: WardRig) -> None:
    found = sector(page(station, bed_3=bed(news2=news2("1", complete=False))), "bed-3")
    assert "news--open" in found and "NEWS2 ≥1" in words(found) and "35 min" not in words(found)


def test_a_pause_is_crossed_and_counted_down_in_sector_row_and_banner(station: WardRig) -> None:
    paused = alarm(sound="paused", paused_until_utc_s=station.clock.now().utc_s + 103)
    html = page(station, bed_7=bed(paused))
    left = re.compile(r"1:4\d")
    assert left.search(words(sector(html, "bed-7")))
    row = html.partition('data-key="bed-7/1"')[2].partition("</li>")[0]
    assert 'data-field="paused">' in row


def test_the_rail_says_who_comes_next_and_when(station: WardRig) -> None:
    step: dict[str, Any] = {"next_step": "Charge nurse", "next_step_at_utc_s": station.clock.now().utc_s + 17}
    told = words(page(station, bed_7=bed(alarm(**step)), bed_10=bed(latched()), bed_3=bed(technical())))
    assert re.search(r"Charge nurse called in 0:1\d", told)
    assert "was HR 138 > 130 /min lasted 0:26, Nurse 17" in told
    assert re.search(r"ECG leads off Medium alarm in 0:0\d", told)


def test_what_is_due_comes_in_the_order_of_need(station: WardRig) -> None:
    def due(what: str, minutes: float, *, over: bool) -> dict[str, Any]:
        return {"what": what, "why": "", "at_utc_s": NOW_UTC_S + 60 * minutes, "over": over}

    html = page(
        station,
        bed_3=bed(due=due("Full set", 5, over=False)),
        bed_12=bed(due=due("Temp, ACVPU", -25, over=True)),
        bed_16=bed(advice=[{"text": "RR 15 to 19", "at_utc_s": NOW_UTC_S}]),
    )
    told = words(html)
    assert told.index("12 Temp, ACVPU") < told.index("3 Full set") and "25 min over" in told and "14:10" in told
    assert "16 RR 15 to 19" in told


def test_audio_that_was_never_heard_is_not_on(station: WardRig) -> None:
    told = words(page(station, ward=ward(audio={"commissioned": False})))
    assert told.startswith("AUDIO NOT COMMISSIONED") and "Audio on" not in told


def test_without_a_script_nothing_sounds_and_the_page_says_so(station: WardRig) -> None:
    html = page(station)
    assert banner(html) == "AUDIO UNAVAILABLE no sound here" and "AUDIO UNAVAILABLE touch here" in words(html)


def test_a_gateway_that_is_down_hatches_every_bed(station: WardRig) -> None:
    down = [{"name": "hl7", "ok": False, "age_s": 12.0}]
    html = page(station, bed_7=bed(alarm()), ward=ward(feeds=down))
    assert banner(html).startswith("CENTRAL LINK LOST") and "go to the bedside" in banner(html)
    assert 'class="station station--lost"' in html and "Monitor feed silent go to the bedside 0:12" in words(html)


def test_one_feed_of_two_that_is_silent_is_a_technical_line_only(station: WardRig) -> None:
    feeds = [{"name": "hl7", "ok": True, "age_s": 0.5}, {"name": "waves", "ok": False, "age_s": 12.0}]
    html = page(station, ward=ward(feeds=feeds))
    assert "station--lost" not in html and "Wave feed silent" in words(html) and "LINK LOST" not in banner(html)
    lost = technical(1, "ward", code="feed-lost", label="Monitor feed lost", text="waves of all monitors")
    html = page(station, ward=ward(feeds=feeds, alarms=[lost | {"priority": "medium"}]))
    assert banner(html).startswith("** WARD Monitor feed lost") and "Go to bed" not in banner(html)
    assert "Wave feed silent" not in words(html) and 'data-key="ward/1"' in html


def test_another_screen_that_cannot_sound_is_said_here_too(station: WardRig) -> None:
    screens = {"Wall 2": {"state": "not heard", "why": ""}, "Wall 3": {"state": "running", "why": ""}}
    told = words(page(station, ward=ward(audio={"commissioned": True, "screens": screens})))
    assert "No sound at Wall 2 look at that screen" in told and "Wall 3" not in told


def test_what_beds_tell_cannot_become_markup(station: WardRig) -> None:
    evil = "<script>alert(1)</script>\"'&"
    html = page(station, bed_7=bed(alarm(label=evil, text=evil, owner=evil), nurse=evil, patient={"initials": evil}))
    assert "<script>alert" not in html and "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    kept = html.partition('data-state="')[2].partition('"')[0]
    for entity, sign in (("&lt;", "<"), ("&gt;", ">"), ("&#34;", '"'), ("&#39;", "'"), ("&amp;", "&")):
        kept = kept.replace(entity, sign)
    assert json.loads(kept)["beds"]["bed-7"]["nurse"] == evil


@pytest.mark.parametrize(
    ("beds", "expected"), [(1, (2, 2)), (4, (2, 2)), (6, (3, 2)), (9, (3, 3)), (12, (4, 3)), (16, (4, 4)),
                           (17, (5, 4)), (20, (5, 4)), (24, (6, 4))],
)  # fmt: skip
def test_the_grid_goes_by_the_number_of_beds(beds: int, expected: tuple[int, int]) -> None:
    assert grid(beds) == expected


@pytest.mark.parametrize("order", ["acknowledge", "accept", "busy"])
def test_an_order_goes_to_the_bed_whose_alarm_it_is_and_is_audited(station: WardRig, order: str) -> None:
    nurse = station.client()
    nurse.sign_in("Nurse 14")
    answer = nurse.order(f"/order/{order}", {"alarm": "bed-7/1"})
    assert answer.json() == {"accepted": True, "reason": ""}
    [(where, command)] = station.orders
    assert (where, command.name, command.args, command.who) == ("bed-7", order, {"alarm": "bed-7/1"}, "Nurse 14")
    entry = list(station.audit.read())[-1]
    assert (entry.act, entry.who) == (order, "Nurse 14") and json.loads(entry.detail)["station"] == "bed-7"


def test_an_alarm_of_the_ward_is_acknowledged_at_its_desk(station: WardRig) -> None:
    assert station.screen.order("/order/acknowledge", {"alarm": "ward/1"}).status_code == 200
    [(where, command)] = station.orders
    assert (where, command.args) == ("ward", {"alarm": "ward/1"})
    assert station.screen.order("/order/busy", {"alarm": "ward/1"}).status_code == 404


@pytest.mark.parametrize("order", ["pause-audio", "resume-audio"])
def test_a_pause_is_the_wards(station: WardRig, order: str) -> None:
    station.screen.order(f"/order/{order}", {})
    [(where, command)] = station.orders
    assert (where, command.name, command.args, command.role) == ("ward", order, {}, "nurse")


def test_a_refusal_says_why(station: WardRig) -> None:
    station.answer = lambda where, command: Reply(False, "It ended already.")
    answer = station.screen.order("/order/acknowledge", {"alarm": "bed-7/1"})
    assert answer.status_code == 409 and answer.json()["reason"] == "It ended already."


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("/order/acknowledge", {"alarm": "bed-99/1"}),
        ("/order/acknowledge", {}),
        ("/order/silence-all", {"alarm": "bed-7/1"}),
    ],
)  # fmt: skip
def test_an_order_for_nothing_that_is_here_reaches_no_bed(station: WardRig, path: str, values: dict[str, str]) -> None:
    assert station.screen.order(path, values).status_code == 404 and station.orders == []


def test_a_viewer_looks_and_orders_nothing(station: WardRig) -> None:
    viewer = station.client()
    viewer.sign_in("Viewer 1")
    assert viewer.get("/").status_code == 200
    assert viewer.order("/order/acknowledge", {"alarm": "bed-7/1"}).status_code == 403
    assert viewer.order("/bed/bed-7/name", {}).status_code == 403 and station.orders == []


def test_a_full_name_is_asked_for_by_a_person_and_audited(station: WardRig) -> None:
    station.stay("bed-7", "Kern", "Anna")
    assert "Kern" not in page(station)
    told = station.screen.order("/bed/bed-7/name", {})
    assert told.json() == {"name": "Kern, Anna"} and station.orders == []
    entry = list(station.audit.read())[-1]
    assert entry.act == "name-patient" and "Anna" not in entry.detail
    assert station.screen.order("/bed/bed-6/name", {}).status_code == 409
    assert station.screen.order("/bed/bed-99/name", {}).status_code == 404


def test_a_screen_says_whether_it_can_sound(station: WardRig) -> None:
    screen = station.screen
    assert screen.order("/audio", {"screen": "Wall 1", "state": "unavailable", "why": "suspended"}).status_code == 200
    eventually(lambda: bool(station.orders))
    [(where, command)] = station.orders
    assert (where, command.name) == ("ward", "audio-state")
    assert command.args == {"screen": "Wall 1", "state": "unavailable", "why": "suspended"}
    assert station.commands.pending() == [] and station.store.last_sequence() == 0  # nothing of it is on the disk
    assert screen.order("/audio", {"state": "loud"}).status_code == 400


def test_the_tones_that_were_heard_go_to_the_ward(station: WardRig) -> None:
    screen = station.screen
    page = words(screen.get("/audio-check").text)
    assert all(f"Play {tone}" in page for tone in ("high", "medium", "low"))
    assert screen.order("/audio-check", {"screen": " Wall 1 ", "tones": ["low", "high"]}).status_code == 200
    [(where, command)] = station.orders
    assert (where, command.name) == ("ward", "commission-audio")
    assert command.args == {"screen": "Wall 1", "tones": ["high", "low"]}


@pytest.mark.parametrize(
    "values", [{"screen": "", "tones": ["high"]}, {"screen": "W", "tones": ["loud"]}, {"screen": "W"}]
)
def test_a_check_without_a_name_or_with_other_tones_is_refused(station: WardRig, values: dict[str, Any]) -> None:
    assert station.screen.order("/audio-check", values).status_code == 400 and station.orders == []
