from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import InputError, RefusedError
from tests.support.clocks import FakeClock
from verticals.store.drafts import KEPT_S, Drafts


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def drafts(tmp_path: Path, clock: FakeClock) -> Drafts:
    return Drafts(tmp_path / "drafts", clock, most_bytes=1000, most_files=4)


def test_a_draft_keeps_files_by_place_and_a_job_finds_them_there(drafts: Drafts) -> None:
    draft = drafts.begin()
    kept = drafts.keep(draft, "defect/scratch", "C:\\fakepath\\part 7.png", b"picture")
    assert (kept.place, kept.size_bytes) == ("defect/scratch", 7) and kept.name.endswith("-part-7.png")
    assert drafts.read(draft, kept.place, kept.name) == b"picture"
    assert (drafts.folder(draft) / kept.place / kept.name).read_bytes() == b"picture"
    assert drafts.listed(draft) == [kept]


def test_the_same_content_is_kept_once_in_a_place(drafts: Drafts) -> None:
    draft = drafts.begin()
    first = drafts.keep(draft, "good", "a.png", b"same")
    assert drafts.keep(draft, "good", "b.png", b"same") == first
    drafts.keep(draft, "good", "a.png", b"other")
    assert len(drafts.listed(draft)) == 2


def test_a_file_moves_goes_and_takes_its_draft_along(drafts: Drafts) -> None:
    draft = drafts.begin()
    kept = drafts.keep(draft, "good", "a.png", b"1")
    drafts.move(draft, "good", kept.name, "defect/dent")
    assert [one.place for one in drafts.listed(draft)] == ["defect/dent"]
    drafts.remove(draft, "defect/dent", kept.name)
    drafts.remove(draft, "defect/dent", kept.name)
    assert drafts.listed(draft) == []
    drafts.drop(draft)
    with pytest.raises(InputError, match="not here any more"):
        drafts.listed(draft)


def test_the_budget_holds_for_all_drafts_together(drafts: Drafts) -> None:
    one, two = drafts.begin(), drafts.begin()
    drafts.keep(one, "good", "a.png", b"x" * 900)
    with pytest.raises(RefusedError, match="used up"):
        drafts.keep(two, "good", "b.png", b"y" * 200)
    for index in range(4):
        drafts.keep(two, "good", f"{index}.png", str(index).encode())
    with pytest.raises(RefusedError, match="at most 4 files"):
        drafts.keep(two, "good", "5.png", b"5")


def test_a_draft_that_nobody_touches_ends(drafts: Drafts, clock: FakeClock) -> None:
    old, touched = drafts.begin(), drafts.begin()
    now_s = clock.now().utc_s
    for draft, age_s in ((old, KEPT_S + 60), (touched, KEPT_S - 60)):
        os.utime(drafts.folder(draft), (now_s - age_s, now_s - age_s))
    new = drafts.begin()
    with pytest.raises(InputError):
        drafts.folder(old)
    assert drafts.folder(touched) != drafts.folder(new)


@pytest.mark.parametrize("draft", ["", "..", "20260101T000000-00000000", "../../etc"])
def test_only_a_draft_that_was_begun_is_one(drafts: Drafts, draft: str) -> None:
    with pytest.raises(InputError):
        drafts.keep(draft, "good", "a.png", b"1")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(place=st.text(max_size=30), name=st.text(max_size=130))
def test_whatever_a_browser_calls_a_file_it_stays_inside_its_draft(drafts: Drafts, place: str, name: str) -> None:
    draft = drafts.begin()
    try:
        kept = drafts.keep(draft, place, name, b"1")
    except InputError:
        assert drafts.listed(draft) == []
    else:
        path = (drafts.folder(draft) / kept.place / kept.name).resolve()
        assert path.is_relative_to(drafts.folder(draft).resolve()) and path.read_bytes() == b"1"
    finally:
        drafts.drop(draft)
