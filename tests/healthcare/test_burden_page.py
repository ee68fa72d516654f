"""The burden page over a real web process: figures, steps, the replay with its proof, and proposing it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest

from tests.support.screens import PIN, Visitor
from tests.support.ward_past import NOW_UTC_S, PastRig, WardPast, ward_settings
from verticals.places import Places

BEDS = 2
STEPPED = "/burden?period=day&alarm=spo2-low&spo2-low.delay=30"
FORM = {"period": "day", "alarm": "spo2-low", "spo2-low.delay": "30"}


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PastRig]:
    """Twelve hours of two beds, with two of them missing."""
    folder = tmp_path_factory.mktemp("burden")
    settings = ward_settings(BEDS)
    gap = (4 * 3600.0, 6 * 3600.0)
    begin = NOW_UTC_S - 12 * 3600.0
    places = Places(folder / "data")
    WardPast(places, settings, begin, days=0.5, every_s=5.0, gap=gap, measures=("spo2_pct",)).write()
    with PastRig(folder, settings) as running:
        yield running.run_line()


@pytest.fixture(scope="module")
def charge(rig: PastRig) -> Visitor:
    return rig.charge()


def text(html: str) -> str:
    main = re.sub(r"<(script|style|head|noscript|pre).*?</\1>", " ", html, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", main)).replace("\N{NARROW NO-BREAK SPACE}", " ").split())


def shown(charge: Visitor, address: str) -> str:
    answer = charge.get(address)
    assert answer.status_code == 200, answer.text
    return text(answer.text)


def post(charge: Visitor, path: str, **values: str) -> str:
    answer = charge.post(path, data={"csrf": charge.csrf(), **FORM, **values}, follow_redirects=True)
    assert answer.status_code in (200, 409), answer.text
    return text(answer.text)


def test_a_nurse_who_is_not_in_charge_does_not_see_it(rig: PastRig) -> None:
    rig.accounts.add("Nurse 14", PIN, {"healthcare": "nurse"}, by="the test")
    nurse = rig.client()
    nurse.sign_in("Nurse 14")
    assert nurse.get("/burden").status_code in (302, 303, 403)


def test_a_day_shows_its_figures_its_hours_and_the_busiest(charge: Visitor) -> None:
    page = shown(charge, "/burden?period=day")
    assert "1 bed days" in page
    assert "– the day before" in page
    assert "Alarms per hour" in page
    assert re.search(r"Bed \d SpO₂ low", page)


def test_a_period_without_an_alarm_says_so(tmp_path: Path) -> None:
    settings = ward_settings(1)
    WardPast(Places(tmp_path / "data"), settings, NOW_UTC_S - 3600, days=0.01, measures=()).write()
    with PastRig(tmp_path, settings) as rig:
        page = shown(rig.charge(), "/burden?period=4-weeks")
    assert "Alarms per bed per day" in page
    assert "No alarm is on record in this period." in page
    assert "No alarm yet." in page


def test_steps_are_links_that_end_where_a_change_may_go_no_further(charge: Visitor) -> None:
    html = charge.get(STEPPED).text
    assert "now 5 s" in text(html) and "30 s" in text(html)
    assert 'href="/burden?period=day&amp;alarm=spo2-low&amp;spo2-low.delay=25"' in html
    assert "spo2-low.delay=35" not in html
    assert "SpO₂ low, delay 5 s to 30 s" in text(html)


@pytest.mark.parametrize("change", ["spo2-low.delay=31", "spo2-low.limit=80", "spo2-low.limit=x", "hr-high.limit=145"])
def test_a_change_that_may_not_be_tried_is_refused(charge: Visitor, change: str) -> None:
    assert charge.get(f"/burden?{change}").status_code == 400


def test_a_replay_is_asked_for_shown_at_work_and_then_proved_proposed_and_found_again(
    rig: PastRig, charge: Visitor
) -> None:
    page = post(charge, "/burden/order/propose", reason="fewer")
    assert "Replay the recorded values first." in page
    page = post(charge, "/burden/replay")
    assert "Waiting for its turn" in page and "Stop the replay" in page
    rig.work()

    page = shown(charge, STEPPED)
    assert re.search(r"[\d.]+ to [\d.]+ −\d+ % alarms per bed per day", page)
    assert re.search(r"\d+ of \d+ events that staff acted on still alarm", page)
    assert re.search(r"later in the median, \d+ s at most", page)
    assert "values for 83 % of the bed days" in page  # ten of twelve hours
    found = re.search(r"Today's rules give (\d+) of (\d+) recorded alarms again", page)
    assert found and found[1] == found[2]

    assert "Say why" in post(charge, "/burden/order/propose", reason=" ")
    assert "Proposed to the ward lead" in post(charge, "/burden/order/propose", reason="too many short ones")
    [event] = rig.store.read(kinds=("proposal",))
    assert (event.who, event.data["reason"]) == ("Charge nurse 03", "too many short ones")
    assert event.data["tried"] == {"delays": {"spo2-low": 30.0}, "limits": {}}
    assert event.data["figures"]["acted"] == event.data["figures"]["kept"] + len(lost(rig))
    past = shown(charge, "/burden?period=day")
    assert "SpO₂ low, delay 5 s to 30 s Proposed 23 Nov 14:05, Charge nurse 03: too many short ones" in past
    assert "Saved." in post(charge, "/burden/order/keep-what-if")


def lost(rig: PastRig) -> list[object]:
    args = rig.orders[-1].args
    return list(args["figures"]["lost"])


def test_a_replay_that_was_stopped_can_be_asked_for_again(rig: PastRig, charge: Visitor) -> None:
    page = charge.post(
        "/burden/replay", data={"csrf": charge.csrf(), **FORM, "spo2-low.delay": "10"}, follow_redirects=True
    )
    number = re.search(r'name="job" value="(\d+)"', page.text)
    assert number
    after = post(charge, "/burden/cancel", job=number[1], **{"spo2-low.delay": "10"})
    assert "Replay the recorded values" in after and "Stop the replay" not in after


def test_nothing_is_replayed_where_nothing_was_changed(charge: Visitor) -> None:
    given = {"csrf": charge.csrf(), "period": "day"}
    assert charge.post("/burden/replay", data=given).status_code == 400
