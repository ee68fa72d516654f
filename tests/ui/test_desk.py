from __future__ import annotations

import math
from pathlib import Path

import pytest
from sqlalchemy import text

from core.models.gate import Gate
from core.models.package import MODEL
from core.models.shelf import Shelf
from core.models.trust import SigningKey, Trust
from tests.support.graphs import score_package
from tests.support.screens import ScreenRig, eventually
from verticals.contract import Event, Reply
from verticals.runtime.live import LiveMessage
from verticals.store.events import Entry
from verticals.store.series import Point, SeriesStore


@pytest.fixture
def live_rig(rig: ScreenRig) -> ScreenRig:
    rig.start_line()
    rig.beat()
    eventually(lambda: not rig.web.hub.stale)
    return rig


def test_an_order_gets_the_line_s_own_answer_and_is_audited(live_rig: ScreenRig) -> None:
    live_rig.answer_commands(Reply(True, "stopped"))
    answer = live_rig.client().order("/order", {"reason": "lens"})
    assert (answer.status_code, answer.json()) == (200, {"accepted": True, "reason": "stopped"})
    [entry] = [item for item in live_rig.audit.read() if item.act == "stop"]
    assert (entry.app, entry.role, entry.values) == ("trial", "operator", {"accepted": True})


def test_the_line_may_refuse_with_a_reason(live_rig: ScreenRig) -> None:
    live_rig.answer_commands(Reply(False, "a part is under way"))
    answer = live_rig.client().order("/order", {})
    assert (answer.status_code, answer.json()["reason"]) == (409, "a part is under way")


def test_a_line_that_does_not_answer_in_time_is_a_refusal_and_the_order_is_taken_back(live_rig: ScreenRig) -> None:
    answer = live_rig.client().order("/order", {})
    assert answer.status_code == 409 and "taken back" in answer.json()["reason"]
    assert live_rig.commands.pending() == []


def test_an_order_that_was_answered_without_a_word_is_found_in_the_store(live_rig: ScreenRig) -> None:
    def write(message: LiveMessage) -> None:
        if message.topic == "command":
            live_rig.store.append([Entry(replies=[(int(message.data["id"]), Reply(True, "done quietly"))])])

    live_rig.line.receive = write
    assert live_rig.client().order("/order", {}).json()["reason"] == "done quietly"


def test_a_dead_line_is_not_asked_at_all(rig: ScreenRig) -> None:
    answer = rig.client().order("/order", {})
    assert answer.status_code == 409 and "does not answer" in answer.json()["reason"]
    assert rig.commands.pending() == []


def test_what_may_be_lost_reaches_the_line_and_stands_nowhere(live_rig: ScreenRig) -> None:
    heard: list[LiveMessage] = []
    live_rig.line.receive = heard.append
    assert live_rig.web.desk.say("place", "here", {"sounds": True}, who="Nurse 14", role="nurse")
    eventually(lambda: bool(heard))
    said = {"station": "place", "name": "here", "args": {"sounds": True}, "who": "Nurse 14", "role": "nurse"}
    assert heard == [LiveMessage("said", said)]
    assert live_rig.commands.pending() == []


def test_without_a_line_nobody_hears_it(rig: ScreenRig) -> None:
    assert not rig.web.desk.say("place", "here", {}, who="", role="nurse")


def test_facts_are_kept_before_they_are_answered(rig: ScreenRig) -> None:
    desk = rig.web.desk
    first = desk.bring("till", "receipt-1", {"sold": 2})
    assert desk.bring("till", "receipt-1", {"sold": 2}) == first


def test_jobs_are_started_for_this_app(rig: ScreenRig) -> None:
    number = rig.web.desk.start_job("teach", {"recipe": "flange"}, who="Ada")
    [job] = rig.web.desk.jobs(kind="teach")
    assert (job["id"], job["app"], job["who"], job["state"]) == (number, "trial", "Ada", "queued")


def test_views_read_events_and_their_own_tables(rig: ScreenRig) -> None:
    rig.store.append([Entry([Event("part", "1", 0.0, station="press"), Event("gate", "1", 0.0)])])
    desk = rig.web.desk
    assert [event.kind for event in desk.events(kinds=("part",), station="press")] == ["part"]
    assert [event.sequence for event in desk.events(newest_first=True, limit=1)] == [2]
    with desk.read() as connection:
        assert connection.execute(text("select count(*) from events")).scalar_one() == 2


def test_views_read_series_and_find_gaps_and_empty_channels_as_they_are(rig: ScreenRig) -> None:
    told = [Point("bed/hr", 100.0, 74.0), Point("bed/hr", 101.0, math.nan), Point("bed/hr", 160.0, 75.0)]
    SeriesStore(rig.store.engine).append(told)
    found = rig.web.desk.series(["bed/hr", "bed/rr"], 100.0, 160.0)
    times, values = found["bed/hr"]
    assert times.tolist() == [100.0, 101.0] and values[0] == 74.0 and math.isnan(values[1])
    assert found["bed/rr"][0].size == 0


def _key(rig: ScreenRig) -> SigningKey:
    return Trust(rig.places.keys).box_key()


def _shelf(rig: ScreenRig) -> Shelf:
    return Shelf(rig.places.models, Trust(rig.places.keys), Gate())


def test_views_see_what_is_on_the_shelf(rig: ScreenRig, tmp_path: Path) -> None:
    package, shelf, desk = score_package(tmp_path / "package", _key(rig), version="3"), _shelf(rig), rig.web.desk
    assert desk.models() == []
    shelf.install(tmp_path / "package")
    [found] = desk.models("tiny")
    assert (found["version"], found["sha256"], found["slots"]) == ("3", package.sha256, [])
    shelf.activate("press", "tiny", "3")
    assert [one["slots"] for one in desk.models()] == [["press"]]
    assert desk.models("other") == []


def test_a_package_that_is_not_right_says_so(rig: ScreenRig, tmp_path: Path) -> None:
    score_package(tmp_path / "package", _key(rig), version="3")
    desk = rig.web.desk
    _shelf(rig).install(tmp_path / "package")
    with (rig.places.models / "packages" / "tiny" / "3" / MODEL).open("ab") as model:
        model.write(b"spoilt")
    assert [bool(one["broken"]) for one in desk.models()] == [True]


def test_pictures_for_a_job_are_kept_where_the_job_finds_them(rig: ScreenRig) -> None:
    drafts = rig.web.desk.drafts
    draft = drafts.begin()
    drafts.keep(draft, "good", "a.png", b"1")
    assert drafts.folder(draft).is_relative_to(rig.places.data)
