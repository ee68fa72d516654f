"""Quality, a part's record and the CSV over a real web process and store: what they say adds up."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from manufacturing import parts_csv
from manufacturing.results import ResultCode
from tests.support.kiosks import KioskRig
from tests.support.screens import Visitor
from verticals.contract import Event

HERE = "/line/line-3"
#: A Tuesday, 15:00 in Berlin: late shift.
AT = 1_764_079_200.0


@pytest.fixture
def kiosk(tmp_path: Path) -> Iterator[KioskRig]:
    with KioskRig(tmp_path) as running:
        yield running


@pytest.fixture
def visitor(kiosk: KioskRig) -> Visitor:
    return kiosk.client()


def words(page: str) -> str:
    """What a reader sees, spaces as one."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.partition("<main")[2])).replace("\u202f", " ")


def fill(kiosk: KioskRig) -> None:
    """200 parts in 400 s: 10 defects, 3 late, 1 bypassed, the others good."""
    for number in range(200):
        code = 1 if number % 20 == 7 else ResultCode.LATE if number in (30, 31, 32) else 0
        code = ResultCode.BYPASS if number == 40 else code
        kiosk.part(1000 + number, code=code, at_utc_s=AT + 2 * number, picture=False)


def engineer(kiosk: KioskRig) -> Visitor:
    kiosk.accounts.add("Engineer 2", "4711", {"manufacturing": "engineer"}, by="the test")
    visitor = kiosk.client()
    visitor.sign_in("Engineer 2")
    return visitor


def test_infeed_is_good_and_rejected_and_undecided_and_agrees_with_the_plc(kiosk: KioskRig, visitor: Visitor) -> None:
    fill(kiosk)
    text = words(visitor.get(f"{HERE}/quality?at={AT:.0f}").text)
    assert "Late shift 14:00 200 = 186 + 10 + 4 3 late, 1 bypassed 5.00 % agrees" in text
    assert "10 71 % 71 % 3 21 % 93 % 1 7 % 100 %" in text


def test_a_part_that_the_plc_alone_counted_is_undecided_and_one_unknown_makes_it_differ(
    kiosk: KioskRig, visitor: Visitor
) -> None:
    kiosk.part(1, at_utc_s=AT)
    kiosk.counter += 3
    gap = {"from_counter": 2, "to_counter": 3, "count": 2, "not_triggered": 0, "why": "Decided, not recorded"}
    kiosk.record(Event("unrecorded", "2-3", AT + 1, gap, "line-3"))
    kiosk.part(5, at_utc_s=AT + 1)
    text = words(visitor.get(f"{HERE}/quality?at={AT:.0f}").text)
    assert "4 = 2 + 0 + 2 2 not recorded 0.00 % PLC has 1 more" in text


def test_a_day_and_a_week_count_the_same_parts(kiosk: KioskRig, visitor: Visitor) -> None:
    fill(kiosk)
    for of in ("day", "week"):
        page = words(visitor.get(f"{HERE}/quality?of={of}&at={AT:.0f}").text)
        assert "200 = 186 + 10 + 4" in page, of
    assert "Together 200" not in words(visitor.get(f"{HERE}/quality?of=shift&at={AT:.0f}").text)


def test_a_rate_out_of_control_says_by_which_rule(kiosk: KioskRig, visitor: Visitor) -> None:
    for number in range(600):
        bad = number % 20 == 7 or (number >= 550 and number % 2)
        kiosk.part(number, code=int(bad), at_utc_s=AT + number, picture=False)
    page = visitor.get(f"{HERE}/quality?at={AT:.0f}").text
    assert "OUT OF CONTROL" in page
    assert "A sample is beyond 3 sigma." in page
    assert page.count('class="chart__odd"') == 1


def test_labels_give_estimates_with_their_intervals(kiosk: KioskRig, visitor: Visitor) -> None:
    fill(kiosk)
    for number, label in ((1007, "false-reject"), (1027, "right"), (1047, "right")):
        data = {"label": label, "defect": "dent" if label == "right" else ""}
        kiosk.record(Event("label", str(number), AT, data, "line-3"))
    text = words(visitor.get(f"{HERE}/quality?at={AT:.0f}").text)
    assert "1.76 % 0.05 % to 4.64 % (95 %) 1 of 3 labelled rejects were good" in text
    assert "0.00 % 0.00 % to 84.2 % (95 %) 0 of 2 bad parts that people saw had passed" in text
    assert "3 labelled dent" in text


def test_nothing_yet_is_said_and_no_moment_breaks_the_page(kiosk: KioskRig, visitor: Visitor) -> None:
    text = words(visitor.get(f"{HERE}/quality").text)
    assert "no full sample of 1 parts yet" in text
    assert "nobody has looked at a part yet" in text
    for query in ("at=-1", "at=99999999999999999999", "at=x&of=year", "at=1"):
        assert visitor.get(f"{HERE}/quality?{query}").status_code == 200


