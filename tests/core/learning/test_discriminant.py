import numpy as np
import pytest

from core.learning.discriminant import discriminate, shrinkage, solve_drawn


def test_many_examples_give_fishers_direction() -> None:
    rng = np.random.default_rng(0)
    mixing = rng.normal(size=(4, 4))
    defect = np.arange(40_000) % 4 == 0
    x = rng.normal(size=(40_000, 4)) @ mixing.T
    x[defect] += [1.0, 0.0, 2.0, 0.0]
    expected = np.linalg.solve(mixing @ mixing.T, [1.0, 0.0, 2.0, 0.0])
    found = discriminate(x, defect).direction
    assert found @ expected / np.linalg.norm(found) / np.linalg.norm(expected) > 0.999


@pytest.mark.parametrize("width", [30, 400], ids=["more rows than measurements", "fewer"])
def test_new_good_parts_lie_around_nought_with_a_spread_of_about_one(width: int) -> None:
    rng = np.random.default_rng(1)
    defect = np.arange(200) < 40
    x = rng.normal(size=(200, width))
    x[defect, :5] += 2
    values = discriminate(x, defect).values(rng.normal(size=(2000, width)))
    assert abs(values.mean()) < 0.5
    assert 0.6 < values.std() < 1.6


@pytest.mark.parametrize("rows", [6, 40], ids=["fewer rows than measurements", "more"])
def test_few_rows_are_solved_as_many_are(rows: int) -> None:
    rng = np.random.default_rng(2)
    within, apart = rng.normal(size=(rows, 20)), rng.normal(size=20)
    expected = np.linalg.solve(0.7 * within.T @ within / rows + 0.3 * np.eye(20), apart)
    np.testing.assert_allclose(solve_drawn(within, 0.3, apart), expected, rtol=1e-9)


def test_the_units_of_a_measurement_do_not_matter() -> None:
    rng = np.random.default_rng(3)
    x, defect = rng.normal(size=(25, 60)), np.arange(25) < 6
    scaled = x * np.logspace(-3, 3, 60)
    np.testing.assert_allclose(
        discriminate(scaled, defect).values(scaled), discriminate(x, defect).values(x), rtol=1e-6
    )


def test_a_measurement_that_never_changes_is_left_out() -> None:
    x = np.random.default_rng(4).normal(size=(20, 8))
    x[:, 3] = 7
    found = discriminate(x, np.arange(20) < 5)
    assert found.direction[3] == 0
    assert np.isfinite(found.direction).all()


def test_noise_is_shrunk_and_structure_is_kept() -> None:
    rng = np.random.default_rng(5)
    noise = rng.normal(size=(30, 300))
    structure = rng.normal(size=(300, 1)) @ np.ones((1, 300)) + 0.1 * rng.normal(size=(300, 300))
    assert shrinkage(noise) > 0.9
    assert shrinkage(structure) < 0.05
