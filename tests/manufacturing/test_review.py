"""The review page over a real web process: as a browser without script gets it, and as its forms change it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from manufacturing import tables
from manufacturing.labelling import UNDO_WITHIN_S
from manufacturing.results import ResultCode
from tests.support.kiosks import KioskRig
from tests.support.screens import Visitor

REVIEW = "/line/line-3/review"


@pytest.fixture
def kiosk(tmp_path: Path) -> Iterator[KioskRig]:
    with KioskRig(tmp_path) as running:
        running.run_line()
        yield running


@pytest.fixture
def visitor(kiosk: KioskRig) -> Visitor:
    return kiosk.client()


def say(visitor: Visitor, sequence: int, label: str, defect: str = "") -> httpx.Response:
    values = {"csrf": visitor.csrf(), "sequence": str(sequence), "label": label, "defect": defect}
    return visitor.post(REVIEW, data=values)


def queue(page: str) -> list[str]:
    return re.findall(r'aria-label="Part (\d+)">', page)


def row(kiosk: KioskRig, part: str) -> dict[str, object]:
    with kiosk.store.engine.connect() as connection:
        found = tables.find_part(connection, "line-3", part)
    assert found is not None
    return found


def test_the_queue_holds_unlabelled_rejects_newest_first(kiosk: KioskRig, visitor: Visitor) -> None:
    kiosk.part(1)
    kiosk.part(2, code=1, score=6.0)
    kiosk.part(3, code=ResultCode.LATE)
    kiosk.part(4, code=1, score=7.0)
    page = visitor.get(REVIEW).text
    assert queue(page) == ["4", "2"]
    assert "<b>Part 4</b>" in page
    assert "7.00, limit 5.00 (140 %)" in page
    assert visitor.get(f"{REVIEW}/count").json() == {"waiting": 2}


def test_an_accept_in_the_review_band_waits_too_and_may_be_a_missed_defect(kiosk: KioskRig, visitor: Visitor) -> None:
    kiosk.part(1)
    part = kiosk.part(2, score=4.9, review=True)
    page = visitor.get(REVIEW).text
    assert queue(page) == ["2"]
    fits = re.findall(r'value="([a-z-]+)" data-letter="[a-z]" aria-pressed', page)
    assert fits == ["right", "missed-defect"]
    assert "Really good" in page
    assert "ask=type" in say(visitor, part.sequence, "missed-defect").headers["location"]
    assert row(kiosk, "2")["label"] == "missed-defect"


def test_a_long_queue_comes_in_pages(kiosk: KioskRig, visitor: Visitor) -> None:
    for number in range(1, 13):
        kiosk.part(number, code=1, picture=False)
    assert queue(visitor.get(REVIEW).text) == [str(number) for number in range(12, 2, -1)]
    older = visitor.get(f"{REVIEW}?page=2").text
    assert queue(older) == ["2", "1"]
    assert "page 2 of 2" in older
    assert queue(visitor.get(f"{REVIEW}?page=99").text) == ["2", "1"]


def test_a_false_reject_is_recorded_with_who_and_the_next_part_comes(kiosk: KioskRig, visitor: Visitor) -> None:
    older, newer = kiosk.part(7, code=1), kiosk.part(8, code=1)
    answer = say(visitor, newer.sequence, "false-reject")
    assert answer.status_code == 303
    page = visitor.get(answer.headers["location"]).text
    assert "<b>Part 7</b>" in page
    assert f"part={older.sequence}" in answer.headers["location"]
    assert "part 8: false reject" in page
    assert row(kiosk, "8")["label"] == "false-reject"
    [entry] = [it for it in kiosk.audit.read() if it.act == "label"]
    detail = json.loads(entry.detail)
    assert (entry.role, detail["args"]["label"], detail["accepted"]) == ("operator", "false-reject", True)


def test_a_person_who_is_signed_in_stands_in_the_label(kiosk: KioskRig, visitor: Visitor) -> None:
    kiosk.accounts.add("Operator 14", "4711", {"manufacturing": "operator"}, by="the test")
    visitor.sign_in("Operator 14")
    say(visitor, kiosk.part(8, code=1).sequence, "false-reject")
    assert row(kiosk, "8")["label_who"] == "Operator 14"


def test_a_defect_is_asked_for_its_type_and_a_new_type_is_known_afterwards(kiosk: KioskRig, visitor: Visitor) -> None:
    kiosk.part(7, code=1)
    newer = kiosk.part(8, code=1)
    page = visitor.get(say(visitor, newer.sequence, "right").headers["location"]).text
    assert "Really bad, recorded.</b> Which defect?" in page
    assert row(kiosk, "8")["label"] == "right"
    page = visitor.get(f"{REVIEW}?part={newer.sequence}&ask=new").text
    assert 'name="defect"' in page
    answer = say(visitor, newer.sequence, "right", "  bent   pin ")
    assert "<b>Part 7</b>" in visitor.get(answer.headers["location"]).text
    assert (row(kiosk, "8")["label"], row(kiosk, "8")["defect"]) == ("right", "bent pin")
    assert 'value="bent pin"' in visitor.get(f"{REVIEW}?part={newer.sequence}&ask=type").text


def test_a_label_is_taken_back_within_ten_seconds_and_not_later(kiosk: KioskRig, visitor: Visitor) -> None:
    part = kiosk.part(8, code=1)
    say(visitor, part.sequence, "false-reject")
    assert say(visitor, part.sequence, "none").status_code == 303
    assert row(kiosk, "8")["label"] is None
    assert [event.data["label"] for event in kiosk.store.read(kinds=("label",))] == ["false-reject", "none"]
    say(visitor, part.sequence, "false-reject")
    with kiosk.store.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE events SET at_utc_s = at_utc_s - {UNDO_WITHIN_S + 1} WHERE kind = 'label'")
    late = say(visitor, part.sequence, "none")
    assert late.status_code == 409
    assert "Too late to undo" in late.text
    assert row(kiosk, "8")["label"] == "false-reject"


def test_a_reused_id_leaves_the_newer_part_alone(kiosk: KioskRig, visitor: Visitor) -> None:
    older = kiosk.part(8, code=1)
    kiosk.part(8, code=1)
    say(visitor, older.sequence, "false-reject")
    assert row(kiosk, "8")["label"] is None
    assert visitor.get(f"{REVIEW}/count").json() == {"waiting": 1}


def test_an_empty_queue_and_a_part_that_is_gone_say_so(kiosk: KioskRig, visitor: Visitor) -> None:
    assert "Nothing to review" in visitor.get(REVIEW).text
    assert say(visitor, 99, "right").status_code == 404
    assert visitor.get("/line/nowhere/review").status_code == 404


def test_a_picture_that_made_room_says_when(kiosk: KioskRig, visitor: Visitor) -> None:
    part = kiosk.part(8, code=1)
    sha256 = part.data["evidence"]["image"]
    with kiosk.store.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE evidence SET evicted_at_utc_s = 1780300800 WHERE sha256 = '{sha256}'")
    for path in kiosk.places.evidence("manufacturing").rglob(f"*{sha256[2:]}*"):
        path.unlink()
    page = visitor.get(REVIEW).text
    assert "It made room for newer ones on 01 Jun 2026 10:0" in page
    assert "5.0" in page


def test_a_dead_line_takes_no_label_and_the_page_says_it(tmp_path: Path) -> None:
    with KioskRig(tmp_path) as kiosk:
        visitor = kiosk.client()
        part = kiosk.part(8, code=1)
        assert "kiosk__banner--dead" in visitor.get(REVIEW).text
        answer = say(visitor, part.sequence, "right")
        assert answer.status_code == 409
        assert "The line does not answer. Nothing was done." in answer.text
        assert row(kiosk, "8")["label"] is None


def test_without_a_role_there_is_no_review(kiosk: KioskRig) -> None:
    stranger = kiosk.client(**{"X-Forwarded-For": "10.0.0.9"})
    answer = stranger.get(REVIEW)
    assert (answer.status_code, answer.headers["location"][:8]) == (303, "/sign-in")