def test_the_record_of_a_part_holds_all_that_happened_to_it(kiosk: KioskRig, visitor: Visitor) -> None:
    kiosk.part(12, code=1, score=6.5, at_utc_s=AT)
    kiosk.record(Event("gate", "12", AT + 1, {"rejected": True}, "line-3"))
    kiosk.record(Event("label", "12", AT + 60, {"label": "right", "defect": "dent"}, "line-3", "Operator 14"))
    page = visitor.get(f"{HERE}/serial?id=%2012%20").text
    text = words(page)
    assert "Judged: Defect the box" in text
    assert "Gate fired, part seen in the bin the PLC" in text
    assert "15:01:00.0 Labelled: Really bad, dent Operator 14" in text
    for known in ("6.50, limit 5.00 (130 %)", "flange 3.0.0 · a3f9c1", "a3f9c1" + "0" * 58, "reject, code 1: Defect"):
        assert known in text
    assert page.count("/evidence/") == 2
    assert "Capture 12.4 ms after the trigger" in text


def test_an_id_that_came_again_shows_each_part_with_its_own_events(kiosk: KioskRig, visitor: Visitor) -> None:
    older = kiosk.part(12, code=1, at_utc_s=AT)
    kiosk.record(Event("gate", "12", AT + 1, {"rejected": True}, "line-3"))
    kiosk.part(12, at_utc_s=AT + 3600)
    newest = words(visitor.get(f"{HERE}/serial?id=12").text)
    assert "2 parts had this id" in newest
    assert "Judged: No defect" in newest
    assert "Gate fired" not in newest
    assert "Gate fired" in words(visitor.get(f"{HERE}/serial?id=12&of={older.sequence}").text)


def test_what_is_not_on_record_says_what_was_searched_and_how_far_records_go(kiosk: KioskRig, visitor: Visitor) -> None:
    kiosk.part(12, at_utc_s=AT)
    answer = visitor.get(f"{HERE}/serial?id=<b>77")
    assert answer.status_code == 404
    assert "&lt;b&gt;77" in answer.text
    assert "go back to 25 Nov 2025 15:00" in words(answer.text)
    assert visitor.get(f"{HERE}/serial").status_code == 200


def test_the_csv_is_whole_and_its_numbers_are_those_of_the_page(kiosk: KioskRig) -> None:
    fill(kiosk)
    answer = engineer(kiosk).get(f"{HERE}/parts.csv?from=2025-11-25&to=2025-11-25")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    codes = [int(row["code"]) for row in rows]
    assert (len(codes), codes.count(0), codes.count(1), codes.count(100), codes.count(104)) == (200, 186, 10, 3, 1)
    assert rows[0]["utc_time"] == "2025-11-25T14:00:00.000Z"
    assert rows[0]["local_time"] == "2025-11-25T15:00:00.000+01:00"
    assert (rows[7]["score"], rows[7]["threshold"], rows[7]["verdict"]) == ("2.0", "5.0", "reject")


def test_a_text_that_a_spreadsheet_would_carry_out_is_made_plain(kiosk: KioskRig) -> None:
    kiosk.part("1", code=1, at_utc_s=AT)
    data = {"label": "right", "defect": '=HYPERLINK("http://x")'}
    kiosk.record(Event("label", "1", AT, data, "line-3", "@person"))
    answer = engineer(kiosk).get(f"{HERE}/parts.csv?from={AT - 1:.0f}&to={AT + 1:.0f}")
    [row] = csv.DictReader(io.StringIO(answer.text))
    assert (row["defect"], row["label_who"]) == ('\'=HYPERLINK("http://x")', "'@person")


def test_a_cut_file_says_where_to_go_on(kiosk: KioskRig, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(kiosk)
    monkeypatch.setattr(parts_csv, "MOST_ROWS", 150)
    monkeypatch.setattr(parts_csv, "_PAGE_ROWS", 40)
    answer = engineer(kiosk).get(f"{HERE}/parts.csv?from=2025-11-25&to=2025-11-25")
    lines = answer.text.splitlines()
    assert len(lines) == 152
    assert lines[-1] == "CUT after 150 parts. Ask again from 2025-11-25T14:05:00+00:00"


@pytest.mark.parametrize("query", ["", "from=2025-11-25", "from=x&to=y", "from=2025-11-26&to=2025-11-24"])
def test_a_span_that_is_none_is_refused(kiosk: KioskRig, query: str) -> None:
    assert engineer(kiosk).get(f"{HERE}/parts.csv?{query}").status_code == 400


def test_the_csv_is_for_an_engineer(kiosk: KioskRig, visitor: Visitor) -> None:
    assert visitor.get(f"{HERE}/parts.csv?from=2025-11-25&to=2025-11-25").status_code == 303
