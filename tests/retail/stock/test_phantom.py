"""The phantom rule of the domain page."""

import pytest

from retail.stock.phantom import Silence, no_sale_probability, suspect


def test_silence_and_an_empty_look_raise_a_check() -> None:
    found = suspect(Silence("g", book=6, visits=5.0, since_h=40, camera="empty"))
    assert found is not None
    assert found.task == "check"
    assert found.no_sale == pytest.approx(0.0067, abs=1e-4)
    assert found.reason == (
        "6 on record, but no sale in 40 h where 5.0 were expected (chance 0.7 %), and the camera sees the slot empty; "
        "the back room should have none."
    )


@pytest.mark.parametrize(
    "silence",
    [
        Silence("g", book=0, visits=9, since_h=40, camera="empty"),
        Silence("g", book=6, visits=3.9, since_h=40, camera="empty"),
        Silence("g", book=6, visits=9, since_h=40, camera="full"),
        Silence("g", book=6, visits=9, since_h=40, camera=""),
    ],
)
def test_each_of_the_three_conditions_is_needed(silence: Silence) -> None:
    assert suspect(silence) is None


def test_with_stock_behind_it_is_a_refill_first_and_a_check_when_nobody_refilled() -> None:
    at_first = suspect(Silence("g", 9, 5.0, 20, "empty", behind=0.9))
    later = suspect(Silence("g", 9, 9.0, 60, "empty", behind=0.9))
    assert at_first is not None
    assert later is not None
    assert (at_first.task, later.task) == ("refill", "check")


def test_the_line_is_at_two_percent() -> None:
    assert no_sale_probability(3.912) == pytest.approx(0.02, abs=1e-4)
