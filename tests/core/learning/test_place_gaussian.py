import numpy as np
import pytest
from numpy.typing import NDArray

from core.errors import InputError
from core.learning.place_gaussian import Row, Vectors, fit, fit_and_judge

_SHRINKAGE = 0.1
_CHANNELS = 12


def _vectors(rows: int, each: int = 1, places: int = 2) -> Vectors:
    """`each` vectors of every row at every place."""
    rng = np.random.default_rng(rows)
    count = rows * places * each
    values = rng.normal(size=(count, _CHANNELS)) @ rng.normal(size=(_CHANNELS, _CHANNELS)) + rng.normal(size=_CHANNELS)
    return Vectors(values, np.tile(np.repeat(np.arange(places), each), rows), np.repeat(np.arange(rows), places * each))


def _distances(
    values: NDArray[np.floating], asked: NDArray[np.floating], scale: NDArray[np.floating], divisor: int
) -> NDArray[np.float64]:
    """Squared, by the inverse of the whole covariance."""
    y = (values - values.mean(0)) * scale
    z = (asked - values.mean(0)) * scale
    covariance = y.T @ y / divisor + _SHRINKAGE * np.eye(_CHANNELS)
    return np.asarray(np.sqrt(np.einsum("ic,cd,id->i", z, np.linalg.inv(covariance), z)))


@pytest.mark.parametrize("rows", [8, 40], ids=["fewer vectors than channels", "more vectors than channels"])
def test_with_every_direction_distances_are_those_of_the_inverse_covariance(rows: int) -> None:
    vectors = _vectors(rows)
    gaussian = fit(vectors, [Row(part) for part in range(rows)], 2, _CHANNELS, _SHRINKAGE).gaussian
    found = gaussian.distances(vectors.values, vectors.places)
    for place in range(2):
        own = vectors.values[vectors.places == place]
        expected = _distances(own, own, gaussian.scale, rows - 1)
        np.testing.assert_allclose(found[vectors.places == place], expected, rtol=2e-3)


@pytest.mark.parametrize("each", [1, 3], ids=["one vector of a picture", "several vectors of a picture"])
def test_a_part_left_out_is_judged_as_if_it_had_never_been_there(each: int) -> None:
    rows = [*(Row(part, copy) for part in range(8) for copy in (False, True)), Row(3, ghost=True), Row(5)]
    vectors = _vectors(len(rows), each)
    fitted = fit(vectors, rows, 2, _CHANNELS, _SHRINKAGE)
    part, ghost = (np.array([getattr(row, name) for row in rows])[vectors.rows] for name in ("part", "ghost"))
    for index in np.flatnonzero(~np.array([row.copy for row in rows])[vectors.rows]):
        at = (vectors.places == vectors.places[index]) & ~ghost
        others = vectors.values[at & (part != part[index])]
        expected = _distances(others, vectors.values[[index]], fitted.gaussian.scale, int(at.sum()) - 1)
        assert fitted.held_out[index] == pytest.approx(expected[0], rel=1e-4)
    assert np.isnan(fitted.held_out[vectors.rows == 1]).all()


def test_with_few_directions_parts_are_judged_by_what_is_taught_without_them() -> None:
    rows = [Row(part) for part in range(30)]
    vectors = _vectors(30)
    fitted = fit_and_judge(vectors, rows, 2, 4, folds=30)
    kept = vectors.rows != 7
    without = fit(Vectors(vectors.values[kept], vectors.places[kept], vectors.rows[kept]), rows, 2, 4, judge=False)
    expected = without.gaussian.distances(vectors.values[~kept], vectors.places[~kept])
    np.testing.assert_allclose(fitted.held_out[~kept], expected, rtol=1e-6)


def test_a_ghost_changes_nothing_of_what_is_taught() -> None:
    vectors = _vectors(9)
    rows = [*(Row(part) for part in range(8)), Row(2, ghost=True)]
    kept = vectors.rows < 8
    alone = fit(Vectors(vectors.values[kept], vectors.places[kept], vectors.rows[kept]), rows[:8], 2, _CHANNELS)
    np.testing.assert_array_equal(fit(vectors, rows, 2, _CHANNELS).gaussian.directions, alone.gaussian.directions)


def test_one_part_cannot_be_compared() -> None:
    with pytest.raises(InputError, match="at least two parts"):
        fit(_vectors(4), [Row(0)] * 4, 2, 4)


def test_vectors_that_are_all_the_same_are_refused() -> None:
    vectors = _vectors(6)
    with pytest.raises(InputError, match="all the same"):
        fit(Vectors(np.ones_like(vectors.values), vectors.places, vectors.rows), [Row(p) for p in range(6)], 2, 4)
