"""Variances split into causes, each of something."""

import pytest

from retail.stock.shrink import Found, WrittenOff, explain, shrink_rate

PRICES = {"a": 200, "b": 300, "c": 100}


def causes(found: list[Found], off: list[WrittenOff] | None = None) -> dict[str, tuple[int, int]]:
    made = explain(found, off or [], PRICES, {"a": "b", "b": "a"}, {"c": 6})
    return {each.cause: (each.pieces, each.value_cents) for each in made}


def test_what_moved_between_places_is_no_loss() -> None:
    assert causes([Found("a", "floor", 5, sold=50), Found("a", "backroom", -6)]) == {
        "refills without a record": (5, 0), "unexplained": (1, 200),
    }  # fmt: skip


def test_a_sibling_with_too_many_was_scanned_as_this() -> None:
    assert causes([Found("a", "floor", -3), Found("b", "floor", 2)]) == {
        "scanned as another": (2, 400),
        "unexplained": (1, 200),
    }


def test_missing_cases_of_unchecked_deliveries_were_short() -> None:
    assert causes([Found("c", "backroom", -7, received=24, unchecked=12)]) == {
        "short deliveries": (6, 600),
        "unexplained": (1, 100),
    }
    assert causes([Found("c", "backroom", -7, received=24)]) == {"unexplained": (7, 700)}


def test_too_many_is_surplus_and_set_off() -> None:
    made = explain([Found("c", "floor", 2, sold=10)], [WrittenOff("c", "damaged", 5)], PRICES, {}, {})
    assert {each.cause: each.pieces for each in made} == {"damaged": 5, "surplus": -2}
    assert shrink_rate(made, 10_000) == pytest.approx(0.03)
    assert shrink_rate(made, 0) is None


def test_every_cause_says_what_it_is_a_share_of() -> None:
    (cause,) = explain([Found("a", "floor", -2, sold=80)], [], PRICES, {}, {})
    assert (cause.of, cause.of_pieces) == ("sold", 80)
    assert cause.share == pytest.approx(0.025)


def test_pieces_are_accounted_for_once() -> None:
    found = [
        Found("a", "floor", -9, sold=60),
        Found("b", "floor", 4),
        Found("c", "floor", -8, unchecked=6),
        Found("c", "backroom", 1),
    ]
    made = explain(found, [], PRICES, {"a": "b", "b": "a"}, {"c": 6})
    lost = sum(each.pieces for each in made if each.cause not in ("refills without a record", "scanned as another"))
    assert lost == -sum(each.pieces for each in found)
