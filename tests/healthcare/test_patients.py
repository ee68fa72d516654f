"""Who lies where: whatever is asked in whatever order, one patient a bed, one bed a patient, and no stay overlaps."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import RefusedError
from healthcare.patients import Patient, Stay, Stays

_BEDS = ("bed-1", "bed-2", "bed-3")
_Step = Callable[[Stays, float], list[Stay]]


def _steps() -> st.SearchStrategy[_Step]:
    beds, people = st.sampled_from(_BEDS), st.sampled_from(["A", "B", "C", "D"])
    return st.one_of(
        st.builds(lambda bed, who: lambda s, t: s.admit(Patient(who), bed, t, who="", how="x"), beds, people),
        st.builds(lambda who: lambda s, t: s.discharge(who, t), people),
        st.builds(lambda one, other: lambda s, t: s.swap(one, other, t, who=""), beds, beds),
        st.builds(lambda bed: lambda s, t: s.strike_out(bed, "wrong bed", t), beds),
        st.builds(lambda who: lambda s, t: s.update(Patient(who, family="Koch")), people),
    )


@given(st.lists(st.tuples(_steps(), st.integers(0, 50)), max_size=40))
def test_no_two_stays_overlap_of_one_bed_or_one_patient(steps: Sequence[tuple[_Step, int]]) -> None:
    stays, now, kept = Stays(), 0.0, dict[int, Stay]()
    for step, after_s in steps:
        now += after_s
        with contextlib.suppress(RefusedError):
            kept |= {stay.number: stay for stay in step(stays, now)}
    here = [stay for stay in kept.values() if stay.until_utc_s is None]
    assert sorted(stay.number for stay in here) == sorted(stay.number for stay in stays.all())
    past = sorted((stay for stay in kept.values() if not stay.struck), key=lambda stay: stay.number)
    for own in [*_by(past, lambda stay: stay.bed), *_by(past, lambda stay: stay.patient.id)]:
        for earlier, later in pairwise(own):
            assert earlier.until_utc_s is not None and earlier.until_utc_s <= later.since_utc_s


def _by(stays: Sequence[Stay], name_of: Callable[[Stay], str]) -> list[list[Stay]]:
    return [[stay for stay in stays if name_of(stay) == name] for name in {name_of(stay) for stay in stays}]


def test_a_bed_does_not_change_places_with_itself() -> None:
    stays = Stays()
    stays.admit(Patient("A"), "bed-1", 0.0, who="", how="x")
    with pytest.raises(RefusedError):
        stays.swap("bed-1", "bed-1", 1.0, who="")
    assert stays.bed_of("A") == "bed-1"


def test_what_was_kept_is_known_again_and_numbers_go_on() -> None:
    stays = Stays()
    stays.admit(Patient("A"), "bed-1", 0.0, who="", how="x")
    again = Stays()
    again.restore(json.loads(json.dumps(stays.state())))
    assert again.all() == stays.all()
    assert again.admit(Patient("B"), "bed-2", 1.0, who="", how="x")[0].number == 2
