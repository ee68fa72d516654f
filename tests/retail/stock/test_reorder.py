"""The domain page's figures, whole cases, slow movers, and the words."""

import pytest
from scipy import stats

from retail.stock.reorder import Position, Supply, drafts, levels, suggest


def test_the_example_of_the_domain_page_reorders_at_38() -> None:
    at = levels(12.0, 4.0, Supply("s", lead_days=2, lead_sd_days=0.5))
    assert at.point == 38
    assert at.safety == pytest.approx(13.56, abs=0.01)


def test_the_reason_says_what_was_reckoned() -> None:
    found = suggest("g", 7.4, 1.506, Supply("s", lead_days=1, review_days=1, case=6), Position(9))
    assert found is not None
    assert found.reason == "Sells 7.4 a day, 1 day lead, safety 3.5. Reorder at 11, fill to 18."
    assert (found.quantity, found.cases) == (12, 2)


def test_a_slow_mover_is_ordered_by_the_poisson_quantile() -> None:
    at = levels(0.4, 0.4**0.5, Supply("s", lead_days=3))
    assert at.point == int(stats.poisson.ppf(0.95, 1.2))


@pytest.mark.parametrize(
    ("on_hand", "on_order", "reserved", "orders"),
    [(38, 0, 0, True), (39, 0, 0, False), (20, 24, 0, False), (45, 0, 8, True)],
)
def test_the_position_counts_what_is_ordered_and_promised(
    on_hand: int, on_order: int, reserved: int, orders: bool
) -> None:
    supply = Supply("s", lead_days=2, lead_sd_days=0.5)
    assert (suggest("g", 12.0, 4.0, supply, Position(on_hand, on_order, reserved)) is not None) is orders


def test_the_quantity_reaches_the_target_in_whole_cases() -> None:
    found = suggest("g", 12.0, 4.0, Supply("s", 2, 0.5, review_days=1, case=10, cost_cents=150), Position(11))
    assert found is not None
    assert found.quantity % 10 == 0
    assert found.position + found.quantity >= found.levels.target > found.position + found.quantity - 10
    assert found.cost_cents == found.quantity * 150


def test_an_uncertain_on_hand_is_said() -> None:
    found = suggest("g", 12.0, 4.0, Supply("s", 2), Position(3, confidence="low", book=14))
    assert found is not None
    assert found.count_first
    assert found.reason.endswith("On-hand 3 is uncertain, the book says 14: count first.")


def test_what_does_not_sell_is_not_ordered() -> None:
    assert suggest("g", 0.0, 0.0, Supply("s", 2), Position(0)) is None


def test_a_case_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="a case holds 0 pieces"):
        suggest("g", 1.0, 1.0, Supply("s", 2, case=0), Position(0))


def test_a_draft_holds_one_supplier_and_the_most_pressing_first() -> None:
    made = [
        suggest(gtin, 10.0, 3.0, Supply(supplier, 1, cost_cents=10), Position(on_hand))
        for gtin, supplier, on_hand in (("1", "b", 5), ("2", "a", 6), ("3", "b", 0))
    ]
    found = drafts(each for each in made if each)
    assert [(draft.supplier, [line.gtin for line in draft.lines]) for draft in found] == [
        ("a", ["2"]),
        ("b", ["3", "1"]),
    ]
    assert found[1].cost_cents == sum(line.quantity for line in found[1].lines) * 10
