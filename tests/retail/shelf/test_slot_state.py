import pytest

from core.clock import Instant
from retail.shelf.facings import Facing, FacingSight
from retail.shelf.gallery import Match
from retail.shelf.plan import Slot
from retail.shelf.slot_state import BLOCKED, Patience, SlotSight, SlotStanding, SlotState, judged

_SLOT = Slot("left", "water", (0.1, 0.1, 0.3, 0.3), facings=3)
_THERE, _GONE, _DOUBT = (FacingSight(facing, 0.9) for facing in Facing)


@pytest.mark.parametrize(
    ("facings", "match", "state", "count"),
    [
        ([_THERE, _THERE, _THERE], None, SlotState.FULL, 3),
        ([_THERE, _THERE, _GONE], None, SlotState.FULL, 2),
        ([_THERE, _GONE, _GONE], None, SlotState.LOW, 1),
        ([_GONE, _GONE, _GONE], None, SlotState.EMPTY, 0),
        ([_THERE, _DOUBT, _GONE], None, SlotState.UNKNOWN, None),
        ([_THERE, _DOUBT, _GONE], Match("water", 0.9, 0.1, known=False), SlotState.UNKNOWN, None),
        ([_THERE, _DOUBT, _GONE], Match("water", 0.9, 0.1, known=True), SlotState.FULL, 2),
        ([_GONE, _DOUBT, _GONE], Match("water", 0.9, 0.1, known=True), SlotState.LOW, 1),
        ([_THERE, _DOUBT, _GONE], Match("juice", 0.9, 0.1, known=True), SlotState.WRONG, 1),
    ],
)
def test_facings_make_the_word(
    facings: list[FacingSight], match: Match | None, state: SlotState, count: int | None
) -> None:
    sight = judged(_SLOT, facings, match)
    assert (sight.state, sight.facings) == (state, count)


@pytest.mark.parametrize("enrolled", ["4006381333931", "04006381333931"])
def test_a_number_with_or_without_leading_zeros_is_the_same_product(enrolled: str) -> None:
    slot = Slot("left", "4006381333931", (0.1, 0.1, 0.3, 0.3), facings=2)
    assert judged(slot, [_DOUBT, _DOUBT], Match(enrolled, 0.9, 0.1, known=True)).state is SlotState.FULL
    assert judged(slot, [_DOUBT, _DOUBT], Match("5901234123457", 0.9, 0.1, known=True)).state is SlotState.WRONG


def test_where_no_product_is_planned_nothing_is_wrong() -> None:
    slot = Slot("left", "", (0.1, 0.1, 0.3, 0.3))
    assert judged(slot, [_DOUBT], Match("juice", 0.9, 0.1, known=True)).state is SlotState.UNKNOWN


def _see(standing: SlotStanding, sight: SlotSight, times: int, first_s: float) -> list[bool]:
    return [standing.see(sight, Instant(first_s + step, first_s + step)) for step in range(times)]


def test_a_word_is_said_when_enough_frames_agree() -> None:
    standing = SlotStanding(_SLOT, Patience(3, 5))
    assert _see(standing, SlotSight(SlotState.FULL, 3, 0.9), 4, 0) == [False, False, True, False]
    assert _see(standing, SlotSight(SlotState.EMPTY, 0, 0.9), 2, 10) == [False, False]
    assert standing.state is SlotState.FULL
    assert _see(standing, SlotSight(SlotState.FULL, 3, 0.9), 1, 20) == [False]
    assert _see(standing, SlotSight(SlotState.WRONG, 3, 0.9, "juice"), 5, 30) == [False] * 4 + [True]
    assert standing.since == Instant(34, 34) and standing.told()["found"] == "juice"


def test_a_blocked_view_holds_the_word_and_is_told_as_blocked() -> None:
    standing = SlotStanding(_SLOT)
    _see(standing, SlotSight(SlotState.LOW, 1, 0.8), 3, 0)
    assert _see(standing, BLOCKED, 3, 10) == [True, False, False]
    assert standing.state is SlotState.LOW and standing.blocked_since == Instant(10, 10)
    assert standing.told()["state"] == "blocked" and standing.shown()["held"] == "low"
    assert _see(standing, SlotSight(SlotState.LOW, 1, 0.8), 1, 20) == [True]
    assert standing.told()["state"] == "low"


def test_frames_before_a_block_do_not_count_after_it() -> None:
    standing = SlotStanding(_SLOT)
    _see(standing, SlotSight(SlotState.FULL, 3, 0.9), 3, 0)
    empty = SlotSight(SlotState.EMPTY, 0, 0.9)
    for first_s in (10, 20, 30):
        _see(standing, empty, 2, first_s)
        _see(standing, BLOCKED, 1, first_s + 5)
    assert standing.state is SlotState.FULL
