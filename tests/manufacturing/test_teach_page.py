"""The teach page over a real web process, as a browser without script gets it: pictures, learn, limit, activate."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import httpx
import pytest

from manufacturing.lesson import FEWEST
from tests.support.kiosks import LINE, KioskRig
from tests.support.pictures import part_picture
from tests.support.screens import PIN, Visitor, eventually
from verticals.contract import Event
from verticals.store.database import open_database
from verticals.store.jobs import Job, Jobs

TEACH = "/line/line-3/teach"


@pytest.fixture
def kiosk(tmp_path: Path) -> Iterator[KioskRig]:
    with KioskRig(tmp_path) as running:
        running.run_line()
        running.accounts.add("Engineer 2", PIN, {"manufacturing": "engineer"}, by="the test")
        yield running


@pytest.fixture
def visitor(kiosk: KioskRig) -> Visitor:
    engineer = kiosk.client()
    assert engineer.sign_in("Engineer 2").status_code == 303
    return engineer


@pytest.fixture
def jobs(kiosk: KioskRig) -> Jobs:
    return Jobs(open_database(kiosk.places.box_db), kiosk.clock)


def act(visitor: Visitor, what: str, draft: str = "", files: Any = None, **values: str) -> httpx.Response:
    said = {"csrf": visitor.csrf(), "act": what, "draft": draft, **values}
    return visitor.post(TEACH, data=said, files=files or {"nothing": ("", b"")}, follow_redirects=True)


def begin(visitor: Visitor) -> str:
    return str(act(visitor, "begin").url.params["draft"])


def png(seed: int) -> bytes:
    return cv2.imencode(".png", part_picture(seed, height=60, width=80))[1].tobytes()


def uploads(count: int, folder: str = "") -> list[tuple[str, tuple[str, bytes]]]:
    return [("pictures", (f"{folder}{index}.png", png(index))) for index in range(count)]


def text(answer: httpx.Response) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", answer.text).split())


def found(sha256: str = "ab" * 32) -> dict[str, Any]:
    """What the job says, of a model that lies nowhere: the line is not asked to load it here."""
    limits = [
        {"rate": rate, "threshold": 6 - 100 * rate, "expected_rate": rate, "interval95": [0.0, 0.1]}
        for rate in (0.0025, 0.005, 0.01, 0.02)
    ]
    return {
        "name": "flange", "version": "20261124T120000.000Z", "sha256": sha256, "threshold": 5.0, "proven": False,
        "false_reject_rate": 0.01, "expected_false_reject_rate": 0.01, "false_reject_ci95": [0.0, 0.1], "note": "few",
        "pictures": 20, "parts": 20, "doubtful": [], "teach_cpu_s": 9.6, "limits": limits, "plan": "squeezed",
        "held_out": [{"name": f"{i}.png", "score": 1 + i / 10} for i in range(20)], "defect_scores": [7.0, 4.8],
    }  # fmt: skip


def finished(jobs: Jobs, result: dict[str, Any]) -> Job:
    job = jobs.claim()
    assert job is not None
    jobs.finish(job.id, result)
    return job


def test_only_an_engineer_teaches(kiosk: KioskRig) -> None:
    assert kiosk.client().get(TEACH).headers["location"].startswith("/sign-in")


def test_a_lesson_begins_empty_and_cannot_be_learnt_from(visitor: Visitor) -> None:
    draft = begin(visitor)
    page = visitor.get(TEACH, params={"draft": draft})
    assert "0 good parts" in text(page) and f"{FEWEST} more pictures" in text(page)
    refused = act(visitor, "learn", draft)
    assert refused.status_code == 409 and "too few" in text(refused)


def test_pictures_of_the_last_parts_that_passed_are_taken(kiosk: KioskRig, visitor: Visitor) -> None:
    for number in range(6):
        kiosk.part(number)
    kiosk.part(6, code=1, score=9.0)
    page = act(visitor, "take-last", begin(visitor))
    assert "6 good parts" in text(page)
    address = re.findall('teach/picture[^"]+', page.text)[0].replace("&amp;", "&")
    picture = visitor.get(f"/line/line-3/{address}")
    assert picture.headers["content-type"] in ("image/jpeg", "image/png") and len(picture.content) > 1000


@pytest.mark.slow
def test_the_next_parts_are_taken_as_they_pass(kiosk: KioskRig, visitor: Visitor) -> None:
    kiosk.part(1)
    waiting = act(visitor, "take-next", begin(visitor))
    assert "0 good parts" in text(waiting)
    for number in range(2, 25):
        kiosk.part(number)
        kiosk.part(100 + number, code=1, score=9.0)
        if number == 9:
            assert "8 good parts" in text(visitor.get(str(waiting.url)))
    assert "20 good parts" in text(visitor.get(str(waiting.url)))


def test_uploads_keep_sessions_and_kinds_of_defect_apart(kiosk: KioskRig, visitor: Visitor) -> None:
    draft = begin(visitor)
    act(visitor, "upload", draft, [*uploads(2), ("folder", ("set/session 1/7.png", png(7)))])
    page = act(visitor, "upload", draft, [("pictures", ("a.png", png(9)))], defect="Deep scratch")
    assert "3 good parts, 1 defect" in text(page)
    kept = {one.place for one in kiosk.web.desk.drafts.listed(draft)}
    assert kept == {"good", "good/session-1", "defect/Deep-scratch"}


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_picture_is_refused_by_name(visitor: Visitor, content: bytes) -> None:
    refused = act(visitor, "upload", begin(visitor), [("pictures", ("torn.png", content))])
    assert refused.status_code == 409 and "torn.png" in text(refused)


def test_a_picture_is_taken_out_again_and_a_lesson_thrown_away(kiosk: KioskRig, visitor: Visitor) -> None:
    draft = begin(visitor)
    act(visitor, "upload", draft, uploads(2))
    first, _ = kiosk.web.desk.drafts.listed(draft)
    assert "1 good part" in text(act(visitor, "remove", draft, place=first.place, name=first.name))
    act(visitor, "drop", draft)
    gone = visitor.get(TEACH, params={"draft": draft})
    assert gone.status_code == 404 and "not here any more" in text(gone)


def test_the_job_gets_what_the_page_was_told(kiosk: KioskRig, visitor: Visitor, jobs: Jobs) -> None:
    draft = begin(visitor)
    act(visitor, "upload", draft, uploads(5))
    act(visitor, "upload", draft, [("pictures", ("a.png", png(9)))], defect="dent")
    page = act(visitor, "learn", draft, freedom="shifts", recipe="flange-b", x="10", y="5", w="80", h="90")
    assert "Waiting for its turn" in text(page)
    [job] = jobs.newest(kind="teach")
    folder = kiosk.web.desk.drafts.folder(draft)
    assert job.inputs["folder"] == str(folder / "good") and job.inputs["known_defects"] == str(folder / "defect")
    assert job.inputs["recipe"] == "flange-b" and job.inputs["region"] == [0.1, 0.05, 0.8, 0.9]
    assert job.who == "Engineer 2" and [entry.act for entry in kiosk.audit.read()][-1] == "teach"
    act(visitor, "cancel", draft)
    assert jobs.newest(kind="teach")[0].state == "cancelled"


def test_labelled_parts_are_counted_and_taught_from_when_a_person_says_so(
    kiosk: KioskRig, visitor: Visitor, jobs: Jobs
) -> None:
    draft = begin(visitor)
    page = act(visitor, "upload", draft, uploads(5))
    assert "0 parts of this recipe on record carry a label" in text(page)
    assert all("disabled" in key for key in re.findall('<input[^>]+name="labels"[^>]*>', page.text))
    event = kiosk.part(1, code=1, score=9.0)
    label = {"label": "false-reject", "sequence": event.sequence, "was": "", "shift": "", "code": 1}
    kiosk.record(Event("label", "1", kiosk.clock.now().utc_s, label, LINE.name, "Operator 14"))
    assert "1 part of this recipe on record carries a label" in text(visitor.get(TEACH, params={"draft": draft}))
    act(visitor, "learn", draft, labels="no")
    act(visitor, "cancel", draft)
    act(visitor, "learn", draft, labels="yes")
    yes, no = jobs.newest(kind="teach")
    assert yes.inputs["labels"] is True
    assert "labels" not in no.inputs


def test_only_who_asked_for_a_lesson_stays_signed_in_while_it_is_learnt(
    kiosk: KioskRig, visitor: Visitor, jobs: Jobs
) -> None:
    draft = begin(visitor)
    act(visitor, "upload", draft, uploads(5))
    mine = act(visitor, "learn", draft)
    assert " data-mine" in mine.text and "You stay signed in while it learns" in text(mine)
    kiosk.accounts.add("Engineer 3", PIN, {"manufacturing": "engineer"}, by="the test")
    other = kiosk.client()
    assert other.sign_in("Engineer 3").status_code == 303
    theirs = other.get(TEACH, params={"draft": draft})
    assert "Waiting for its turn" in text(theirs) and " data-mine" not in theirs.text
    finished(jobs, found())
    assert " data-mine" not in visitor.get(TEACH, params={"draft": draft}).text


@pytest.mark.parametrize("region", [{"x": "50", "y": "0", "w": "60", "h": "50"}, {"x": "a"}, {"x": "nan", "w": "5"}])
def test_a_region_that_is_none_is_refused(visitor: Visitor, region: dict[str, str]) -> None:
    draft = begin(visitor)
    act(visitor, "upload", draft, uploads(5))
    refused = act(visitor, "learn", draft, **region)
    assert refused.status_code == 409 and "region" in text(refused)


def test_a_failed_job_says_why_and_can_be_tried_again(visitor: Visitor, jobs: Jobs) -> None:
    draft = begin(visitor)
    act(visitor, "upload", draft, uploads(5))
    act(visitor, "learn", draft)
    job = jobs.claim()
    assert job is not None
    jobs.fail(job.id, "the pictures are all the same")
    page = text(visitor.get(TEACH, params={"draft": draft}))
    assert "the pictures are all the same" in page and "Learn" in page
    assert "failed" in text(visitor.get(TEACH))


def test_the_limit_shows_what_each_rate_means(kiosk: KioskRig, visitor: Visitor, jobs: Jobs) -> None:
    for number in range(300):
        kiosk.part(number, picture=False)
    draft = begin(visitor)
    act(visitor, "upload", draft, uploads(5))
    act(visitor, "learn", draft)
    finished(jobs, found())
    page = visitor.get(TEACH, params={"draft": draft})
    assert "limit 5.00" in text(page) and "1 % of good parts rejected" in text(page) and "1 of 2" in text(page)
    assert "rate=0.005" in page.text and "rate=0.02" in page.text
    assert re.search(r'data-part="clock">\d\d:\d\d:\d\d<', page.text), "the bar has its time"
    tighter = text(visitor.get(TEACH, params={"draft": draft, "rate": "0.0025"}))
    assert "limit 5.75" in tighter and "0 of 2" not in tighter and "1 of 2" in tighter


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (None, "1 of 2 lowest 4.80, not learnt from"),
        ({"on": False, "recall_without": 0.5}, "1 of 2 lowest 4.80, not learnt from"),
        ({"on": True, "recall_without": 0.0}, "1 of 2 learnt from; 0 without"),
    ],
)
def test_what_known_defects_bought_is_shown(
    labels: dict[str, Any] | None, said: str, visitor: Visitor, jobs: Jobs
) -> None:
    draft = begin(visitor)
    act(visitor, "upload", draft, uploads(5))
    act(visitor, "learn", draft)
    finished(jobs, {**found(), "labels": labels})
    assert said in text(visitor.get(TEACH, params={"draft": draft}))


def test_activating_saves_a_version_with_model_limit_and_reason(kiosk: KioskRig, visitor: Visitor, jobs: Jobs) -> None:
    draft = begin(visitor)
    act(visitor, "upload", draft, uploads(5))
    act(visitor, "learn", draft)
    result = found()
    finished(jobs, result)
    silent = act(visitor, "activate", draft, rate="0.02", step="activate")
    assert silent.status_code == 409 and "reason" in text(silent)
    page = act(visitor, "activate", draft, rate="0.02", step="activate", reason="new tool")
    assert "is being loaded" in text(page)
    [saved] = kiosk.store.read(0, 10, LINE.name, ("recipe-saved",))
    recipe = saved.data["recipe"]
    assert recipe["model"] == {name: result[name] for name in ("name", "version", "sha256")}
    assert recipe["threshold"] == {"limit": 4.0, "rate": 0.02} and recipe["reason"] == "new tool"
    assert recipe["review_from"] < 4.0 and saved.who == "Engineer 2"
    acts = [entry.act for entry in kiosk.audit.read()]
    assert acts[-2:] == ["save-recipe", "choose-recipe"]


def test_a_line_that_does_not_answer_changes_nothing(kiosk: KioskRig, visitor: Visitor, jobs: Jobs) -> None:
    draft = begin(visitor)
    act(visitor, "upload", draft, uploads(5))
    act(visitor, "learn", draft)
    finished(jobs, found())
    kiosk.silence_line()
    eventually(lambda: kiosk.web.hub.stale)
    refused = act(visitor, "activate", draft, rate="0.01", step="activate", reason="new tool")
    assert refused.status_code == 409 and "not saved" in text(refused)
    assert kiosk.store.read(0, 10, LINE.name, ("recipe-saved",)) == []
