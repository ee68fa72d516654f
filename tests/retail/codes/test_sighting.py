"""When a camera's read counts."""

from __future__ import annotations

from core.clock import Instant
from retail.codes.scan import of_gtin
from retail.codes.scanned import Kind, Scanned
from retail.codes.sighting import Sightings

LISTED, OTHER = "04006381333931", "09780735200449"
START = Instant(100.0, 1_795_000_000.0)
CODE = of_gtin(LISTED)


def test_one_frame_is_not_enough_and_two_are() -> None:
    sightings = Sightings({LISTED})
    assert sightings.see([CODE], START) == []
    (seen,) = sightings.see([CODE], START.plus(1))
    assert (seen.gtin, seen.frames, seen.first, seen.at) == (LISTED, 2, START, START.plus(1))


def test_twice_in_one_frame_is_one_frames_word() -> None:
    sightings = Sightings({LISTED})
    assert sightings.see([CODE, CODE], START) == []


def test_what_the_item_list_does_not_know_never_counts() -> None:
    sightings = Sightings({OTHER})
    assert [sightings.see([CODE], START.plus(second)) for second in range(5)] == [[]] * 5
    assert sightings.refused == {LISTED: 5}


def test_frames_far_apart_agree_on_nothing() -> None:
    sightings = Sightings({LISTED}, within_s=10)
    assert sightings.see([CODE], START) == []
    assert sightings.see([CODE], START.plus(11)) == []
    assert len(sightings.see([CODE], START.plus(12))) == 1


def test_two_wrong_frames_that_differ_never_count() -> None:
    sightings = Sightings({LISTED, OTHER})
    assert sightings.see([CODE], START) == []
    assert sightings.see([of_gtin(OTHER)], START.plus(1)) == []


def test_what_stays_in_view_is_told_now_and_then() -> None:
    sightings = Sightings({LISTED}, again_after_s=60)
    told = [second for second in range(0, 200, 5) if sightings.see([CODE], START.plus(second))]
    assert told == [5, 65, 125, 185]


def test_what_is_told_once_is_told_again_when_it_was_away() -> None:
    sightings = Sightings({LISTED}, within_s=1.5, again_after_s=None)
    in_view = [*range(40), *range(60, 100)]  # tenths of a second; two seconds without it between
    assert [tenth for tenth in in_view if sightings.see([CODE], START.plus(tenth / 10))] == [1, 61]


def test_the_item_list_decides_between_two_numbers() -> None:
    either = Scanned("x", Kind.GTIN, gtin=OTHER, other_gtin=LISTED)
    sightings = Sightings({LISTED})
    sightings.see([either], START)
    assert sightings.see([either], START.plus(1))[0].gtin == LISTED


def test_a_camera_that_reads_noise_fills_no_memory() -> None:
    sightings = Sightings(set())
    for number in range(1500):
        sightings.see([Scanned("x", Kind.GTIN, gtin=f"{number:014}")], START)
    assert len(sightings.refused) == 1000
