from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from healthcare.matching import Counts, match


def test_the_nearer_of_two_has_the_partner() -> None:
    assert match([1.0], [0.9, 1.01], 0.15) == [(None, 0), (0, 1)]
    assert match([0.9, 1.01], [1.0], 0.15) == [(0, None), (1, 0)]


def test_what_is_too_far_apart_has_no_partner() -> None:
    assert match([1.0, 2.0], [1.2, 1.99], 0.15) == [(0, None), (None, 0), (1, 1)]
    assert match([], [1.0], 0.15) == [(None, 0)]
    assert match([1.0], [], 0.15) == [(0, None)]


_MOMENTS = st.lists(st.floats(0, 20), max_size=30).map(sorted)


@given(_MOMENTS, _MOMENTS)
def test_every_moment_is_told_once_and_pairs_are_near(reference_s: list[float], found_s: list[float]) -> None:
    pairs = match(reference_s, found_s, 0.15)
    assert [one for one, _ in pairs if one is not None] == list(range(len(reference_s)))
    assert [other for _, other in pairs if other is not None] == list(range(len(found_s)))
    for one, other in pairs:
        assert one is None or other is None or abs(reference_s[one] - found_s[other]) <= 0.15


@given(_MOMENTS)
def test_the_same_moments_match_throughout(moments_s: list[float]) -> None:
    assert match(moments_s, moments_s, 0.15) == [(place, place) for place in range(len(moments_s))]


def test_counts_add_up_to_shares_or_to_none() -> None:
    counts = Counts()
    counts.add(True, True)
    counts.add(True, False)
    counts.add(False, True)
    counts.add(False, True)
    assert counts.shares() == {"sensitivity": 0.5, "positive_predictivity": 1 / 3}
    assert (counts + counts).document()["wrong"] == 4
    assert Counts().shares() == {"sensitivity": None, "positive_predictivity": None}
