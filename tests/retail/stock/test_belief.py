"""The belief of one product and of a store: what each source does to it, late messages, saving, and how good it is."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retail.stock.belief import Beliefs
from retail.stock.evidence import BACKROOM, FLOOR, IMPORT, PLACES, Counted, Evidence, Profile, Tagged
from retail.stock.telling import Belief
from simulators.store_settings import WorldSettings
from simulators.store_world import World
from tests.retail.stock.streams import (
    ANY_EVIDENCE,
    GTIN,
    PROFILE,
    at,
    counted,
    looked,
    pace,
    received,
    refilled,
    sold,
)  # fmt: skip
from tests.support.store_runs import follow


def believing(*pieces: Evidence, paced: bool = True) -> Beliefs:
    beliefs = Beliefs([PROFILE])
    for piece in pieces:
        beliefs.take(piece)
        if paced:
            beliefs.set_pace(GTIN, pace())
    return beliefs


def of(beliefs: Beliefs, place: str, hours: float) -> Belief:
    found = beliefs.belief(GTIN, place, at(hours))
    assert found is not None
    return found


def test_of_a_product_never_heard_of_nothing_is_believed() -> None:
    assert Beliefs([PROFILE]).belief(GTIN, FLOOR, at(1)) is None
    assert GTIN not in Beliefs([PROFILE])


def test_after_a_count_sales_and_refills_are_followed() -> None:
    beliefs = believing(*counted(8, 12, 10), sold(9, 2), sold(10), refilled(11, 6), received(12, 12))
    floor, behind = of(beliefs, FLOOR, 12), of(beliefs, BACKROOM, 12)
    assert (floor.on_hand, floor.book) == (15, 15)
    assert (behind.on_hand, behind.book) == (16, 16)
    assert floor.confidence > 0.9
    assert floor.word == "high"
    total = beliefs.in_store(GTIN, at(12))
    assert total is not None
    assert total.on_hand == 31


def test_confidence_falls_with_the_days_since_the_count() -> None:
    fresh = believing(*counted(8, 18))
    beliefs = believing(*counted(8, 18), *(sold(9 + 24 * day + hour / 2) for day in range(1) for hour in range(12)))
    assert of(beliefs, FLOOR, 20).confidence < of(fresh, FLOOR, 8).confidence


def test_a_sale_proves_that_an_empty_shelf_was_not_empty() -> None:
    beliefs = believing(*counted(8, 0, 0), sold(9), sold(9.5), sold(10))
    assert of(beliefs, FLOOR, 10).book == -3
    assert of(beliefs, FLOOR, 10).low >= 0


def test_silence_speaks_for_an_empty_shelf_and_only_while_the_tills_are_heard() -> None:
    other = sold(9.0)
    quiet = Beliefs([PROFILE, Profile("other", 4, 5)])
    deaf = Beliefs([PROFILE, Profile("other", 4, 5)])
    for beliefs in (quiet, deaf):
        for piece in counted(8, 3):
            beliefs.take(piece)
        beliefs.set_pace(GTIN, pace(30.0))
    quiet.take(type(other)("other", 1, other.from_account, other.to_account, at(20)))
    assert of(quiet, FLOOR, 20).empty > 3 * of(deaf, FLOOR, 20).empty
    silence = quiet.silence(GTIN, at(20))
    assert silence is not None
    assert silence.visits == pytest.approx(30 * 12 / 13, rel=0.05)


def test_a_camera_that_sees_nothing_makes_the_book_disagree() -> None:
    found = of(believing(*counted(8, 12, 0), looked(9, 4), looked(10, 0), looked(19, 0), looked(33, 0)), FLOOR, 33)
    assert found.on_hand <= 1
    assert found.disagree == ("book",)
    assert "book says 12, camera sees 0 of 4 facings; book disagrees" in found.reason


def test_a_full_look_after_a_low_one_is_a_refill_out_of_the_back_room() -> None:
    beliefs = believing(*counted(8, 2, 30), looked(8.5, 2), looked(13, 4))
    assert of(beliefs, FLOOR, 13).on_hand > 8
    assert of(beliefs, BACKROOM, 13).on_hand < 24


def test_tags_bound_the_number() -> None:
    beliefs = believing(*counted(8, 12, 0), *(Tagged(GTIN, FLOOR, 4, at(9 + hour)) for hour in range(6)))
    found = of(beliefs, FLOOR, 15)
    assert 4 <= found.on_hand <= 8
    assert found.disagree == ("book",)


def test_a_product_by_weight_is_followed_in_steps() -> None:
    kg = Profile(GTIN, facings=1, depth=20_000, step=250)
    beliefs = Beliefs([kg])
    for piece in [*counted(8, 12_000), *(sold(9 + tenth / 10, 330) for tenth in range(10))]:
        beliefs.take(piece)
    found = beliefs.belief(GTIN, FLOOR, at(11))
    assert found is not None
    assert found.on_hand == pytest.approx(8_700, abs=500)


@settings(max_examples=60, deadline=None)
@given(st.lists(ANY_EVIDENCE, min_size=1, max_size=25))
def test_whatever_it_is_told_it_stays_a_belief(pieces: list[Evidence]) -> None:
    beliefs = believing(*pieces)
    for place in PLACES:
        found = of(beliefs, place, 62)
        assert 0 <= found.low <= found.on_hand <= found.high
        assert 0 <= found.confidence <= 1
        assert 0 <= found.empty <= 1
        assert found.reason.endswith(".")


@settings(max_examples=40, deadline=None)
@given(st.permutations([received(9, 12), sold(9.5), refilled(10, 6), sold(11, 2), sold(13), looked(14, 3), sold(15)]))
def test_within_a_day_the_order_of_arrival_does_not_matter(pieces: list[Evidence]) -> None:
    """A till that was offline tells its sales hours later: the camera has seen the shelf go down in the meantime."""
    start = counted(8, 12, 4)
    late = believing(*start, *pieces, paced=False)
    early = believing(*start, *sorted(pieces, key=lambda piece: piece.at_utc_s), paced=False)
    for place in PLACES:
        assert of(late, place, 16).expected == pytest.approx(of(early, place, 16).expected, abs=0.05)
        assert of(late, place, 16).book == of(early, place, 16).book


def test_a_late_batch_taken_at_once_is_the_same_as_line_by_line() -> None:
    start, batch = [*counted(8, 14, 4), looked(15, 3)], [sold(9 + line / 4) for line in range(8)]
    at_once, one_by_one = believing(*start, paced=False), believing(*start, *batch, paced=False)
    at_once.take_all(reversed(batch))
    assert of(at_once, FLOOR, 16) == of(one_by_one, FLOOR, 16)
    assert of(at_once, FLOOR, 16).book == 6


def test_what_comes_too_late_still_counts_unless_a_count_has_covered_it() -> None:
    beliefs = believing(*counted(8, 12), *(looked(9 + 24 * day, 4) for day in range(4)), sold(7))
    assert of(beliefs, FLOOR, 82).book == 12
    beliefs.take(sold(9))
    assert of(beliefs, FLOOR, 82).book == 11


@settings(max_examples=30, deadline=None)
@given(st.lists(ANY_EVIDENCE, min_size=1, max_size=20))
def test_a_saved_belief_comes_back_as_it_was(pieces: list[Evidence]) -> None:
    beliefs = believing(*pieces, paced=False)
    back = Beliefs.from_state(json.loads(json.dumps(beliefs.state())), [PROFILE])
    for place in PLACES:
        then, now = of(beliefs, place, 61), of(back, place, 61)
        assert now.expected == pytest.approx(then.expected, abs=0.5, rel=0.02)
        assert (now.book, now.place) == (then.book, then.place)
    back.take(sold(70))
    assert of(back, FLOOR, 70).book == of(beliefs, FLOOR, 70).book - 1


def test_a_move_older_than_the_count_it_is_in_is_not_counted_again_after_a_restart() -> None:
    beliefs = believing(*counted(8, 12), sold(9), paced=False)
    back = Beliefs.from_state(json.loads(json.dumps(beliefs.state())), [PROFILE])
    back.take(sold(7))
    assert of(back, FLOOR, 10).book == 11
    back.take(sold(8.5))
    assert of(back, FLOOR, 10).book == 10


def test_a_count_just_before_the_ledgers_figure_was_taken_is_not_lost() -> None:
    """The desk begins a product with the ledger's figure of now, and then hears of the count that brought it about."""
    beliefs = Beliefs([PROFILE])
    beliefs.take(Counted(GTIN, FLOOR, 9, at(10), IMPORT))
    beliefs.take(sold(10.01))
    beliefs.take(Counted(GTIN, FLOOR, 6, at(9.99)))
    found = of(beliefs, FLOOR, 10.1)
    assert (found.on_hand, found.book) == (5, 5)
    assert found.confidence > 0.9


def test_the_state_of_a_product_is_small() -> None:
    beliefs = believing(*counted(8, 12, 30), *(sold(9 + hour / 3) for hour in range(30)), looked(20, 2))
    state = beliefs.state()
    assert len(json.dumps(state["products"])) < 8_000


def test_over_ten_days_of_a_store_it_errs_far_less_than_any_source() -> None:
    followed = follow(World(WorldSettings(products=24), seed=11), 10, hours=(12.0, 20.0))
    best = min(followed.mean(source) for source in ("flow", "counts", "book"))
    assert followed.mean("belief") < 0.6 * best
    assert followed.mean("belief where camera") < 0.6 * followed.mean("camera")
    assert followed.held / followed.looks["belief"] > 0.85
