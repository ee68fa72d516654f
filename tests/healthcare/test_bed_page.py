"""A bed's page over a real web process: what is served before any script runs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape

import pytest

from tests.support.bed_screens import BEGAN_UTC_S, BedRig, began, told
from tests.support.ward_json import NOW_UTC_S, numerics, placed, reading


@pytest.fixture(scope="module")
def station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BedRig]:
    with BedRig(tmp_path_factory.mktemp("ward")) as running:
        running.run_line()
        running.day_of_the_design()
        running.screen = running.client()
        yield running


def page(station: BedRig, path: str = "/bed/bed-7") -> str:
    answer = station.screen.get(path)
    assert answer.status_code == 200
    return answer.text


def part(html: str, name: str) -> str:
    """A piece of the page as a person reads it."""
    piece = html.partition(f'data-swap="{name}"')[2].partition("</section>")[0].partition(">")[2]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", piece)).split())


def cell(html: str, name: str) -> str:
    found = re.search(rf'<div class="([^"]*)" data-cell="{name}">(.*?)</div>', html, re.DOTALL)
    assert found
    return found.group(1) + " " + " ".join(re.sub(r"<[^>]+>", " ", found.group(2)).split())


def test_the_numbers_stand_with_their_limits_and_times(station: BedRig) -> None:
    station.tell(bed_7=told())
    html = page(station)
    assert cell(html, "hr") == "now__cell HR, ECG 50 to 140 132 /min"
    assert cell(html, "spo2") == "now__cell now--hit-high SpO₂ from 88 82 %"
    assert cell(html, "bp") == "now__cell NIBP 14:01 88/52 mmHg"
    assert cell(html, "t") == "now__cell T 13:53 38.4 °C"
    assert "A.K." in html and "Kern" not in html


def test_two_minutes_before_the_alarm_show_numbers_limit_and_waves(station: BedRig) -> None:
    html = page(station)
    before = part(html, "before")
    assert "14:02:24 to 14:04:24" in before and "*** SpO₂ 82 < 88 % active, Nurse 14 called" in before
    assert "after 15 s" in before and "ECG II 30 s" in before and "Pleth 30 s" in before
    waves = re.findall(r'class="wave__line wave__line--(\w+)" d="([^"]*)"', html)
    assert [(colour, path.count("M")) for colour, path in waves] == [("hr", 2), ("spo2", 2)]  # three seconds of nothing


def test_the_day_shows_limits_gaps_alarms_advice_and_full_sets(station: BedRig) -> None:
    html = page(station)
    drawn = html.partition('data-swap="day"')[2].partition("</section>")[0]
    lines = dict(re.findall(r'class="trend__line trend__line--(\w+)" d="([^"]*)"', drawn))
    assert lines["hr"].count("M") == 2 and lines["spo2"].count("M") == 2
    assert drawn.count("trend__bar") == 12 and drawn.count("trend__advice") == 1
    assert 'href="/bed/bed-7/alarm/1"' in drawn and "trend__event--medium" in drawn
    assert part(html, "day").endswith("NEWS2 0 0 2 7")
    assert drawn.count("trend__limit") == 8


def test_the_score_is_broken_down_beside_what_the_monitor_says(station: BedRig) -> None:
    news = part(page(station), "news")
    assert news.startswith("NEWS2 7, high emergency assessment") and "Last full set, 13:53" in news
    assert "Respiration /min 22 2 28 3" in news and "Air or oxygen Air 0 ask ?" in news
    assert "Consciousness ACVPU Alert 0 ask ?" in news and news.endswith("NEWS2 12 min ago 7 not complete ≥ 13")


def test_limits_say_who_set_them_why_and_until_when(station: BedRig) -> None:
    html = page(station)
    limits = part(html, "limits")
    assert "HR 50 to 140 /min 10 s Clinician 08: fever until 23 Nov 20:05" in limits
    assert "Systolic BP from 85 mmHg none ward default" in limits and "ABP" not in limits
    assert 'href="/bed/bed-7/limits/spo2_pct"' in html


def test_the_log_tells_the_day_and_opens_what_was_before_an_alarm(station: BedRig) -> None:
    html = page(station)
    log = part(html, "log")
    assert log.index("*** SpO₂ 82 < 88 %") < log.index("Full set entered, NEWS2 7") < log.index("Advice: RR 18 to 22")
    assert "** HR 141 > 140 /min 0:36, Nurse 14 called" in log and "HR limits 50-130 to 50-140: fever" in log
    assert '<a class="clip strong" href="/bed/bed-7/alarm/2">' in html


def test_an_alarm_of_the_log_opens_with_all_that_was_kept(station: BedRig) -> None:
    html = page(station, "/bed/bed-7/alarm/1")
    assert html.count("wave__line wave__line--hr") == 4 and "14:03:54" in html and "Bed 7 now" in html
    older = part(page(station, "/bed/bed-7/alarm/2"), "before")
    assert "No waves were kept with this alarm" in older


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/bed/bed-99", "There is no bed"),
        ("/bed/bed-99/alarm/1", "There is no bed"),
        ("/bed/bed-7/alarm/999", "no such alarm"),
    ],
)
def test_what_is_not_there_is_said(station: BedRig, path: str, says: str) -> None:
    answer = station.screen.get(path)
    assert answer.status_code == 404 and says in answer.text


def test_another_patients_day_is_not_shown_with_this_one(station: BedRig) -> None:
    station.stay("bed-8", "Ott", "Paul", since_utc_s=NOW_UTC_S - 600.0)
    before = began(1, BEGAN_UTC_S - 3600.0, id="bed-8/1")
    station.happened(replace(before, station="bed-8", subject="bed-8/1"))
    station.tell(bed_8=told(alarms=[]))
    html = page(station, "/bed/bed-8")
    assert "No alarm of the patient in the last 24 hours." in html and "SpO₂ 82" not in part(html, "log")
    assert "Patient admitted to this bed" in part(html, "log")


def test_an_old_or_absent_value_is_not_shown_as_one_of_now(station: BedRig) -> None:
    values = numerics(hr_per_min=reading("74", "stale"), spo2_pct=reading("", "absent", why="probe off"))
    station.tell(bed_7=told(numerics=values))
    html = page(station)
    assert cell(html, "hr").startswith("now__cell now--old") and "now--none" in cell(html, "spo2")
    station.tell(bed_7=placed("no-data"))
    assert "now panel now--gone" in page(station)


def test_a_bed_that_never_told_anything_has_a_page(station: BedRig) -> None:
    html = page(station, "/bed/bed-2")
    assert "none yet" in html and "This bed has not told its limits yet." in html


def test_a_rate_that_the_box_computed_is_told_from_the_monitors(station: BedRig) -> None:
    station.tell(bed_7=told(numerics=numerics(hr_per_min=reading("74", source="ECG, computed here"))))
    assert cell(page(station), "hr").startswith("now__cell HR, own ECG")


def test_a_name_stands_only_where_the_bed_tells_one(station: BedRig) -> None:
    private = {"initials": "A.K.", "years": "67", "admitted": ""}
    station.tell(bed_7=told(patient=private))
    assert '<span class="bed__name dim" data-field="name">A.K.</span>' in page(station)
    station.tell(bed_7=told(patient={**private, "name": "Kern, Anna"}))
    assert '<span class="bed__name dim" data-field="name">Kern, Anna</span>' in page(station)


def test_what_a_bed_tells_cannot_become_markup(station: BedRig) -> None:
    evil = "<script>alert(1)</script>"
    row = {"measure": "hr_per_min", "low": 1.0, "high": 2.0, "who": evil, "reason": evil, "until_utc_s": 1.0}
    station.tell(bed_7=told(patient={"initials": evil, "years": 1, "admitted": evil}, nurse=evil, limits=[row]))
    assert "<script>alert" not in page(station)
